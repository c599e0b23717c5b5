#include "weft/client/reconnecting_client.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/client/connecting/check_options.h"
#include "weft/client/retry_after.h"
#include "weft/core/check_option.h"
#include "weft/core/frame/close_payload.h"
#include "weft/core/http/http_date.h"
#include "weft/core/http/http_refusal.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using Type = ReconnectEvent::Type;

absl::Duration SteadyNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

double RandomFraction() {
  std::random_device device;
  return std::uniform_real_distribution<double>()(device);
}

// Whether another attempt would fail in the same way.
bool IsFinal(const absl::Status& status) {
  if (const std::optional<HttpRefusal> refusal = RefusalOf(status)) {
    const int http = refusal->status;
    return http >= 400 && http < 500 && http != 408 && http != 425 && http != 429;
  }
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

// The wait that a refusing server asks for. Its dates are interpreted by its own clock, if its
// response has the time.
Pause RetryAfterOf(const absl::Status& error) {
  const std::optional<HttpRefusal> refusal = RefusalOf(error);
  if (!refusal.has_value()) return {};
  const absl::Time here = absl::Now();
  const absl::Time now = ParseHttpDate(refusal->Find("Date").value_or(""), here).value_or(here);
  return {.at_least = ParseRetryAfter(refusal->Find("Retry-After").value_or(""), now)
                          .value_or(absl::ZeroDuration())};
}

absl::Status CheckOptions(const ReconnectOptions& options) {
  absl::Status status = InField("client", CheckClientOptions(options.client));
  status.Update(InField("backoff", CheckBackoff(options.backoff)));
  status.Update(CheckAtLeast("max_attempts", options.max_attempts, 1));
  status.Update(CheckNotNegative("give_up_after", options.give_up_after));
  status.Update(InField("service_restart", CheckPause(options.service_restart)));
  status.Update(InField("try_again_later", CheckPause(options.try_again_later)));
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReconnectingClient>> ReconnectingClient::Create(
    std::string url, ReconnectOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<Notification> stop = Notification::Create();
  if (!stop.ok()) return stop.status();
  if (!options.for_tests.now) options.for_tests.now = SteadyNow;
  if (!options.for_tests.random) options.for_tests.random = RandomFraction;
  options.client.cancel = std::make_shared<const Notification>(*std::move(stop));
  if (!options.for_tests.sleep) {
    options.for_tests.sleep = [stop = options.client.cancel](absl::Duration wait) {
      Wait(stop->fd(), Interest::kRead, Deadline::After(wait)).IgnoreError();
    };
  }
  return std::unique_ptr<ReconnectingClient>(
      new ReconnectingClient(std::move(url), std::move(options)));
}

ReconnectingClient::ReconnectingClient(std::string url, ReconnectOptions options)
    : url_(std::move(url)),
      options_(std::move(options)),
      backoff_(options_.backoff, options_.for_tests.random) {}

// ---- One thread drives: it connects and receives ----

absl::Status ReconnectingClient::Connect(absl::Duration timeout) {
  const absl::Duration deadline = options_.for_tests.now() + timeout;
  Lock lock(mutex_);
  absl::Status status = Await(lock, deadline, [this] { return ready_ || !end_.ok() || !driving_; });
  if (!status.ok() || ready_ || !end_.ok()) return status.ok() ? end_ : status;
  driving_ = true;
  if (client_ != nullptr) Lose(lock, ReadToEnd(lock, deadline));
  status = DriveToConnection(lock, deadline);
  StopDriving();
  return status;
}

absl::StatusOr<Message> ReconnectingClient::Receive(absl::Duration timeout) {
  const absl::Duration deadline = options_.for_tests.now() + timeout;
  Lock lock(mutex_);
  absl::Status status = Await(lock, deadline, [this] { return !driving_; });
  if (!status.ok()) return status;
  driving_ = true;
  absl::StatusOr<Message> message = DriveToMessage(lock, deadline);
  StopDriving();
  return message;
}

template <typename Condition>
absl::Status ReconnectingClient::Await(Lock& lock, absl::Duration deadline, Condition condition) {
  const Deadline until = Deadline::After(deadline - options_.for_tests.now());
  if (until.is_never()) {
    changed_.wait(lock, condition);
  } else if (!changed_.wait_for(lock, absl::ToChronoNanoseconds(until.Remaining()), condition)) {
    return absl::DeadlineExceededError("another thread is connecting or receiving");
  }
  return absl::OkStatus();
}

void ReconnectingClient::StopDriving() {
  driving_ = false;
  changed_.notify_all();
}

// Drops the unread input of a connection that cannot send any more, to find out how it ended.
absl::Status ReconnectingClient::ReadToEnd(Lock& lock, absl::Duration deadline) {
  deadline = std::min(deadline, options_.for_tests.now() + options_.client.timeouts.close);
  lock.unlock();
  while (client_->Receive(deadline - options_.for_tests.now()).ok() &&
         options_.for_tests.now() < deadline) {
  }
  absl::Status status = client_->status();
  if (status.ok()) client_->Cancel();  // for threads that got it from client()
  lock.lock();
  return status.ok() ? lost_ : status;
}

absl::StatusOr<Message> ReconnectingClient::DriveToMessage(Lock& lock, absl::Duration deadline) {
  while (true) {
    if (client_ == nullptr) {
      absl::Status status = DriveToConnection(lock, deadline);
      if (!status.ok()) return status;
    }
    received_ = client_;
    lock.unlock();
    absl::StatusOr<Message> message = received_->Receive(deadline - options_.for_tests.now());
    const absl::Status status = received_->status();
    lock.lock();
    if (message.ok() || status.ok()) return message;
    if (!end_.ok()) return end_;
    received_ = nullptr;
    Lose(lock, status);
  }
}

absl::Status ReconnectingClient::DriveToConnection(Lock& lock, absl::Duration deadline) {
  while (end_.ok() && client_ == nullptr) {
    const absl::Duration now = options_.for_tests.now();
    if (now >= next_attempt_) {
      Attempt(lock);
    } else if (now >= deadline) {
      return absl::DeadlineExceededError(NotConnected().message());
    } else {
      lock.unlock();
      options_.for_tests.sleep(std::min(next_attempt_, deadline) - now);
      lock.lock();
    }
  }
  return end_;
}

void ReconnectingClient::Attempt(Lock& lock) {
  ++attempts_;
  if (!since_.has_value()) since_ = options_.for_tests.now();
  Tell(lock, {.type = Type::kConnecting, .attempt = attempts_});
  if (!end_.ok()) return;
  lock.unlock();
  const absl::Status status = Open();
  lock.lock();
  const std::shared_ptr<Client> fresh = std::exchange(fresh_, nullptr);
  if (!end_.ok()) return;
  if (status.ok()) {
    client_ = fresh;
    ready_ = true;
    connected_at_ = options_.for_tests.now();
    changed_.notify_all();
    Tell(lock, {.type = Type::kConnected, .attempt = attempts_});
  } else if (fresh != nullptr && status == fresh->status()) {  // lost before it was usable
    Retry(lock, status, AskedBy(fresh->close_info().code));
  } else if (IsFinal(status)) {
    GiveUp(lock, status);
  } else {
    Retry(lock, status, RetryAfterOf(status));
  }
}

// Creates fresh_, if possible, and calls `hooks.after_connect` with it.
absl::Status ReconnectingClient::Open() {
  ClientOptions options = options_.client;
  if (options_.hooks.before_connect) {
    if (absl::Status status = options_.hooks.before_connect(options); !status.ok()) return status;
    options.cancel = options_.client.cancel;
  }
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url_, std::move(options));
  if (!client.ok()) return client.status();
  {
    const Lock lock(mutex_);
    if (!end_.ok()) return end_;  // the thread that set it did not see this connection
    fresh_ = *std::move(client);
  }
  return options_.hooks.after_connect ? options_.hooks.after_connect(*fresh_) : absl::OkStatus();
}

// client_ has ended, or at least cannot send any more.
void ReconnectingClient::Lose(Lock& lock, const absl::Status& status) {
  if (!end_.ok()) return;
  const std::shared_ptr<Client> lost = std::exchange(client_, nullptr);
  ready_ = false;
  lost_ = status;
  const absl::Duration now = options_.for_tests.now();
  if (backoff_.Held(now - connected_at_)) {
    attempts_ = 0;
    since_ = now;
  }
  Tell(lock, {.type = Type::kLost, .status = status});
  Retry(lock, status, AskedBy(lost->close_info().code));
}

// Schedules the next attempt, or gives up.
void ReconnectingClient::Retry(Lock& lock, const absl::Status& status, const Pause& asked) {
  if (!end_.ok()) return;
  lost_ = status;
  const absl::Duration wait = backoff_.Next(asked);
  const absl::Duration now = options_.for_tests.now();
  if (attempts_ >= options_.max_attempts || now + wait - *since_ > options_.give_up_after) {
    return GiveUp(lock, absl::UnavailableError(absl::StrCat(
                            "gave up after ", attempts_, attempts_ == 1 ? " attempt" : " attempts",
                            " in ", absl::FormatDuration(now - *since_), ": ", status.message())));
  }
  next_attempt_ = now + wait;
  Tell(lock, {.type = Type::kWaiting, .attempt = attempts_ + 1, .wait = wait, .status = status});
}

void ReconnectingClient::GiveUp(Lock& lock, const absl::Status& status) {
  End(status);
  Tell(lock, {.type = Type::kGaveUp, .attempt = attempts_, .status = status});
}

void ReconnectingClient::Tell(Lock& lock, const ReconnectEvent& event) {
  if (!options_.hooks.on_event) return;
  lock.unlock();
  options_.hooks.on_event(event);
  lock.lock();
}

// The wait that a server asks for by closing with `code`.
Pause ReconnectingClient::AskedBy(CloseCode code) const {
  if (code == CloseCode::kServiceRestart) return options_.service_restart;
  if (code == CloseCode::kTryAgainLater) return options_.try_again_later;
  return {};
}

// ---- Other threads send ----

absl::Status ReconnectingClient::SendMessage(Opcode opcode, absl::string_view payload,
                                             const ClientSendOptions& options) {
  return Submit([&](Client& client) { return client.SendMessage(opcode, payload, options); });
}

absl::Status ReconnectingClient::Send(const Message& message, const ClientSendOptions& options) {
  return Submit([&](Client& client) { return client.Send(message, options); });
}

absl::Status ReconnectingClient::Send(const EncodedMessage& message) {
  return Submit([&](Client& client) { return client.Send(message); });
}

absl::Status ReconnectingClient::SendPing() {
  return Submit([](Client& client) { return client.SendPing(); });
}

template <typename By>
absl::Status ReconnectingClient::Submit(By by) {
  std::shared_ptr<Client> client;
  {
    const Lock lock(mutex_);
    if (!end_.ok()) return end_;
    if (!ready_) return NotConnected();
    client = client_;
  }
  absl::Status status = by(*client);
  // Errors other than the connection's end go to the caller unchanged.
  if (status.ok() || (!absl::IsUnavailable(status) && status != client->status())) return status;
  const Lock lock(mutex_);
  if (!end_.ok()) return end_;
  if (client_ == client) {
    ready_ = false;
    lost_ = status;
  }
  return NotConnected();
}

absl::Status ReconnectingClient::NotConnected() const {
  return absl::UnavailableError(
      absl::StrCat("not connected to ", url_, lost_.ok() ? "" : ": ", lost_.message()));
}

std::shared_ptr<Client> ReconnectingClient::client() const {
  const Lock lock(mutex_);
  return ready_ ? client_ : nullptr;
}

std::string ReconnectingClient::subprotocol() const {
  const std::shared_ptr<Client> current = client();
  return current != nullptr ? current->subprotocol() : "";
}

// ---- Any ends it ----

absl::Status ReconnectingClient::Close(CloseCode code, absl::string_view reason) {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  std::shared_ptr<Client> client, fresh;
  {
    const Lock lock(mutex_);
    if (!end_.ok() && !closed_here_) return end_;
    closed_here_ = true;
    if (end_.ok()) End(absl::FailedPreconditionError("the client was closed by Close()"));
    client = client_;
    fresh = fresh_;
  }
  if (fresh != nullptr) fresh->Cancel();
  return client != nullptr ? client->Close(code, reason) : absl::OkStatus();
}

void ReconnectingClient::Cancel() {
  std::shared_ptr<Client> client, fresh;
  {
    const Lock lock(mutex_);
    End(absl::CancelledError("the client was cancelled"));
    client = client_;
    fresh = fresh_;
  }
  if (client != nullptr) client->Cancel();
  if (fresh != nullptr) fresh->Cancel();
}

// From now on there is no further connection, and every call returns `status`.
void ReconnectingClient::End(absl::Status status) {
  end_ = std::move(status);
  ready_ = false;
  options_.client.cancel->Notify();
  changed_.notify_all();
}

}  // namespace weft
