// Sends messages from one connection to all, and checks every byte of every delivery.

#ifndef WEFT_BENCH_FANOUT_RUN_H_
#define WEFT_BENCH_FANOUT_RUN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/histogram.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// The fan-out load on one thread: the first connection sends, the server sends each message to all
// connections, including the first; when all have received it, the next is sent, so that `depth`
// messages are in flight. Not thread-safe; blocks the caller. An error ends the run and names the
// connection.
class FanoutRun {
 public:
  // `streams` are open and subscribed. They and `messages` must outlive this object.
  FanoutRun(const EchoStream& messages, size_t depth, absl::Span<Stream> streams);

  absl::Status RunFor(absl::Duration duration);

  // Sends no more, and returns when all connections have received all messages.
  absl::Status Drain();

  // The messages that connections received, and the time since they were sent, in nanoseconds.
  uint64_t deliveries() const { return deliveries_; }
  const Histogram& delays() const { return delays_; }
  void ResetCounts();

 private:
  struct Peer {
    Stream* stream;
    uint64_t received = 0;  // bytes
    uint64_t completed = 0;
  };

  absl::Status Turn(int timeout_ms, bool* idle);
  absl::Status Send();
  absl::Status Receive(Peer& peer);
  absl::Status Failed(const Peer& peer, absl::string_view what) const;

  const EchoStream& messages_;
  const size_t depth_;
  UniqueFd poller_;
  std::vector<Peer> peers_;
  std::vector<char> buffer_;
  std::vector<int64_t> started_;  // send times, by message modulo depth
  std::vector<size_t> missing_;   // the number of connections without the message, likewise
  uint64_t sent_ = 0;             // messages
  uint64_t delivered_ = 0;        // messages that all connections have received
  uint64_t deliveries_ = 0;
  Histogram delays_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_FANOUT_RUN_H_
