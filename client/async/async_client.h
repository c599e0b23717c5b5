// One open connection of an asynchronous client, as its handler uses it.

#ifndef WEFT_CLIENT_ASYNC_ASYNC_CLIENT_H_
#define WEFT_CLIENT_ASYNC_ASYNC_CLIENT_H_

#include <concepts>
#include <cstddef>
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
#include "weft/transport/address.h"

namespace weft {

class AsyncClient;
class ClientRef;

using ClientCallback = absl::AnyInvocable<void(AsyncClient&)>;

// A handler gets its connection with each callback, and may use it only inside its callbacks, until
// OnClose returns; everywhere else it uses ref(). Messages sent during a callback leave when it
// returns, in one write.
//
//   void OnMessage(AsyncClient& client, const Message& message) override {
//     client.Send(message).IgnoreError();   // an echo
//   }
//
// The sends are those of a server's Session: FailedPrecondition once the connection is closing,
// ResourceExhausted when its queue is full (ClientSending::max_queue_bytes, or as SendOptions say),
// and InvalidArgument for text that is not UTF-8; after an error nothing was sent.
class AsyncClient {
 public:
  AsyncClient(const AsyncClient&) = delete;
  AsyncClient& operator=(const AsyncClient&) = delete;

  // ---- Messages ----

  // Sends the same message back: a whole one whole, a piece as a fragment.
  absl::Status Send(const Message& message, const SendOptions& options = {});

  absl::Status SendText(absl::string_view text, const SendOptions& options = {}) {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options = {}) {
    return SendMessage(Opcode::kBinary, data, options);
  }
  virtual absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                                   const SendOptions& options = {}) = 0;

  // The same for a payload that is handed over, as by std::move, or shared: a large one is not
  // copied while it waits. A shared one must not be changed.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kText, .payload = std::forward<String>(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kBinary, .payload = std::forward<String>(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text, const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  absl::Status SendBinary(std::shared_ptr<const std::string> data,
                          const SendOptions& options = {}) {
    return Submit({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }

  // Sends a message that was encoded for many. A client masks each frame with a key of its own, so
  // it is encoded again.
  absl::Status Send(const EncodedMessage& message, const SendOptions& options = {});

  // Sends one fragment of a message: see Connection::SendFragment. Whole messages that are sent
  // before the last fragment wait for it.
  virtual absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress = Compress::kYes) = 0;

  // Sends a ping of at most 125 bytes, with a payload that distinguishes its pong from others if
  // `payload` is empty.
  virtual absl::Status SendPing(absl::string_view payload = "") = 0;

  // ---- The end ----

  // Starts the closing handshake (RFC 6455, section 7.1.2); OnClose follows when the server has
  // answered, or at the end of ClientTimeouts::close. See Connection::SendClose.
  virtual absl::Status Close(CloseCode code = CloseCode::kNormal,
                             absl::string_view reason = "") = 0;

  // Closes the socket without a closing handshake; OnClose follows, with kAbnormal, at the end of
  // this turn of the loop. May be called in every callback, also in OnClose.
  virtual void Terminate() = 0;

  // ---- Later ----

  // Calls `callback`, which must not be empty, once, as a callback of the handler, up to 16 ms
  // after `delay` has passed. Timers run in the order of their deadlines, equal ones in the order
  // of the calls; those left when the connection ends are destroyed before OnClose.
  // FailedPrecondition once it has ended, InvalidArgument for an empty callback, ResourceExhausted
  // if ClientLimits::max_buffered_bytes is used up.
  virtual absl::StatusOr<TimerId> RunAfter(absl::Duration delay, ClientCallback callback) = 0;

  // Destroys the callback of a timer. False if it runs now, has run, or was destroyed before.
  virtual bool CancelTimer(TimerId timer) = 0;

  // ---- State ----

  // OK until OnClose is called; then why the connection has ended, as by ToStatus(CloseInfo).
  virtual absl::Status status() const = 0;

  // The subprotocol that the server chose; empty for none.
  virtual absl::string_view subprotocol() const = 0;

  // Whether the server accepted compression.
  virtual bool compressed() const = 0;

  // peer_address() is the proxy's if there is one.
  virtual const SocketAddress& local_address() const = 0;
  virtual const SocketAddress& peer_address() const = 0;

  // Bytes that wait to be sent, and the overhead of keeping them.
  virtual size_t queued_bytes() const = 0;

  // The time from the last answered ping to its pong: see Client::round_trip_time.
  virtual std::optional<absl::Duration> round_trip_time() const = 0;

  // For other threads, and to outlive the connection.
  virtual ClientRef ref() = 0;  // weft/client/async/client_ref.h

 protected:
  AsyncClient() = default;
  ~AsyncClient() = default;

 private:
  friend class ClientRef;

  // Sends a whole message, or does with it what the options say where there is no room.
  virtual absl::Status Submit(WaitingMessage message, const SendOptions& options) = 0;

  // Whether the last fragment that was sent is not the last of its message.
  virtual bool in_fragmented_message() const = 0;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_ASYNC_CLIENT_H_
