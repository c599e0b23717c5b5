// The server's side of one open WebSocket, as its handler uses it.

#ifndef WEFT_SERVER_SESSION_H_
#define WEFT_SERVER_SESSION_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/loop/deadline_queue.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/session_topics.h"
#include "weft/transport/address.h"

namespace weft {

class Session;
class SessionRef;
struct SessionRequest;

using SessionCallback = absl::AnyInvocable<void(Session&)>;

// A handler gets its session with each callback, and may use it only inside its callbacks, until
// OnClose returns; everywhere else it uses ref(). Messages sent during a callback leave when it
// returns, in one write with the answers to the other messages that were read.
//
//   void OnMessage(Session& session, const Message& message) override {
//     session.Send(message).IgnoreError();   // an echo
//   }
//
// Every send returns FailedPrecondition once the session is closing, ResourceExhausted when its
// queue is full (ServerSending::max_queue_bytes, or as SendOptions say), and InvalidArgument for
// text that is not UTF-8; after an error nothing was sent. A large payload is written at once,
// without a copy unless it is compressed; the part that the socket does not take is copied.
//
// With ServerOptions::handler_threads the callbacks run on other threads than the session's loop.
// Each method then acts by way of the loop, in the order of the calls, without waiting for it: a
// send that returns OK has room and is on its way, SendOptions::timeout is the time to wait for
// room, and a message that arrives after the session has ended is lost, as with a SessionRef.
class Session : public SessionTopics {
 public:
  // ---- Messages ----

  // Sends the same message back: a whole one whole, a piece as a fragment.
  virtual absl::Status Send(const Message& message) = 0;
  absl::Status Send(const Message& message, const SendOptions& options);

  absl::Status SendText(absl::string_view text) { return SendMessage(Opcode::kText, text); }
  absl::Status SendBinary(absl::string_view data) { return SendMessage(Opcode::kBinary, data); }
  virtual absl::Status SendMessage(Opcode opcode, absl::string_view payload) = 0;

  absl::Status SendText(absl::string_view text, const SendOptions& options) {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options) {
    return SendMessage(Opcode::kBinary, data, options);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload, const SendOptions& options) {
    return Submit({.opcode = opcode, .payload = payload}, options);
  }

  // The same for a payload that is handed over, as by std::move, or shared: a large one is never
  // copied, however long it has to wait. A shared one must not be changed.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kText, .payload = std::forward<String>(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kBinary, .payload = std::forward<String>(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text, const SendOptions& options = {});
  absl::Status SendBinary(std::shared_ptr<const std::string> data, const SendOptions& options = {});

  // Sends a message that was encoded, and perhaps compressed, once for many sessions.
  virtual absl::Status Send(const EncodedMessage& message, const SendOptions& options = {}) = 0;

  // Sends one fragment of a message: see Connection::SendFragment. Whole messages that are sent or
  // published to this session before the last fragment wait for it. ResourceExhausted when there is
  // no room, whatever ServerSending::when_full says.
  virtual absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress = Compress::kYes) = 0;

  // Sends a ping (RFC 6455, section 5.5.2) of at most 125 bytes. An empty one measures
  // round_trip_time(), as the server's own pings do.
  virtual absl::Status SendPing(absl::string_view payload = "") = 0;

  // ---- The end ----

  // Starts the closing handshake (RFC 6455, section 7.1.2); OnClose follows when it is done, or
  // took too long. See Connection::SendClose.
  virtual absl::Status Close(CloseCode code = CloseCode::kNormal,
                             absl::string_view reason = "") = 0;

  // Closes the socket without a closing handshake; OnClose follows, with kAbnormal, at the end of
  // this turn of the loop. May be called anywhere, also in OnClose.
  virtual void Terminate() = 0;

  // ---- Later ----

  // Calls `callback`, which must not be empty, once, as a callback of the handler, up to 16 ms
  // after `delay` has passed. Timers run in the order of their deadlines, equal ones in the order
  // of the calls; those left when the session ends are destroyed before OnClose. FailedPrecondition
  // once it has ended, ResourceExhausted if ServerLimits::max_buffered_bytes is used up. More is in
  // docs/handlers.md.
  virtual absl::StatusOr<TimerId> RunAfter(absl::Duration delay, SessionCallback callback) = 0;

  // Destroys the callback of a timer. False if it runs now, has run, or was destroyed before.
  virtual bool CancelTimer(TimerId timer) = 0;

  // Calls `callback` without a delay, after the present callback has returned; otherwise like
  // RunAfter. Callbacks posted here or by SessionRef::Post run in the order of the posts.
  virtual absl::Status Post(SessionCallback callback) = 0;

  // ---- State ----

  // OK until OnClose is called; then why the session has ended, as by ToStatus(CloseInfo).
  virtual absl::Status status() const = 0;

  // Different for every session of a server.
  virtual uint64_t id() const = 0;
  virtual const SocketAddress& peer_address() const = 0;

  // The subprotocol that was agreed (UpgradeResponse::subprotocol); empty for none.
  virtual absl::string_view subprotocol() const = 0;

  // The request that opened the session, if the acceptor has kept it
  // (UpgradeResponse::keep_request); otherwise null. Valid until OnClose returns.
  virtual const SessionRequest* request() const = 0;

  // Whether the client and the server agreed to compress.
  virtual bool compressed() const = 0;

  // Bytes that wait to be sent, with what it costs to keep them waiting.
  virtual size_t queued_bytes() const = 0;

  // The time from the last empty ping to its pong, in whole milliseconds, with the time in the
  // queue. None before the first pong. The server pings a client that has been silent for
  // ServerTimeouts::ping_interval; for one that is never silent, use SendPing().
  virtual std::optional<absl::Duration> round_trip_time() const = 0;

  // For other threads, and to outlive the session.
  virtual SessionRef ref() = 0;

 protected:
  Session() = default;
  ~Session() = default;

  // Sends a piece of a message as a fragment. FailedPrecondition where the piece does not continue
  // the fragments that were sent before it: one whose message was refused at its first piece must
  // not become the first of another.
  absl::Status SendPiece(const Message& piece, Compress compress);

 private:
  friend class SessionRef;

  // Sends a whole message, or does with it what the options say where there is no room.
  virtual absl::Status Submit(WaitingMessage message, const SendOptions& options) = 0;

  // Whether the last fragment that was sent is not the last of its message.
  virtual bool in_fragmented_message() const = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_H_
