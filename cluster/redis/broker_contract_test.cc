// The promises of server/topics/broker.h, checked with the memory broker and with a real Redis.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/cluster.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/clock.h"
#include "weft/loop/timer_wheel.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"
#include "weft/testing/manual_clock.h"

namespace weft {
namespace {

using ::testing::UnorderedElementsAre;

using Lines = std::vector<std::string>;

constexpr TopicHistory kHistory = {.messages = 50};
constexpr size_t kMaxOutbound = 100000;

TopicMessage Message(absl::string_view payload) {
  return {.message = *EncodedMessage::Make(Opcode::kText, payload)};
}

// A store with its nodes.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Broker> NewNode() = 0;

  // Returns when `holds`, which some event makes true, is true. `mutex` is held when it is called.
  virtual void Await(std::mutex& mutex, std::condition_variable& changed,
                     const std::function<bool()>& holds) = 0;

  virtual void ForgetAll() = 0;

  // The connections of all nodes are lost, and come back.
  virtual void LoseConnections() = 0;
};

class MemoryEngine : public Engine {
 public:
  explicit MemoryEngine(const Clock& clock)
      : hub_({.clock = &clock, .max_outbound_bytes = kMaxOutbound}) {}

  std::unique_ptr<Broker> NewNode() override {
    auto node = std::make_unique<MemoryBroker>(hub_);
    nodes_.push_back(node.get());
    return node;
  }
  void Await(std::mutex& mutex, std::condition_variable&,
             const std::function<bool()>& holds) override {
    hub_.Run();
    const std::lock_guard<std::mutex> lock(mutex);
    ASSERT_TRUE(holds()) << "the hub has nothing more to do";
  }
  void ForgetAll() override { hub_.ForgetAll(); }
  void LoseConnections() override {
    for (MemoryBroker* const node : nodes_) hub_.Cut(*node);
    hub_.Run();
    for (MemoryBroker* const node : nodes_) hub_.Restore(*node);
  }

 private:
  MemoryHub hub_;
  std::vector<MemoryBroker*> nodes_;
};

class RedisEngineForTests : public Engine {
 public:
  explicit RedisEngineForTests(const Clock& clock) : clock_(clock) {}

