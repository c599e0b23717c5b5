// A connection of an asynchronous client on its event loop.

#ifndef WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_
#define WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_context.h"
#include "weft/client/async/client_groups.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/loop_connector.h"
#include "weft/client/async/remote_client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/client/connecting/round_trip.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/deadline_queue.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/moment.h"
#include "weft/sending/callbacks.h"
#include "weft/sending/outbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft {

// Connects, then reads the stream, calls the handler, writes the output of the Outbox, and watches
// the time limits. For the loop's thread.
//
//   state       handler is called  sends  left by
//   connecting  OnFailed, once     no     the connector's result
//   open        yes                yes    Close(), the server's Close, a broken rule, a timeout
//   closing     yes                no     the server's Close or the end of its stream,
//                                         timeouts.close
//   ended       OnClose, once      no     the end of the server's stream, timeouts.close
//   gone        OnClose, if not    no     the end of the turn
//               before
//
// A second state, which each read sets, says when the next read is, unless paused_ is set:
//
//   Input        the next read is                                         left by
//   kAwaited     when the socket is readable                              a read
//   kMore        at once: TLS holds bytes that the socket does not        a read
//                announce
//   kNeedsWrite  when the socket is writable: TLS has to write first      a read
//   kEnded       none: the end of the stream, or an error, was read       -
class LoopClient final : public RemoteClient, public EventSource {
 public:
  LoopClient(ClientContext& context, absl::string_view url, ClientOptions options,
             std::unique_ptr<ClientHandler> handler, std::shared_ptr<ClientRef::Shared> shared);
  ~LoopClient() override;

  // Of a new connection. Any thread.
  static std::shared_ptr<ClientRef::Shared> MakeShared(ClientContext& context);

  // ---- For the worker ----

  void Start();

  // At the end of a turn for which FlushLater() was called.
  void OnEndOfTurn();

  // The worker is drained, or ends: closes an open connection with a Close frame, or without one;
  // stops connecting with `why`.
  void GoAway(const absl::Status& why);
  void Abort(const absl::Status& why);

  // All connections together hold too much memory, and this one holds the most: drops it.
  void OutOfMemory();

  // The bytes that the server is responsible for: those that it sent of an unfinished message, and
  // those that it has not read. Not the sizes of buffers.
  size_t held_bytes() const;

  // At the end of the turn of ClientOwner::DestroyLater(): the last call of the handler.
  void End();

  // Its place among the worker's connections.
  size_t index() const { return index_; }
  void set_index(size_t index) { index_ = static_cast<uint32_t>(index); }

  // ---- RemoteClient ----

  void SendReserved(WaitingMessage message, const SendOptions& options) override;
  void Disconnect() override;
  void CloseOrCancel(CloseCode code, absl::string_view reason) override;
  void RunPosted(ClientCallback callback) override;
  void SendReservedFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  void SendReservedPing() override;
  void HoldReading() override;
  void ResumeReading() override;
  void AskForWritable() override;

