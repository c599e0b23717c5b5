// The server's side of one open WebSocket.

#ifndef WEFT_SERVER_SESSION_H_
#define WEFT_SERVER_SESSION_H_

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/message.h"
#include "weft/server/handler.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/sending/send_queue.h"
#include "weft/server/served_stream.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/topics.h"
#include "weft/transport/address.h"

namespace weft {

struct AcceptedUpgrade;
class PooledHandler;
class PublishBatch;
class RateLimiter;

// A handler is given its session with each callback and may use it until OnClose returns, in its
// callbacks only; ref() is for all else. What is sent during a callback leaves when it returns, in
// one write with the answers to what else was read.
//
// With ServerOptions::handler_threads the callbacks run elsewhere, and each method does what is
// said here by way of the session's loop, in the order of the calls and without waiting for it: a
// send that is OK has room and is on its way, SendOptions::timeout says how long to wait for room,
// and what it is too late for when it arrives, since the session has ended meanwhile, is lost, as
// with a SessionRef.
//
//   void OnMessage(Session& session, const Message& message) override {
//     session.Send(message).IgnoreError();   // an echo
//   }
class Session final : private ServedStream {
 public:
  ~Session() override;

  // Queues a message. FailedPrecondition once the session is closing, ResourceExhausted when its
  // queue is full (ServerOptions::max_send_queue_bytes; SendOptions say what else may become of it
  // then), InvalidArgument for text that is not UTF-8; nothing was sent then. A large payload is
  // written at once, without a copy unless it is compressed; what the socket does not take of it is
  // copied.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes) {
    return SendMessage(Opcode::kText, text, compress);
  }
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes) {
    return SendMessage(Opcode::kBinary, data, compress);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           Compress compress = Compress::kYes);

  absl::Status SendText(absl::string_view text, const SendOptions& options) {
    return SendWaiting({.opcode = Opcode::kText, .payload = text}, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options) {
    return SendWaiting({.opcode = Opcode::kBinary, .payload = data}, options);
  }

  // The same for a payload that is handed over, as by std::move, or shared: a large one is never
  // copied, however long it has to wait. A shared one must not be changed.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) {
    return SendWaiting({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) {
    return SendWaiting({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text, const SendOptions& options = {}) {
    return SendWaiting({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  absl::Status SendBinary(std::shared_ptr<const std::string> data,
                          const SendOptions& options = {}) {
    return SendWaiting({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }

  // The same message back: a whole one whole, a piece as a fragment.
  absl::Status Send(const Message& message, Compress compress = Compress::kYes);
  absl::Status Send(const Message& message, const SendOptions& options);

  // A message that was encoded once, for many sessions; whether it is compressed was said then.
  absl::Status Send(const EncodedMessage& message, const SendOptions& options = {});

  // One fragment of a message: see Connection::SendFragment. Whole messages that are sent or
  // published to this session before the last one wait for it. ResourceExhausted when there is no
  // room, whatever ServerOptions::when_full says.
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress = Compress::kYes);

  // An empty one measures round_trip_time(), as the server's own do.
  absl::Status SendPing(absl::string_view payload = "");

  // Starts the closing handshake; OnClose follows when it is done, or took too long. See
  // Connection::SendClose.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "");

  // Closes the socket without a closing handshake; OnClose follows, with kAbnormal, at the end of
  // this turn of the loop. May be called anywhere, also in OnClose.
  void Terminate();

  // Receives what is published to `topic` from now on. Idempotent. InvalidArgument for a name of
  // more than ServerOptions::max_topic_bytes, ResourceExhausted past max_topics_per_session,
  // FailedPrecondition once the session has ended. From a handler thread only the name is looked at
  // before it returns.
  absl::Status Subscribe(absl::string_view topic);
  void Unsubscribe(absl::string_view topic);

  // To every subscriber of `topic` on every thread, this session too if it is one: see
  // Server::Publish.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       Compress compress = Compress::kYes) {
    return Publish(topic, opcode, payload, SendOptions{.compress = compress});
  }
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options);
  absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                       const SendOptions& options = {});

  // As Server::subscribers.
  size_t subscribers(absl::string_view topic) const;

  // Different for every session of a server.
  uint64_t id() const { return id_; }
  const SocketAddress& peer_address() const { return peer_; }

  // Whether the client and the server agreed to compress.
  bool compressed() const { return connection_.compressed(); }

  // Bytes that wait to be sent, with what it costs to keep them waiting.
  size_t queued_bytes() const {
    if (pooled_ != nullptr && OffLoop()) return QueuedBytesOffLoop();
    return connection_.queued_bytes() + (waiting_ != nullptr ? waiting_->bytes() : 0);
  }

  // How long the client's last answer to an empty ping took, in whole milliseconds: the way there
  // and back, behind what was queued before it. None before the first. A client is pinged when it
  // has been silent for ServerOptions::ping_interval; for one that never is, use SendPing().
  std::optional<absl::Duration> round_trip_time() const {
    const int32_t ms = round_trip_ms_.load(std::memory_order_relaxed);
    if (ms < 0) return std::nullopt;
    return absl::Milliseconds(ms);
  }

  // For other threads, and to outlive the session.
  SessionRef ref();

 private:
  friend class HttpConnection;
  friend class PooledHandler;
  friend class ServedStream;
  friend class SessionRef;
  friend class Worker;

  // So much is gathered during a callback before it is written.
  static constexpr size_t kWriteFrom = 64 << 10;

  Session(Worker& worker, Client client);

  // Begins: the answer to the upgrade is sent, and `bytes` came behind the request. `more`: TLS,
  // there is more to read that the socket does not announce.
  void Open(AcceptedUpgrade upgrade, absl::string_view bytes, bool more);

  // EventSource.
  void OnReadable() override;
  void OnWritable() override;
  void OnTimer() override;
  void ReadOnce();
  void HeardFromPeer();
  void OnPong(absl::string_view payload);
  bool WaitsForPong() const { return ping_.IsAfter(heard_); }

  // A message that has begun: when it did, or when its rate was last looked at, and what there was
  // of it.
  void WatchUnfinished(bool is_new);
  [[gnu::noinline]] void StartStretch();
  bool IsTooSlow();

  // Reading.
  void Receive(absl::string_view bytes);
  void Deliver();
  [[gnu::cold, gnu::noinline]] void HandlerFailed();
  [[gnu::cold, gnu::noinline]] void TakeEnd(CloseCode code, absl::string_view reason);
  void EndNow(CloseCode code, absl::string_view reason);

  // With ServerOptions::handler_threads, in session_pooled.cc: whether the caller is the handler,
  // on its thread. Else nothing is read between Hold and Resume: the handler is behind.
  bool OffLoop() const;
  size_t QueuedBytesOffLoop() const;
  void UsePool();
  void Hold();
  void Resume();
  void ExcuseForHandler();
  void HandlerIsDone();

  // Rates: see RateLimiter. Where there is one, these are asked for each read, for each event
  // (false: it is one too many, and the session has ended), and whether to wait before the next
  // read.
  void CountBytes(size_t bytes);
  bool CountEvent(const Event& event);
  bool IsOverRate();
  void Refuse(CloseCode code, const char* why);

  // Sending, in session_send.cc. A message goes straight to the connection, or waits until that can
  // take it: behind others that wait, or until a fragmented message ends; and, where the socket
  // takes no more, if it may be dropped or replaced later, or is large and need not be copied.
  bool GoesStraight(size_t payload_size) const;
  bool GoesStraight(absl::string_view frames, const SendOptions& options) const;
  bool Waits(const WaitingMessage& message, absl::string_view key) const;
  [[gnu::cold, gnu::noinline]] absl::Status SendPiece(const Message& message, Compress compress);
  [[gnu::cold, gnu::noinline]] absl::Status SendSlowly(Opcode opcode, absl::string_view payload,
                                                       Compress compress);
  absl::Status QueueWhole(Opcode opcode, absl::string_view payload, Compress compress);
  [[gnu::noinline]] absl::Status QueueLarge(Opcode opcode, absl::string_view payload,
                                            Compress compress);
  absl::Status ToConnection(WaitingMessage message);
  [[gnu::noinline]] absl::Status SendWaiting(WaitingMessage message, const SendOptions& options);
  absl::Status Queue(WaitingMessage message, absl::string_view key);
  absl::Status QueueFragment(Opcode opcode, absl::string_view payload, bool fin, Compress compress);
  void SendPosted(WaitingMessage message, const SendOptions& options);
  void SendPublished(const PublishBatch& batch, const SendOptions& options);
  std::shared_ptr<const void> Hold(WaitingMessage& message);

  // The room for messages. What SessionRef took has its room already.
  size_t PostedBytes() const { return shared_ != nullptr ? shared_->posted_bytes.load() : 0; }
  size_t LimitOf(const SendOptions& options) const;
  bool FindRoom(const WaitingMessage& message, bool waits, const SendOptions& options);
  absl::Status CheckOpen() const;
  absl::Status StartSend();
  absl::Status StartSend(size_t payload_size);
  absl::Status NoRoom(size_t payload_size, size_t limit);
  absl::Status Overflow(size_t payload_size, WhenFull when_full, size_t limit);
  void Disconnect();
  void MarkFull();
  bool TellsWritable() const;
  void TellWritable();
  void TellWhenWritable();

  // What waits.
  void MoveWaiting(size_t until);
  void SendBeforeTheEnd();
  void DropWaiting(DropReason why);
  void UpdateIndirect() {
    if (pooled_ != nullptr) return;
    indirect_ = write_blocked_ || waiting_ != nullptr || connection_.in_fragmented_message();
  }

  // Writing. Write returns whether the socket took anything.
  void AfterSend() {
    const bool now = !in_callback_ || connection_.queued_bytes() >= kWriteFrom;
    if (now || shared_ != nullptr) WriteSoon();
  }
  void AfterMessage();
  [[gnu::noinline]] void WriteSoon();
  void FlushLater();
  void FlushNow();
  void Flush();
  bool Write();

  // Keeps the worker's account of memory; closes the session when there is no more.
  using ServedStream::Account;
  void Account();
  void OutOfMemory() override;
  size_t held_bytes() const override;

  // What follows from the state the connection is in now: interest, timer, the end.
  void Settle();
  void ArmTimer();
  void CheckSilence();

  // Ending.
  void GoAway(CloseCode code, absl::string_view reason) override;
  void OnGone() override;
  bool End() override;
  void NotifyClosed(CloseCode code, absl::string_view reason);

  bool in_callback_ = false;    // a flush follows
  bool flush_queued_ = false;   // the worker flushes at the end of the turn
  bool write_blocked_ = false;  // the socket takes no more
  bool indirect_ = false;       // write_blocked_, or messages wait, or have to; if pooled_, always
  bool was_full_ = false;       // OnWritable is due once the queue is at the low mark
  bool read_writes_ = false;    // TLS: a read waits until the socket takes more
  bool more_ = false;           // TLS: something can be read that the socket does not announce
  bool paused_ = false;         // nothing is read: too much is queued, or one of the next two
  bool held_ = false;           // the handler has too much to do
  bool over_rate_ = false;      // the client was too fast: nothing is read
  bool ended_ = false;          // the client's stream: there is nothing to read any more
  bool closing_ = false;        // the closing handshake began at since_
  bool close_notified_ = false;
  bool handler_done_ = false;                // pooled_ calls it no more
  std::atomic<int32_t> round_trip_ms_ = -1;  // none was measured
  Moment heard_;                             // when the client last sent or took a byte
  Moment message_;                           // when the last message came, if one did
  Moment unfinished_;                        // when the stretch began: ServerOptions::message_grace
  size_t unfinished_bytes_ = 0;              // of the message that had come then
  Moment ping_;  // when an empty ping was sent that has no pong, if one was
  std::unique_ptr<Handler> handler_;
  PooledHandler* pooled_ = nullptr;  // handler_, where a pool has the application's
  Connection connection_;
  std::unique_ptr<RateLimiter> rates_;          // null: no limit
  std::shared_ptr<SessionRef::Shared> shared_;  // made when first asked for
  Topics::Subscriptions subscriptions_;
  std::unique_ptr<SendQueue> waiting_;  // null: nothing waits, as mostly
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_H_
