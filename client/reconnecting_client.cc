#include "weft/client/reconnecting_client.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/client/connecting/check_options.h"
#include "weft/core/check_option.h"
#include "weft/core/frame/close_payload.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using Type = ReconnectEvent::Type;

double RandomFraction() {
  std::random_device device;
  return std::uniform_real_distribution<double>()(device);
}

absl::Status CheckOptions(const ReconnectOptions& options) {
  absl::Status status = InField("client", CheckClientOptions(options.client));
  status.Update(InField("retry", CheckRetryOptions(options.retry)));
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
      plan_(options_.retry, options_.for_tests.random) {}

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
  const int attempt = plan_.Start(options_.for_tests.now());
  Tell(lock, {.type = Type::kConnecting, .attempt = attempt});
  if (!end_.ok()) return;
  lock.unlock();
  const absl::Status status = Open();
  lock.lock();
  const std::shared_ptr<Client> fresh = std::exchange(fresh_, nullptr);
  if (!end_.ok()) return;
  const absl::Duration now = options_.for_tests.now();
  if (status.ok()) {
    client_ = fresh;
    ready_ = true;
    plan_.Connected(now);
    changed_.notify_all();
    Tell(lock, {.type = Type::kConnected, .attempt = attempt});
  } else if (fresh != nullptr && status == fresh->status()) {  // lost before it was usable
    Follow(lock, plan_.AfterLoss(status, fresh->close_info().code, now), now);
  } else {
    Follow(lock, plan_.AfterFailure(status, now, absl::Now()), now);
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
  const ReconnectEvent next = plan_.AfterLoss(status, lost->close_info().code, now);
  Tell(lock, {.type = Type::kLost, .status = status});
  Follow(lock, next, now);
}

// Schedules the next attempt, or gives up.
void ReconnectingClient::Follow(Lock& lock, const ReconnectEvent& next, absl::Duration now) {
  if (!end_.ok()) return;
  lost_ = next.status;
  if (next.type == Type::kGaveUp) {
    End(next.status);
  } else {
    next_attempt_ = now + next.wait;
  }
  Tell(lock, next);
}

void ReconnectingClient::Tell(Lock& lock, const ReconnectEvent& event) {
  if (!options_.hooks.on_event) return;
  lock.unlock();
  options_.hooks.on_event(event);
  lock.lock();
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
