#include "weft/bench/idle_clients.h"

#include <algorithm>
#include <utility>

#include "weft/bench/engine/echo_stream.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/message.h"

namespace weft::bench {

class IdleClients::Peer : public ClientHandler {
 public:
  explicit Peer(IdleClients& run) : run_(run) {}

  void OnOpen(AsyncClient& client) override {
    const absl::Status status = client.SendBinary(run_.payload_);
    if (!status.ok()) run_.Fail(status);
  }
  void OnMessage(AsyncClient& /*client*/, const Message& message) override {
    if (message.payload != run_.payload_) return run_.Fail(absl::DataLossError("a wrong echo"));
    run_.Echoed();
  }
  void OnClose(AsyncClient& client, const CloseInfo& /*info*/) override {
    run_.Fail(client.status());
  }
  void OnFailed(const absl::Status& error) override { run_.Fail(error); }

 private:
  IdleClients& run_;
};

IdleClients::IdleClients(const ClientRunOptions& options)
    : options_(options), payload_(MakePayload(PayloadKind::kBinary, options.payload, 6455)) {}

IdleClients::~IdleClients() { Fail(absl::CancelledError("the run has ended")); }

absl::StatusOr<std::unique_ptr<IdleClients>> IdleClients::Make(const ClientRunOptions& options) {
  std::unique_ptr<IdleClients> run(new IdleClients(options));
  absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create();
  if (!loop.ok()) return loop.status();
  run->loop_ = *std::move(loop);
  return run;
}

absl::Status IdleClients::Open() {
  for (size_t i = 0; i < std::min(options_.concurrency, options_.connections); ++i) ConnectNext();
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return !error_.ok() || echoed_ == options_.connections; });
  return error_;
}

void IdleClients::ConnectNext() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connecting_ == options_.connections || !error_.ok()) return;
    ++connecting_;
  }
  loop_->Connect(options_.url, ClientOptionsOf(options_), std::make_unique<Peer>(*this));
}

void IdleClients::Echoed() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++echoed_;
    changed_.notify_one();
  }
  ConnectNext();
}

void IdleClients::Fail(const absl::Status& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (error_.ok()) error_ = why;
  changed_.notify_one();
}

}  // namespace weft::bench
