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
#include "weft/client/client_options.h"
#include "weft/client/keepalive.h"
#include "weft/client/round_trip.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
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
// ReconnectingClient (reconnecting_client.h) makes another when one is lost.
//
// Threads: one may be in Receive() while others send, close and cancel. A thread of the library's
// own there is none: pings are answered, the peer's end noticed and keepalive pings sent while
// somebody is in Receive(), so a client that lives long should mostly be there.
//
// When the connection has ended, for whatever reason, every call returns that reason:
//   Unavailable          the peer closed (close_code() and close_reason() say how), went away, or
//                        was silent for too long
//   InvalidArgument,     the peer broke RFC 6455, or a limit of ours; it was told so with a Close
//   ResourceExhausted    frame
//   FailedPrecondition   Close() or SendClose() was called here
//   DeadlineExceeded     the same, and the peer did not answer
//   Cancelled            Cancel() was called here
class Client {
 public:
  // Connects to a ws:// or wss:// URL, or the like for a Unix socket (core/http/url.h), through a
  // proxy where options.proxy says so, and performs the opening handshake (section 4.1), all within
  // options.connect_timeout.
  //
  // Errors say which step failed, with whom, and why: InvalidArgument for a URL, header or
  // subprotocol that cannot be sent, Unauthenticated for a certificate that is not to be trusted
  // (Stream::Error), DeadlineExceeded, Cancelled (options.cancel), and the errors of the network
  // and of proxies. A server that refuses is quoted, "... answered HTTP 403 Forbidden ..." with the
  // start of its body, under the code that comes nearest (403: PermissionDenied); RefusalOf
  // (weft/core/http/http_refusal.h) gives its answer: status, headers and more of the body.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(absl::string_view url,
                                                         ClientOptions options = {});

  // Closes the socket at once, without a closing handshake. No other thread may be in a call.
  ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- Sending ----
  // Each waits until the socket has taken all of it, at most for options.send_timeout:
  //   OK                   the system has it
  //   DeadlineExceeded     the peer does not read. What was not written yet stays queued, and later
  //                        calls of Send*(), Receive() and Close() go on with it: do not send it
  //                        again
  //   ResourceExhausted    the peer does not read, and an earlier message is still queued: nothing
  //                        of this one was sent
  //   InvalidArgument, FailedPrecondition   as Connection says; nothing was sent
  //
  // They wait for room only, and do not read meanwhile: where both sides send more than the network
  // between them holds before they read, one side needs a second thread that receives.

  // A whole message in one frame.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes);
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes);

  // One fragment of a message: see Connection::SendFragment. The fragments of one message come from
  // one thread; until its last, whole messages are refused.
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress = Compress::kYes);

  // A ping, with a payload that tells its pong from others, or with `payload`, at most 125 bytes.
  absl::Status SendPing();
  absl::Status SendPing(absl::string_view payload);

  // ---- Receiving ----

  // The next message, or piece of one (ConnectionOptions::stream_messages), valid until the next
  // call of Receive(), or of Close() from the same thread. DeadlineExceeded after `timeout`, and
  // then nothing is lost: the next call goes on where this one stopped. Zero takes what has
  // arrived, but reads once at most: a large message takes several calls.
  absl::StatusOr<Message> Receive(absl::Duration timeout = absl::InfiniteDuration());

  // ---- Ending ----

  // Begins the closing handshake, behind what is queued. Receive() goes on to give what the peer
  // sends, and returns how the connection ended after the peer's Close frame. Who does not want to
  // wait for that any longer calls Close(), whose time began here. `code` and `reason` as in
  // Connection::SendClose; waits, and fails, as the other Send*() do.
  absl::Status SendClose(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // The closing handshake (section 7.1.2): sends a Close frame behind what is queued, waits for the
  // peer's and for the end of the stream, at most for options.close_timeout. Messages that arrive
  // meanwhile go to the thread that is in Receive(), or are dropped. `code` and `reason` as in
  // Connection::SendClose.
  //
  // OK when the peer answered with a Close frame, or had closed before, however the stream itself
  // ended. DeadlineExceeded when it did not in time, and Unavailable when the stream ended first;
  // the connection has ended all the same.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Makes every call that is blocked and every later one return Cancelled. Sends nothing.
  void Cancel();

  // ---- State ----

  // OK, or why the connection has ended, which every call returns from then on. Only who is in
  // Receive() or Close() notices that the peer ended it.
  absl::Status status() const;

  // The subprotocol that the server chose; empty when none.
  const std::string& subprotocol() const { return subprotocol_; }

  // Whether the server agreed to compress.
  bool compressed() const { return connection_.compressed(); }

  // peer_address() is the proxy's where there is one.
  const SocketAddress& local_address() const { return local_address_; }
  const SocketAddress& peer_address() const { return peer_address_; }

  // From the ping that was answered last, one of SendPing() or of the keepalive, to its pong;
  // nullopt before the first. A pong is seen by who is in Receive(): where nobody was, the time
  // until somebody is counts too. Not timed are pings with an empty `payload`, or one that another
  // unanswered ping carries.
  std::optional<absl::Duration> round_trip_time() const;

  // How the connection ended: the code and reason of the peer's Close frame; kNoStatus when it had
  // none; what the peer was told when it broke a rule. kAbnormal when there was no Close frame, or
  // the connection has not ended.
  CloseCode close_code() const;
  std::string close_reason() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  Client(Stream stream, Notification stop, ClientOptions options);

  Lock Enter() const;
  void LetOthersIn(Lock& lock) const;
  absl::Status WaitOutside(Lock& lock, Interest interest, Deadline deadline);

  void TakeInput(absl::string_view bytes);

  template <typename Queue>
  absl::Status Send(Queue queue);
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
  absl::Status End(absl::Status status);

  static constexpr size_t kScratchBytes = 64 << 10;

  const ClientOptions options_;
  std::string subprotocol_;
  SocketAddress local_address_;
  SocketAddress peer_address_;
  const Notification stop_;  // notified when end_ is set: wakes every wait

  // Guards all below, and is never held while a thread waits. Taken by Enter().
  mutable std::mutex mutex_;
  mutable std::mutex turn_;
  std::condition_variable changed_;  // reading_ or end_
  Stream stream_;
  std::unique_ptr<char[]> scratch_;  // to read into
  BufferPool pool_;
  Connection connection_;
  Keepalive keepalive_;
  RoundTrip round_trip_;
  bool reading_ = false;        // a thread has the reading end
  std::thread::id message_of_;  // who was given the message that lies in the input, if one does
  Buffer left_payload_;         // where the message lies that another thread held at Close()
  std::unique_ptr<char[]> left_scratch_;
  uint64_t written_ = 0;                      // bytes, since the opening handshake
  Interest write_wanted_ = Interest::kWrite;  // by the stream, to write more
  absl::Status write_status_;    // why nothing can be written any more; reading goes on
  absl::Status end_;             // why the connection ended
  bool closed_here_ = false;     // the closing handshake was begun here
  bool closed_cleanly_ = false;  // and whoever began it, it was completed
  Deadline close_deadline_ = Deadline::Never();  // of the closing handshake that was begun here
  CloseCode close_code_ = CloseCode::kAbnormal;
  std::string close_reason_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CLIENT_H_
