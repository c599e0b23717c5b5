// Messages of other threads to a session.

#include "weft/server/session_ref.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/clock.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TestClient;

// Counts the turns of a loop, which asks for the time once a turn. Stands still, and lets the loop
// wait.
class CallCounter : public Clock {
 public:
  int64_t NowMs() const override {
    ++count;
    return 1000;
  }

  mutable std::atomic<int> count{0};
};

class SessionRefTest : public testing::ServerFixture {
 protected:
  SessionRefTest() {
    script_.on_open = [this](Session& session) {
      const std::lock_guard<std::mutex> lock(mutex_);
      refs_.push_back(session.ref());
    };
  }
  ~SessionRefTest() override { server_.reset(); }

  // A reference to the session that was opened as the `i`th.
  SessionRef ref(int i = 0) {
    journal_.WaitFor("open", i + 1);
    const std::lock_guard<std::mutex> lock(mutex_);
    return refs_[i];
  }

  // Sends until a send is refused, and returns its error.
  absl::Status Fill(const SessionRef& ref, const SendOptions& options) {
    absl::Status status;
    while (status.ok()) status = ref.SendBinary(filler_, options);
    return status;
  }

  // The next frame that is not filler.
  std::string ReadOther(TestClient& client) {
    std::string frame;
    while ((frame = client.ReadFrame()) == "fin binary " + filler_) {
    }
    return frame;
  }

  uint64_t Drops(DropReason reason) {
    return server_->metrics().dropped_messages[static_cast<size_t>(reason)];
  }

  const std::string filler_ = std::string(100000, 'f');
  std::mutex mutex_;
  std::vector<SessionRef> refs_;
  const CallCounter turns_;
};

// ---- Waiting for room ----

TEST_F(SessionRefTest, WaitsForRoomAndGetsIt) {
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectSlowReader();
  const SessionRef session = ref();
  std::thread sender([&] {
    for (int i = 0; i < 300; ++i) {
      EXPECT_TRUE(session.SendBinary(filler_, {.timeout = absl::InfiniteDuration()}).ok());
    }
    EXPECT_TRUE(session.SendText("end", {.timeout = absl::InfiniteDuration()}).ok());
  });
  EXPECT_EQ(ReadOther(client), "fin text end");
  sender.join();
}

TEST_F(SessionRefTest, WaitsNoLongerThanItsDeadline) {
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectSlowReader();
  const absl::Status status = Fill(ref(), {.timeout = absl::Milliseconds(30)});
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()),
              StartsWith("no room within 30ms: the send queue is full: "));
  EXPECT_GT(ref().queued_bytes(), 800000u);
  EXPECT_EQ(Drops(DropReason::kQueueFull), 1u);
}

// A message that can never fit fails at once.
TEST_F(SessionRefTest, DoesNotWaitInVain) {
  Start({.sending = {.max_queue_bytes = 1000}});
  TestClient client = ConnectAndUpgrade();
  const SendOptions for_ever = {.timeout = absl::InfiniteDuration()};
  EXPECT_EQ(ref().SendBinary(filler_, for_ever).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionRefTest, TheEndOfTheSessionEndsTheWait) {
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectSlowReader();
  const SessionRef session = ref();
  EXPECT_EQ(Fill(session, {.timeout = absl::Milliseconds(1)}).code(),
            absl::StatusCode::kDeadlineExceeded);
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([&] {
      EXPECT_EQ(Fill(session, {.timeout = absl::InfiniteDuration()}).code(),
                absl::StatusCode::kFailedPrecondition);
    });
  }
  client.Reset();
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(session.queued_bytes(), 0u);
}

