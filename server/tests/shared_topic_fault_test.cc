// Servers and clients under random faults of the store and its network: no message of a topic with
// history is lost silently.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/cluster/memory_broker.h"
#include "weft/cluster/testing/hub_thread.h"
#include "weft/core/testing/random_choices.h"
#include "weft/server/handler.h"
#include "weft/server/server.h"
#include "weft/server/session.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_options.h"
#include "weft/testing/manual_clock.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using Channel = MemoryHub::Channel;
using testing::TestClient;

constexpr absl::string_view kTopic = "t";
constexpr TopicHistory kHistory = {.messages = 60, .time = absl::Minutes(5)};

// "sub SINCE" subscribes; everything else is echoed. Events become messages.
class Member : public Handler {
 public:
  void OnMessage(Session& session, const Message& message) override {
    if (!absl::StartsWith(message.payload, "sub ")) return session.Send(message).IgnoreError();
    const absl::Status status =
        session.Subscribe(kTopic, {.since = std::string(message.payload.substr(4))});
    EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;  // it has ended
  }
  void OnTopic(Session& session, absl::string_view, const TopicEvent& event) override {
    session
        .SendText(absl::StrCat("event ", static_cast<int>(event.type), " ",
                               event.position.ToString(), " ", GapReasonName(event.reason)))
        .IgnoreError();
  }
};

// All messages that the store ever had, by their positions: a node without faults.
class Log : public BrokerEvents {
 public:
  explicit Log(MemoryHub& hub) : broker_(hub) {
    EXPECT_TRUE(broker_.Start(this).ok());
    broker_.Subscribe({{std::string(kTopic), true}});
  }
  ~Log() { broker_.Stop(); }

  // The store has begun an epoch after another one, or after none.
  void Began(const TopicState& state) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lineage_.emplace(state.position.epoch.text(), state.previous_end);
  }

  // Empty: there is none.
  std::string At(Position position) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (true) {
      const auto found = payloads_.find(position.ToString());
      if (found != payloads_.end()) return found->second;
      const auto before = lineage_.find(std::string(position.epoch.text()));
      if (before == lineage_.end() || position.offset > before->second.offset) return "";
      position.epoch = before->second.epoch;
    }
  }
  size_t size() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return payloads_.size();
  }

 private:
  void OnMessages(absl::string_view, std::vector<TopicMessage> messages) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const TopicMessage& message : messages) {
      const bool is_new =
          payloads_.emplace(message.position.ToString(), std::string(message.message.payload()))
              .second;
      EXPECT_TRUE(is_new) << "one payload at a position";
    }
  }
  void OnState(absl::string_view, const TopicState&) override {}
  void OnLost(const absl::Status&) override { ADD_FAILURE(); }
  void OnStateChange(BrokerState) override {}

  mutable std::mutex mutex_;
  std::map<std::string, std::string> payloads_;  // by position
  std::map<std::string, Position> lineage_;      // by epoch
  MemoryBroker broker_;
};

// A client, which counts messages from the position of the last event.
class Client {
 public:
  Client(const Server& server, const Log& log, int number)
      : log_(log), number_(number), client_(Connect(server)) {
    client_.SendText("sub ");
  }

  // Comes back to another server; messages that it has not read come again.
  void Move(const Server& server) {
    client_.Close();
    client_ = Connect(server);
    client_.SendText(absl::StrCat("sub ", position_.ToString()));
    resumes_ = position_.is_set();
  }

  // Takes everything that the server has sent.
  void Sync() {
    const std::string mark = absl::StrCat("sync ", ++syncs_);
    client_.SendText(mark);
    while (!::testing::Test::HasFailure() && ReadOne() != mark) {
    }
  }

  // Takes everything up to this position.
  void ReadTo(Position end) {
    while (!::testing::Test::HasFailure() && position_ != end) ReadOne();
  }

  Position position() const { return position_; }
  uint64_t messages() const { return messages_; }
  uint64_t gaps() const { return gaps_; }
  uint64_t resumed() const { return resumed_; }

 private:
  static TestClient Connect(const Server& server) {
    TestClient client(server.address());
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    return client;
  }

  std::string ReadOne() {
    const std::string frame = client_.ReadFrame();
    EXPECT_TRUE(absl::StartsWith(frame, "fin text ")) << frame;
    std::string text = frame.substr(std::min<size_t>(9, frame.size()));
    if (absl::StartsWith(text, "event ")) {
      OnEvent(absl::StrSplit(text, absl::MaxSplits(' ', 3)));
    } else if (!absl::StartsWith(text, "sync ")) {
      ++position_.offset;
      EXPECT_EQ(text, log_.At(position_)) << number_ << " at " << position_.ToString();
      ++messages_;
    }
    return text;
  }

  void OnEvent(const std::vector<std::string>& words) {
    const Position at = *Position::Parse(words[2]);
    switch (static_cast<TopicEvent::Type>(words[1][0] - '0')) {
      case TopicEvent::Type::kJoined:
        EXPECT_FALSE(position_.is_set()) << number_ << " joins once";
        break;
      case TopicEvent::Type::kResumed:
        EXPECT_EQ(at.offset, position_.offset) << number_ << " resumes where it was";
        resumed_ += std::exchange(resumes_, false);
        break;
      case TopicEvent::Type::kGap:
        ++gaps_;
        EXPECT_NE(words[3], "overfull");
        break;
    }
    position_ = at;
  }

