#include "weft/server/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "weft/core/encoded_message.h"
#include "weft/core/log.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/thread_pool.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/checked_arguments.h"
#include "weft/server/guarded_options.h"
#include "weft/server/limits/address_limit.h"
#include "weft/server/limits/descriptors.h"
#include "weft/server/listening/listener.h"
#include "weft/server/server_options.h"
#include "weft/server/signal_source.h"
#include "weft/server/topics/shared_topics.h"
#include "weft/server/topics/topic_brokers.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/server/worker.h"
#include "weft/server/worker_group.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/loopback.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

constexpr absl::Duration kLongestDrain = absl::Hours(24);

}  // namespace

class Server::Impl : public WorkerGroup {
 public:
  Impl(ServerOptions options, Acceptor acceptor)
      // NOLINTNEXTLINE(bugprone-throw-keyword-missing): no exception type
      : guard_(LogExceptions(options.hooks.log)),
        options_(Guarded(std::move(options), guard_)),
        acceptor_(Guarded(std::move(acceptor), guard_)),
        address_limit_(options_.limits.max_connections_per_address),
        topics_(options_.hooks.on_topic_change) {
    if (options_.hooks.topic_options) {
      topic_brokers_.emplace(
          options_.hooks.topic_options, options_.broker,
          SharedTopics::Options{.clock = options_.for_tests.clock,
                                .guard = &guard_,
                                .log = options_.hooks.log,
                                .min_log_level = options_.hooks.min_log_level,
                                .max_topics = options_.limits.max_carried_topics});
    }
    for (int i = 0; i < options_.threads; ++i) {
      workers_.push_back(std::make_unique<Worker>(options_, acceptor_, *this, i));
      if (topic_brokers_) topic_brokers_->AddLoop(workers_.back()->topic_loop());
    }
  }

