// The server without its ticker, whose ticks the test makes, and clients with real sockets.

#include "examples/cursors/visitor.h"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/names/names.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"

namespace weft::cursors {
namespace {

// Limits a failure; it is not an expected duration.
constexpr absl::Duration kLimit = absl::Minutes(1);

class Guest {
 public:
  explicit Guest(const Server& server) {
    auto client = Client::Connect(absl::StrCat("ws://", server.address().ToString()));
    EXPECT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
    own_ = Receive<Welcome>().own;
  }

  Client& client() { return *client_; }
  CursorId own() const { return own_; }

  template <typename T>
  T Receive() {
    const auto message = client_->Receive(kLimit);
    EXPECT_TRUE(message.ok()) << message.status();
    if (!message.ok()) return {};
    const auto decoded = DecodeServerMessage(message->payload);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(std::holds_alternative<T>(*decoded)) << decoded->index();
    if constexpr (std::is_same_v<T, Changes>) ++heard_;
    return std::holds_alternative<T>(*decoded) ? std::get<T>(*decoded) : T();
  }

  // Waits until the server has processed all messages sent.
  void Move(Place place) {
    EXPECT_TRUE(client_->SendBinary(Encode(cursors::Move{.heard = heard_, .place = place})).ok());
    Ping();
  }
  void Ping() {
    EXPECT_TRUE(client_->SendBinary(Encode(cursors::Ping{.heard = heard_, .number = 42})).ok());
    EXPECT_EQ(Receive<Pong>().number, 42);
  }

  // The next message, after as many ticks as it needs.
  Changes NextChanges(SharedRoom& room) {
    while (true) {
      room.Tick();
      const absl::Status sent =
          client_->SendBinary(Encode(cursors::Ping{.heard = heard_, .number = 42}));
      const auto message = client_->Receive(kLimit);
      EXPECT_TRUE(sent.ok() && message.ok()) << sent << ", " << message.status();
      if (!message.ok()) return {};
      const auto decoded = DecodeServerMessage(message->payload);
      if (decoded.ok() && std::holds_alternative<Changes>(*decoded)) {
        ++heard_;
        return std::get<Changes>(*decoded);
      }
    }
  }

  // Violations for which the server closes.
  std::pair<CloseCode, std::string> ReasonForClosing() {
    while (client_->Receive(kLimit).ok()) {
    }
    const CloseInfo info = client_->close_info();
    return {info.code, std::string(info.reason)};
  }

 private:
  std::unique_ptr<Client> client_;
  CursorId own_ = 0;
  uint8_t heard_ = 0;
};

class VisitorTest : public ::testing::Test {
 protected:
  VisitorTest() {
    auto server =
        Server::Start({}, [this](auto&, auto&) { return std::make_unique<Visitor>(room_); });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  SharedRoom room_;
  std::unique_ptr<Server> server_;  // ends before the room, which its visitors refer to
};

TEST_F(VisitorTest, TwoSeeEachOther) {
  Guest ann(*server_), bob(*server_);
  ASSERT_NE(ann.own(), bob.own());
  ann.Move({1, 2});
  bob.Move({3, 4});
  room_.Tick();
  for (Guest* guest : {&ann, &bob}) {
    const Changes changes = guest->Receive<Changes>();
    ASSERT_EQ(changes.changes.size(), 4);
    EXPECT_EQ(changes.changes[0].name, Name{examples::FriendlyName(0)});
    EXPECT_EQ(changes.changes[1].id, ann.own());
    EXPECT_EQ(changes.changes[1].place, (Place{1, 2}));
    EXPECT_EQ(changes.changes[2].name, Name{examples::FriendlyName(1)});
    EXPECT_EQ(changes.changes[3].id, bob.own());
    EXPECT_EQ(changes.changes[3].place, (Place{3, 4}));
  }
  EXPECT_TRUE(ann.client().Close().ok());
  const std::vector<Change> after = bob.NextChanges(room_).changes;
  ASSERT_FALSE(after.empty());
  EXPECT_EQ(after[0], (Change{.id = ann.own(), .gone = true}));
}

TEST_F(VisitorTest, WhoReadsNothingIsSentASecondsWorthAndThenTheLatest) {
  Guest slow(*server_), fast(*server_);
  constexpr uint16_t kMoves = 2000;
  for (uint16_t i = 1; i <= kMoves; ++i) {
    fast.Move({i, i});
    room_.Tick();
    ASSERT_EQ(fast.Receive<Changes>().changes.size(), i == 1 ? 2 : 1);  // its name, once
  }
  // It gets the changes of the first second, and then the last position.
  for (uint16_t i = 1; i <= kMaxUnheard; ++i) {
    ASSERT_EQ(slow.Receive<Changes>().changes.back().place, (Place{i, i}));
  }
  slow.Ping();
  room_.Tick();
  const Changes latest = slow.Receive<Changes>();
  EXPECT_TRUE(latest.all);
  ASSERT_EQ(latest.changes.size(), 2);
  EXPECT_EQ(latest.changes[1].id, fast.own());
  EXPECT_EQ(latest.changes[1].place, (Place{kMoves, kMoves}));
}

TEST_F(VisitorTest, WhoBreaksTheRulesIsToldWhich) {
  Guest text(*server_), broken(*server_), liar(*server_);
  ASSERT_TRUE(text.client().SendText("hello").ok());
  EXPECT_EQ(text.ReasonForClosing(),
            std::pair(CloseCode::kUnsupportedData, std::string("the cursors are binary")));
  ASSERT_TRUE(broken.client().SendBinary("\x10").ok());
  EXPECT_EQ(broken.ReasonForClosing(),
            std::pair(CloseCode::kInvalidPayload, std::string("a malformed message: too short")));
  ASSERT_TRUE(liar.client().SendBinary(Encode(Ping{.heard = 7})).ok());
  EXPECT_EQ(liar.ReasonForClosing(),
            std::pair(CloseCode::kPolicyViolation,
                      std::string("message 7 is confirmed, but was not sent")));
}

}  // namespace
}  // namespace weft::cursors
