// A blocking WebSocket client.

#ifndef WEFT_CLIENT_CLIENT_H_
#define WEFT_CLIENT_CLIENT_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/keepalive.h"
#include "weft/client/connecting/round_trip.h"
#include "weft/core/connection.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/memory/buffer.h"
#include "weft/core/message.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/wait.h"

namespace weft {

// One connection to a server.
//
//   auto client = weft::Client::Connect("ws://127.0.0.1:8080/chat");
//   if (!client.ok()) return client.status();
//   if (absl::Status sent = (*client)->SendText("hello"); !sent.ok()) return sent;
//   absl::StatusOr<weft::Message> message = (*client)->Receive(absl::Seconds(10));
//   if (message.ok()) std::cout << message->payload << "\n";
//   return (*client)->Close();
//
// ReconnectingClient (reconnecting_client.h) opens a new connection when one is lost.
//
// Threads: one thread may be in Receive() while others send, close and cancel. The client has no
// background thread: pings are answered, the peer's end is noticed and keepalive pings are sent
// only while some thread is inside Receive(), so for a long-lived client one usually should be.
//
// When the connection has ended, for any reason, every call returns that reason:
//   Unavailable          the peer closed (see close_info()), went away, or was silent for too long
//   InvalidArgument,     the peer broke RFC 6455, or exceeded a limit of ours; it got a Close frame
//   ResourceExhausted    that says so
//   FailedPrecondition   Close() or SendClose() was called
//   DeadlineExceeded     the same, and the peer did not answer
//   Cancelled            Cancel() was called
class Client {
 public:
  // Connects to a ws:// or wss:// URL, or the equivalent for a Unix socket (core/http/url.h),
  // through a proxy if options.proxy says so, and performs the opening handshake (section 4.1), all
  // within options.timeouts.connect.
  //
  // Errors say which step failed, with which peer, and why: InvalidArgument for a URL, header or
  // subprotocol that cannot be sent, Unauthenticated for a certificate that is not trusted
  // (Stream::Error), DeadlineExceeded, Cancelled (options.cancel), and the errors of the network
  // and of proxies. If the server refuses, its response is quoted, "... answered HTTP 403 Forbidden
  // ..." with the start of its body, under the nearest code (403: PermissionDenied); RefusalOf
  // (weft/core/http/http_refusal.h) returns that response: status, headers and more of the body.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view url,
                                                         ClientOptions options = {});

  // Closes the socket at once, without a closing handshake. No other thread may be in a call.
  ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- Sending ----
  // Each call waits until the socket has accepted all bytes, at most for options.timeouts.send:
  //   OK                   the system has it
  //   DeadlineExceeded     the peer does not read. The unwritten rest stays queued, and later
  //                        calls of Send*(), Receive() and Close() continue with it: do not send
  //                        it again
  //   ResourceExhausted    the peer does not read, and an earlier message is still queued: nothing
  //                        of this one was sent
  //   InvalidArgument, FailedPrecondition   as in Connection; nothing was sent
  //
  // These calls only wait for room, and do not read meanwhile: if both sides send more than the
  // network between them buffers before they read, one side needs a second thread that receives.

  // A whole message in one frame.
  absl::Status SendText(absl::string_view text, const ClientSendOptions& options = {}) {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const ClientSendOptions& options = {}) {
    return SendMessage(Opcode::kBinary, data, options);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const ClientSendOptions& options = {});

  // The same message: a whole one whole, a piece as a fragment. FailedPrecondition for a piece that
  // does not continue the fragments that were sent before it.
  absl::Status Send(const Message& message, const ClientSendOptions& options = {});

  // A message that was encoded for many servers' connections. A client masks each frame, so its
  // payload is sent, compressed or not as was said when it was encoded.
  absl::Status Send(const EncodedMessage& message);

