// A node of //bench/cluster:cluster_soak: a server with topics on Redis, in a process of its own.

#ifndef WEFT_BENCH_CLUSTER_SOAK_NODE_H_
#define WEFT_BENCH_CLUSTER_SOAK_NODE_H_

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

namespace weft::bench {

// Long enough that the history never ends before the run does.
inline constexpr TopicHistory kSoakHistory = {.messages = 1000000};

// Whether the topic has this history: otherwise it has none.
inline bool IsKept(absl::string_view topic) { return topic.substr(0, 1) == "t"; }

// That of Position::ToString(), also of none.
absl::StatusOr<Position> ParsePosition(absl::string_view text);

// An event as the binary message "event TYPE REASON MISSED POSITION TOPIC" of a node. TYPE and
// REASON are the numbers of the enums. MISSED is TopicEvent::missed, or "-" if it is not known.
std::string EventText(absl::string_view topic, const TopicEvent& event);
struct NamedEvent {
  std::string topic;
  TopicEvent event;
};
absl::StatusOr<NamedEvent> ParseEvent(absl::string_view text);

// Serves until the process is killed: prints its port, and does what its clients ask for.
//   "sub TOPIC [SINCE]"   subscribes: text messages are those of topics
//   "pub TOPIC PAYLOAD"   publishes; answers "done PAYLOAD POSITION", where a topic without history
//                         has an empty position, or "done PAYLOAD" if that has failed, or may have
//   "block MILLISECONDS"  keeps the loop of the session busy
// Events, and answers, are binary messages. `tls_folder` has "ca.pem", "client.pem" and
// "client.key" for an address with TLS.
int RunSoakNode(const std::string& redis, const std::string& password_file,
                const std::string& tls_folder);

// The process.
class NodeProcess {
 public:
  // Of this program, with these arguments.
  explicit NodeProcess(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
  ~NodeProcess() { Kill(); }
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  // Its lines go to the file `log`. Ends the program on errors.
  void Start(const std::string& log);
  void Kill();
  void Signal(int signal) const;

  // Resident.
  size_t MemoryBytes() const;

  // Waits for a text in the log after its first `from` bytes, without a limit.
  size_t LogBytes() const;
  void AwaitLog(size_t from, absl::string_view text) const;

  // Any thread. 0 while it does not run.
  uint16_t port() const { return port_; }

 private:
  const std::vector<std::string> arguments_;
  std::string log_;
  pid_t pid_ = -1;
  std::atomic<uint16_t> port_{0};
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_CLUSTER_SOAK_NODE_H_