// Without the wake-up the sender would wait until its deadline, which is later than this test
// allows.
TEST_F(SessionRefTest, TheEndOfTheSessionWakesItsSenders) {
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectSlowReader();
  const SessionRef session = ref();
  EXPECT_EQ(Fill(session, {.timeout = absl::Milliseconds(1)}).code(),
            absl::StatusCode::kDeadlineExceeded);
  std::future<absl::Status> sent =
      std::async(std::launch::async, [&] { return Fill(session, {.timeout = absl::Seconds(20)}); });
  client.Reset();
  EXPECT_EQ(sent.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(sent.get().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SessionRefTest, TheEndOfTheServerEndsTheWait) {
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectSlowReader();
  std::thread sender([&, session = ref()] {
    EXPECT_EQ(Fill(session, {.timeout = absl::InfiniteDuration()}).code(),
              absl::StatusCode::kFailedPrecondition);
  });
  server_.reset();
  sender.join();
}

// It would stop the loop, which may be the one that makes room.
TEST_F(SessionRefTest, AThreadThatRunsSessionsNeverWaits) {
  script_.on_message = [this](Session&, const Message&) {
    EXPECT_EQ(Fill(ref(0), {.timeout = absl::InfiniteDuration()}).code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Fill(ref(1), {.timeout = absl::InfiniteDuration()}).code(),
              absl::StatusCode::kResourceExhausted);
    journal_.Write("did not wait");
  };
  Start({.threads = 2, .sending = {.max_queue_bytes = 1000000}});
  TestClient first = ConnectSlowReader(), second = ConnectSlowReader();
  first.SendText("go");
  journal_.WaitFor("did not wait");
  second.SendText("go");
  journal_.WaitFor("did not wait", 2);
}

TEST_F(SessionRefTest, ManySendersWaitAndKeepTheirOrder) {
  constexpr int kThreads = 6, kMessages = 60;
  Start({.sending = {.max_queue_bytes = 300000}});
  TestClient client = ConnectSlowReader();
  const SessionRef session = ref();
  std::vector<std::thread> senders;
  for (int t = 0; t < kThreads; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < kMessages; ++i) {
        const SendOptions options = {.timeout = absl::InfiniteDuration()};
        EXPECT_TRUE(session.SendText(absl::StrCat(t, " ", i, " ", filler_), options).ok());
      }
    });
  }
  int next[kThreads] = {};
  for (int i = 0; i < kThreads * kMessages; ++i) {
    const std::string frame = client.ReadFrame();
    ASSERT_THAT(frame.substr(0, 20), StartsWith("fin text "));
    const int t = frame[9] - '0';
    EXPECT_TRUE(frame == absl::StrCat("fin text ", t, " ", next[t]++, " ", filler_)) << i;
  }
  for (std::thread& sender : senders) sender.join();
}

// ---- Policies ----

TEST_F(SessionRefTest, DropNewest) {
  Start({.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDropNewest}});
  TestClient client = ConnectSlowReader();
  while (Drops(DropReason::kNewest) == 0) EXPECT_TRUE(ref().SendBinary(filler_).ok());
  EXPECT_LE(ref().queued_bytes(), 1100000u);
}

TEST_F(SessionRefTest, DropOldest) {
  Start({.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDropOldest}});
  TestClient client = ConnectSlowReader();
  for (int i = 0; Drops(DropReason::kOldest) == 0; ++i) {
    EXPECT_TRUE(ref().SendBinary(filler_).ok());
  }
  EXPECT_TRUE(
      ref()
          .SendText("the latest", {.when_full = WhenFull::kFail, .timeout = absl::Seconds(30)})
          .ok() ||
      Drops(DropReason::kQueueFull) > 0);
  EXPECT_LE(ref().queued_bytes(), 2100000u);
}

TEST_F(SessionRefTest, LatestOfAKey) {
  Start();
  TestClient client = ConnectSlowReader();
  while (ref().queued_bytes() < 300000) EXPECT_TRUE(ref().SendBinary(filler_).ok());
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "cursor/1";  // which dies before the message is sent
    EXPECT_TRUE(ref().SendText(absl::StrCat("at ", i), {.key = key}).ok());
  }
  EXPECT_TRUE(ref().SendText("end").ok());
  int read = 0;
  std::string last, frame;
  while ((frame = ReadOther(client)) != "fin text end") {
    ASSERT_THAT(frame, StartsWith("fin text at "));
    last = frame;
    ++read;
  }
  EXPECT_EQ(last, "fin text at 999");
  EXPECT_EQ(read + Drops(DropReason::kReplaced), 1000u);
}

