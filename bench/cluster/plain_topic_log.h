// The log of a topic without history in a run of //bench/cluster:cluster_soak.

#ifndef WEFT_BENCH_CLUSTER_PLAIN_TOPIC_LOG_H_
#define WEFT_BENCH_CLUSTER_PLAIN_TOPIC_LOG_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace weft::bench {

// The payload of a message is "TOPIC:SESSION-NUMBER": the messages of one session of a publisher
// keep their order. Those without an acknowledgement may arrive at any time, or never.
class PlainTopicLog {
 public:
  using Fail = std::function<void(const std::string& text)>;

  // ---- The publishers ----

  void Acknowledge(absl::string_view payload);

  // ---- The readers, each in its order ----

  void BeginSession(size_t reader) { entries_[reader].push_back({.type = Type::kSession}); }

  // An event: it has joined the topic, or there is a gap.
  void Report(size_t reader) { entries_[reader].push_back({.type = Type::kEvent}); }
  void Deliver(size_t reader, std::string payload) {
    entries_[reader].push_back({.type = Type::kMessage, .payload = std::move(payload)});
  }

  struct Sums {
    uint64_t acknowledged = 0, delivered = 0, holes = 0;
  };

  // In a session no message comes twice, and acknowledged ones come in the order of their
  // publisher. A hole is an acknowledged message that is missing between two of its publisher:
  // there must have been an event between these two.
  Sums Check(const Fail& fail) const;

 private:
  enum class Type : uint8_t { kSession, kEvent, kMessage };
  struct Entry {
    Type type;
    std::string payload{};
  };

  std::map<std::string, std::set<uint64_t>> acknowledged_;  // numbers, by session
  std::map<size_t, std::vector<Entry>> entries_;            // by reader
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_PLAIN_TOPIC_LOG_H_
