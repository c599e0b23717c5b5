// A client that connects again.

#ifndef WEFT_CLIENT_RECONNECTING_CLIENT_H_
#define WEFT_CLIENT_RECONNECTING_CLIENT_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/backoff.h"
#include "weft/client/client.h"
#include "weft/client/reconnect_options.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/message.h"

namespace weft {

// A Client that is replaced by another when it is lost.
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
// It has no thread of its own: who is in Receive(), or in Connect(), notices losses, waits and
// connects. So one thread should mostly be in Receive(), while any others send, close and cancel.
//
// Nothing is queued while there is no connection, and nothing is sent twice: Send*() returns
// Unavailable, and its caller still has the message. What was sent and had not arrived when the
// connection was lost is lost with it; kLost tells of that, and only answers of the peer's
// application tell more. Messages in pieces (ConnectionOptions::stream_messages) are cut off by a
// loss: the next piece is the `first` of another message.
//
// A connection that is lost, however it ended, is followed by another. An attempt that fails is,
// too, but for these errors, which another attempt cannot mend:
//   a server's refusal with HTTP 4xx    other than 408, 425 and 429, which pass
//   InvalidArgument                     a bad URL or header; an answer that is no HTTP
//   Unauthenticated, PermissionDenied   as a bad certificate, on either side
//   FailedPrecondition, Unimplemented   as a server without TLS
//   Cancelled                           by a callback
// Then, and when the limits of ReconnectOptions are reached (Unavailable), it has given up: every
// call returns that error. Close() and Cancel() are final as well (FailedPrecondition, Cancelled).
//
// Waits are as BackoffOptions say, and longer where the server asks: by Retry-After, or by closing
// with 1012 or 1013.
class ReconnectingClient {
 public:
  // Connects to nothing yet. InvalidArgument for times or numbers that make no sense.
  static absl::StatusOr<std::unique_ptr<ReconnectingClient>> Create(std::string url,
                                                                    ReconnectOptions options = {});

  // Closes the socket at once. No other thread may be in a call.
  ~ReconnectingClient() = default;
  ReconnectingClient(const ReconnectingClient&) = delete;
  ReconnectingClient& operator=(const ReconnectingClient&) = delete;

  // Waits until there is a connection: for who has to send and got Unavailable, and for a program
  // of one thread, before it sends. Where no other thread is in Receive() or Connect() it connects
  // itself, and what a connection that could not be sent by had still to be read is dropped.
  // DeadlineExceeded after `timeout`.
  absl::Status Connect(absl::Duration timeout = absl::InfiniteDuration());

  // As Client::Receive(), by whatever connection there is when a message comes. DeadlineExceeded
  // after `timeout`, and nothing is lost: waits go on with the next call. But an attempt to connect
  // is not cut short: it takes up to ClientOptions::connect_timeout, and its callbacks their time.
  absl::StatusOr<Message> Receive(absl::Duration timeout = absl::InfiniteDuration());

  // As those of Client, and Unavailable when there is no connection, or it was lost meanwhile: the
  // message may then have arrived all the same.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes);
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes);

  // The connection of the moment, for all else that a Client does; null when there is none.
  // Fragments that are sent by it stay one message, or none. Ended, by its Close() or Cancel(), it
  // is followed by another.
  std::shared_ptr<Client> client() const;

  // Ends the connection as Client::Close() does, if there is one, and with it everything else.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Makes every call that is blocked and every later one return Cancelled.
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
  void Retry(Lock& lock, const absl::Status& status, const Pause& asked);
  void GiveUp(Lock& lock, const absl::Status& status);
  void Tell(Lock& lock, const ReconnectEvent& event);
  Pause AskedBy(CloseCode code) const;

  template <typename By>
  absl::Status Send(By by);
  absl::Status NotConnected() const;
  void End(absl::Status status);

  const std::string url_;
  const ReconnectOptions options_;

  // Guards all below, and is never held while a thread waits or a callback runs.
  mutable std::mutex mutex_;
  std::condition_variable changed_;   // driving_, ready_ or end_
  bool driving_ = false;              // a thread connects or receives
  bool ready_ = false;                // client_ can be sent by
  bool closed_here_ = false;          // by Close()
  std::shared_ptr<Client> client_;    // the connection, until its end was noticed
  std::shared_ptr<Client> fresh_;     // one that after_connect has
  std::shared_ptr<Client> received_;  // holds the last message
  absl::Status lost_;                 // why there is no connection
  absl::Status end_;                  // why there will be none any more

  // For the thread that drives.
  Backoff backoff_;
  int attempts_ = 0;                     // since since_,
  std::optional<absl::Duration> since_;  // the first, or the end of a connection that held
  absl::Duration connected_at_;
  absl::Duration next_attempt_ = -absl::InfiniteDuration();
};

}  // namespace weft

#endif  // WEFT_CLIENT_RECONNECTING_CLIENT_H_