TEST_F(SessionRefTest, Disconnect) {
  Start({.sending = {.max_queue_bytes = 1000000, .when_full = WhenFull::kDisconnect}});
  TestClient client = ConnectSlowReader();
  EXPECT_EQ(Fill(ref(), {}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadOther(client), "fin close 1013 the client reads too slowly");
}

// ---- Who owns the payload ----

TEST_F(SessionRefTest, EveryKindOfPayload) {
  Start();
  TestClient client = ConnectAndUpgrade();
  const std::string payload(200000, 'x');
  const auto shared = std::make_shared<const std::string>(payload);
  EXPECT_TRUE(ref().SendText(payload).ok());
  EXPECT_TRUE(ref().SendText(payload, {.compress = Compress::kNo}).ok());
  EXPECT_TRUE(ref().SendText(payload, SendOptions{}).ok());
  EXPECT_TRUE(ref().SendText(std::string(payload)).ok());
  EXPECT_TRUE(ref().SendText(shared).ok());
  EXPECT_TRUE(ref().Send(*EncodedMessage::Make(Opcode::kText, payload)).ok());
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(client.ReadFrame() == "fin text " + payload) << i;
  EXPECT_TRUE(ref().SendBinary(payload).ok());
  EXPECT_TRUE(ref().SendBinary(payload, SendOptions{}).ok());
  EXPECT_TRUE(ref().SendBinary(std::string(payload)).ok());
  EXPECT_TRUE(ref().SendBinary(shared).ok());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(client.ReadFrame() == "fin binary " + payload) << i;
  server_.reset();
  EXPECT_EQ(shared.use_count(), 1);
}

// ---- On the way ----

// However many messages are posted while the loop is busy, it wakes once, and writes once.
TEST_F(SessionRefTest, ABurstIsOneWakeUp) {
  constexpr int kMessages = 1000;
  script_.on_message = [this](Session& session, const Message&) {
    std::thread([ref = session.ref()] {
      for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(ref.SendText(absl::StrCat(i)).ok());
    }).join();
    journal_.Write(absl::StrCat("turns: ", turns_.count.load()));
  };
  Start({.for_tests = {.clock = &turns_}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  for (int i = 0; i < kMessages; ++i) EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i));
  const int turns = turns_.count;
  int before = 0;
  for (const std::string& line : journal_.lines()) {
    if (absl::StartsWith(line, "turns: ")) before = std::stoi(line.substr(7));
  }
  EXPECT_LE(turns - before, 3);
}

// A message that can never fit is sent repeatedly. It never takes room from other messages, not
// even for a moment: they do not fail, nor is the session closed as a slow reader.
TEST_F(SessionRefTest, T16_T18_ARefusedMessageMakesNoOtherSendFail) {
  Start({.sending = {.max_queue_bytes = 1 << 20}});
  TestClient client = ConnectAndUpgrade();
  const SessionRef session = ref();
  std::atomic<bool> done{false};
  const std::string large(2 << 20, 'b');
  std::thread refused([&] {
    while (!done) EXPECT_FALSE(session.SendBinary(absl::string_view(large)).ok());
  });
  for (int i = 0; i < 2000; ++i) {
    const WhenFull when_full = i % 2 == 0 ? WhenFull::kFail : WhenFull::kDisconnect;
    EXPECT_TRUE(session.SendText("x", {.when_full = when_full}).ok()) << i;
    if (const std::string frame = client.ReadFrame(); frame != "fin text x") {
      ADD_FAILURE() << frame << " instead of message " << i;
      break;
    }
  }
  done = true;
  refused.join();
}

// The messages that wait for one session fill the budget. A sender waits to send to another
// session, whose own queue never changes.
TEST_F(SessionRefTest, T6_SendersThatWaitForTheBudgetAreWoken) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  script_.on_message = [&](Session&, const Message&) { released.wait(); };
  Start({.limits = {.max_buffered_bytes = 4 << 20}});
  TestClient full = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  ref(1);
  full.SendText("block");
  journal_.WaitFor("message block");
  int sent = 0;
  while (ref(0).SendBinary(filler_).ok()) ++sent;
  std::promise<void> waits;
  std::thread sender([&] {
    waits.set_value();
    EXPECT_TRUE(ref(1).SendBinary(filler_, {.timeout = absl::InfiniteDuration()}).ok());
  });
  waits.get_future().wait();
  release.set_value();
  EXPECT_EQ(other.ReadFrame(), "fin binary " + filler_);
  for (int i = 0; i < sent; ++i) EXPECT_EQ(full.ReadFrame(), "fin binary " + filler_);
  sender.join();
  server_.reset();
}

