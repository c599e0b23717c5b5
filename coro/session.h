// A session as its coroutine uses it.

#ifndef WEFT_CORO_SESSION_H_
#define WEFT_CORO_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/client_ref.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/coro/awaitable.h"
#include "weft/coro/session_state.h"
#include "weft/sending/send_options.h"
#include "weft/server/acceptor.h"
#include "weft/server/session_ref.h"
#include "weft/transport/address.h"

namespace weft::coro {

// One open WebSocket. The parameter of the coroutine that coro::Handler starts for it; a copy
// refers to the same one.
//
//   weft::Task<> Echo(weft::coro::Session s) {
//     while (auto m = co_await s.Receive())
//       if (!(co_await s.Send(*m)).ok()) co_return;
//   }
//
// The coroutine, and each task that it awaits, runs on the session's loop, and must not block. When
// the session ends, whatever it waits for returns: Receive() nullopt after the messages that came
// before, and every other call FailedPrecondition. The coroutine then finishes; one that continues
// in spite of 1,000 such answers is destroyed where it waits, which is logged as an exception is.
// When the coroutine returns first, the session is closed with 1000.
//
// Only the coroutines of the session itself may call its methods; its copies may be destroyed
// anywhere. For others, and for other threads, a coroutine of the session calls ref() and hands
// them the SessionRef.
class Session {
 public:
  explicit Session(internal::SessionState& state) : state_(&state) { state_->Ref(); }
  Session(const Session& other) : Session(*other.state_) {}
  Session(Session&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Session& operator=(Session other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Session() {
    if (state_ != nullptr) state_->Unref();
  }

  // ---- Messages ----

  // The next message, or its next piece if ConnectionOptions::stream_messages is set. Its payload
  // is valid until the next call of Receive(). nullopt: the session has ended, see status(); or
  // another branch of a WhenAny was first.
  //
  // While nobody waits here, at most 16 messages or 64 KiB (and one message) are read ahead, so
  // that pings are answered and the end is noticed; then reading pauses, which makes the client
  // wait.
  ReceiveAwaitable Receive() { return ReceiveAwaitable(*state_); }

  // Waits while the queue has ServerSending::high_mark_bytes or more, or no room for the message,
  // until it is down to the low mark. The payload must be valid until then; it is copied, if it has
  // to be, before the call returns. ResourceExhausted for a message that never fits,
  // InvalidArgument for text that is not UTF-8. With SendOptions::when_full it does not wait;
  // ServerSending::when_full does not apply here.
  SendAwaitable Send(const Message& message) { return SendAwaitable(*state_, message); }
  SendWithOptionsAwaitable Send(const Message& message, const SendOptions& options) {
    return SendWithOptionsAwaitable(*state_, message, options);
  }
  SendWithOptionsAwaitable Send(const EncodedMessage& message, const SendOptions& options = {}) {
    return SendWithOptionsAwaitable(*state_, message, options);
  }
  SendAwaitable SendText(absl::string_view text) { return SendMessage(Opcode::kText, text); }
  SendWithOptionsAwaitable SendText(absl::string_view text, const SendOptions& options) {
    return Send(Message{.opcode = Opcode::kText, .payload = text}, options);
  }
  SendAwaitable SendBinary(absl::string_view data) { return SendMessage(Opcode::kBinary, data); }
  SendWithOptionsAwaitable SendBinary(absl::string_view data, const SendOptions& options) {
    return Send(Message{.opcode = Opcode::kBinary, .payload = data}, options);
  }
  SendAwaitable SendMessage(Opcode opcode, absl::string_view payload) {
    return Send(Message{.opcode = opcode, .payload = payload});
  }

  // One fragment of a message, as weft::Session::SendFragment. Waits as Send() does.
  SendFragmentAwaitable SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                     Compress compress = Compress::kYes) {
    return SendFragmentAwaitable(*state_, opcode, payload, fin, compress);
  }

  // ---- The end ----

  // Starts the closing handshake, and waits until the session has ended. Messages that were not
  // received are discarded. InvalidArgument as in CheckClose (core/frame/close_payload.h).
  CloseAwaitable Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") {
    return CloseAwaitable(*state_, code, reason);
  }

  // OK until the session has ended; then why, as by ToStatus(CloseInfo).
  const absl::Status& status() const { return state_->status(); }

  // The code, the reason and the side that closed; the reason is valid as long as a copy of this.
  // nullopt until the session has ended.
  std::optional<CloseInfo> close_info() const;

  // ---- Time ----

  // Sends a ping and waits for its pong: the round trip, in whole milliseconds. The pong comes
  // after the messages that the client sent before it. FailedPrecondition also when reading is or
  // becomes paused, because the pong would not be read: see Receive().
  PingAwaitable Ping() { return PingAwaitable(*state_); }

  // Waits for `delay`, and up to 16 ms longer.
  SleepAwaitable Sleep(absl::Duration delay) { return SleepAwaitable(delay); }

  // ---- Topics ----

  // As the methods of weft::Session; none of them waits. `since` is SubscribeOptions::since.
  TopicAwaitable Subscribe(absl::string_view topic) { return TopicAwaitable(*state_, topic); }
  TopicAwaitable Subscribe(absl::string_view topic, absl::string_view since) {
    return TopicAwaitable(*state_, topic, since);
  }
  void Unsubscribe(absl::string_view topic);
  TopicAwaitable Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                         const SendOptions& options = {}) {
    return TopicAwaitable(*state_, topic, opcode, payload, options);
  }
  TopicAwaitable Publish(absl::string_view topic, const EncodedMessage& message,
                         const SendOptions& options = {}) {
    return TopicAwaitable(*state_, topic, message, options);
  }

  // The next event of a topic that is shared or kept, as Handler::OnTopic gets it: it has joined,
  // it has resumed at `since`, or there is a gap. nullopt: the session has ended, or another branch
  // of a WhenAny was first. The messages sent after it, before the next wait, reach the client
  // before the messages that follow the event, if a coroutine was waiting here when the event came:
  // so a coroutine that passes positions on to its client waits here in a branch of its own.
  //
  // While nobody waits here, the last event of each topic is kept; a gap is not replaced by what is
  // not one. A coroutine that has never waited here, nor subscribed with `since`, does not get
  // gaps: they close the session with 1013, unless only the latest message of the topic counts, or
  // a subscription was refused.
  TopicEventAwaitable ReceiveTopicEvent() { return TopicEventAwaitable(*state_); }

  // ---- State ----

  // As the methods of weft::Session. Once the session has ended: 0, no address, empty, null, and a
  // reference to no session.
  uint64_t id() const;
  SocketAddress peer_address() const;
  absl::string_view subprotocol() const;
  const SessionRequest* request() const;
  bool compressed() const;
  size_t queued_bytes() const;
  SessionRef ref() const;
  ClientRef client_ref() const;

 private:
  internal::SessionState* state_;
};

}  // namespace weft::coro

#endif  // WEFT_CORO_SESSION_H_
