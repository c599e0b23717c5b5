// Keeps messages going around on open connections, and checks every byte of the echoes.

#ifndef WEFT_BENCH_ECHO_RUN_H_
#define WEFT_BENCH_ECHO_RUN_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/echo_stream.h"
#include "weft/bench/histogram.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// The echo load on one thread: when an echo is complete, the next message is sent, so that `depth`
// messages are in flight on each connection. Not thread-safe; blocks the caller.
//
//   EchoRun run(echoes, depth, streams);             // `echoes` created for at least this depth
//   status = run.Start();
//   status = run.RunFor(warmup);  run.ResetCounts();
//   status = run.RunFor(duration);
//   Report(run.messages(), run.round_trips());
//   status = run.Drain();
//
// An error ends the run and names the connection and the byte of its echoes, counted from the first
// one: a wrong byte, an echo without a message, a closed connection.
class EchoRun {
 public:
  // `streams` are ready for echoes. They and `echoes` must outlive this object.
  EchoRun(const EchoStream& echoes, size_t depth, absl::Span<Stream> streams);

  // Sends the first messages. No connection sends more than `messages` in total.
  absl::Status Start(uint64_t messages = std::numeric_limits<uint64_t>::max());

  absl::Status RunFor(absl::Duration duration);

  // The alternative, after Start(0): each connection starts one message per `interval`, whether
  // earlier echoes have arrived or not (up to `depth` of them), and the starts of all connections
  // are evenly spread. The next call continues where the last one ended.
  absl::Status RunPaced(absl::Duration duration, absl::Duration interval);

  // Starts no more messages, and returns when all started ones are echoed; DeadlineExceeded if no
  // byte arrives for ten seconds.
  absl::Status Drain();

  // The number of complete echoes, and their round trips in nanoseconds: from before the message
  // was sent to after its last byte was read.
  uint64_t messages() const { return messages_; }
  const Histogram& round_trips() const { return round_trips_; }
  void ResetCounts();

 private:
  // Offsets are those of EchoStream: a connection begins at the message `first` of the cycle.
  struct Peer {
    Stream* stream;
    uint64_t first;
    // the number of messages it may send, counted from the start of the cycle
    uint64_t last;
    uint64_t sent = 0;       // bytes
    uint64_t received = 0;   // bytes
    uint64_t completed = 0;  // echoes
    bool waits_to_send = false;
    std::vector<int64_t> started;  // the send times of the `depth` messages in flight
  };

  absl::Status Turn(int timeout_ms, bool* idle);
  absl::Status Send(Peer& peer);
  absl::Status Receive(Peer& peer);
  absl::Status Check(Peer& peer, absl::string_view bytes);
  void Complete(Peer& peer);
  uint64_t StartedBy(const Peer& peer) const;
  absl::Status Failed(const Peer& peer, size_t index, absl::string_view what) const;

  const EchoStream& echoes_;
  const size_t depth_;
  UniqueFd poller_;
  std::vector<Peer> peers_;
  std::vector<char> buffer_;
  int64_t next_start_ = 0;  // RunPaced: when the next message starts, and on which peer
  size_t next_peer_ = 0;
  uint64_t messages_ = 0;
  Histogram round_trips_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ECHO_RUN_H_
