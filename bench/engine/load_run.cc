#include "weft/bench/engine/load_run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/bench/engine/now.h"
#include "weft/bench/engine/process.h"
#include "weft/bench/engine/rate_schedule.h"
#include "weft/client/open.h"
#include "weft/core/http/url.h"
#include "weft/transport/notification.h"
#include "weft/transport/tls_context.h"

namespace weft::bench {
namespace {

constexpr absl::Duration kPatienceCancelled = absl::Seconds(1);  // for the last echoes
constexpr absl::Duration kSlice = absl::Milliseconds(50);
constexpr std::chrono::milliseconds kProgress(200);

// The CPU time that the load and the server have used.
struct CpuTimes {
  double load = 0;
  std::optional<double> server{};

  static CpuTimes Measure(int pid) {
    CpuTimes times;
    times.load = CpuSeconds(getpid()).value_or(0);
    if (pid != 0) {
      if (const absl::StatusOr<double> server = CpuSeconds(pid); server.ok()) {
        times.server = *server;
      }
    }
    return times;
  }
};

}  // namespace

// The connections of one thread.
struct LoadRun::Worker {
  Worker(const EchoStream& echoes, size_t depth)
      : run(echoes, depth, {}, [this](const absl::Status& why) { new_failures.AddFailed(why); }) {}

  EchoRun run;
  FailureCounts new_failures;
  size_t connections = 0;

  // Copies, under the lock.
  bool working = false;
  LoadProgress::Phase phase = LoadProgress::Phase::kOpening;
  LoadResult result;
};

LoadRun::LoadRun(const LoadOptions& options) : options_(options), echoes_(options.messages) {
  const size_t threads = std::min(std::max<size_t>(options.threads, 1), options.connections);
  for (size_t i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(echoes_, options.messages.depth));
  }
}

LoadRun::~LoadRun() {
  for (const std::unique_ptr<Worker>& worker : workers_) worker->run.Close();
}

// ---- Opening ----

absl::StatusOr<std::unique_ptr<LoadRun>> LoadRun::Open(const LoadOptions& options,
                                                       const OnProgress& on_progress) {
  const absl::StatusOr<Url> url = ParseUrl(options.url);
  if (!url.ok()) return url.status();
  std::unique_ptr<LoadRun> load(new LoadRun(options));
  for (const std::unique_ptr<Worker>& worker : load->workers_) {
    if (!worker->run.status().ok()) return worker->run.status();
  }
  ClientOptions& client = load->options_.client;
  if (url->secure && client.tls == nullptr) {
    // One for all, so that the roots are read once.
    absl::StatusOr<std::shared_ptr<TlsContext>> tls = TlsContext::ForClient({});
    if (!tls.ok()) return tls.status();
    client.tls = *std::move(tls);
  }
  absl::StatusOr<Connector::Result> first = weft::Open(options.url, client);
  if (!first.ok()) return first.status();
  load->Add(*std::move(first));
  if (absl::Status status = load->CheckEcho(); !status.ok()) return status;
  load->OpenOthers(on_progress);
  if (load->Cancelled()) return absl::CancelledError("interrupted");
  return load;
}

void LoadRun::Add(Connector::Result opened) {
  Worker& worker = *workers_[streams_.size() % workers_.size()];
  Stream& stream = streams_.emplace_back(std::move(opened.stream));
  worker.run.Add(stream, std::move(opened.upgraded.early), opened.upgraded.deflate,
                 streams_.size() - 1);
  ++worker.connections;
}

absl::Status LoadRun::CheckEcho() {
  EchoRun& run = workers_[0]->run;
  const int64_t end = Now() + absl::ToInt64Nanoseconds(options_.patience);
  absl::Status status = run.Start(1);
  run.StopStarting();
  while (status.ok() && Now() < end && !Cancelled()) {
    const absl::StatusOr<bool> finished = run.FinishFor(kSlice);
    if (!finished.ok()) return finished.status();
    if (*finished) break;
  }
  if (Cancelled()) return absl::CancelledError("interrupted");
  run.GiveUp(options_.patience);
  const auto& failures = workers_[0]->new_failures.kinds();
  if (failures.empty()) return status;
  // Without the number of the connection and of the byte, 0 and 0.
  const absl::string_view example = failures.begin()->second.example;
  return absl::DataLossError(example.substr(example.find(": ") + 2));
}

void LoadRun::OpenOthers(const OnProgress& on_progress) {
  std::unique_lock<std::mutex> lock(mutex_);
  started_ = 1;
  opening_ = std::min(options_.concurrency, options_.connections - 1);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < opening_; ++i) threads.emplace_back([this] { OpenNext(); });
  while (!changed_.wait_for(lock, kProgress, [this] { return opening_ == 0; })) {
    std::deque<Connector::Result> opened = std::exchange(opened_, {});
    lock.unlock();
    for (Connector::Result& result : opened) Add(std::move(result));
    Attend();
    lock.lock();
    LoadProgress progress;
    progress.result.open_connections = open_connections() + opened_.size();
    progress.result.failures = failures_;
    lock.unlock();
    if (on_progress != nullptr) on_progress(progress);
    lock.lock();
  }
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  for (Connector::Result& result : opened_) Add(std::move(result));
  opened_.clear();
}

void LoadRun::OpenNext() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (started_ < options_.connections && !Cancelled()) {
    ++started_;
    lock.unlock();
    absl::StatusOr<Connector::Result> result = weft::Open(options_.url, options_.client);
    lock.lock();
    if (result.ok()) {
      opened_.push_back(*std::move(result));
    } else if (!Cancelled()) {
      failures_.AddUnopened(result.status());
    }
  }
  if (--opening_ == 0) changed_.notify_all();
}

