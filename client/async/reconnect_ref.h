// A reference to an asynchronous client that reconnects, for any thread.

#ifndef WEFT_CLIENT_ASYNC_RECONNECT_REF_H_
#define WEFT_CLIENT_ASYNC_RECONNECT_REF_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/client/async/client_ref.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"

namespace weft {

class LoopReconnector;
class RemoteReconnector;

// Refers to one client of ClientLoop::Reconnect(), over all its connections; copies refer to the
// same one. Always safe to use: without a connection, once the client has ended, and even after its
// loop was destroyed. Every method may be called by any thread.
//
// Nothing is queued while there is no connection, and nothing is sent twice: the sends return
// Unavailable. Messages that were sent and had not arrived when the connection was lost are lost;
// only answers of the peer's application can tell. After the end, or Close(), everything returns
// the status that OnEnd() gets.
class ReconnectRef {
 public:
  ReconnectRef() = default;  // refers to no client

  // As those of ClientRef on the present connection, for the same kinds of payload: a view, which
  // is copied, a string that is handed over, or a shared one.
  template <typename Payload>
  absl::Status SendText(Payload&& text, const SendOptions& options = {}) const {
    return Submit([&](const ClientRef& client) {
      return client.SendText(std::forward<Payload>(text), options);
    });
  }
  template <typename Payload>
  absl::Status SendBinary(Payload&& data, const SendOptions& options = {}) const {
    return Submit([&](const ClientRef& client) {
      return client.SendBinary(std::forward<Payload>(data), options);
    });
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const SendOptions& options = {}) const {
    return Submit(
        [&](const ClientRef& client) { return client.SendMessage(opcode, payload, options); });
  }

  // OK while there is a connection; otherwise why there is none.
  absl::Status status() const;

  // The present connection, for all other functions of ClientRef; one that refers to no connection
  // if there is none. If its Close() or Terminate() ends it, a new connection follows.
  ClientRef client() const;

  // Ends the client: starts the closing handshake of the connection, if there is one, and no other
  // follows. InvalidArgument for a code or a reason that cannot be sent.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") const;

  // The same without a closing handshake; also while a Close() waits for the peer's answer.
  absl::Status Terminate() const;

  friend bool operator==(const ReconnectRef& a, const ReconnectRef& b) {
    return a.shared_ == b.shared_;
  }

 private:
  friend class ClientLoop;
  friend class LoopReconnector;

  // The part that outlives the client.
  class Shared {
   public:
    Shared(absl::string_view url, std::shared_ptr<Mailbox> mailbox)
        : url_(url), mailbox_(std::move(mailbox)) {}

    // ---- For the loop's thread ----

    void SetConnection(ClientRef connection);
    void SetLost(const absl::Status& why);

    // The client has ended. Returns why: by an earlier Close(), or `why`.
    absl::Status SetEnded(const absl::Status& why);

    RemoteReconnector* reconnector = nullptr;  // null once it has ended

    // ---- Any thread ----

    // The connection, or why there is none.
    absl::Status Find(ClientRef* connection) const;

    // The application ends the client for this reason. An error if it has ended.
    absl::Status RequestEnd(const absl::Status& why);

    absl::Status Lost(const absl::Status& why) const;
    Mailbox& mailbox() const { return *mailbox_; }

   private:
    const std::string url_;
    const std::shared_ptr<Mailbox> mailbox_;
    mutable std::mutex mutex_;
    // The rest is guarded by mutex_.
    bool connected_ = false;
    ClientRef connection_;
    absl::Status lost_;  // why there is no connection
    absl::Status end_;   // why there will be no further one
    bool ended_ = false;
  };

  explicit ReconnectRef(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  template <typename By>
  absl::Status Submit(By by) const {
    ClientRef client;
    if (absl::Status status = Find(&client); !status.ok()) return status;
    absl::Status status = by(client);
    // It has ended, and the loop has not told yet.
    return absl::IsFailedPrecondition(status) ? shared_->Lost(status) : status;
  }
  absl::Status Find(ClientRef* client) const;
  template <typename Task>
  absl::Status EndBy(const absl::Status& why, Task task) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_RECONNECT_REF_H_