// A message larger than the whole budget fails at once.
TEST_F(SessionRefTest, DoesNotWaitInVainForTheBudget) {
  Start({.limits = {.max_buffered_bytes = 50000}});
  TestClient client = ConnectAndUpgrade();
  const SendOptions for_ever = {.timeout = absl::InfiniteDuration()};
  EXPECT_EQ(ref().SendBinary(filler_, for_ever).code(), absl::StatusCode::kResourceExhausted);
}

// R26: messages on their way to all sessions of a thread count in one budget.
TEST_F(SessionRefTest, R26_TheBudgetHoldsForMessagesOnTheirWay) {
  script_.on_message = [this](Session&, const Message&) {
    std::thread([this] {
      const std::string large(1 << 20, 'x');
      int taken = 0;
      absl::Status status;
      while ((status = ref(taken % 4).SendBinary(large)).ok()) ++taken;
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
      EXPECT_THAT(std::string(status.message()), HasSubstr("limits.max_buffered_bytes"));
      EXPECT_LE(taken, 8);
      EXPECT_GE(taken, 6);
    }).join();
    journal_.Write("checked");
  };
  Start({.limits = {.max_buffered_bytes = 8 << 20}});
  std::vector<TestClient> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(ConnectAndUpgrade());
  ref(3);
  clients[0].SendText("go");
  journal_.WaitFor("checked");
  EXPECT_EQ(clients[0].ReadFrame().size(), 11u + (1 << 20));
}

// The write before OnWritable has made room, which other threads must see already.
TEST_F(SessionRefTest, AThreadThatSendsInOnWritableFindsTheRoom) {
  constexpr size_t kMaxQueue = 700000;
  script_.on_message = [this](Session& session, const Message&) {
    while (session.SendBinary(filler_).ok()) {
    }
  };
  int calls = 0;
  script_.on_writable = [&calls](Session& session) {
    if (++calls > 2) return;
    const SessionRef ref = session.ref();
    EXPECT_EQ(ref.queued_bytes(), session.queued_bytes());
    absl::Status sent;
    std::thread([&] {
      sent = ref.SendText(calls == 1 ? std::string(kMaxQueue, 'x') : "end");
    }).join();
    EXPECT_TRUE(sent.ok()) << sent;
  };
  Start({.sending = {.max_queue_bytes = kMaxQueue, .low_mark_bytes = 0}});
  TestClient client = ConnectSlowReader();
  client.SendText("go");
  EXPECT_EQ(ReadOther(client), "fin text " + std::string(kMaxQueue, 'x'));
  EXPECT_EQ(client.ReadFrame(), "fin text end");
}

// A session whose queue was never looked at from outside says how long it is when it first is.
TEST_F(SessionRefTest, AReferenceMadeAfterASendSeesTheQueueShrink) {
  std::unique_ptr<SessionRef> made;
  script_.on_open = [](Session&) {};
  script_.on_message = [&](Session& session, const Message& message) {
    session.Send(message).IgnoreError();
    if (message.payload == "ref") made = std::make_unique<SessionRef>(session.ref());
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  for (const char* text : {"first", "ref"}) {
    client.SendText(text);
    EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text ", text));
  }
  LetTheLoopTurn();
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->queued_bytes(), 0u);
  server_.reset();
}

}  // namespace
}  // namespace weft
