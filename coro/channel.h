// The interface of a session to its coroutines.

#ifndef WEFT_CORO_CHANNEL_H_
#define WEFT_CORO_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/async/client_ref.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/loop/budget.h"
#include "weft/sending/send_options.h"
#include "weft/server/session_ref.h"
#include "weft/server/topics/subscribe_options.h"
#include "weft/transport/address.h"

namespace weft {

struct SessionRequest;

}  // namespace weft

namespace weft::coro::internal {

// One open WebSocket, of either side: coroutines know no other. The methods are those of
// weft::Session, and do not block; coro/handler.cc has a server's, and coro/client_session.cc those
// of a client, which has no topics. For the thread of the coroutines' loop.
class Channel {
 public:
  // Refused without room, whatever the policy of the server or the client.
  virtual absl::Status SendIfRoom(const Message& message) = 0;
  virtual absl::Status Send(const Message& message, const SendOptions& options) = 0;
  virtual absl::Status Send(const EncodedMessage& message, const SendOptions& options) = 0;
  virtual absl::Status SendFragment(Opcode opcode, absl::string_view payload, bool fin,
                                    Compress compress) = 0;
  virtual absl::Status SendPing() = 0;  // SessionState::OnPong follows
  virtual absl::Status Close(CloseCode code, absl::string_view reason) = 0;

  virtual absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options) = 0;
  virtual void Unsubscribe(absl::string_view topic) = 0;
  virtual absl::Status Publish(absl::string_view topic, const EncodedMessage& message,
                               const SendOptions& options) = 0;

  // The bytes that wait to be sent.
  virtual size_t queued_bytes() const = 0;

  // Whether these are at the high mark, so that coroutines wait before they send.
  virtual bool is_high() const = 0;
  virtual void AskForWritable() = 0;  // SessionState::OnWritable follows

  // Takes no more messages from the peer, after those of the present call; and continues. A client
  // does so later: see SessionState::kMaxWaiting.
  virtual void HoldReading() = 0;
  virtual void ResumeReading() = 0;

  // Room for a message that waits. None: there is no memory left, and the session was dropped.
  virtual std::optional<Reservation> Reserve(size_t bytes) = 0;

  virtual std::optional<absl::Duration> round_trip_time() const = 0;
  virtual uint64_t id() const = 0;
  virtual const SocketAddress& peer_address() const = 0;
  virtual absl::string_view subprotocol() const = 0;
  virtual bool compressed() const = 0;
  virtual const SessionRequest* request() const = 0;
  virtual SessionRef ref() = 0;
  virtual ClientRef client_ref() = 0;

 protected:
  ~Channel() = default;
};

}  // namespace weft::coro::internal

#endif  // WEFT_CORO_CHANNEL_H_
