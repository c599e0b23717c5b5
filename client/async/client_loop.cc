#include "weft/client/async/client_loop.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "weft/client/async/client_worker.h"
#include "weft/client/async/loop_client.h"
#include "weft/core/http/quote.h"
#include "weft/core/log.h"
#include "weft/loop/event_loop.h"
#include "weft/sending/shared_queue.h"

namespace weft {
namespace {

// Whether this thread calls a handler whose connection did not arrive.
thread_local bool calling_on_failed = false;

// A connection on its way to its loop. If it does not arrive, because the loop has ended, its
// handler gets its one call here; but not inside such a call, because a handler that always
// connects again would then be called without end.
class OnItsWay {
 public:
  OnItsWay(ClientWorker& worker, std::unique_ptr<ClientHandler> handler,
           std::shared_ptr<SharedQueue> shared, ExceptionGuard& guard)
      : worker_(worker), handler_(std::move(handler)), shared_(std::move(shared)), guard_(guard) {
    worker_.Expect();
  }
  OnItsWay(OnItsWay&&) = default;
  ~OnItsWay() {
    if (handler_ == nullptr) return;
    shared_->SetClosed();
    if (!std::exchange(calling_on_failed, true)) {
      guard_.Run("OnFailed",
                 [this] { handler_->OnFailed(absl::CancelledError("the client loop has ended")); });
      calling_on_failed = false;
    }
    handler_.reset();
    worker_.ExpectNoLonger();
  }

  std::unique_ptr<ClientHandler> Take() { return std::move(handler_); }

 private:
  ClientWorker& worker_;
  std::unique_ptr<ClientHandler> handler_;
  std::shared_ptr<SharedQueue> shared_;
  ExceptionGuard& guard_;
};

}  // namespace

ClientLoop::ClientLoop(ClientLoopOptions options)
    : options_(std::move(options)),
      guard_([this](absl::string_view what, absl::string_view message) {
        Log(options_.log, LogLevel::kError,
            absl::StrCat("an exception in ", what, ": ", Escape(message)));
      }),
      lookup_(options_.lookup_threads, options_.for_tests.lookup) {}

absl::StatusOr<std::unique_ptr<ClientLoop>> ClientLoop::Create(ClientLoopOptions options) {
  if (absl::Status status = CheckClientLoopOptions(options); !status.ok()) return status;
  std::unique_ptr<ClientLoop> loop(new ClientLoop(std::move(options)));
  for (int i = 0; i < std::max(loop->options_.threads, 1); ++i) {
    loop->workers_.push_back(
        std::make_unique<ClientWorker>(loop->options_, loop->lookup_, loop->guard_));
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

ClientRef ClientLoop::Connect(absl::string_view url, ClientOptions options,
                              std::unique_ptr<ClientHandler> handler) {
  ClientWorker& worker = *workers_[next_.fetch_add(1, std::memory_order_relaxed) % workers_.size()];
  auto shared = std::make_shared<ClientRef::Shared>(
      worker.mailbox(), options_.sending.max_queue_bytes, options_.sending.when_full);
  worker.mailbox()->Post(
      [&worker, shared, url = std::string(url), options = std::move(options),
       on_its_way = OnItsWay(worker, std::move(handler), shared, guard_)]() mutable {
        worker.Adopt(std::make_unique<LoopClient>(worker.context(), url, std::move(options),
                                                  on_its_way.Take(), std::move(shared)));
      });
  return ClientRef(std::move(shared));
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
