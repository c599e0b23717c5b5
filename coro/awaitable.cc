#include "weft/coro/awaitable.h"

#include <utility>

namespace weft::coro {

using internal::Channel;

// ---- Messages

bool ReceiveAwaitable::await_ready() {
  if (is_foreign()) return true;
  state_.ReleaseMessage();
  // A message that waits is for the branch that continues.
  if (IsCancelled() || !state_.TakeMessage()) return false;
  wait_ = State::kWoken;
  return true;
}

std::optional<Message> ReceiveAwaitable::await_resume() const {
  if (wait_ != State::kWoken || state_.received() == nullptr) return std::nullopt;
  return state_.received()->message;
}

absl::Status SendAwaitable::SendTo(Channel& channel) { return channel.SendIfRoom(message_); }

absl::Status SendWithOptionsAwaitable::SendTo(Channel& channel) {
  SendOptions options = options_;
  if (may_wait()) options.when_full = WhenFull::kFail;
  return encoded_ != nullptr ? channel.Send(*encoded_, options) : channel.Send(message(), options);
}

absl::Status SendFragmentAwaitable::SendTo(Channel& channel) {
  return channel.SendFragment(opcode_, payload_, fin_, compress_);
}

// ---- The end

bool CloseAwaitable::await_ready() {
  Channel* const to = channel();
  status_ = to == nullptr ? NoChannel() : to->Close(code_, reason_);
  if (!status_.ok()) return ReturnsFailure(status_);
  state_.DiscardMessages();
  return false;
}

absl::Status CloseAwaitable::await_resume() {
  if (!status_.ok()) return std::move(status_);
  // The end is what it waits for.
  if (wait_ == State::kCancelled) return WaitResult();
  return std::move(status_);
}

// ---- Time

namespace {

absl::Status ReadingIsPaused() {
  return absl::FailedPreconditionError(
      "reading is paused, because too many messages wait for Receive(): no pong would be read");
}

}  // namespace

bool PingAwaitable::await_ready() {
  Channel* const to = channel();
  if (to == nullptr) {
    status_ = NoChannel();
  } else {
    status_ = state_.holds_reading() ? ReadingIsPaused() : to->SendPing();
  }
  return !status_.ok() && ReturnsFailure(status_);
}

bool PingAwaitable::await_suspend(std::coroutine_handle<> /*coroutine*/) {
  return Wait(status_.ok() ? Event::kPong : Event::kEnd);
}

absl::StatusOr<absl::Duration> PingAwaitable::await_resume() {
  if (!status_.ok()) return std::move(status_);
  if (absl::Status wait = WaitResult(); !wait.ok()) return wait;
  if (state_.channel() == nullptr) return NoChannel();
  if (state_.holds_reading()) return ReadingIsPaused();
  return state_.channel()->round_trip_time().value_or(absl::ZeroDuration());
}

void SleepAwaitable::Abandon() {
  if (alarm_ != DeadlineKey()) strand().CancelAlarm(std::exchange(alarm_, DeadlineKey()));
  Waiter::Abandon();
}

bool SleepAwaitable::await_suspend(std::coroutine_handle<> /*coroutine*/) {
  if (!Wait(Event::kAlarm)) return false;
  if (wait_ != State::kWaiting) return true;  // stuck
  // It waits already: without an alarm it is woken with the error. If the stream is closed, the
  // session ends in this turn, which wakes it.
  const absl::StatusOr<DeadlineKey> alarm = strand().SetAlarm(delay_, *this);
  if (alarm.ok()) {
    alarm_ = *alarm;
  } else if (!absl::IsFailedPrecondition(alarm.status())) {
    status_ = alarm.status();
    strand().Wake(*this);
  }
  return true;
}

void SleepAwaitable::OnAlarm() {
  alarm_ = DeadlineKey();
  if (wait_ == State::kWaiting) strand().Wake(*this);
}

// ---- Topics

bool TopicEventAwaitable::await_ready() {
  if (is_foreign()) return true;
  state_.TakeTopicEvents();
  // One that waits is for the branch that continues.
  if (!IsCancelled()) notice_ = state_.NextTopicNotice();
  return notice_.has_value();
}

absl::Status TopicAwaitable::await_resume() const {
  Channel* const to = channel();
  if (to == nullptr) return NoChannel();
  if (!options_.has_value()) {
    if (since_.has_value()) state_.TakeTopicEvents();
    return to->Subscribe(topic_, {.since = std::string(since_.value_or(""))});
  }
  if (encoded_ != nullptr) return to->Publish(topic_, *encoded_, *options_);
  absl::StatusOr<EncodedMessage> message =
      EncodedMessage::Make(opcode_, payload_, options_->compress);
  return message.ok() ? to->Publish(topic_, *message, *options_) : message.status();
}

}  // namespace weft::coro