  std::unique_ptr<Broker> NewNode() override {
    auto broker = RedisBroker::Create({.address = redis_.address(),
                                       .max_outbound_bytes = kMaxOutbound,
                                       .timeouts = {.backoff = {.first = absl::Milliseconds(5)}}},
                                      clock_);
    EXPECT_TRUE(broker.ok()) << broker.status();
    return *std::move(broker);
  }
  void Await(std::mutex& mutex, std::condition_variable& changed,
             const std::function<bool()>& holds) override {
    std::unique_lock<std::mutex> lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::minutes(1), holds)) << "it has never happened";
  }
  uint16_t port() const { return redis_.port(); }
  void ForgetAll() override { redis_.Do({"FLUSHALL"}); }
  void LoseConnections() override {
    redis_.Do({"CLIENT", "KILL", "TYPE", "pubsub"});
    redis_.Do({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  }

 private:
  const Clock& clock_;
  testing::RedisProcess redis_;
};

// A node that writes down what happens.
class Node final : public BrokerEvents {
 public:
  explicit Node(Engine& engine) : engine_(engine), broker_(engine.NewNode()) {
    EXPECT_TRUE(broker_->Start(this).ok());
    Await([this] { return state_ == BrokerState::kUp; });
  }
  ~Node() { broker_->Stop(); }

  void Await(const std::function<bool()>& holds) { engine_.Await(mutex_, changed_, holds); }

  // Subscribes, and waits until that has begun.
  TopicState Join(absl::string_view topic, bool has_history = true) {
    broker_->Subscribe({{std::string(topic), has_history}});
    return AwaitState();
  }
  TopicState AwaitState() {
    Await([this] { return !states_.empty(); });
    const std::lock_guard<std::mutex> lock(mutex_);
    const TopicState state = states_.front();
    states_.erase(states_.begin());
    return state;
  }

  void StartPublish(absl::string_view topic, std::vector<TopicMessage> messages,
                    const TopicHistory& history = kHistory) {
    broker_->Publish(topic, history, std::move(messages), [this](absl::StatusOr<Position> done) {
      const std::lock_guard<std::mutex> lock(mutex_);
      done_by_ = std::this_thread::get_id();
      outcomes_.push_back(std::move(done));
      changed_.notify_all();
    });
  }
  absl::StatusOr<Position> NextOutcome() {
    Await([this] { return !outcomes_.empty(); });
    const std::lock_guard<std::mutex> lock(mutex_);
    absl::StatusOr<Position> outcome = std::move(outcomes_.front());
    outcomes_.erase(outcomes_.begin());
    return outcome;
  }
  absl::StatusOr<Position> Publish(absl::string_view topic, absl::string_view payload,
                                   const TopicHistory& history = kHistory,
                                   absl::string_view id = "") {
    TopicMessage message = Message(payload);
    message.id = std::string(id);
    StartPublish(topic, {message}, history);
    return NextOutcome();
  }

  absl::StatusOr<HistoryPage> Read(absl::string_view topic, Position since, size_t limit = 256) {
    std::optional<absl::StatusOr<HistoryPage>> result;
    broker_->Read(topic, since, limit, [&](absl::StatusOr<HistoryPage> page) {
      const std::lock_guard<std::mutex> lock(mutex_);
      result = std::move(page);
      changed_.notify_all();
    });
    Await([&] { return result.has_value(); });
    return *std::move(result);
  }

  // Waits for this number of messages, and returns "TOPIC OFFSET PAYLOAD" of each.
  Lines Messages(size_t count) {
    Await([&] { return messages_.size() >= count; });
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(messages_, {});
  }
  size_t calls() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return calls_;
  }
  void AwaitLost() {
    Await([this] { return lost_; });
    const std::lock_guard<std::mutex> lock(mutex_);
    lost_ = false;
  }

  // Runs the task on the broker's thread, and waits for it.
  void OnThread(std::function<void()> task) {
    bool ran = false;
    broker_->Post(absl::ZeroDuration(), [&] {
      task();
      const std::lock_guard<std::mutex> lock(mutex_);
      ran = true;
      changed_.notify_all();
    });
    Await([&] { return ran; });
  }

  Broker& broker() { return *broker_; }
  std::thread::id done_by() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return done_by_;
  }
  std::function<void()> in_messages;  // called by OnMessages

 private:
  void OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) override {
    if (in_messages) in_messages();
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_FALSE(lost_ && state_ == BrokerState::kAway);
    ++calls_;
    for (const TopicMessage& message : messages) {
      messages_.push_back(
          absl::StrCat(topic, " ", message.position.offset, " ", message.message.payload()));
    }
    changed_.notify_all();
  }
  void OnState(absl::string_view, const TopicState& state) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    states_.push_back(state);
    changed_.notify_all();
  }
  void OnLost(const absl::Status& reason) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_EQ(reason.code(), absl::StatusCode::kUnavailable);
    lost_ = true;
    changed_.notify_all();
  }
  void OnStateChange(BrokerState state) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_NE(state_, state);
    state_ = state;
    changed_.notify_all();
  }

  Engine& engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<TopicState> states_;
  std::vector<absl::StatusOr<Position>> outcomes_;
  Lines messages_;
  size_t calls_ = 0;
  bool lost_ = false;
  BrokerState state_ = BrokerState::kAway;
  std::thread::id done_by_;
  std::unique_ptr<Broker> broker_;
};

class BrokerContractTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) WEFT_REQUIRES_PROGRAM("redis-server");
    engine_ = NewEngine(Clock::Steady());
  }

  static std::unique_ptr<Engine> NewEngine(const Clock& clock) {
    if (GetParam()) return std::make_unique<RedisEngineForTests>(clock);
    return std::make_unique<MemoryEngine>(clock);
  }

  Node& a() { return NodeAt(a_); }
  Node& b() { return NodeAt(b_); }

 private:
  Node& NodeAt(std::unique_ptr<Node>& node) {
    if (node == nullptr) node = std::make_unique<Node>(*engine_);
    return *node;
  }

 protected:
  std::unique_ptr<Engine> engine_;

 private:
  std::unique_ptr<Node> a_, b_;
};

