// The part of a server that carries topics over Redis, without its sessions.

#ifndef WEFT_BENCH_CLUSTER_NODE_H_
#define WEFT_BENCH_CLUSTER_NODE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/loop/clock.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/shared_topics.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"
#include "weft/server/topics/topic_options.h"
#include "weft/server/topics/topic_update.h"

namespace weft::bench {

// A broker, and one loop that counts the updates it gets instead of passing them to sessions.
class Node final : private TopicLoop {
 public:
  struct Counts {
    std::atomic<uint64_t> messages{0};  // for the members of topics
    std::atomic<uint64_t> joined{0};    // joins that are answered
    std::atomic<uint64_t> resumed{0};   // ... without a gap
    std::atomic<uint64_t> events{0};    // of members
  };

  static absl::StatusOr<std::unique_ptr<Node>> Start(RedisOptions options) {
    auto broker = RedisBroker::Create(std::move(options));
    if (!broker.ok()) return broker.status();
    auto node = std::unique_ptr<Node>(new Node(*std::move(broker)));
    if (absl::Status status = node->topics_.Start(); !status.ok()) return status;
    return node;
  }

  ~Node() {
    topics_.Stop();
    loop_.mailbox()->Post([this] { loop_.Stop(); });
    thread_.join();
  }

  SharedTopics& topics() { return topics_; }

  // As SharedTopics::Join by its loop. Ends the program if it is refused.
  void Join(absl::string_view topic, const TopicOptions& options, std::optional<Position> since,
            uint32_t number, bool is_new) {
    const absl::Status status = topics_.Join(0, topic, options, since, number, is_new);
    if (status.ok()) return;
    std::cerr << "cannot join " << topic << ": " << status << "\n";
    std::exit(1);
  }

  TopicCountersOf<uint64_t> topic_counts() const {
    TopicCountersOf<uint64_t> sum;
    topics_.AddCounts(sum);
    return sum;
  }

  const Counts& counts() const { return counts_; }

  // Looks again and again until it holds of the counts, which costs a loop less than to wake a
  // thread for each. Ends the program if that takes a minute.
  void Await(const std::function<bool(const Counts&)>& holds) const {
    const absl::Time end = absl::Now() + absl::Minutes(1);
    while (!holds(counts_)) {
      absl::SleepFor(absl::Microseconds(200));
      if (absl::Now() < end) continue;
      std::cerr << "it has not happened: " << counts_.messages << " messages, " << counts_.joined
                << " joined, " << counts_.resumed << " resumed, " << counts_.events << " events\n";
      std::exit(1);
    }
  }

 private:
  explicit Node(std::shared_ptr<Broker> broker)
      : topics_(std::move(broker), {.guard = &guard_}), thread_([this] { loop_.Run(); }) {
    topics_.AddLoop(*this);
  }

  const std::shared_ptr<Mailbox>& mailbox() const override { return loop_.mailbox(); }

  void OnTopicUpdate(const TopicUpdate& update) override {
    uint64_t joined = 0;
    for (const TopicUpdate::Answer& answer : update.answers) {
      joined += answer.is_last ? 1 : 0;
      counts_.resumed +=
          answer.event.has_value() && answer.event->type == TopicEvent::Type::kResumed ? 1 : 0;
    }
    counts_.joined += joined;
    if (!update.answers.empty()) return;
    uint64_t messages = 0;
    for (const TopicUpdate::Entry& entry : update.entries) {
      messages += std::holds_alternative<TopicMessage>(entry) ? 1 : 0;
    }
    counts_.messages += messages;
    counts_.events += update.entries.size() - messages;
  }

  ExceptionGuard guard_{[](absl::string_view, absl::string_view) {}};
  EventLoop loop_{Clock::Steady()};
  Counts counts_;
  SharedTopics topics_;
  std::thread thread_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_NODE_H_