  const Log& log_;
  const int number_;
  TestClient client_;
  Position position_;
  bool resumes_ = false;
  int syncs_ = 0;
  uint64_t messages_ = 0, gaps_ = 0, resumed_ = 0;
};

class SharedTopicFaultTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    log_->Began(hub().state(kTopic));
    for (int i = 0; i < 2; ++i) {
      brokers_.push_back(std::make_shared<MemoryBroker>(hub()));
      ServerOptions options = {.threads = 2, .handler_threads = GetParam()};
      options.broker = brokers_.back();
      options.for_tests.clock = &clock_;
      options.hooks.topic_options = [](absl::string_view) {
        return TopicOptions{.shared = true, .history = kHistory};
      };
      options.timeouts.ping_interval = absl::InfiniteDuration();
      options.timeouts.idle = absl::InfiniteDuration();
      options.timeouts.first_message = absl::InfiniteDuration();
      absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
          std::move(options),
          [](const SessionRequest&, UpgradeResponse&) { return std::make_unique<Member>(); });
      ASSERT_TRUE(server.ok()) << server.status();
      servers_.push_back(*std::move(server));
    }
    for (int i = 0; i < 6; ++i) clients_.emplace_back(*servers_[i % 2], *log_, i);
  }
  void TearDown() override {
    clients_.clear();
    servers_.clear();
    log_.reset();
  }

  size_t Random(size_t n) { return random_() % n; }

  void Publish() {
    const std::string payload = absl::StrCat("m", ++published_);
    ++due_;
    servers_[Random(2)]->Publish(kTopic, Opcode::kText, payload, {},
                                 [this](const absl::StatusOr<Position>&) { --due_; });
  }

  void Fault() {
    MemoryBroker& node = *brokers_[Random(2)];
    const Channel channel = Random(2) == 0 ? Channel::kMessages : Channel::kCalls;
    ++faults_;
    switch (Random(14)) {
      case 0:
      case 1:
        return hub().Cut(node);
      case 2:
      case 3:
      case 4:
        return hub().Restore(node);
      case 5:
        return hub().Hold(node, channel);
      case 6:
      case 7:
      case 8:
        return hub().Release(node, channel);
      case 9:
        return hub().Refuse(node,
                            Random(4) == 0 ? absl::UnavailableError("READONLY") : absl::OkStatus());
      case 10:
        hub().ForgetTail(kTopic, Random(4));
        return log_->Began(hub().state(kTopic));
      case 11:
        if (Random(6) != 0) return;
        hub().ForgetAll();
        return log_->Began(hub().state(kTopic));
      default:
        return clock_.AdvanceMs(static_cast<int64_t>(Random(1500)));
    }
  }

  // All faults end.
  void Settle() {
    for (const auto& node : brokers_) {
      hub().Refuse(*node, absl::OkStatus());
      hub().Release(*node, Channel::kMessages);
      hub().Release(*node, Channel::kCalls);
      hub().Cut(*node);
      hub().Restore(*node);
    }
    // Publishes and reads that failed have their outcome, or are repeated.
    while (due_ > 0) {
      clock_.AdvanceMs(100);
      std::this_thread::yield();
    }
  }

  MemoryHub& hub() { return thread_.hub(); }

  const unsigned seed_ = testing::ChaosSeed();
  std::mt19937 random_{seed_};
  testing::ManualClock clock_;
  testing::HubThread thread_{clock_};
  std::unique_ptr<Log> log_ = std::make_unique<Log>(hub());
  std::vector<std::shared_ptr<MemoryBroker>> brokers_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<Client> clients_;
  uint64_t published_ = 0, faults_ = 0;
  std::atomic<int> due_{0};
};

TEST_P(SharedTopicFaultTest, NoMessageIsLostSilently) {
  for (int i = 0; i < 4000 && !HasFailure(); ++i) {
    switch (Random(8)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Publish();
        break;
      case 4:
        Fault();
        break;
      case 5:
        clients_[Random(clients_.size())].Move(*servers_[Random(2)]);
        break;
      default:
        clients_[Random(clients_.size())].Sync();
    }
  }
  Settle();
  std::optional<Position> end;
  while (!end.has_value()) {
    std::promise<absl::StatusOr<Position>> outcome;
    servers_[0]->Publish(kTopic, Opcode::kText, absl::StrCat("m", ++published_), {},
                         [&](absl::StatusOr<Position> stored) { outcome.set_value(stored); });
    std::future<absl::StatusOr<Position>> stored = outcome.get_future();
    while (stored.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      clock_.AdvanceMs(50);
    }
    if (const absl::StatusOr<Position> at = stored.get(); at.ok()) end = *at;
  }
  std::atomic<bool> done{false};
  std::thread time([&] {  // for reads that wait to be repeated
    while (!done) {
      clock_.AdvanceMs(20);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (Client& client : clients_) client.ReadTo(*end);
  done = true;
  time.join();
  uint64_t messages = 0, gaps = 0, resumed = 0;
  for (const Client& client : clients_) {
    EXPECT_EQ(client.position(), *end);
    messages += client.messages();
    gaps += client.gaps();
    resumed += client.resumed();
  }
  std::printf("seed %u: %lu faults, %zu messages stored, %lu received; %lu gaps, %lu resumes\n",
              seed_, faults_, log_->size(), messages, gaps, resumed);
  EXPECT_GT(messages, 0u);
  EXPECT_GT(resumed, 0u);
}

INSTANTIATE_TEST_SUITE_P(HandlerThreads, SharedTopicFaultTest, ::testing::Values(0, 2));

}  // namespace
}  // namespace weft