INSTANTIATE_TEST_SUITE_P(Engines, BrokerContractTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Redis" : "Memory"; });

TEST_P(BrokerContractTest, AllNodesSeeOneOrder) {
  const TopicState at = a().Join("t");
  EXPECT_TRUE(at.position.is_set());
  EXPECT_EQ(at.position.offset, 0u);
  EXPECT_EQ(b().Join("t"), at);
  const absl::StatusOr<Position> first = a().Publish("t", "x");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, (Position{at.position.epoch, 1}));
  EXPECT_EQ(b().Publish("t", "y")->offset, 2u);
  EXPECT_EQ(a().Messages(2), (Lines{"t 1 x", "t 2 y"}));
  EXPECT_EQ(b().Messages(2), (Lines{"t 1 x", "t 2 y"}));
}

TEST_P(BrokerContractTest, MessagesOfOnePublishComeTogether) {
  a().Join("t");
  a().StartPublish("t", {Message("x"), Message("y"), Message("")});
  const absl::StatusOr<Position> last = a().NextOutcome();
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->offset, 3u);
  EXPECT_EQ(a().Messages(3), (Lines{"t 1 x", "t 2 y", "t 3 "}));
  EXPECT_EQ(a().calls(), 1u);
}

TEST_P(BrokerContractTest, MessagesKeepAllTheirFields) {
  a().Join("t");
  TopicMessage message = {.message = *EncodedMessage::Make(
                              Opcode::kBinary, absl::string_view("\0\r\n\xff", 4), Compress::kNo),
                          .key = "key",
                          .id = "id",
                          .time = absl::FromUnixMillis(1234567890123)};
  a().StartPublish("t", {message});
  ASSERT_TRUE(a().NextOutcome().ok());
  Position before = a().Join("t2").position;  // something else to wait for
  before = a().Read("t", {}, 1)->state.position;
  before.offset = 0;
  const absl::StatusOr<HistoryPage> page = a().Read("t", before);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->messages.size(), 1u);
  const TopicMessage& read = page->messages[0];
  EXPECT_EQ(read.message.payload(), message.message.payload());
  EXPECT_EQ(read.message.opcode(), Opcode::kBinary);
  EXPECT_EQ(read.message.compress(), Compress::kNo);
  EXPECT_EQ(read.key, "key");
  EXPECT_EQ(read.id, "id");
  EXPECT_EQ(read.time, message.time);
  EXPECT_EQ(read.position.offset, 1u);
}

TEST_P(BrokerContractTest, WrongPublishesAreRefused) {
  const auto publish = [&](std::vector<TopicMessage> messages) {
    a().StartPublish("t", std::move(messages));
    return a().NextOutcome().status();
  };
  EXPECT_EQ(publish({}),
            absl::InvalidArgumentError("1 to 64 messages are published at once, not 0"));
  EXPECT_EQ(publish(std::vector<TopicMessage>(65, Message("z"))),
            absl::InvalidArgumentError("1 to 64 messages are published at once, not 65"));
  TopicMessage message = Message("x");
  message.id = "id";
  EXPECT_EQ(
      publish({Message("y"), message}),
      absl::InvalidArgumentError("a message with an id is published alone, not with 1 others"));
  EXPECT_EQ(a().Read("t", {})->state.position.offset, 0u) << "nothing was stored";
}

TEST_P(BrokerContractTest, OutcomesComeOnTheBrokersThreadAndNotInTheCall) {
  std::optional<absl::StatusOr<Position>> outcome;
  bool inside = true;
  a().OnThread([&] {
    a().broker().Publish("t", kHistory, {}, [&](absl::StatusOr<Position> done) {
      EXPECT_FALSE(inside);
      outcome = std::move(done);
    });
    inside = false;
  });
  std::thread::id thread;
  ASSERT_TRUE(a().Publish("t", "x").ok());
  a().OnThread([&] { thread = std::this_thread::get_id(); });
  EXPECT_TRUE(outcome.has_value());
  EXPECT_EQ(a().done_by(), thread);
}

