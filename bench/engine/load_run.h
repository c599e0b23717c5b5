// A load on one echo server: its connections on one or more threads, and its measurement.

#ifndef WEFT_BENCH_ENGINE_LOAD_RUN_H_
#define WEFT_BENCH_ENGINE_LOAD_RUN_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "weft/bench/engine/echo_run.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/failure_counts.h"
#include "weft/bench/engine/histogram.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/transport/stream.h"

namespace weft::bench {

struct LoadOptions {
  std::string url{};
  // For each connection. client.cancel, which is required, ends what is under way.
  ClientOptions client{};
  size_t connections = 100;
  size_t concurrency = 64;  // connections opened at the same time
  size_t threads = 1;
  EchoStreamOptions messages{};  // depth is that of each connection

  // Messages per second on all connections together, in an open loop, from 0.001 to 10
  // million; 0: a closed loop.
  double rate = 0;

  // How long to wait for the first echo, and after a measurement for the last ones.
  absl::Duration patience = absl::Seconds(10);

  int pid = 0;  // the server's process, to measure its CPU time; 0: do not
};

struct LoadTimes {
  absl::Duration ramp_up{};   // the load grows evenly; then
  absl::Duration warm_up{};   // it runs, and then
  absl::Duration duration{};  // it is measured
};

// The measurement of a run, or of its part until now.
struct LoadResult {
  absl::Duration time{};  // of the measurement
  uint64_t messages = 0;  // echoes that were complete in that time
  uint64_t due = 0;       // in an open loop: the messages that were due in it

  // Messages that had no echo LoadOptions::patience after it, or until their connection failed:
  // each is among the round trips with the time that it has waited.
  uint64_t unanswered = 0;

  // Of these messages, and of those that were due or sent in that time and answered after it.
  Histogram round_trips{};

  size_t open_connections = 0;
  FailureCounts failures{};  // since the start of Open()

  double load_cpu_seconds = 0;
  std::optional<double> server_cpu_seconds{};
};

struct LoadProgress {
  enum class Phase { kOpening, kWarmUp, kMeasuring, kFinishing };
  Phase phase = Phase::kOpening;
  absl::Duration elapsed{};  // of the measurement
  LoadResult result{};
};

// Every 200 ms, on the thread that waits.
using OnProgress = std::function<void(const LoadProgress&)>;

// Not thread-safe.
//
//   absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options, nullptr);
//   if (!run.ok()) return run.status();
//   const LoadResult result = (*run)->Run({.duration = absl::Seconds(10)}, nullptr);
class LoadRun {
 public:
  // Opens the first connection, and checks that one message on it is echoed; then opens the others.
  // An error is that of the first connection (Client::Connect), of its echo (EchoRun), or
  // Cancelled; or ResourceExhausted without the two descriptors of each thread. Errors of later
  // connections are counted.
  static absl::StatusOr<std::unique_ptr<LoadRun>> Open(const LoadOptions& options,
                                                       const OnProgress& on_progress);

  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;
  ~LoadRun();  // closes the connections

  // Runs and measures once; may be called again. Ends early when no connection is open any more, or
  // client.cancel is notified. A connection that owes an echo, and has sent none for ten seconds
  // after the end, fails.
  LoadResult Run(const LoadTimes& times, const OnProgress& on_progress);

  // Answers the server's pings without waiting, so that it keeps connections that wait for their
  // run. Call it every second or more often, not during Open() or Run(), which do the same.
  void Attend();

  size_t open_connections() const;

 private:
  struct Worker;
  class Timer;

  explicit LoadRun(const LoadOptions& options);

  bool Cancelled() const { return options_.client.cancel->HasBeenNotified(); }
  void Add(Connector::Result opened);
  absl::Status CheckEcho();
  void OpenOthers(const OnProgress& on_progress);
  void OpenNext();
  void Work(Worker& worker, const LoadTimes& times, int64_t begin);
  void RunUntil(Worker& worker, int64_t end);
  void Publish(Worker& worker);
  LoadProgress::Phase PhaseOfAll() const;
  LoadResult Sum() const;

  LoadOptions options_;
  const EchoStream echoes_;
  std::deque<Stream> streams_;
  std::vector<std::unique_ptr<Worker>> workers_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t started_ = 0;  // connections; under the lock, as are:
  size_t opening_ = 0;  // threads that open connections
  std::deque<Connector::Result> opened_;
  FailureCounts failures_;
  size_t working_ = 0;  // workers
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_LOAD_RUN_H_