  // One fragment of a message: see Connection::SendFragment. The fragments of one message must come
  // from one thread; until the last one, whole messages are refused.
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            const ClientSendOptions& options = {});

  // A ping, with a payload that distinguishes its pong from others, or with `payload`, at most 125
  // bytes.
  absl::Status SendPing();
  absl::Status SendPing(absl::string_view payload);

  // ---- Receiving ----

  // The next message, or piece of one (ConnectionOptions::stream_messages), valid until the next
  // call of Receive(), or of Close() from the same thread. DeadlineExceeded after `timeout`;
  // nothing is lost then: the next call continues where this one stopped. A timeout of zero returns
  // what has arrived, but reads at most once: a large message takes several calls.
  absl::StatusOr<Message> Receive(absl::Duration timeout = absl::InfiniteDuration());

  // ---- Ending ----

  // As on a session, Close() performs the closing handshake with this code and reason, after the
  // queued messages. A session does not wait for the rest of it, and OnClose follows; this Close()
  // waits. SendClose() only starts the handshake.

  // The closing handshake (section 7.1.2): sends a Close frame after the queued messages, waits for
  // the peer's and for the end of the stream, at most for options.timeouts.close. Messages that
  // arrive meanwhile go to the thread that is in Receive(), or are dropped. `code` and `reason` as
  // in Connection::SendClose.
  //
  // OK if the peer answered with a Close frame, or had closed before, however the stream itself
  // ended. DeadlineExceeded if it did not answer in time, and Unavailable if the stream ended
  // first; the connection has ended in any case.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Starts the closing handshake, and returns when the Close frame is sent. Receive() continues to
  // return what the peer sends, and after the peer's Close frame how the connection ended. Close()
  // waits for the rest; its options.timeouts.close starts with this call. `code` and
  // `reason` as in Connection::SendClose; waits, and fails, as the other Send*() do.
  absl::Status SendClose(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Ends the connection without a closing handshake, as Session::Terminate does: every call that is
  // blocked and every later one returns Cancelled. Sends nothing.
  void Cancel();

  // ---- State ----

  // OK, or why the connection has ended, which every call returns from then on. Only a thread in
  // Receive() or Close() notices that the peer ended it.
  absl::Status status() const {
    const Lock lock = Enter();
    return end_;
  }

  // The subprotocol that the server chose; empty when none.
  const std::string& subprotocol() const { return subprotocol_; }

  // Whether the server accepted compression.
  bool compressed() const { return connection_.compressed(); }

  // peer_address() is the proxy's if there is one.
  const SocketAddress& local_address() const { return local_address_; }
  const SocketAddress& peer_address() const { return peer_address_; }

  // The time from the last answered ping, one of SendPing() or of the keepalive, to its pong;
  // nullopt before the first. A pong is seen only by a thread in Receive(): if there was none, the
  // time until one is there counts too. Pings with an empty `payload`, or with that of another
  // unanswered ping, are not timed.
  std::optional<absl::Duration> round_trip_time() const {
    const Lock lock = Enter();
    return round_trip_.last();
  }

  // How the connection has ended or is ending, and why, as Handler::OnClose receives it: the first
  // cause counts. The code and reason are those of the peer's Close frame; kNoStatus if it had
  // none; those sent to the peer if it broke a rule; kAbnormal if there was no Close frame, or the
  // connection has not ended. The reason is valid as long as the client.
  CloseInfo close_info() const {
    const Lock lock = Enter();
    return close_info_;
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  Client(Stream stream, Notification stop, ClientOptions options);

  Lock Enter() const;
  void LetOthersIn(Lock& lock) const;
  absl::Status WaitOutside(Lock& lock, Interest interest, Deadline deadline);

  void TakeInput(absl::string_view bytes);

  template <typename Queue>
  absl::Status Submit(Queue queue);
  absl::Status QueuePing(absl::string_view payload);
  void Flush();
  absl::Status WaitWritten(Lock& lock, uint64_t position, Deadline deadline);

  absl::Status BecomeReader(Lock& lock, Deadline deadline);
  void StopReading();
  absl::StatusOr<Message> ReadMessage(Lock& lock, Deadline deadline);
  absl::Status Read(Lock& lock, Deadline deadline);
  absl::Status WaitForInput(Lock& lock, Interest wanted, Deadline deadline);
  absl::Status DropMessages(Lock& lock, Deadline deadline);
  absl::Status DrainStream(Lock& lock, Deadline deadline);
  absl::Status CannotReceive(const IoResult& result) const;

  void AwaitClose(Lock& lock);
  void LeaveMessage();
  absl::Status EndWithClose(Lock& lock, const Event& close, Deadline deadline);
  absl::Status QueueClose(CloseCode code, absl::string_view reason);
  absl::Status ClosedHere() const;
  std::string CloseText() const;
  void Blame(ClosedBy by, absl::string_view option = "");
  void ReleaseIdle();
  absl::Status End(absl::Status status);

  static constexpr size_t kScratchBytes = 64 << 10;

  const ClientOptions options_;
  std::string subprotocol_;
  SocketAddress local_address_;
  SocketAddress peer_address_;
  const Notification stop_;  // notified when end_ is set: wakes every waiting call

  // Guards all members below, and is never held while a thread waits. Acquired by Enter().
  mutable std::mutex mutex_;
  mutable std::mutex turn_;
  std::condition_variable changed_;  // reading_ or end_
  Stream stream_;
  std::unique_ptr<char[]> scratch_;  // to read into
  BufferPool pool_;
  Connection connection_;
  Keepalive keepalive_;
  RoundTrip round_trip_;
  bool reading_ = false;  // a thread owns the reading side
  // the thread that received the message in the input, if there is one
  std::thread::id message_of_;
  Buffer left_payload_;  // the memory of the message that another thread held at Close()
  std::unique_ptr<char[]> left_scratch_;
  uint64_t written_ = 0;                      // bytes since the opening handshake
  Interest write_wanted_ = Interest::kWrite;  // by the stream, to write more
  absl::Status write_status_;    // why nothing can be written any more; reading continues
  absl::Status end_;             // why the connection ended
  bool closed_here_ = false;     // the closing handshake was begun by us
  bool closed_cleanly_ = false;  // it was completed, whichever side began it
  Deadline close_deadline_ = Deadline::Never();  // of the closing handshake begun by us
  CloseInfo close_info_;
  bool blamed_ = false;       // the cause in close_info_ is known
  absl::Duration released_;   // when ReleaseIdle() has last released something
  std::string close_reason_;  // set once: close_info() returns a view
};

}  // namespace weft

#endif  // WEFT_CLIENT_CLIENT_H_
