#include "weft/client/async/client_loop.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/async/client_worker.h"
#include "weft/client/async/loop_client.h"
#include "weft/client/async/loop_reconnector.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

// Whether this thread calls a handler whose connection did not arrive.
thread_local bool calling_last = false;

void CallLast(ExceptionGuard& guard, ClientHandler& handler, const absl::Status& error) {
  guard.Run("OnFailed", [&] { handler.OnFailed(error); });
}
void CallLast(ExceptionGuard& guard, ReconnectHandler& handler, const absl::Status& error) {
  guard.Run("OnEnd", [&] { handler.OnEnd(error); });
}

// A connection, or a client that reconnects, on its way to its loop. If it does not arrive, because
// the loop has ended, its handler gets its one call here; but not inside such a call, because a
// handler that always connects again would then be called without end.
template <typename Handler>
class OnItsWay {
 public:
  // `set_ended` tells its references that it has ended, and returns why.
  OnItsWay(ClientWorker& worker, std::unique_ptr<Handler> handler,
           std::function<absl::Status(const absl::Status&)> set_ended)
      : worker_(worker), handler_(std::move(handler)), set_ended_(std::move(set_ended)) {
    worker_.Expect();
  }
  OnItsWay(OnItsWay&&) noexcept = default;
  ~OnItsWay() {
    if (handler_ == nullptr) return;
    const absl::Status ended = set_ended_(absl::CancelledError("the client loop has ended"));
    if (!std::exchange(calling_last, true)) {
      CallLast(worker_.context().guard(), *handler_, ended);
      calling_last = false;
    }
    handler_.reset();
    worker_.ExpectNoLonger();
  }

  std::unique_ptr<Handler> Take() { return std::move(handler_); }

 private:
  ClientWorker& worker_;
  std::unique_ptr<Handler> handler_;
  std::function<absl::Status(const absl::Status&)> set_ended_;
};

}  // namespace

ClientLoop::ClientLoop(ClientLoopOptions options)
    : options_(std::move(options)),
      guard_([this](absl::string_view what, absl::string_view message) {
        Log(options_.log, LogLevel::kError,
            absl::StrCat("an exception in ", what, ": ", Escape(message)));
      }),
      lookup_(options_.lookup_threads, options_.for_tests.lookup),
      turns_(options_.max_attempts_per_host) {}

absl::StatusOr<std::unique_ptr<ClientLoop>> ClientLoop::Create(ClientLoopOptions options) {
  if (absl::Status status = CheckClientLoopOptions(options); !status.ok()) return status;
  std::unique_ptr<ClientLoop> loop(new ClientLoop(std::move(options)));
  for (int i = 0; i < std::max(loop->options_.threads, 1); ++i) {
    loop->workers_.push_back(
        std::make_unique<ClientWorker>(loop->options_, loop->lookup_, loop->turns_, loop->guard_));
    if (const int error = loop->workers_.back()->error(); error != 0) {
      return absl::ErrnoToStatus(error, "cannot make an event loop");
    }
  }
  if (loop->options_.threads == 0) return loop;
  absl::StatusOr<std::unique_ptr<ThreadPool>> threads = ThreadPool::Make(loop->options_.threads);
  if (!threads.ok()) return threads.status();
  loop->threads_ = *std::move(threads);
  for (const std::unique_ptr<ClientWorker>& worker : loop->workers_) {
    loop->threads_->Schedule([&worker = *worker] { worker.Run(); });
  }
  return loop;
}

ClientLoop::~ClientLoop() {
  Stop();
  const bool own = options_.threads == 0 && !workers_.empty();
  if (own && !ran_ && workers_[0]->error() == 0) workers_[0]->Run();
}

ClientWorker& ClientLoop::NextWorker() {
  return *workers_[next_.fetch_add(1, std::memory_order_relaxed) % workers_.size()];
}

ClientRef ClientLoop::Connect(absl::string_view url, ClientOptions options,
                              std::unique_ptr<ClientHandler> handler) {
  return ConnectOn(NextWorker(), url, std::move(options), std::move(handler));
}

ClientRef ClientLoop::ConnectOn(ClientWorker& worker, absl::string_view url, ClientOptions options,
                                std::unique_ptr<ClientHandler> handler) {
  std::shared_ptr<ClientRef::Shared> shared = LoopClient::MakeShared(worker.context());
  OnItsWay on_its_way(worker, std::move(handler), [shared](const absl::Status& why) {
    shared->SetClosed();
    return why;
  });
  worker.mailbox()->Post([&worker, shared, url = std::string(url), options = std::move(options),
                          on_its_way = std::move(on_its_way)]() mutable {
    worker.Adopt(std::make_unique<LoopClient>(worker.context(), url, std::move(options),
                                              on_its_way.Take(), std::move(shared)));
  });
  return ClientRef(std::move(shared));
}

ReconnectRef ClientLoop::Reconnect(absl::string_view url, AsyncReconnectOptions options,
                                   std::unique_ptr<ReconnectHandler> handler) {
  ClientWorker& worker = NextWorker();
  auto shared = std::make_shared<ReconnectRef::Shared>(url, worker.mailbox());
  OnItsWay on_its_way(worker, std::move(handler),
                      [shared](const absl::Status& why) { return shared->SetEnded(why); });
  worker.mailbox()->Post([&worker, shared, url = std::string(url), options = std::move(options),
                          on_its_way = std::move(on_its_way)]() mutable {
    worker.Adopt(std::make_unique<LoopReconnector>(worker.context(), url, std::move(options),
                                                   on_its_way.Take(), std::move(shared)));
  });
  return ReconnectRef(std::move(shared));
}

void ClientLoop::Drain(absl::Duration time) {
  const int64_t over_ms = std::max<int64_t>(EventLoop::Milliseconds(time), 0);
  for (const std::unique_ptr<ClientWorker>& worker : workers_) {
    worker->mailbox()->Post([&worker = *worker, over_ms] { worker.Drain(over_ms); });
  }
}

size_t ClientLoop::connections() const {
  size_t sum = 0;
  for (const std::unique_ptr<ClientWorker>& worker : workers_) sum += worker->connections();
  return sum;
}

ClientMetrics ClientLoop::metrics() const {
  ClientMetrics metrics;
  for (const std::unique_ptr<ClientWorker>& worker : workers_) {
    metrics.Add(worker->context().metrics());
    metrics.AddMailbox(worker->mailbox()->refused(), worker->mailbox()->dropped());
  }
  metrics.connections = connections();
  metrics.exceptions = guard_.caught();
  return metrics;
}

void ClientLoop::Run() {
  ran_ = true;
  workers_[0]->Run();
}

void ClientLoop::Stop() {
  for (const std::unique_ptr<ClientWorker>& worker : workers_) {
    worker->mailbox()->Post([&worker = *worker] { worker.Stop(); });
  }
}

}  // namespace weft
