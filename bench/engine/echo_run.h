// Keeps messages going around on open connections, and checks every byte of the echoes.

#ifndef WEFT_BENCH_ENGINE_ECHO_RUN_H_
#define WEFT_BENCH_ENGINE_ECHO_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/histogram.h"
#include "weft/bench/engine/parsed_echoes.h"
#include "weft/bench/engine/rate_schedule.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// The echo load on one thread. In a closed loop the next message is sent when an echo is complete,
// so that `depth` messages are in flight on each connection; in an open loop messages are due at a
// fixed rate. Not thread-safe; blocks the caller.
//
//   EchoRun run(echoes, depth, streams);             // `echoes` created for at least this depth
//   status = run.Start();
//   status = run.RunFor(warmup);  run.ResetCounts();
//   status = run.RunFor(duration);
//   Report(run.messages(), run.round_trips());
//   status = run.Drain();
//
// Sending and comparing whole bytes costs least, so a server that sends anything but plain echoes
// (pings, fragments, a Close frame) has the frames of that connection parsed from then on.
//
// An error ends the run and names the connection and the byte of its echoes, counted from the first
// one. DataLoss: a wrong byte, or an echo without a message; Aborted: a Close frame;
// InvalidArgument: a broken rule; Unavailable: the connection was lost; DeadlineExceeded: no echo.
class EchoRun {
 public:
  using OnFailure = std::function<void(const absl::Status& why)>;

  // `streams` are ready for echoes. They and `echoes` must outlive this object. With `on_failure`
  // an error does not end the run: that connection is closed, and the others continue.
  EchoRun(const EchoStream& echoes, size_t depth, absl::Span<Stream> streams,
          OnFailure on_failure = nullptr);

  // Not OK without the descriptors for epoll and a timer; each start returns it.
  const absl::Status& status() const { return status_; }

  // One more connection, ready for echoes, before the next start: with the bytes that the server
  // has sent after its handshake, and the compression that both agreed on. Errors name it by
  // `number`, or else by its number in this run.
  void Add(Stream& stream, std::string early = "",
           const std::optional<DeflateAgreement>& deflate = {}, std::optional<size_t> number = {});

  // Starts a closed loop: sends the first messages. No connection sends more than `messages` in
  // total.
  absl::Status Start(uint64_t messages = std::numeric_limits<uint64_t>::max());

  // The same without that limit, and one connection after the other starts, during `ramp_up`.
  absl::Status StartGradually(absl::Duration ramp_up);

  // Starts an open loop: messages are due as `schedule` says, on each connection in turn, the first
  // one `after` from now. Each is sent when it is due, whether earlier echoes have arrived or not;
  // if `depth` of its connection are in flight, it waits. Its round trip begins when it is due, so
  // that the time for which a slow server, or this program, delays it counts.
  absl::Status StartPaced(const RateSchedule& schedule,
                          absl::Duration after = absl::ZeroDuration());

  // Reads what has arrived, and answers pings, without waiting. For connections that wait while
  // others are opened or measured: a server drops a connection that is silent for too long.
  absl::Status Attend();

  // Runs for a time, again and again if need be.
  absl::Status RunFor(absl::Duration duration);

  // Starts no more messages. Those that are due already still count as started.
  void StopStarting();

  // Runs until every message that was started is answered, at most for a time. Returns whether they
  // are.
  absl::StatusOr<bool> FinishFor(absl::Duration duration);

  // With `on_failure`, after FinishFor(): gives up the messages that were due and have no echo. A
  // connection without any echo since StopStarting(), `waited` ago, fails; of the others, messages
  // that were not sent are forgotten.
  void GiveUp(absl::Duration waited);

  // StopStarting(), and FinishFor() until all is answered; DeadlineExceeded if no byte arrives for
  // ten seconds.
  absl::Status Drain();

  // Sends a Close frame on each connection without waiting, and closes it. Not for a bare server.
  void Close();

  // The number of complete echoes, and their round trips in nanoseconds: from before the message
  // was sent, or when it was due, to after its last byte was read.
  uint64_t messages() const { return messages_; }
  const Histogram& round_trips() const { return round_trips_; }
  // The number of messages that were due, in an open loop; and of those that were given up, or
  // whose connection failed. Each of the latter two is a round trip of the time that it has waited.
  uint64_t due() const { return due_; }
  uint64_t unanswered() const { return unanswered_; }
  void ResetCounts();

  size_t open_connections() const { return peers_.size() - failed_; }

 private:
  // Offsets are those of EchoStream: a connection begins at the message `first` of the cycle.
  struct Peer {
    Stream* stream;
    size_t number;
    uint64_t first;
    // the number of messages it may send, counted from the start of the cycle
    uint64_t last;
    uint64_t sent = 0;       // bytes
    uint64_t received = 0;   // bytes
    uint64_t completed = 0;  // echoes
    bool waits_to_send = false;
    bool failed = false;
    std::vector<int64_t> started;            // the send times of the `depth` messages in flight
    uint64_t paced_from = 0;                 // the first message of the open loop
    uint64_t at_stop = 0;                    // `completed` at StopStarting()
    std::string early{};                     // received with the handshake
    std::unique_ptr<ParsedEchoes> parsed{};  // none: bytes are compared
    uint64_t plain_until = 0;  // if parsed: the offset up to which bytes are sent as if it were not
  };

  enum class Pace { kClosed, kGradual, kOpen };

  absl::Status Begin(Pace pace, absl::Duration after);
  absl::Status TakeEarly();
  Peer& TakeNext();
  absl::Status StartDue(int64_t now);
  int64_t NextDue() const;
  absl::Status Turn(int64_t wake, bool* idle);
  absl::Status Serve(Peer& peer, bool readable);
  absl::Status Send(Peer& peer);
  absl::Status SendParsed(Peer& peer);
  absl::Status WriteBytes(Peer& peer, uint64_t end, int64_t now);
  void AwaitWriting(Peer& peer, bool waits);
  absl::Status Receive(Peer& peer);
  absl::Status Check(Peer& peer, absl::string_view bytes);
  absl::Status CheckParsed(Peer& peer, absl::string_view bytes);
  absl::Status Parse(Peer& peer, size_t wrong, absl::string_view bytes);
  void Complete(Peer& peer);
  int64_t StartOf(const Peer& peer, uint64_t message, int64_t now) const;
  uint64_t StartedBy(const Peer& peer) const;
  absl::Status Failed(const Peer& peer, size_t index, const absl::Status& why) const;
  absl::Status Survive(Peer& peer, absl::Status why);
  void CountUnanswered(const Peer& peer, int64_t now);

  const EchoStream& echoes_;
  const size_t depth_;
  const OnFailure on_failure_;
  UniqueFd poller_;
  UniqueFd timer_;  // wakes an open loop when a message is due
  absl::Status status_;
  std::vector<Peer> peers_;
  std::vector<char> buffer_;
  size_t failed_ = 0;

  // Number `next_` of the open loop's messages, or of the connections, is started next.
  Pace pace_ = Pace::kClosed;
  RateSchedule schedule_{1};
  int64_t begin_ = 0;
  uint64_t next_ = 0;
  bool stopped_ = false;

  uint64_t messages_ = 0;
  uint64_t due_ = 0;
  uint64_t unanswered_ = 0;
  Histogram round_trips_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_ECHO_RUN_H_