  // ---- AsyncClient ----

  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const SendOptions& options) override;
  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing(absl::string_view payload) override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  void Terminate() override;
  absl::StatusOr<TimerId> RunAfter(absl::Duration delay, ClientCallback callback) override;
  bool CancelTimer(TimerId timer) override;
  absl::Status status() const override;
  absl::string_view subprotocol() const override {
    return extras_ == nullptr ? absl::string_view() : extras_->subprotocol;
  }
  bool compressed() const override { return connection().compressed(); }
  const SocketAddress& local_address() const override { return local_; }
  const SocketAddress& peer_address() const override { return peer_; }
  size_t queued_bytes() const override { return outbox_.queued_bytes(); }
  std::optional<absl::Duration> round_trip_time() const override {
    return round_trip_ms_ < 0 ? std::nullopt : std::optional(absl::Milliseconds(round_trip_ms_));
  }
  ClientRef ref() override;

 private:
  // EventSource.
  void OnReadable() override;
  void OnWritable() override;
  void OnTimer() override;

  // AsyncClient.
  absl::Status Submit(WaitingMessage message, const SendOptions& options) override;
  bool in_fragmented_message() const override { return connection().in_fragmented_message(); }

  Connection& connection() { return outbox_.connection(); }
  const Connection& connection() const { return outbox_.connection(); }
  EventLoop& loop() { return context_.loop(); }
  int64_t now_ms() { return context_.loop().now_ms(); }
  ClientGroup& group() const { return static_cast<ClientGroup&>(connection().group()); }
  bool holds_stream() const { return stream_.is_open(); }
  void HeardFromPeer() { heard_ = Moment(now_ms()); }
  bool WaitsForPong() const { return ping_.IsAfter(heard_); }
  bool HasMore() const { return input_ == StreamInput::kMore && !paused_; }
  bool holds_reading() const { return held_ && !close_notified_; }
  bool serves() const { return holds_stream() && !close_notified_; }

  // Connecting.
  void OnConnected(absl::StatusOr<Connector::Result> result);
  absl::Status ReserveCompression(const std::string& url);
  void Fail(const absl::Status& error);
  void Receive(absl::string_view bytes);

  // Reading.
  void ReadOnce();
  void TakeInput(const IoResult& result);
  [[gnu::cold, gnu::noinline]] void LoseHeld();
  [[gnu::noinline]] void OnPong(absl::string_view payload);
  void Discard();
  void Deliver();
  template <typename Call>
  void CallHandler(const char* what, Call call) {
    if (!context_.guard().Run(what, call)) FailHandler();
  }
  void RunCallback(const char* what, ClientCallback callback);
  void OnCallbacksDue();
  [[gnu::cold, gnu::noinline]] void FailHandler();
  [[gnu::cold, gnu::noinline]] void TakeEnd(CloseCode code, absl::string_view reason);

  // Writing.
  absl::Status DidSend(absl::Status status);
  absl::Status QueuePing(absl::string_view payload, bool reserved = false);
  void FlushLater();
  void Flush();
  bool Write();
  void TellWritable();

  // After each step.
  void Account();

  // Whether Settle() would change nothing after Connection::Rest(), as after most reads. It depends
  // on the outbox and input_, which are checked here, and on held_ and the bytes that other threads
  // see as queued: a change of one of these clears settled_.
  bool IsSettled() const {
    return settled_ && input_ == StreamInput::kAwaited && outbox_.is_plain();
  }
  [[gnu::noinline]] void Settle();
  void SetInterest(Poller::Interest interest);
  void ArmTimer();
  void CheckSilence();

  // The end. The first cause counts; `option` is a literal.
  struct Ending {
    CloseInfo info;
    std::string reason;  // of `info`
  };
  void LogInfo(absl::string_view text);
  void Blame(ClosedBy by, absl::string_view option = "");
  void BlameConnection(CloseCode code);
  void BlameRest();
  [[gnu::cold, gnu::noinline]] void LoseBy(const IoResult& failed);
  void Drop(absl::string_view why);
  void NotifyClosed(CloseCode code, absl::string_view reason);

  // The options that an open connection needs, if the application has hooks.
  struct Hooks {
    ClientHooks hooks;
    std::string url;
  };

  // The fields that few open connections need at a time.
  struct Extras {
    explicit Extras(std::unique_ptr<LoopConnector> connector = nullptr)
        : connector(std::move(connector)) {}

    std::unique_ptr<LoopConnector> connector;   // with the options; while connecting
    std::shared_ptr<ClientRef::Shared> shared;  // null: nothing refers to this
    std::unique_ptr<const Hooks> hooks;         // null: none
    std::string subprotocol;
    std::unique_ptr<RoundTrip> pings;                     // of SendPing(); null: none
    std::unique_ptr<CallbackTimers<AsyncClient>> timers;  // null until there is one
    std::unique_ptr<Ending> ending;                       // null until something ends it
    int64_t close_deadline_ms = 0;                        // while closing_

    bool used() const {
      return connector != nullptr || shared != nullptr || hooks != nullptr ||
             !subprotocol.empty() || pings != nullptr || timers != nullptr || ending != nullptr ||
             close_deadline_ms != 0;
    }
  };
  Extras& extras() {
    if (extras_ == nullptr) AddExtras();
    return *extras_;
  }
  [[gnu::cold, gnu::noinline]] void AddExtras() { extras_ = std::make_unique<Extras>(); }

  // Frees what nothing needs any more. Not inside a callback.
  void ReleaseUnused();

  // These are null if there is none.
  LoopConnector* connector() const {
    return extras_ == nullptr ? nullptr : extras_->connector.get();
  }
  const Hooks* hooks() const { return extras_ == nullptr ? nullptr : extras_->hooks.get(); }
  Ending* ending() const { return extras_ == nullptr ? nullptr : extras_->ending.get(); }
  CallbackTimers<AsyncClient>* timers() const {
    return extras_ == nullptr ? nullptr : extras_->timers.get();
  }

  ClientContext& context_;
  [[no_unique_address]] Stream stream_;
  Poller::Interest interest_ = Poller::kRead;
  uint32_t index_ = 0;
  uint32_t accounted_bytes_ = 0;  // in the account, with compression_bytes_; at most 4 GiB
  const std::unique_ptr<ClientHandler> handler_;
  std::unique_ptr<Extras> extras_;  // null: none is needed
  SocketAddress local_, peer_;
  Moment heard_;  // when the server last sent or took a byte
  Moment ping_;   // when the ping that asks whether the server is alive was sent, if it has no pong
  [[no_unique_address]] Outbox outbox_;
  StreamInput input_ : 2 = StreamInput::kAwaited;
  bool opened_ : 1 = false;        // OnOpen was called
  bool in_callback_ : 1 = false;   // Flush() follows
  bool flush_queued_ : 1 = false;  // OnEndOfTurn follows
  bool settled_ : 1 = false;       // the last Settle() left an idle connection: see IsSettled()
  bool paused_ : 1 = false;        // nothing is read: too much is queued, or held_
  bool held_ : 1 = false;          // too much waits for the handler
  bool resumed_ : 1 = false;       // OnEndOfTurn delivers what was read before
  bool closing_ : 1 = false;       // until extras_->close_deadline_ms
  bool close_notified_ : 1 = false;
  bool shut_down_ : 1 = false;      // the output has ended
  bool gone_ : 1 = false;           // End() follows
  int32_t round_trip_ms_ = -1;      // -1: none was measured
  uint32_t compression_bytes_ = 0;  // of all compressors
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_
