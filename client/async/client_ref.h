// A reference to an asynchronous connection, for any thread.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_REF_H_
#define WEFT_CLIENT_ASYNC_CLIENT_REF_H_

#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/async/async_client.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/sending/shared_queue.h"
#include "weft/sending/waiting_message.h"

namespace weft {

class LoopClient;
class RemoteClient;

// Refers to one connection, from Connect() on; copies refer to the same one. Always safe to use:
// before the connection is open, once it has ended, and even after its loop was destroyed, the
// sends return FailedPrecondition. Every method may be called by any thread. Messages that one
// thread sends arrive in their order.
class ClientRef {
 public:
  ClientRef() = default;  // refers to no connection

  // As the methods of AsyncClient: ResourceExhausted when its queue is full. A view is copied.
  // SendOptions::timeout is the time to wait for room.
  absl::Status SendText(absl::string_view text, const SendOptions& options = {}) const {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options = {}) const {
    return SendMessage(Opcode::kBinary, data, options);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const SendOptions& options = {}) const {
    return Submit({.opcode = opcode, .payload = payload}, options);
  }

  // The same for a payload that is handed over, or shared: not copied.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kText, .payload = std::forward<String>(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kBinary, .payload = std::forward<String>(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text,
                        const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  absl::Status SendBinary(std::shared_ptr<const std::string> data,
                          const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }

  // Bytes that wait to be sent: those on their way to the connection, and those in its queue as it
  // last reported.
  size_t queued_bytes() const;

  // Starts the closing handshake; a connection that is not open yet is not opened any more, and
  // OnFailed follows, with Cancelled.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") const;

  // Ends the connection without a closing handshake, as AsyncClient::Terminate does.
  absl::Status Terminate() const;

  // Runs `callback` with the connection on the thread that calls its handler, as a callback of the
  // handler, in order with the messages that this thread sends by this reference. OK does not mean
  // that it will run: if the connection ends first, the callback is destroyed. FailedPrecondition
  // unless the connection is open.
  absl::Status Post(ClientCallback callback) const;

  friend bool operator==(const ClientRef& a, const ClientRef& b) { return a.shared_ == b.shared_; }

 private:
  friend class ClientLoop;
  friend class LoopClient;

  // The part that outlives the connection.
  struct Shared : SharedQueue {
    using SharedQueue::SharedQueue;

    RemoteClient* session = nullptr;  // for the loop's thread only; null once it has ended
    std::atomic<bool> connected{false};
  };

  explicit ClientRef(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  bool connected() const { return shared_ != nullptr && shared_->connected; }
  absl::Status Submit(WaitingMessage message, const SendOptions& options) const;
  template <typename Task>
  absl::Status PostLater(Task task) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_REF_H_