TEST_P(BrokerContractTest, WithoutHistoryThereAreNoPositions) {
  EXPECT_EQ(a().Join("t", /*has_history=*/false), TopicState());
  EXPECT_EQ(a().Publish("t", "x", {}).value(), Position());
  EXPECT_EQ(a().Publish("t", "y", {}, "id").value(), Position());
  EXPECT_EQ(a().Publish("t", "y", {}, "id").value(), Position()) << "once";
  EXPECT_EQ(a().Publish("t", "z", {}).value(), Position());
  EXPECT_EQ(a().Messages(3), (Lines{"t 0 x", "t 0 y", "t 0 z"}));
}

Lines TextOf(const absl::StatusOr<HistoryPage>& page) {
  if (!page.ok()) return {std::string(page.status().message())};
  Lines lines;
  for (const TopicMessage& message : page->messages) {
    EXPECT_EQ(message.position.epoch, page->state.position.epoch);
    lines.push_back(absl::StrCat(message.position.offset, " ", message.message.payload()));
  }
  return lines;
}

TEST_P(BrokerContractTest, ReadsPagesOfTheHistory) {
  Position since = a().Read("t", {})->state.position;
  for (const absl::string_view payload : {"p", "q", "r", "s"}) {
    ASSERT_TRUE(a().Publish("t", payload, {.messages = 3}).ok());
  }
  const absl::StatusOr<HistoryPage> page = a().Read("t", since, 2);
  EXPECT_EQ(TextOf(page), (Lines{"2 q", "3 r"}));
  EXPECT_EQ(page->since, since);
  EXPECT_EQ(page->state.position, (Position{since.epoch, 4}));
  EXPECT_EQ(TextOf(a().Read("t", since, 0)), Lines{"2 q"}) << "always one";
  since.offset = 3;
  EXPECT_EQ(TextOf(a().Read("t", since)), Lines{"4 s"});
  since.offset = 4;
  EXPECT_EQ(TextOf(a().Read("t", since)), Lines{});
  since.offset = 5;
  EXPECT_EQ(TextOf(a().Read("t", since)), Lines{}) << "ahead";
  EXPECT_EQ(TextOf(a().Read("t", *Position::Parse("other.1"))), Lines{});
  EXPECT_EQ(TextOf(a().Read("t", {})), Lines{});
}

TEST_P(BrokerContractTest, PagesAreLimitedInMessagesAndBytes) {
  const Position since = a().Read("t", {})->state.position;
  const TopicHistory history = {.messages = 1000};
  for (int i = 0; i < 5; ++i) {
    a().StartPublish("t", std::vector<TopicMessage>(60, Message("x")), history);
    ASSERT_TRUE(a().NextOutcome().ok());
  }
  EXPECT_EQ(TextOf(a().Read("t", since, 10000)).size(), HistoryPage::kMaxMessages);
  Position large = a().Read("u", {})->state.position;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(a().Publish("u", std::string(90000, 'x'), history).ok());
  }
  EXPECT_EQ(TextOf(a().Read("u", large)).size(), HistoryPage::kMaxBytes / 90300);
}

TEST_P(BrokerContractTest, KeepsTheLatestValue) {
  const Position since = a().Read("t", {})->state.position;
  ASSERT_TRUE(a().Publish("t", "x", {.messages = 1}).ok());
  a().StartPublish("t", {Message("y"), Message("z")}, {.messages = 1});
  EXPECT_EQ(a().NextOutcome()->offset, 3u);
  EXPECT_EQ(TextOf(a().Read("t", since)), Lines{"3 z"});
  ASSERT_TRUE(a().Publish("t", "more", {.messages = 10}).ok());
  EXPECT_EQ(TextOf(a().Read("t", since)), (Lines{"3 z", "4 more"})) << "it keeps more from now on";
  ASSERT_TRUE(a().Publish("t", "last", {.messages = 1}).ok());
  EXPECT_EQ(TextOf(a().Read("t", since)), Lines{"5 last"});
}

TEST_P(BrokerContractTest, AnIdIsStoredOnce) {
  a().Join("t");
  EXPECT_EQ(a().Publish("t", "x", kHistory, "id")->offset, 1u);
  EXPECT_EQ(a().Publish("t", "y", kHistory)->offset, 2u);
  EXPECT_EQ(b().Publish("t", "x", kHistory, "id")->offset, 1u);
  EXPECT_EQ(b().Publish("u", "x", kHistory, "id")->offset, 1u) << "each topic has its own ids";
  EXPECT_EQ(a().Publish("t", "z", kHistory, "other")->offset, 3u);
  EXPECT_EQ(a().Messages(3), (Lines{"t 1 x", "t 2 y", "t 3 z"}));
}

