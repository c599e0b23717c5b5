// A client that reconnects.

#ifndef WEFT_CLIENT_RECONNECTING_CLIENT_H_
#define WEFT_CLIENT_RECONNECTING_CLIENT_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/reconnect_options.h"
#include "weft/client/reconnecting/reconnect_event.h"
#include "weft/client/reconnecting/reconnect_plan.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"

namespace weft {

// A Client that is replaced by a new one when its connection is lost.
//
//   auto client = weft::ReconnectingClient::Create("wss://example.com/feed", {
//       .after_connect = [](weft::Client& fresh) { return fresh.SendText("subscribe news"); },
//       .on_event = [](const weft::ReconnectEvent& e) { std::clog << e.ToString() << "\n"; },
//   });
//   if (!client.ok()) return client.status();
//   while (true) {
//     absl::StatusOr<weft::Message> message = (*client)->Receive();
//     if (!message.ok()) return message.status();   // closed, cancelled or given up
//     Use(*message);
//   }
//
// It has no background thread: the thread in Receive(), or in Connect(), notices losses, waits and
// connects. So one thread should usually be in Receive(), while any others send, close and cancel.
//
// Nothing is queued while there is no connection, and nothing is sent twice: Send*() returns
// Unavailable, and its caller still has the message. Messages that were sent and had not arrived
// when the connection was lost are lost; kLost reports the loss, and only answers of the peer's
// application can tell more. A loss cuts off messages in pieces
// (ConnectionOptions::stream_messages): the next piece is the `first` of another message.
//
// RetryOptions say when it connects again, and when it gives up: every call then returns the error.
// Close() and Cancel() are final as well (FailedPrecondition, Cancelled).
class ReconnectingClient {
 public:
  // Does not connect yet. InvalidArgument for invalid times or numbers.
  static absl::StatusOr<std::unique_ptr<ReconnectingClient>> Create(std::string url,
                                                                    ReconnectOptions options = {});

  // Closes the socket at once. No other thread may be in a call.
  ~ReconnectingClient() = default;
  ReconnectingClient(const ReconnectingClient&) = delete;
  ReconnectingClient& operator=(const ReconnectingClient&) = delete;

  // Waits until there is a connection: for a caller that wants to send and got Unavailable, and for
  // a program with one thread, before it sends. If no other thread is in Receive() or Connect() it
  // connects itself, and drops the unread input of a connection that cannot send any more.
  // DeadlineExceeded after `timeout`.
  absl::Status Connect(absl::Duration timeout = absl::InfiniteDuration());

  // Like Client::Receive(), on whichever connection a message arrives. The message is valid until
  // the next call of Receive(), or of Connect() from any thread, which may replace the connection.
  // DeadlineExceeded after `timeout`; nothing is lost then: waits continue with the next call. But
  // an attempt to connect is not interrupted: it takes up to ClientTimeouts::connect, plus the time
  // of its callbacks.
  absl::StatusOr<Message> Receive(absl::Duration timeout = absl::InfiniteDuration());

  // As those of Client, and Unavailable when there is no connection, or it was lost meanwhile: the
  // message may then have arrived all the same.
  absl::Status SendText(absl::string_view text, const ClientSendOptions& options = {}) {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const ClientSendOptions& options = {}) {
    return SendMessage(Opcode::kBinary, data, options);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const ClientSendOptions& options = {});
  absl::Status Send(const Message& message, const ClientSendOptions& options = {});
  absl::Status Send(const EncodedMessage& message);
  absl::Status SendPing();

  // The subprotocol that the server of the current connection chose; empty when it chose none, or
  // there is no connection.
  std::string subprotocol() const;

  // The current connection, for all other functions of Client; null if there is none. Fragments
  // sent on it stay one message, or none. If its Close() or Cancel() ends it, a new connection
  // follows.
  std::shared_ptr<Client> client() const;

  // Ends the connection like Client::Close(), if there is one, and stops reconnecting.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Makes every blocked call and every later one return Cancelled.
  void Cancel();

 private:
  using Lock = std::unique_lock<std::mutex>;

  ReconnectingClient(std::string url, ReconnectOptions options);

  template <typename Condition>
  absl::Status Await(Lock& lock, absl::Duration deadline, Condition condition);
  void StopDriving();
  absl::StatusOr<Message> DriveToMessage(Lock& lock, absl::Duration deadline);
  absl::Status DriveToConnection(Lock& lock, absl::Duration deadline);
  void Attempt(Lock& lock);
  absl::Status Open();
  absl::Status ReadToEnd(Lock& lock, absl::Duration deadline);
  void Lose(Lock& lock, const absl::Status& status);
  void Follow(Lock& lock, const ReconnectEvent& next, absl::Duration now);
  void Tell(Lock& lock, const ReconnectEvent& event);

  template <typename By>
  absl::Status Submit(By by);
  absl::Status NotConnected() const;
  void End(absl::Status status);

  const std::string url_;
  const ReconnectOptions options_;

  // Guards all members below, and is never held while a thread waits or a callback runs.
  mutable std::mutex mutex_;
  std::condition_variable changed_;   // driving_, ready_ or end_
  bool driving_ = false;              // a thread connects or receives
  bool ready_ = false;                // client_ can send
  bool closed_here_ = false;          // by Close()
  std::shared_ptr<Client> client_;    // the connection, until its end was noticed
  std::shared_ptr<Client> fresh_;     // the connection passed to hooks.after_connect
  std::shared_ptr<Client> received_;  // holds the last message
  absl::Status lost_;                 // why there is no connection
  absl::Status end_;                  // why there will be no more

  // Used by the driving thread.
  ReconnectPlan plan_;
  absl::Duration next_attempt_ = -absl::InfiniteDuration();
};

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_CLIENT_H_
