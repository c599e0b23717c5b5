// The access log of a server.

#include "weft/server/access_log.h"

#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/journal.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TestClient;

class AccessLogTest : public testing::ServerFixture {
 protected:
  void Start(ServerOptions options = {}) {
    options.hooks.access_log = [this](absl::string_view line) { lines_.Write(std::string(line)); };
    ServerFixture::Start(std::move(options));
  }

  TestClient Open(absl::string_view target, absl::string_view headers = "") {
    TestClient client = Connect();
    client.Send(absl::StrCat("GET ", target,
                             " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                             headers, "\r\n"));
    EXPECT_THAT(client.ReadHead(), ::testing::StartsWith("HTTP/1.1 101 "));
    return client;
  }

  ~AccessLogTest() override { server_.reset(); }

  static void SendClose(TestClient& client, absl::string_view reason) {
    client.Send(ClientFrame(Opcode::kClose, absl::StrCat("\x03\xe8", reason)));
  }

  // Ends the session, and returns its line without the number of the session.
  std::string LineOf(TestClient& client) {
    SendClose(client, "bye");
    EXPECT_THAT(client.ReadFrame(), ::testing::StartsWith("fin close 1000"));
    EXPECT_EQ(client.ReadFrame(), "end");
    return NextLine();
  }

  std::string NextLine() {
    lines_.WaitForPart("session=");
    std::string line = lines_.lines().back();
    lines_.Clear();
    return line.substr(line.find(' ') + 1);
  }

  testing::Journal lines_;
};

TEST_F(AccessLogTest, SaysWhatASessionWas) {
  accept_ = [](const SessionRequest&, UpgradeResponse& response) {
    response.subprotocol = "chat.v1";
    return absl::OkStatus();
  };
  Start();
  TestClient client = Open("/rooms/7?token=secret", "Sec-WebSocket-Protocol: chat.v1\r\n");
  const std::string peer = LocalAddress(client.stream().fd()).ToString();
  client.SendText("hello");
  EXPECT_EQ(client.ReadFrame(), "fin text hello");
  client.SendText("world");
  EXPECT_EQ(client.ReadFrame(), "fin text world");
  clock_.AdvanceMs(12'345);
  // Frames of 2 + 4 + 5 bytes from the client, 2 + 5 to it; Close frames of 2 + 4 + 5 and 2 + 5.
  EXPECT_EQ(
      LineOf(client),
      absl::StrCat("peer=\"", peer,
                   "\" path=\"/rooms/7\" subprotocol=\"chat.v1\" seconds=12.345 received=2 "
                   "received_bytes=33 sent=2 sent_bytes=21 by=peer code=1000 reason=\"bye\""));
}

TEST_F(AccessLogTest, TheMetricsOfTheServerCountTheSame) {
  Start();
  TestClient client = Open("/");
  for (int i = 0; i < 3; ++i) {
    client.SendText("hello");
    EXPECT_EQ(client.ReadFrame(), "fin text hello");
  }
  EXPECT_THAT(LineOf(client), HasSubstr("received=3 received_bytes=44 sent=3 sent_bytes=28 "));
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(metrics.messages_received, 3u);
  EXPECT_EQ(metrics.messages_sent, 3u);
  EXPECT_GT(metrics.bytes_sent, 28u) << "with the answer to the upgrade";
}

TEST_F(AccessLogTest, CountsWhatIsPublishedAndWhatIsLarge) {
  script_.on_open = [](Session& session) { session.Subscribe("news").IgnoreError(); };
  Start({.connection = {.max_message_bytes = 1 << 20}});
  TestClient client = Open("/");
  const std::string large(100'000, 'x');
  client.SendText(large);
  EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text ", large));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(server_->Publish("news", Opcode::kText, "item").ok());
    EXPECT_EQ(client.ReadFrame(), "fin text item");
  }
  EXPECT_THAT(LineOf(client),
              HasSubstr(absl::StrCat("received=1 received_bytes=", 14 + 100'000 + 11,
                                     " sent=4 sent_bytes=", 10 + 100'000 + 3 * 6 + 7, " ")));
}

TEST_F(AccessLogTest, PingsAreBytesAndNoMessages) {
  Start();
  TestClient client = Open("/");
  client.Send(ClientFrame(Opcode::kPing, "p"));
  EXPECT_EQ(client.ReadFrame(), "fin pong p");
  EXPECT_THAT(LineOf(client), HasSubstr("received=0 received_bytes=18 sent=0 sent_bytes=10 "));
}

TEST_F(AccessLogTest, NamesTheCauseOfTheEnd) {
  script_.on_message = [](Session& session, const Message&) { session.Terminate(); };
  Start({.connection = {.max_message_bytes = 100}});
  TestClient gone = Open("/");
  gone.Reset();
  EXPECT_THAT(NextLine(), HasSubstr(" by=lost code=1006 "));

  TestClient terminated = Open("/");
  terminated.SendText("x");
  EXPECT_THAT(NextLine(), HasSubstr(" by=application code=1006 "));

  TestClient breaks_a_rule = Open("/");
  breaks_a_rule.Send("\x81\x01x");  // not masked
  breaks_a_rule.ReadFrame();
  EXPECT_THAT(NextLine(), HasSubstr(" by=rule code=1002 "));

  TestClient beyond_a_limit = Open("/");
  beyond_a_limit.SendText(std::string(101, 'x'));
  beyond_a_limit.ReadFrame();
  EXPECT_THAT(NextLine(), ::testing::AllOf(HasSubstr(" by=limit code=1009 "),
                                           EndsWith(" option=connection.max_message_bytes")));
}

TEST_F(AccessLogTest, ASessionThatTheServerEndsHasItsLine) {
  Start();
  TestClient client = Open("/");
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(NextLine(), HasSubstr(" by=shutdown "));
}

// One line a session, whatever a client writes.
TEST_F(AccessLogTest, WhatAClientChoosesIsEscaped) {
  Start();
  TestClient client = Open("/a\"b\\c");
  SendClose(client, "x\" code=9999\n\x1b[2J\xc3\xa9");
  EXPECT_THAT(NextLine(), ::testing::AllOf(HasSubstr(" path=\"/a\\\"b\\\\c\" "),
                                           EndsWith(" reason=\"x\\\" code=9999\\n\\x1b[2J"
                                                    "\\xc3\\xa9\"")));
}

TEST_F(AccessLogTest, ALongPathIsCut) {
  Start();
  TestClient client = Open(absl::StrCat("/", std::string(5000, 'x')));
  EXPECT_THAT(LineOf(client), HasSubstr(absl::StrCat(" path=\"/", std::string(255, 'x'), "\" ")));
}

TEST_F(AccessLogTest, ATargetThatIsAUrl) {
  Start();
  TestClient client = Open("http://localhost/room?x");
  EXPECT_THAT(LineOf(client), HasSubstr(" path=\"/room\" "));
}

TEST_F(AccessLogTest, TheMetricsOfTheServerCountWhatWasDropped) {
  script_.on_message = [](Session& session, const Message& message) {
    const SendOptions never = {.when_full = WhenFull::kDropNewest, .max_queue_bytes = 0};
    session.SendText(message.payload, never).IgnoreError();
  };
  Start();
  TestClient client = Open("/");
  client.SendText("hello");
  EXPECT_THAT(LineOf(client), HasSubstr(" received=1 received_bytes=22 sent=0 "));
  const ServerMetrics metrics = server_->metrics();
  EXPECT_EQ(std::accumulate(std::begin(metrics.dropped_messages),
                            std::end(metrics.dropped_messages), uint64_t{0}),
            1u);
}

TEST_F(AccessLogTest, AHookThatThrowsEndsNothing) {
  ServerOptions options;
  options.hooks.access_log = [](absl::string_view) { throw 1; };
  ServerFixture::Start(std::move(options));
  TestClient client = Open("/");
  client.SendClose(1000);
  log_.WaitForPart("hooks.access_log threw an exception");
  journal_.WaitFor("destroyed");
}

TEST(AccessLogRateTest, LinesBeyondTheRateAreCounted) {
  int composed = 0;
  std::vector<std::string> lines;
  AccessLog log([&](absl::string_view line) { lines.emplace_back(line); },
                {.per_second = 4, .burst = 0}, /*loops=*/2, /*now_ms=*/0);
  for (const char* line : {"a", "b", "c", "d", "e"}) {
    const auto compose = [&] {
      ++composed;
      return std::string(line);
    };
    log.Write(compose, 0);
  }
  EXPECT_THAT(lines, ElementsAre("a", "b"));
  EXPECT_EQ(composed, 2);
  log.Write([] { return "f"; }, 500);
  log.Write([] { return "g"; }, 500);
  EXPECT_THAT(lines, ElementsAre("a", "b", "f left_out=3"));
  log.Finish();
  log.Finish();
  EXPECT_THAT(lines, ElementsAre("a", "b", "f left_out=3", "left_out=1"));
}

TEST(AccessLogRateTest, WithoutALimitEachLineIsWritten) {
  int lines = 0;
  AccessLog log([&](absl::string_view) { ++lines; }, RateLimit{}, 1, 0);
  for (int i = 0; i < 5000; ++i) log.Write([] { return "x"; }, 0);
  log.Finish();
  EXPECT_EQ(lines, 5000);
}

}  // namespace
}  // namespace weft
