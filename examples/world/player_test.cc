#include "examples/world/player.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/world/bot.h"
#include "examples/world/messages.h"
#include "examples/world/scene.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"

namespace weft::world {
namespace {

// Limits a failure; it is not an expected duration.
constexpr absl::Duration kLimit = absl::Minutes(1);

class PlayerTest : public ::testing::Test {
 protected:
  PlayerTest() {
    auto server =
        Server::Start({}, [this](auto&, auto&) { return std::make_unique<Player>(world_); });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<Client> Connect() {
    auto client = Client::Connect(absl::StrCat("ws://", server_->address().ToString()));
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  static std::string Receive(Client& client) {
    const auto message = client.Receive(kLimit);
    EXPECT_TRUE(message.ok()) << message.status();
    return message.ok() ? std::string(message->payload) : std::string();
  }

  // Waits until a message of this type arrives.
  static std::string Receive(Client& client, MessageType wanted) {
    while (true) {
      std::string message = Receive(client);
      const auto type = TypeOf(message);
      if (!type.ok() || *type == wanted) return message;
    }
  }

  // Violations for which the server closes.
  static std::pair<CloseCode, std::string> ReasonForClosing(Client& client) {
    while (client.Receive(kLimit).ok()) {
    }
    const CloseInfo info = client.close_info();
    return {info.code, std::string(info.reason)};
  }

  WorldThread world_{MakeScene(200)};
  std::unique_ptr<Server> server_;  // ends before the world, which its players refer to
};

TEST_F(PlayerTest, TheWelcomeComesFirst) {
  const auto client = Connect();
  const auto welcome = DecodeWelcome(Receive(*client));
  ASSERT_TRUE(welcome.ok()) << welcome.status();
  EXPECT_EQ(welcome->avatar, 200);
}

TEST_F(PlayerTest, TwoPlayersMoveAndSeeEachOther) {
  const std::unique_ptr<Client> clients[] = {Connect(), Connect()};
  Bot bots[] = {Bot(1), Bot(2)};
  EntityId avatars[2];
  for (int i : {0, 1}) avatars[i] = DecodeWelcome(Receive(*clients[i]))->avatar;
  const auto sees_the_other_move = [&](int i) {
    const State* other = bots[i].replica().Find(avatars[1 - i]);
    return other != nullptr && bots[1 - i].snapshots() > 0 &&
           bots[1 - i].replica().head().velocity != Place{};
  };
  while (!sees_the_other_move(0) || !sees_the_other_move(1)) {
    for (int i : {0, 1}) {
      const auto answers = bots[i].OnMessage(Receive(*clients[i]));
      ASSERT_TRUE(answers.ok()) << answers.status();
      for (const std::string& answer : *answers) ASSERT_TRUE(clients[i]->SendBinary(answer).ok());
    }
  }
}

TEST_F(PlayerTest, TheFiguresComeEverySecond) {
  const auto client = Connect();
  const auto figures = DecodeFigures(Receive(*client, MessageType::kFigures));
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->bodies, 200);
  EXPECT_EQ(figures->players, 1);
}

TEST_F(PlayerTest, APingComesBack) {
  const auto client = Connect();
  ASSERT_TRUE(client->SendBinary(Encode(Ping{4711})).ok());
  const auto pong = DecodePong(Receive(*client, MessageType::kPong));
  ASSERT_TRUE(pong.ok()) << pong.status();
  EXPECT_EQ(pong->number, 4711);
}

TEST_F(PlayerTest, WhoBreaksTheRulesIsToldWhich) {
  const auto text = Connect();
  ASSERT_TRUE(text->SendText("hello").ok());
  EXPECT_EQ(ReasonForClosing(*text),
            std::pair(CloseCode::kUnsupportedData, std::string("the world is binary")));
  const auto broken = Connect();
  ASSERT_TRUE(broken->SendBinary("\x63").ok());
  EXPECT_EQ(
      ReasonForClosing(*broken),
      std::pair(CloseCode::kPolicyViolation, std::string("a malformed message: unknown type 99")));
}

}  // namespace
}  // namespace weft::world
