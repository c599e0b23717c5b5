#include "examples/world/world.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/world/kind.h"
#include "examples/world/messages.h"
#include "examples/world/rules.h"
#include "examples/world/state.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"

namespace weft::world {
namespace {

class WorldTest : public ::testing::Test {
 protected:
  WorldTest() {
    world_.AddTo(router_, "/world");
    EXPECT_TRUE(router_.status().ok()) << router_.status();
    server_ = Start();
  }

  std::unique_ptr<Server> Start() {
    auto server = Server::Start({}, router_);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  static auto Connect(const Server& server) {
    return Client::Connect(absl::StrCat("ws://", server.address().ToString(), "/world/"));
  }
  auto Connect() { return Connect(*server_); }

  World world_{10};
  Router router_;
  std::unique_ptr<Server> server_;
};

TEST_F(WorldTest, ARouterServesItUnderAPrefix) {
  const auto client = Connect();
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_TRUE((*client)->Receive(absl::Minutes(1)).ok());
  for (const char* file : {"", "main.mjs", "three.min.js"}) {
    const std::string target = absl::StrCat("/world/", file);
    PageRequest request;
    request.method = "GET";
    request.target = target;
    EXPECT_TRUE(router_.pages()(request).ok()) << target;
  }
}

TEST_F(WorldTest, AnObserverSeesBodiesAndAvatarsAndIsNoPlayer) {
  const auto client = Connect();
  ASSERT_TRUE(client.ok()) << client.status();
  const auto avatars = [this] {
    const std::vector<State> all = world_.Look();
    return std::count_if(all.begin(), all.end(),
                         [](const State& each) { return each.kind == Kind::kAvatar; });
  };
  while (avatars() != 1) std::this_thread::yield();
  EXPECT_EQ(world_.Look().size(), 11u);
  EXPECT_TRUE((*client)->Close().ok());
  while (avatars() != 0) std::this_thread::yield();
  EXPECT_EQ(world_.Look().size(), 10u);
}

TEST_F(WorldTest, AFullWorldAnswers503) {
  std::vector<std::unique_ptr<Client>> players;
  for (int i = 0; i < kMaxPlayers; ++i) {
    auto client = Connect();
    ASSERT_TRUE(client.ok()) << client.status();
    players.push_back(*std::move(client));
  }
  const auto refused = Connect();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "503")) << refused.status();
}

TEST_F(WorldTest, PlayersOfTwoServersAreInOneWorld) {
  // The message of this type that comes next.
  const auto receive = [](Client& client, MessageType wanted) {
    while (true) {
      const auto message = client.Receive(absl::Minutes(1));
      EXPECT_TRUE(message.ok()) << message.status();
      if (!message.ok()) return std::string();
      const auto type = TypeOf(message->payload);
      if (type.ok() && *type == wanted) return std::string(message->payload);
    }
  };
  const std::unique_ptr<Server> other = Start();
  const auto first = Connect();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto avatar = DecodeWelcome(receive(**first, MessageType::kWelcome));
  ASSERT_TRUE(avatar.ok()) << avatar.status();
  const auto second = Connect(*other);
  ASSERT_TRUE(second.ok()) << second.status();
  const auto others_avatar = DecodeWelcome(receive(**second, MessageType::kWelcome));
  ASSERT_TRUE(others_avatar.ok()) << others_avatar.status();
  EXPECT_NE(avatar->avatar, others_avatar->avatar);
  const auto figures = DecodeFigures(receive(**second, MessageType::kFigures));
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->players, 2);
}

}  // namespace
}  // namespace weft::world