TEST_P(BrokerContractTest, TasksRunInOrderNotBeforeTheyAreDue) {
  testing::ManualClock clock;
  const std::unique_ptr<Engine> engine = NewEngine(clock);
  Node node(*engine);
  Lines ran;
  const auto post = [&](int64_t ms, absl::string_view name) {
    node.broker().Post(absl::Milliseconds(ms), [&ran, name] { ran.emplace_back(name); });
  };
  // Returns the tasks that have run after this time: at least `count`.
  const auto ran_after = [&](int64_t ms, size_t count) {
    clock.AdvanceMs(ms);
    Lines seen;
    do {
      node.OnThread([&] { seen = ran; });
    } while (seen.size() < count);
    return seen;
  };
  node.OnThread([&] {
    post(300, "300");
    post(50, "50");
    post(50, "50 again");
    post(0, "first");
    post(0, "second");
    EXPECT_EQ(ran, Lines{});
  });
  constexpr int64_t kLate = TimerWheel::kTickMs;
  EXPECT_EQ(ran_after(0, 2), (Lines{"first", "second"}));
  EXPECT_EQ(ran_after(49, 2), (Lines{"first", "second"}));
  EXPECT_EQ(ran_after(1 + kLate, 4), (Lines{"first", "second", "50", "50 again"}));
  EXPECT_EQ(ran_after(299 - 50 - kLate, 4), (Lines{"first", "second", "50", "50 again"}));
  EXPECT_EQ(ran_after(1 + kLate, 5), (Lines{"first", "second", "50", "50 again", "300"}));
}

TEST_P(BrokerContractTest, APauseInAnEventIsImmediate) {
  a().Join("t");
  a().in_messages = [&] { a().broker().SetPaused(true); };
  for (int i = 0; i < 50; ++i) b().StartPublish("t", {Message("x")});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(b().NextOutcome().ok());
  EXPECT_EQ(a().Messages(1).size(), 1u);
  ASSERT_TRUE(a().Publish("t", "y").ok()) << "everything else continues";
  EXPECT_EQ(a().calls(), 1u);
  a().OnThread([&] {
    a().in_messages = nullptr;
    a().broker().SetPaused(false);
  });
  EXPECT_EQ(a().Messages(50).back(), "t 51 y");
}

TEST_P(BrokerContractTest, AfterUnsubscribeNoEventFollows) {
  a().Join("t");
  b().Join("t");
  // Messages are on their way to `a` when it unsubscribes.
  a().OnThread([&] {
    for (int i = 0; i < 20; ++i) a().StartPublish("t", {Message("old")});
  });
  size_t before = 0;
  a().OnThread([&] {
    a().broker().Unsubscribe({"t"});
    before = a().calls();
    a().broker().Subscribe({{"t", true}});
  });
  const TopicState state = a().AwaitState();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(a().NextOutcome().ok());
  const Position last = *b().Publish("t", "new");
  EXPECT_EQ(last.offset, 21u);
  a().Await([&] { return true; });
  Lines messages;
  while (messages.empty() || messages.back() != "t 21 new") {
    for (std::string& line : a().Messages(1)) messages.push_back(std::move(line));
  }
  // After the new subscription those after its state follow, and none of the earlier one before.
  EXPECT_GE(messages.size() - before, 21 - state.position.offset);
}

TEST_P(BrokerContractTest, ChecksPositions) {
  a().Join("t");
  a().Join("u", /*has_history=*/false);
  ASSERT_TRUE(b().Publish("t", "x").ok());
  a().broker().CheckPositions({"t", "u", "unknown"});
  EXPECT_EQ(a().AwaitState().position.offset, 1u);
  a().broker().CheckPositions({"t"});
  EXPECT_EQ(a().AwaitState().position.offset, 1u) << "one call for each";
}