void LoadRun::Attend() {
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->run.Attend().IgnoreError();  // failures are counted
    Publish(*worker);
  }
}

size_t LoadRun::open_connections() const {
  size_t open = 0;
  for (const std::unique_ptr<Worker>& worker : workers_) open += worker->run.open_connections();
  return open;
}

// ---- Running ----

LoadResult LoadRun::Run(const LoadTimes& times, const OnProgress& on_progress) {
  const int64_t begin = Now() + absl::ToInt64Nanoseconds(times.ramp_up + times.warm_up);
  std::vector<std::thread> threads;
  working_ = workers_.size();
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->phase = LoadProgress::Phase::kOpening;
    worker->working = true;
  }
  for (const std::unique_ptr<Worker>& worker : workers_) {
    threads.emplace_back([this, &times, begin, worker = worker.get()] {
      Work(*worker, times, begin);
      const std::lock_guard<std::mutex> lock(mutex_);
      worker->working = false;
      --working_;
      changed_.notify_all();
    });
  }
  CpuTimes before = CpuTimes::Measure(options_.pid);
  CpuTimes after = before;
  LoadProgress progress;
  std::unique_lock<std::mutex> lock(mutex_);
  while (working_ > 0) {
    const LoadProgress::Phase phase = progress.phase;
    changed_.wait_for(lock, kProgress, [&] { return working_ == 0 || PhaseOfAll() > phase; });
    progress.phase = PhaseOfAll();
    progress.result = Sum();
    progress.elapsed = absl::Nanoseconds(std::max<int64_t>(0, Now() - begin));
    const bool working = working_ > 0;
    lock.unlock();
    if (progress.phase > phase) {
      // The first phase that it sees may be any of them.
      const CpuTimes now = CpuTimes::Measure(options_.pid);
      if (phase < LoadProgress::Phase::kMeasuring) before = now;
      after = now;
    }
    if (on_progress != nullptr && working) on_progress(progress);
    lock.lock();
  }
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  LoadResult result = Sum();
  result.load_cpu_seconds = after.load - before.load;
  if (after.server.has_value() && before.server.has_value()) {
    result.server_cpu_seconds = *after.server - *before.server;
  }
  return result;
}

void LoadRun::Work(Worker& worker, const LoadTimes& times, int64_t begin) {
  using Phase = LoadProgress::Phase;
  EchoRun& run = worker.run;
  const auto enter = [&](Phase phase, int64_t measured_ns = 0) {
    Publish(worker);
    const std::lock_guard<std::mutex> lock(mutex_);
    worker.phase = phase;
    worker.result.time = absl::Nanoseconds(measured_ns);
    changed_.notify_all();
  };
  run.ResetCounts();
  enter(Phase::kWarmUp);
  // No error: failures are counted.
  if (options_.rate > 0) {
    const double share = static_cast<double>(worker.connections) / streams_.size();
    run.StartPaced(RateSchedule(options_.rate * share, times.ramp_up)).IgnoreError();
  } else {
    run.StartGradually(times.ramp_up).IgnoreError();
  }
  RunUntil(worker, begin);
  run.ResetCounts();
  const int64_t began = Now();
  enter(Phase::kMeasuring);
  RunUntil(worker, times.duration == absl::InfiniteDuration()
                       ? INT64_MAX
                       : began + absl::ToInt64Nanoseconds(times.duration));
  run.StopStarting();
  const int64_t ended = Now();
  enter(Phase::kFinishing, ended - began);
  bool finished = false;
  while (!finished) {
    const absl::Duration patience = Cancelled() ? kPatienceCancelled : options_.patience;
    if (Now() - ended > absl::ToInt64Nanoseconds(patience)) break;
    finished = run.FinishFor(kSlice).value_or(true);
  }
  if (!finished && !Cancelled()) run.GiveUp(options_.patience);
  Publish(worker);
}

void LoadRun::RunUntil(Worker& worker, int64_t end) {
  for (int64_t now = Now(); now < end && !Cancelled(); now = Now()) {
    if (worker.run.open_connections() == 0) return;
    worker.run.RunFor(std::min(kSlice, absl::Nanoseconds(end - now))).IgnoreError();
    Publish(worker);
  }
}

void LoadRun::Publish(Worker& worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  LoadResult& result = worker.result;
  if (worker.phase != LoadProgress::Phase::kFinishing) {
    result.messages = worker.run.messages();
    result.due = worker.run.due();
  }
  result.unanswered = worker.run.unanswered();
  result.round_trips = worker.run.round_trips();
  result.open_connections = worker.run.open_connections();
  failures_.Add(std::exchange(worker.new_failures, {}));
}

// That of the slowest worker. A worker without connections is done early.
LoadProgress::Phase LoadRun::PhaseOfAll() const {
  LoadProgress::Phase phase = LoadProgress::Phase::kFinishing;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->working) phase = std::min(phase, worker->phase);
  }
  return phase;
}

LoadResult LoadRun::Sum() const {
  LoadResult sum;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    const LoadResult& one = worker->result;
    sum.time = std::max(sum.time, one.time);
    sum.messages += one.messages;
    sum.due += one.due;
    sum.unanswered += one.unanswered;
    sum.round_trips.Add(one.round_trips);
    sum.open_connections += one.open_connections;
  }
  sum.failures = failures_;
  return sum;
}

}  // namespace weft::bench
