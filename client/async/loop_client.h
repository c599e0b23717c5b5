// A connection of an asynchronous client on its event loop.

#ifndef WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_
#define WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_context.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/loop_connector.h"
#include "weft/client/async/remote_client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/client/connecting/keepalive.h"
#include "weft/client/connecting/round_trip.h"
#include "weft/core/connection.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/event_loop.h"
#include "weft/sending/outbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/waiting_message.h"
#include "weft/transport/address.h"
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
class LoopClient final : public RemoteClient, public EventSource {
 public:
  LoopClient(ClientContext& context, absl::string_view url, ClientOptions options,
             std::unique_ptr<ClientHandler> handler, std::shared_ptr<ClientRef::Shared> shared);
  ~LoopClient() override;

  // ---- For the worker ----

  void Start();

  // At the end of a turn for which FlushLater() was called.
  void OnEndOfTurn();

  // The worker is drained, or ends: closes an open connection with a Close frame, or without one;
  // stops connecting with `why`.
  void GoAway(const absl::Status& why);
  void Abort(const absl::Status& why);

  // At the end of the turn of ClientOwner::DestroyLater(): the last call of the handler.
  void End();

  // Its place among the worker's connections.
  size_t index() const { return index_; }
  void set_index(size_t index) { index_ = index; }

  // ---- RemoteClient ----

  void SendReserved(WaitingMessage message, const SendOptions& options) override;
  void Disconnect() override;
  void CloseOrCancel(CloseCode code, absl::string_view reason) override;
  void RunPosted(absl::AnyInvocable<void(AsyncClient&)> callback) override;

  // ---- AsyncClient ----

  absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                            Compress compress) override;
  absl::Status SendPing(absl::string_view payload) override;
  absl::Status Close(CloseCode code, absl::string_view reason) override;
  void Terminate() override;
  absl::Status status() const override;
  absl::string_view subprotocol() const override { return subprotocol_; }
  bool compressed() const override { return connection().compressed(); }
  const SocketAddress& local_address() const override { return local_; }
  const SocketAddress& peer_address() const override { return peer_; }
  size_t queued_bytes() const override { return outbox_.queued_bytes(); }
  std::optional<absl::Duration> round_trip_time() const override { return round_trip_.last(); }
  ClientRef ref() const override { return ClientRef(shared_); }

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
  absl::Duration now() { return absl::Milliseconds(loop().now_ms()); }
  bool holds_stream() const { return stream_.is_open(); }

  // Connecting.
  void OnConnected(absl::StatusOr<Connector::Result> result);
  void Fail(const absl::Status& error);
  void Receive(absl::string_view bytes);

  // Reading.
  void ReadOnce();
  void Discard();
  void Deliver();
  template <typename Call>
  void CallHandler(const char* what, Call call);
  void FailHandler();
  void TakeEnd(CloseCode code, absl::string_view reason);

  // Writing.
  absl::Status DidSend(absl::Status status);
  absl::Status QueuePing(absl::string_view payload);
  void FlushLater();
  void Flush();
  bool Write();
  void TellWritable();

  // After each step.
  void Settle();
  void SetInterest(Poller::Interest interest);
  void ArmTimer();

  // The end. The first cause counts; `option` is a literal.
  void Blame(ClosedBy by, absl::string_view option = "");
  void BlameConnection(CloseCode code);
  void Drop(absl::string_view why);
  void NotifyClosed(CloseCode code, absl::string_view reason);

  ClientContext& context_;
  const ClientOptions options_;
  const std::string url_;
  const std::unique_ptr<ClientHandler> handler_;
  const std::shared_ptr<ClientRef::Shared> shared_;
  size_t index_ = 0;
  std::unique_ptr<LoopConnector> connector_;  // while connecting
  Stream stream_;
  Poller::Interest interest_ = Poller::kRead;
  SocketAddress local_, peer_;
  std::string subprotocol_;
  Outbox outbox_;
  Keepalive keepalive_;
  RoundTrip round_trip_;
  bool opened_ = false;            // OnOpen was called
  bool in_callback_ = false;       // Flush() follows
  bool flush_queued_ = false;      // OnEndOfTurn follows
  bool paused_ = false;            // nothing is read: too much is queued
  bool has_more_ = false;          // TLS holds bytes that the socket does not announce
  bool read_needs_write_ = false;  // TLS has to write before it can read
  bool input_ended_ = false;
  bool closing_ = false;  // until close_deadline_ms_
  bool close_notified_ = false;
  bool shut_down_ = false;  // the output has ended
  bool gone_ = false;       // End() follows
  bool blamed_ = false;
  int64_t close_deadline_ms_ = 0;
  CloseInfo info_;
  std::string reason_;  // of info_
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_LOOP_CLIENT_H_