  // The first call, before Start() or Run().
  absl::Status Listen(const std::vector<std::shared_ptr<const Listener>>& listeners) {
    for (const std::shared_ptr<const Listener>& listener : listeners) {
      addresses_.push_back(LocalAddress(listener->fd()));
      if (IsLoopbackHost(addresses_.back().ip())) loopback_.push_back(addresses_.back());
      if (listener->tls() != nullptr) tls_contexts_.push_back(listener->tls());
    }
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (const int error = worker->context().loop().error(); error != 0) {
        return absl::ErrnoToStatus(error,
                                   absl::StrCat("cannot make ", options_.threads, " event loops"));
      }
      for (const auto& listener : listeners) worker->Listen(listener);
    }
    return absl::OkStatus();
  }

  // Serves on threads of its own. On failure none is left running.
  absl::Status Start() {
    started_ = true;
    if (absl::Status status = StartThreads(options_.threads); !status.ok()) return status;
    RunOnThreads(workers_);
    return absl::OkStatus();
  }

  // Serves on the calling thread as well, until every loop has ended.
  absl::Status Run(SignalWaiter* signals, const std::function<void(int)>& on_signal) {
    if (started_.exchange(true)) {
      return absl::FailedPreconditionError("the server runs already, or has run before");
    }
    Worker& own = *workers_.front();
    std::optional<SignalSource> source;
    if (signals != nullptr) {
      source.emplace(own.context().loop(), *signals, [&](int signal) {
        guard_.Run("the function for signals", [&] { on_signal(signal); });
      });
      if (!source->Watch()) return absl::ErrnoToStatus(errno, "cannot watch for signals");
    }
    if (absl::Status status = StartThreads(options_.threads - 1); !status.ok()) return status;
    runner_ = std::this_thread::get_id();
    RunOnThreads(absl::MakeSpan(workers_).subspan(1));
    Serve(own);
    runner_ = std::thread::id();
    Wait();
    if (topic_brokers_) topic_brokers_->AwaitOutcomes();
    return absl::OkStatus();
  }

  ~Impl() override {
    Shutdown(absl::ZeroDuration());
    if (topic_brokers_) topic_brokers_->Stop();
  }

  absl::Span<const SocketAddress> addresses() const { return addresses_; }

  absl::Status ReloadCertificates() {
    absl::Status result;
    for (const std::shared_ptr<TlsContext>& context : tls_contexts_)
      result.Update(context->Reload());
    return result;
  }

  size_t connections() const {
    size_t sum = 0;
    for (const std::unique_ptr<Worker>& worker : workers_) sum += worker->load();
    return sum;
  }

  ServerMetrics metrics() const override {
    ServerMetrics metrics;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      metrics.Add(worker->context().metrics());
      metrics.AddMailbox(worker->mailbox()->refused(), worker->mailbox()->dropped());
    }
    metrics.connections = connections();
    metrics.exceptions = guard_.caught();
    if (topic_brokers_) {
      metrics.topics = topic_brokers_->counts();
      metrics.broker = topic_brokers_->broker_counts();
    }
    return metrics;
  }

  // Chooses the worker with the fewest connections, so that all have about the same number,
  // whichever worker the kernel wakes.
  void Assign(Worker* from, Arrival arrival) override {
    if (descriptors_.Reaches(arrival.stream.fd())) WarnOfDescriptors(arrival.stream.fd());
    const Refusal refusal = Admit(from->context(), arrival.peer);
    if (refusal != Refusal::kNone && ++refusing_ > kRefusedAtOnce) {
      --refusing_;
      return;  // closes the stream
    }
    Worker* least = from;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (worker->load() < least->load()) least = worker.get();
    }
    ++least->load();
    // Read after the load was counted: a loop ends only if this was set before, and its load is 0.
    if (loops_end_ && least != from) {
      --least->load();
      least = from;
      ++from->load();
    }
    if (least == from) return from->Adopt(std::move(arrival), refusal);
    // Runs if that loop has ended, or ends before it runs the task.
    absl::Cleanup release = [least, peer = arrival.peer, refusal] {
      least->Release(peer, refusal);
    };
    least->mailbox()->Post(
        [least, arrival = std::move(arrival), refusal, release = std::move(release)]() mutable {
          std::move(release).Cancel();
          least->Adopt(std::move(arrival), refusal);
        });
  }

  std::atomic<size_t>& refusing() override { return refusing_; }

  bool Enter(const SocketAddress& peer) override { return address_limit_.Add(peer); }
  void Leave(const SocketAddress& peer) override { address_limit_.Remove(peer); }

  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options) override {
    return PublishAnywhere(topic, message, options, nullptr);
  }
  void Publish(absl::string_view topic, const EncodedMessage& message, const SendOptions& options,
               PublishCallback done) override {
    PublishAnywhere(topic, message, options, std::move(done)).IgnoreError();
  }

  using RunningServer::Publish;

  size_t subscribers(absl::string_view topic) const override { return topics_.Subscribers(topic); }

  absl::Status PublishToOthers(const LoopContext* from, absl::string_view topic,
                               const EncodedMessage& message, const SendOptions& options) override {
    const size_t cost =
        kMessageOverhead + topic.size() + options.key.size() + message.frame().size();
    absl::Status status;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (&worker->context() == from) continue;
      std::optional<Reservation> reservation = worker->mailbox()->Reserve(cost);
      if (!reservation.has_value()) {
        worker->mailbox()->CountRefused();
        status = absl::ResourceExhaustedError(
            "the messages that wait for the sessions of a thread exceed "
            "limits.max_buffered_bytes: its subscribers miss this one");
        continue;
      }
      worker->mailbox()->Post([worker = worker.get(), topic = std::string(topic), message,
                               key = std::string(options.key), options = SendOptions(options),
                               reservation = *std::move(reservation)]() mutable {
        options.key = key;
        worker->context().PublishHere(topic, message, options);
      });
    }
    return status;
  }

  TopicDirectory& topics() override { return topics_; }
  TopicBrokers* topic_brokers() override { return topic_brokers_ ? &*topic_brokers_ : nullptr; }

  ThreadPool* handler_pool() override { return handler_threads_.get(); }

  // The loop that gets the signals is the last to end: another one may still drain.
  bool MayEnd(const Worker* worker) override {
    if (runner_.load() == std::thread::id() || worker != workers_.front().get()) return true;
    const std::lock_guard<std::mutex> lock(mutex_);
    return running_ == 1;
  }

  // If all endpoints or none are on loopback addresses, as in most servers, the system is not asked
  // for the address.
  bool CameByLoopback(int fd) const override {
    if (loopback_.empty() || loopback_.size() == addresses_.size()) return !loopback_.empty();
    return std::find(loopback_.begin(), loopback_.end(), LocalAddress(fd)) != loopback_.end();
  }

  ExceptionGuard& guard() override { return guard_; }

  bool draining() const override { return draining_; }

  absl::Duration broker_away() const override {
    return topic_brokers_ ? topic_brokers_->away() : absl::ZeroDuration();
  }

  void Drain(absl::Duration over, absl::Duration grace) {
    over = std::clamp(over, absl::ZeroDuration(), kLongestDrain);
    const absl::Duration unready = std::min(options_.timeouts.unready, over / 2);
    loops_end_ = true;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      worker->mailbox()->Post(
          [worker = worker.get(), unready_ms = absl::ToInt64Milliseconds(unready),
           over_ms = absl::ToInt64Milliseconds(over)] { worker->Drain(unready_ms, over_ms); });
    }
    draining_ = true;  // after that: the loops know it before what is posted next
    EndBy(Deadline::After(over + grace));
  }

  void Shutdown(absl::Duration grace) {
    loops_end_ = true;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      worker->mailbox()->Post([worker = worker.get()] { worker->GoAway(); });
    }
    draining_ = true;
    EndBy(Deadline::After(grace));
  }

  void Wait() {
    if (InHandler()) {
      return Log(options_.hooks.log, LogLevel::kError,
                 "Server::Wait was called by a handler, which it would wait for: it does not wait");
    }
    std::unique_lock<std::mutex> lock(mutex_);
    stopped_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  // The loop whose thread calls; null on other threads.
  LoopContext* CurrentLoop() const {
    if (!Mailbox::OnAnyLoopThread()) return nullptr;
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (worker->mailbox()->OnLoopThread()) return &worker->context();
    }
    return nullptr;
  }

  // On a loop's thread by way of that loop, so that its sessions get the message in order with
  // others that are sent there.
  absl::Status PublishAnywhere(absl::string_view topic, const EncodedMessage& message,
                               const SendOptions& options, PublishCallback done) {
    if (LoopContext* const loop = CurrentLoop()) {
      return loop->Publish(topic, message, options, std::move(done));
    }
    if (topic_brokers_) {
      if (auto published = topic_brokers_->Publish(topic, message, options.key, done)) {
        return *published;
      }
    }
    absl::Status status = PublishToOthers(nullptr, topic, message, options);
    TellPublished(status, std::move(done), guard_);
    return status;
  }

  void Serve(Worker& worker) {
    worker.Run();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--running_ == 0) stopped_.notify_all();
    if (running_ == 1) workers_.front()->mailbox()->Post([] {});  // asks MayEnd() again
  }

  void RunOnThreads(absl::Span<const std::unique_ptr<Worker>> workers) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      running_ = options_.threads;
    }
    for (const std::unique_ptr<Worker>& worker : workers) {
      threads_->Schedule([this, worker = worker.get()] { Serve(*worker); });
    }
  }

  absl::Status StartThreads(int loops) {
    absl::Status status = topic_brokers_ ? topic_brokers_->Start() : absl::OkStatus();
    const auto start = [](int count, std::unique_ptr<ThreadPool>* pool) {
      if (count == 0) return absl::OkStatus();
      absl::StatusOr<std::unique_ptr<ThreadPool>> made = ThreadPool::Make(count);
      if (!made.ok()) return made.status();
      *pool = *std::move(made);
      return absl::OkStatus();
    };
    status.Update(start(options_.handler_threads, &handler_threads_));
    return status.ok() ? start(loops, &threads_) : status;
  }

  // Waits until the loops have ended and what they have published has its outcomes, and at the
  // deadline stops the others. Called by a handler, it does not wait.
  void EndBy(Deadline deadline) {
    if (topic_brokers_) topic_brokers_->SetGrace(deadline.Remaining());
    if (InHandler()) return;
    std::unique_lock<std::mutex> lock(mutex_);
    while (running_ > 0 && !deadline.HasPassed()) {
      stopped_.wait_for(lock,
                        absl::ToChronoMilliseconds(std::min(deadline.Remaining(), absl::Hours(1))));
    }
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (running_ > 0) worker->mailbox()->Post([worker = worker.get()] { worker->Stop(); });
    }
    stopped_.wait(lock, [this] { return running_ == 0; });
    lock.unlock();
    if (topic_brokers_) topic_brokers_->AwaitOutcomes();
  }

  // Whether one more connection may be served. Those that are being refused do not count: otherwise
  // a crowd of them would keep places empty.
  Refusal Admit(LoopContext& context, const SocketAddress& peer) {
    const size_t refusing = refusing_;
    const size_t all = connections();
    const size_t most = options_.limits.max_connections;
    // By subtraction: the limit may be the largest number.
    if (all >= refusing && all - refusing >= most) return Refusal::kServerFull;
    return context.Enter(peer) ? Refusal::kNone : Refusal::kAddressFull;
  }

  [[gnu::cold, gnu::noinline]] void WarnOfDescriptors(int fd) {
    if (options_.hooks.min_log_level > LogLevel::kWarning) return;
    Log(options_.hooks.log, LogLevel::kWarning,
        absl::StrCat(fd + 1, " of ", descriptors_.limit(),
                     " file descriptors are in use, and connections wait when all are: raise the "
                     "limit (ulimit -n; LimitNOFILE= of systemd), or lower "
                     "limits.max_connections"));
  }

  // Whether the caller is a handler: the workers cannot stop before it returns.
  bool InHandler() const {
    const auto runs_caller = [](const std::unique_ptr<ThreadPool>& pool) {
      return pool != nullptr && pool->IsCurrent();
    };
    return runner_ == std::this_thread::get_id() || runs_caller(threads_) ||
           runs_caller(handler_threads_);
  }

  ExceptionGuard guard_;
  const ServerOptions options_;  // with guarded functions
  const Acceptor acceptor_;
  AddressLimit address_limit_;
  internal::DescriptorWatch descriptors_;
  std::atomic<size_t> refusing_{0};
  std::vector<SocketAddress> addresses_;
  std::vector<SocketAddress> loopback_;  // those of them that only this machine can reach
  std::vector<std::shared_ptr<TlsContext>> tls_contexts_;
  TopicDirectory topics_;
  std::optional<TopicBrokers> topic_brokers_;  // none: no topic goes through one
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> loops_end_{false};  // a loop keeps what it accepts: another one may have ended
  std::atomic<bool> draining_{false};
  std::atomic<bool> started_{false};
  std::atomic<std::thread::id> runner_{};  // the thread in Run(); no thread: none
  std::mutex mutex_;
  std::condition_variable stopped_;
  int running_ = 0;                              // workers whose loops turn
  std::unique_ptr<ThreadPool> handler_threads_;  // null: none
  std::unique_ptr<ThreadPool> threads_;          // last: joined before the rest is destroyed
};

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(ServerOptions options, Acceptor acceptor) {
  if (absl::Status status = CheckArguments(options, acceptor); !status.ok()) return status;
  std::vector<Endpoint> endpoints = options.more_endpoints;
  endpoints.insert(endpoints.begin(), {options.address, options.port, options.tls});
  const absl::StatusOr<std::vector<std::shared_ptr<const Listener>>> listeners =
      OpenListeners(endpoints);
  if (!listeners.ok()) return listeners.status();
  auto impl = std::make_unique<Impl>(std::move(options), std::move(acceptor));
  if (absl::Status status = impl->Listen(*listeners); !status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(ServerOptions options,
                                                       const Router& router) {
  absl::Status status = router.status();
  if (status.ok()) status = CheckForRouter(options, router.NeedsHandlerThreads());
  if (!status.ok()) return status;
  options.http.pages = router.pages();
  return Listen(std::move(options), router.acceptor());
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, Acceptor acceptor) {
  return Started(Listen(std::move(options), std::move(acceptor)));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options, const Router& router) {
  return Started(Listen(std::move(options), router));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Started(
    absl::StatusOr<std::unique_ptr<Server>> server) {
  if (!server.ok()) return server;
  if (absl::Status status = (*server)->impl_->Start(); !status.ok()) return status;
  return server;
}

absl::Status Server::Run() { return impl_->Run(nullptr, nullptr); }

absl::Status Server::Run(SignalWaiter& signals, const std::function<void(int)>& on_signal) {
  return impl_->Run(&signals, on_signal);
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

absl::Span<const SocketAddress> Server::addresses() const { return impl_->addresses(); }

size_t Server::connections() const { return impl_->connections(); }

ServerMetrics Server::metrics() const { return impl_->metrics(); }

absl::Status Server::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                             const SendOptions& options) {
  return impl_->Publish(topic, opcode, payload, options);
}

absl::Status Server::Publish(absl::string_view topic, const EncodedMessage& message,
                             const SendOptions& options) {
  return impl_->Publish(topic, message, options);
}

void Server::Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                     const SendOptions& options, PublishCallback done) {
  absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(opcode, payload, options.compress);
  if (!message.ok()) return TellPublished(message.status(), std::move(done), impl_->guard());
  impl_->Publish(topic, *message, options, std::move(done));
}

void Server::Publish(absl::string_view topic, const EncodedMessage& message,
                     const SendOptions& options, PublishCallback done) {
  impl_->Publish(topic, message, options, std::move(done));
}

size_t Server::subscribers(absl::string_view topic) const { return impl_->subscribers(topic); }

absl::Status Server::ReloadCertificates() { return impl_->ReloadCertificates(); }

void Server::Drain(absl::Duration over, absl::Duration grace) { impl_->Drain(over, grace); }

bool Server::draining() const { return impl_->draining(); }

void Server::Shutdown(absl::Duration grace) { impl_->Shutdown(grace); }

void Server::Wait() { impl_->Wait(); }

}  // namespace weft