TEST_P(BrokerContractTest, SubscriptionsOutliveConnections) {
  a().Join("t");
  a().Join("u", /*has_history=*/false);
  ASSERT_TRUE(a().Publish("t", "x").ok());
  a().Messages(1);
  engine_->LoseConnections();
  a().AwaitLost();
  std::vector<TopicState> states = {a().AwaitState(), a().AwaitState()};
  if (!states[0].position.is_set()) std::swap(states[0], states[1]);
  EXPECT_EQ(states[0].position.offset, 1u);
  EXPECT_EQ(states[1], TopicState());
  absl::StatusOr<Position> outcome = a().Publish("t", "y");
  while (absl::IsUnavailable(outcome.status())) outcome = a().Publish("t", "y");
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(a().Messages(1), Lines{"t 2 y"});
}

TEST_P(BrokerContractTest, ForgetAllBeginsANewEpoch) {
  const TopicState before = a().Join("t");
  ASSERT_TRUE(a().Publish("t", "x").ok());
  engine_->ForgetAll();
  const absl::StatusOr<Position> after = a().Publish("t", "y");
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->offset, 1u);
  EXPECT_NE(after->epoch, before.position.epoch);
  const absl::StatusOr<HistoryPage> page = a().Read("t", before.position);
  EXPECT_EQ(TextOf(page), Lines{});
  EXPECT_EQ(page->state.previous_end, Position()) << "nothing is known of the epoch before";
}

TEST_P(BrokerContractTest, CallsThatWaitAreLimited) {
  const std::string large(kMaxOutbound * 2 / 3, 'x');
  a().OnThread([&] {
    a().StartPublish("t", {Message(large)});
    a().StartPublish("t", {Message(large)});
  });
  absl::StatusOr<Position> outcomes[] = {a().NextOutcome(), a().NextOutcome()};
  if (!outcomes[0].ok()) std::swap(outcomes[0], outcomes[1]);
  EXPECT_TRUE(outcomes[0].ok()) << outcomes[0].status();
  EXPECT_TRUE(absl::IsResourceExhausted(outcomes[1].status())) << outcomes[1].status();
  EXPECT_TRUE(a().Publish("t", large).ok()) << "there is room again";
}

TEST_P(BrokerContractTest, StopCallsWhatIsDueAndNothingAfterIt) {
  a().Join("t");
  int outcomes = 0;
  const auto done = [&](const absl::StatusOr<Position>&) { ++outcomes; };
  for (int i = 0; i < 10; ++i) a().broker().Publish("t", kHistory, {Message("x")}, done);
  a().broker().Publish("t", kHistory, {}, done);
  int pages = 0;
  a().broker().Read("t", {}, 1, [&](const absl::StatusOr<HistoryPage>&) { ++pages; });
  a().broker().Stop();
  EXPECT_EQ(outcomes, 11);
  EXPECT_EQ(pages, 1);
  a().broker().Stop();
  a().broker().Publish("t", kHistory, {Message("y")}, done);
  a().broker().Post(absl::ZeroDuration(), [&] { ++outcomes; });
  EXPECT_TRUE(b().Publish("t", "z").ok());
  EXPECT_EQ(outcomes, 11);
}

// The thread is in a task when Stop() begins, and makes further calls; a `done` may do so too.
TEST_P(BrokerContractTest, EachCallDuringStopHasOneOutcome) {
  if (!GetParam()) return;  // the memory hub has no thread
  Broker& broker = a().broker();
  Lines outcomes;
  const auto note = [&](absl::string_view what, const absl::Status& status) {
    outcomes.push_back(absl::StrCat(what, " ", absl::StatusCodeToString(status.code())));
  };
  std::promise<void> entered;
  broker.Post(absl::ZeroDuration(), [&] {
    entered.set_value();
    // Once Stop() has begun, a task is destroyed at once.
    const auto task = std::make_shared<int>();
    for (int64_t tasks = 1; task.use_count() == tasks; ++tasks) {
      broker.Post(absl::ZeroDuration(), [task] {});
      std::this_thread::yield();
    }
    broker.Publish("t", kHistory, {Message("x")}, [&](const absl::StatusOr<Position>& done) {
      // Its answer came before the end, it was not sent, or nobody knows.
      EXPECT_TRUE(done.ok() || absl::IsUnavailable(done.status()) ||
                  absl::IsDeadlineExceeded(done.status()))
          << done.status();
      note("first", absl::OkStatus());
      broker.Post(absl::ZeroDuration(), [&] { outcomes.push_back("a task"); });
      broker.Publish("t", kHistory, {Message("y")}, [&](const absl::StatusOr<Position>& again) {
        note("second", again.status());
        broker.Read("t", {}, 1,
                    [&](const absl::StatusOr<HistoryPage>& page) { note("read", page.status()); });
      });
    });
    broker.Publish("t", kHistory, {},
                   [&](const absl::StatusOr<Position>& done) { note("empty", done.status()); });
  });
  entered.get_future().wait();
  broker.Stop();
  EXPECT_THAT(outcomes, UnorderedElementsAre("first OK", "empty INVALID_ARGUMENT",
                                             "second UNAVAILABLE", "read UNAVAILABLE"));
}

