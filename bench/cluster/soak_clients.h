// The clients of //bench/cluster:cluster_soak, and what they have seen.

#ifndef WEFT_BENCH_CLUSTER_SOAK_CLIENTS_H_
#define WEFT_BENCH_CLUSTER_SOAK_CLIENTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/bench/cluster/plain_topic_log.h"
#include "weft/bench/cluster/soak_node.h"
#include "weft/client.h"
#include "weft/cluster/testing/topic_log.h"
#include "weft/server/topics/position.h"

namespace weft::bench {

constexpr size_t kSoakNodes = 3;

// With history, and without.
constexpr absl::string_view kSoakTopics[] = {"t0", "t1", "t2"};
constexpr absl::string_view kPlainTopics[] = {"n0", "n1"};

// Ends the program.
[[noreturn]] void Die(const absl::Status& status);

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 to `count` - 1.
  size_t Below(size_t count) { return engine_() % count; }
  absl::Duration Between(absl::Duration low, absl::Duration high) {
    return low + (high - low) * (static_cast<double>(Below(1001)) / 1000);
  }

 private:
  std::mt19937_64 engine_;
};

// Shared by all threads. The payload of a message is "TOPIC:SESSION-NUMBER": SESSION is that of the
// publisher, and NUMBER counts its messages. A flood appends "-" and padding.
struct World {
  std::atomic<bool> publishing{true}, reading{true};
  std::vector<std::unique_ptr<NodeProcess>> nodes;

  std::mutex mutex;
  std::map<std::string, testing::TopicLog> topics;
  std::map<std::string, PlainTopicLog> plain_topics;
  std::vector<std::map<std::string, Position>> positions;  // of each reader
  std::vector<std::string> errors;
  uint64_t sessions = 0, published = 0;

  void Fail(std::string text);

  // Of the topic that its payload names. With the mutex.
  void Acknowledge(const std::string& payload, Position position);

  // Null if the node does not accept it.
  std::unique_ptr<Client> Connect(size_t node) const;
};

// Reads all topics over one session after the other. It counts the positions of messages from the
// events, as a client of an application would.
class Reader {
 public:
  Reader(World& world, size_t number, uint64_t seed)
      : world_(world), number_(number), random_(seed), thread_([this] { Run(); }) {}
  ~Reader() { thread_.join(); }

 private:
  void Run();
  void Session();
  void Take(const Message& message);
  void TakePlain(const std::string& topic, const Message& message);

  World& world_;
  const size_t number_;
  Random random_;
  std::unique_ptr<Client> client_;
  std::map<std::string, Position> positions_;
  std::set<std::string> joined_;  // topics, in this session
  std::thread thread_;
};

// Publishes to all topics, over one session after the other.
class Publisher {
 public:
  Publisher(World& world, size_t number, uint64_t seed)
      : world_(world), number_(number), random_(seed), thread_([this] { Run(); }) {}
  ~Publisher() { thread_.join(); }

 private:
  void Run();
  bool Burst(Client& client);

  World& world_;
  const size_t number_;
  Random random_;
  int sessions_ = 0;
  uint64_t published_ = 0;
  std::thread thread_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_CLIENTS_H_
