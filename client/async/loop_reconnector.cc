#include "weft/client/async/loop_reconnector.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/loop_client.h"
#include "weft/client/connecting/check_options.h"
#include "weft/core/check_option.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/http/url.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

using Type = ReconnectEvent::Type;

// What HostTurns counts together. An invalid URL needs no turn of another one.
std::string HostOf(const std::string& text) {
  const absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok()) return text;
  return url->unix_path.empty() ? absl::StrCat(url->host, "%", url->zone, " ", url->port)
                                : url->unix_path;
}

absl::Status CheckOptions(const AsyncReconnectOptions& options) {
  absl::Status status = InField("client", CheckClientOptions(options.client));
  status.Update(InField("retry", CheckRetryOptions(options.retry)));
  return status;
}

}  // namespace

// Passes the calls on. The reconnector lives at least until the last one.
class LoopReconnector::Link : public ClientHandler {
 public:
  explicit Link(LoopReconnector* reconnector) : reconnector_(reconnector) {
    reconnector_->link_ = this;
  }
  ~Link() override {
    if (reconnector_ == nullptr) return;
    reconnector_->link_ = nullptr;
    reconnector_->closed_ = nullptr;
  }

  // No call follows.
  void Detach() { reconnector_ = nullptr; }

  void OnOpen(AsyncClient& client) override { reconnector_->OnOpen(client); }
  void OnMessage(AsyncClient& client, const Message& message) override {
    reconnector_->handler_->OnMessage(client, message);
  }
  void OnWritable(AsyncClient& client) override { reconnector_->handler_->OnWritable(client); }
  void OnClose(AsyncClient& client, const CloseInfo& info) override {
    reconnector_->OnClose(client, info);
  }
  void OnFailed(const absl::Status& error) override { reconnector_->OnFailed(error); }

 private:
  LoopReconnector* reconnector_;
};

LoopReconnector::LoopReconnector(ClientContext& context, absl::string_view url,
                                 AsyncReconnectOptions options,
                                 std::unique_ptr<ReconnectHandler> handler,
                                 std::shared_ptr<ReconnectRef::Shared> shared)
    : context_(context),
      url_(url),
      options_(std::move(options)),
      handler_(std::move(handler)),
      shared_(std::move(shared)),
      plan_(options_.retry, [&context] { return context.Random(); }) {
  shared_->reconnector = this;
}

LoopReconnector::~LoopReconnector() {
  shared_->reconnector = nullptr;
  if (link_ != nullptr) link_->Detach();
}

absl::Duration LoopReconnector::now() { return absl::Milliseconds(context_.loop().now_ms()); }

void LoopReconnector::Tell(const ReconnectEvent& event) {
  context_.guard().Run("OnEvent", [&] { handler_->OnEvent(event); });
}

// ---- To a connection ----

void LoopReconnector::Start() {
  if (absl::Status status = CheckOptions(options_); !status.ok()) return Finish(status);
  WaitForTurn();
}

void LoopReconnector::WaitForTurn() {
  place_ = context_.turns().Wait(HostOf(url_), context_.mailbox(), [this](HostTurns::Turn turn) {
    place_.reset();
    turn_ = std::move(turn);
    Attempt();
  });
}

void LoopReconnector::Attempt() {
  if (link_ != nullptr) std::exchange(link_, nullptr)->Detach();
  if (closed_ != nullptr) std::exchange(closed_, nullptr)->Terminate();
  attempt_ = plan_.Start(now());
  if (reason_.has_value()) context_.metrics().reconnects[static_cast<size_t>(*reason_)] += 1;
  Tell({.type = Type::kConnecting, .attempt = attempt_});
  ClientOptions options = options_.client;
  if (absl::Status status = Prepare(options); !status.ok()) {
    context_.metrics().sessions_failed += 1;  // as a connection counts itself
    return FollowFailure(status);
  }
  auto client =
      std::make_unique<LoopClient>(context_, url_, std::move(options), std::make_unique<Link>(this),
                                   LoopClient::MakeShared(context_));
  client_ = client.get();
  context_.owner().Adopt(std::move(client));
}

absl::Status LoopReconnector::Prepare(ClientOptions& options) {
  absl::Status status;
  const bool returned =
      context_.guard().Run("BeforeConnect", [&] { status = handler_->BeforeConnect(options); });
  return returned ? status : absl::InternalError("BeforeConnect threw an exception");
}

void LoopReconnector::OnOpen(AsyncClient& client) {
  plan_.Connected(now());
  shared_->SetConnection(client.ref());
  Tell({.type = Type::kConnected, .attempt = attempt_});
  turn_.Return();
  handler_->OnOpen(client);
}

// ---- From a connection ----

void LoopReconnector::OnFailed(const absl::Status& error) {
  client_ = nullptr;
  context_.owner().Expect();  // it counted in the place of this
  if (!end_.ok()) return Finish(end_);
  FollowFailure(error);
}

void LoopReconnector::OnClose(AsyncClient& client, const CloseInfo& info) {
  closed_ = std::exchange(client_, nullptr);
  context_.owner().Expect();  // it counted in the place of this
  const absl::Status status = client.status();
  shared_->SetLost(status);
  context_.guard().Run("OnClose", [&] { handler_->OnClose(client, info); });
  const ReconnectEvent next = plan_.AfterLoss(status, info.code, now());
  Tell({.type = Type::kLost, .status = status});
  if (!end_.ok()) return Finish(end_);
  Follow(next, ReasonOf(info.by));
}

void LoopReconnector::FollowFailure(const absl::Status& error) {
  Follow(plan_.AfterFailure(error, now(), absl::Now()),
         RefusalOf(error).has_value() ? ReconnectReason::kRefused : ReconnectReason::kFailed);
}

// Schedules the next attempt, or gives up.
void LoopReconnector::Follow(const ReconnectEvent& next, ReconnectReason why) {
  reason_ = why;
  if (next.type == Type::kGaveUp) {
    shared_->SetEnded(next.status).IgnoreError();
    Tell(next);
    return Finish(next.status);
  }
  shared_->SetLost(next.status);
  Tell(next);
  turn_.Return();
  context_.loop().ArmTimer(this, EventLoop::DeadlineAfter(next.wait, context_.loop().now_ms()));
}

// ---- The end ----

void LoopReconnector::End(const absl::Status& why) {
  if (end_.ok()) end_ = why;
  if (client_ == nullptr) Finish(end_);
}

void LoopReconnector::Close(const absl::Status& why, CloseCode code, absl::string_view reason) {
  End(why);
  if (client_ != nullptr) client_->CloseOrCancel(code, reason);
}

void LoopReconnector::Terminate(const absl::Status& why) {
  End(why);
  if (client_ != nullptr) client_->Terminate();
}

void LoopReconnector::Finish(const absl::Status& why) {
  if (std::exchange(finished_, true)) return;
  place_.reset();
  turn_.Return();
  context_.loop().DisarmTimer(this);
  const absl::Status end = shared_->SetEnded(why);
  context_.guard().Run("OnEnd", [&] { handler_->OnEnd(end); });
  context_.owner().DestroyLater(this);
}

}  // namespace weft