TEST_P(BrokerContractTest, StopIsAllowedBeforeStart) {
  const std::unique_ptr<Broker> broker = engine_->NewNode();
  broker->Stop();
  const auto called = std::make_shared<int>();
  broker->Publish("t", kHistory, {Message("x")},
                  [called](const absl::StatusOr<Position>&) { ++*called; });
  EXPECT_EQ(*called, 0);
  EXPECT_EQ(called.use_count(), 1) << "the callback is destroyed";
}

// examples/cluster/publish.py, which knows only docs/cluster_wire.md.
TEST_P(BrokerContractTest, AProgramWithoutWeftPublishes) {
  if (!GetParam()) return;
  // The first one in PATH may not have the packages of the distribution.
  std::string python;
  for (const char* const candidate : {"python3", "/usr/bin/python3"}) {
    const std::string check = absl::StrCat(candidate, " -c 'import redis' 2>/dev/null");
    if (python.empty() && std::system(check.c_str()) == 0) python = candidate;
  }
  if (python.empty()) {
    if (std::getenv("CI") != nullptr) FAIL() << "python3-redis is not installed";
    GTEST_SKIP() << "python3-redis is not installed";
  }
  a().Join("chat/42");
  ASSERT_TRUE(a().Publish("chat/42", "from Weft").ok());
  const std::string command =
      absl::StrCat(python, " examples/cluster/publish.py 127.0.0.1 ",
                   static_cast<RedisEngineForTests&>(*engine_).port(), " chat/42 'from Python'");
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(a().Messages(2), (Lines{"chat/42 1 from Weft", "chat/42 2 from Python"}));
}

// A node without events of its own.
class Silent : public BrokerEvents {
 public:
  explicit Silent(Cluster& cluster) { EXPECT_TRUE(cluster.Start(this).ok()); }

 private:
  void OnMessages(absl::string_view, std::vector<TopicMessage>) override {}
  void OnState(absl::string_view, const TopicState&) override {}
  void OnLost(const absl::Status&) override {}
  void OnStateChange(BrokerState) override {}
};

TEST(RedisClusterTest, SubscribersAreThoseOfAllNodesUntilTheirLeaseEnds) {
  WEFT_REQUIRES_PROGRAM("redis-server");
  RedisEngineForTests redis(Clock::Steady());
  const auto new_node = [&redis] {
    return *Cluster::Create(redis.NewNode(), {.interval = absl::Milliseconds(5)});
  };
  const auto set = [](Cluster& node, absl::string_view topic, size_t subscribers) {
    node.Post(absl::ZeroDuration(), [&node, topic = std::string(topic), subscribers] {
      node.SetSubscribers(topic, subscribers);
    });
  };
  const auto await = [](const Cluster& node, absl::string_view topic, size_t subscribers) {
    while (node.subscribers(topic) != subscribers) std::this_thread::yield();
  };
  const std::shared_ptr<Cluster> a = new_node();
  std::shared_ptr<Cluster> b = new_node();
  const Silent of_a(*a), of_b(*b);
  set(*a, "t", 1);
  set(*b, "t", 2);
  await(*a, "t", 3);
  await(*b, "t", 3);
  redis.LoseConnections();
  set(*b, "t", 5);
  set(*b, "u", 1);
  await(*a, "t", 6);
  await(*a, "u", 1);
  b->Stop();  // as if it had died: it says nothing
  await(*a, "t", 1);
  await(*a, "u", 0);
  EXPECT_EQ(a->nodes(), 1u);
  a->Stop();
}

}  // namespace
}  // namespace weft
