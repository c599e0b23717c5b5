// Clients that read nothing, or almost nothing: their sessions end in bounded memory and time, with
// one OnClose.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::TestClient;

class SlowReaderFaultTest : public testing::ServerFixture {
 protected:
  ~SlowReaderFaultTest() override { server_.reset(); }

  // Sends until the client's socket is full, and stays full while the client does not read.
  void Block(Session& session) {
    while (session.queued_bytes() < 400000) session.SendBinary(filler_).IgnoreError();
  }

  int Count(const std::string& begin) {
    const std::vector<std::string> lines = journal_.lines();
    return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return absl::StartsWith(line, begin);
    }));
  }

  // Advances the clock, second by second, until the session that is not `other` has ended. Returns
  // the number of seconds.
  int SecondsToTheEnd(TestClient& other, const std::function<void()>& each_second) {
    int seconds = 0;
    for (; Count("destroyed") == 0 && seconds < 1000; ++seconds) {
      each_second();
      clock_.AdvanceMs(1000);
      // Answers pings, as the other client does not.
      other.SendText("turn");
      for (std::string frame; (frame = other.ReadFrame()) != "fin text turn";) {
        EXPECT_EQ(frame, "fin ping ");
      }
    }
    return seconds;
  }

  static constexpr size_t kLimit = 1000000;
  const std::string filler_ = std::string(100000, 'f');
};

// For every policy.
TEST_F(SlowReaderFaultTest, NeverReads) {
  for (const WhenFull policy :
       {WhenFull::kFail, WhenFull::kDropNewest, WhenFull::kDropOldest, WhenFull::kDisconnect}) {
    SCOPED_TRACE(static_cast<int>(policy));
    script_.on_message = [&](Session& session, const Message& message) {
      if (message.payload == "turn") return session.Send(message).IgnoreError();
      Block(session);
      for (int i = 0; i < 20000; ++i) {
        session
            .SendText(std::string(i % 2000, 'x'), {.key = absl::StrCat(i % 7 == 0 ? "" : "k", i)})
            .IgnoreError();
        ASSERT_LE(session.queued_bytes(), kLimit + 200);
      }
      journal_.Write("sent");
    };
    Start({.sending = {.max_queue_bytes = kLimit, .when_full = policy}});
    TestClient other = ConnectAndUpgrade();
    TestClient client = ConnectSlowReader();
    client.SendText("go");
    journal_.WaitFor("sent");
    // timeouts.pong ends the session, or timeouts.close. The former restarts each time that the
    // kernel takes more bytes, which under load it does for a while.
    EXPECT_LT(SecondsToTheEnd(other, [] {}), 1000);
    EXPECT_EQ(Count("close "), 1);
    EXPECT_LT(server_->metrics().buffered_bytes, 10000u) << "all was given back";
    server_.reset();
    EXPECT_EQ(Count("close "), 2) << "the other's";
    EXPECT_EQ(Count("destroyed"), 2);
    journal_.Clear();
  }
}

// The bytes that the client reads come from the kernel's buffers, so the server sees no progress.
TEST_F(SlowReaderFaultTest, ReadsAByteEachSecond) {
  script_.on_message = [&](Session& session, const Message& message) {
    if (message.payload == "turn") return session.Send(message).IgnoreError();
    Block(session);
    for (int i = 0; i < 1000; ++i)
      session.SendText("waits", {.key = absl::StrCat(i)}).IgnoreError();
    journal_.Write("sent");
  };
  Start({.sending = {.max_queue_bytes = kLimit}});
  TestClient other = ConnectAndUpgrade();
  TestClient client = ConnectSlowReader();
  client.SendText("go");
  journal_.WaitFor("sent");
  char byte;
  const int seconds =
      SecondsToTheEnd(other, [&] { client.stream().Read(absl::MakeSpan(&byte, 1)); });
  EXPECT_LT(seconds, 1000);
  EXPECT_EQ(Count("close 1006 the client did not answer a ping"), 1);
  EXPECT_EQ(server_->metrics().dropped_messages[static_cast<size_t>(DropReason::kClosed)], 1000u);
}

// In each callback, while much waits, and by every method.
TEST_F(SlowReaderFaultTest, ThrowsItselfAwayInEachCallback) {
  const std::function<void(Session&)> ways[] = {
      [](Session& session) { session.Terminate(); },
      [](Session& session) { session.Close().IgnoreError(); },
      [](Session& session) {
        session.Close().IgnoreError();
        session.Terminate();
      },
      [](Session& session) {
        while (
            session.SendText(std::string(1000, 'x'), {.when_full = WhenFull::kDisconnect}).ok()) {
        }
        session.Terminate();
      },
  };
  std::string where;
  const std::function<void(Session&)>* way = nullptr;
  const auto perhaps = [&](const char* here, Session& session) {
    if (where == here) (*way)(session);
    session.SendText("may be too late", {.key = "key"}).IgnoreError();
  };
  script_.on_open = [&](Session& session) { perhaps("open", session); };
  script_.on_message = [&](Session& session, const Message&) {
    while (session.queued_bytes() < kLimit / 2 &&
           session.SendBinary(filler_, {.when_full = WhenFull::kFail}).ok()) {
    }
    for (int i = 0; i < 100; ++i) session.SendText("x", {.key = absl::StrCat(i)}).IgnoreError();
    perhaps("message", session);
  };
  script_.on_writable = [&](Session& session) { perhaps("writable", session); };
  script_.on_close = [&](Session& session) { perhaps("close", session); };
  Start({.sending = {
             .max_queue_bytes = kLimit, .high_mark_bytes = kLimit / 2, .low_mark_bytes = 1000}});
  int sessions = 0;
  for (const char* here : {"open", "message", "writable", "close"}) {
    for (const std::function<void(Session&)>& each : ways) {
      SCOPED_TRACE(absl::StrCat(here, " ", &each - ways));
      where = here;
      way = &each;
      journal_.Write(
          "ready");  // marks this round in the journal, before the loop's thread writes there
      TestClient client = where == "open" ? Connect() : ConnectSlowReader();
      if (where == "open") client.Upgrade();  // there may be no answer
      client.SendText("go");
      if (where == "close") client.SendClose(1000);
      // Reads all bytes, and answers a Close frame by closing the socket.
      for (std::string frame; !absl::StartsWith(frame, "fin close") && frame != "end" &&
                              frame != "reset" && frame != "timeout";) {
        frame = client.ReadFrame();
      }
      client.Close();
      journal_.WaitFor("destroyed", ++sessions);
      EXPECT_EQ(Count("close "), sessions);
    }
  }
  EXPECT_LT(server_->metrics().buffered_bytes, 10000u);
  server_.reset();
}

}  // namespace
}  // namespace weft
