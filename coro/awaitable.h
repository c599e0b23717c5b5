// The awaitables of coro::Session.

#ifndef WEFT_CORO_AWAITABLE_H_
#define WEFT_CORO_AWAITABLE_H_

#include <coroutine>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/coro/session_state.h"
#include "weft/coro/strand.h"
#include "weft/coro/topic_notice.h"
#include "weft/loop/deadline_queue.h"
#include "weft/sending/send_options.h"

namespace weft::coro {

// The awaitables that the methods of Session return. Each is awaited once, in the expression that
// makes it or as an argument of WhenAny or WithTimeout there: it refers to the arguments of its
// method. The class says what the co_await returns.

// std::optional<Message>
class [[nodiscard]] ReceiveAwaitable final : public internal::SessionWaiter {
 public:
  explicit ReceiveAwaitable(internal::SessionState& state) : SessionWaiter(state) {}

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> /*coroutine*/) { return Wait(Event::kMessage); }
  std::optional<Message> await_resume() const;
};

// absl::Status
class [[nodiscard]] SendAwaitable : public internal::SendWaiter {
 public:
  SendAwaitable(internal::SessionState& state, const Message& message)
      : SendWaiter(state), message_(message) {}

  bool await_ready() { return IsReady(); }
  bool await_suspend(std::coroutine_handle<> /*coroutine*/) { return WaitForRoom(); }
  absl::Status await_resume() { return Result(); }

 protected:
  const Message& message() const { return message_; }

 private:
  absl::Status SendTo(internal::Channel& channel) override;

  const Message message_;
};

// The same with options, which take more room in the frame of the coroutine.
class [[nodiscard]] SendWithOptionsAwaitable final : public SendAwaitable {
 public:
  SendWithOptionsAwaitable(internal::SessionState& state, const Message& message,
                           const SendOptions& options)
      : SendAwaitable(state, message), options_(options) {}
  SendWithOptionsAwaitable(internal::SessionState& state, const EncodedMessage& message,
                           const SendOptions& options)
      : SendAwaitable(state, Message()), encoded_(&message), options_(options) {}

 private:
  absl::Status SendTo(internal::Channel& channel) override;
  bool may_wait() const override { return !options_.when_full.has_value(); }

  const EncodedMessage* const encoded_ = nullptr;
  const SendOptions options_;
};

// absl::Status
class [[nodiscard]] SendFragmentAwaitable final : public internal::SendWaiter {
 public:
  SendFragmentAwaitable(internal::SessionState& state, Opcode opcode, absl::string_view payload,
                        bool fin, Compress compress)
      : SendWaiter(state), opcode_(opcode), fin_(fin), compress_(compress), payload_(payload) {}

  bool await_ready() { return IsReady(); }
  bool await_suspend(std::coroutine_handle<> /*coroutine*/) { return WaitForRoom(); }
  absl::Status await_resume() { return Result(); }

 private:
  absl::Status SendTo(internal::Channel& channel) override;

  const Opcode opcode_;
  const bool fin_;
  const Compress compress_;
  const absl::string_view payload_;
};

// absl::Status
class [[nodiscard]] CloseAwaitable final : public internal::SessionWaiter {
 public:
  CloseAwaitable(internal::SessionState& state, CloseCode code, absl::string_view reason)
      : SessionWaiter(state), code_(code), reason_(reason) {}

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> /*coroutine*/) { return Wait(Event::kEnd); }
  absl::Status await_resume();

 private:
  const CloseCode code_;
  const absl::string_view reason_;
  absl::Status status_;
};

// absl::StatusOr<absl::Duration>
class [[nodiscard]] PingAwaitable final : public internal::SessionWaiter {
 public:
  explicit PingAwaitable(internal::SessionState& state) : SessionWaiter(state) {}

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> coroutine);
  absl::StatusOr<absl::Duration> await_resume();

 private:
  absl::Status status_;
};

// absl::Status
class [[nodiscard]] SleepAwaitable final : public internal::Waiter, private internal::Alarm {
 public:
  explicit SleepAwaitable(absl::Duration delay) : delay_(delay) {}

  void Abandon();
  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine);
  absl::Status await_resume() const { return status_.ok() ? WaitResult() : status_; }

 private:
  void OnAlarm() override;

  const absl::Duration delay_;
  DeadlineKey alarm_;  // none: it is not set
  absl::Status status_;
};

// Waits for `delay`, and up to 16 ms longer: in every task. FailedPrecondition, at once, when the
// session of the task ends, or its loop of clients, or when the client of its request leaves.
inline SleepAwaitable Sleep(absl::Duration delay) { return SleepAwaitable(delay); }

// std::optional<TopicNotice>
class [[nodiscard]] TopicEventAwaitable final : public internal::TopicWaiter {
 public:
  explicit TopicEventAwaitable(internal::SessionState& state) : TopicWaiter(state) {}

  bool await_ready();
  bool await_suspend(std::coroutine_handle<> /*coroutine*/) { return Wait(Event::kTopic); }
  std::optional<TopicNotice> await_resume() { return std::move(notice_); }
};

// absl::Status, without a wait.
class [[nodiscard]] TopicAwaitable final : public internal::SessionWaiter {
 public:
  // Subscribes. Publishes `payload`, or `encoded`.
  TopicAwaitable(internal::SessionState& state, absl::string_view topic)
      : SessionWaiter(state), topic_(topic) {}
  TopicAwaitable(internal::SessionState& state, absl::string_view topic, absl::string_view since)
      : SessionWaiter(state), topic_(topic), since_(since) {}
  TopicAwaitable(internal::SessionState& state, absl::string_view topic, Opcode opcode,
                 absl::string_view payload, const SendOptions& options)
      : SessionWaiter(state),
        topic_(topic),
        opcode_(opcode),
        payload_(payload),
        options_(options) {}
  TopicAwaitable(internal::SessionState& state, absl::string_view topic,
                 const EncodedMessage& encoded, const SendOptions& options)
      : SessionWaiter(state), topic_(topic), encoded_(&encoded), options_(options) {}

  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<> /*coroutine*/) const {}
  absl::Status await_resume() const;

 private:
  const absl::string_view topic_;
  const std::optional<absl::string_view> since_;
  const Opcode opcode_ = Opcode::kText;
  const absl::string_view payload_;
  const EncodedMessage* const encoded_ = nullptr;
  const std::optional<SendOptions> options_;  // none: subscribes
};

}  // namespace weft::coro

#endif  // WEFT_CORO_AWAITABLE_H_
