// The interface by which the workers of a server reach each other.

#ifndef WEFT_SERVER_WORKER_GROUP_H_
#define WEFT_SERVER_WORKER_GROUP_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/thread_pool.h"
#include "weft/sending/send_options.h"
#include "weft/server/running_server.h"
#include "weft/server/topics/topic_brokers.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft {

class LoopContext;
class Worker;

// Beyond max_connections, and of one address beyond max_connections_per_address, up to this many
// connections of a server are kept just to answer 503 or 429; more are closed at once.
inline constexpr size_t kRefusedAtOnce = 256;

// A connection that was accepted.
struct Arrival {
  Stream stream{};
  SocketAddress peer{};

  // The PROXY protocol is expected; then TLS starts after its header, if `tls` is not null.
  bool awaits_proxy_header = false;
  std::shared_ptr<TlsContext> tls{};
};

// The state that the workers of a server share. Thread-safe.
class WorkerGroup : public RunningServer {
 public:
  // Gives a connection that `from` has accepted to one of the workers.
  virtual void Assign(Worker* from, Arrival arrival) = 0;

  // The number of connections of all workers that only wait for their refusal.
  virtual std::atomic<size_t>& refusing() = 0;

  // Counts one more client of the address of `peer`, for LoopContext::Enter(); false, without
  // counting it, if there are ServerLimits::max_connections_per_address. Leave() is called when it
  // has ended.
  virtual bool Enter(const SocketAddress& peer) = 0;
  virtual void Leave(const SocketAddress& peer) = 0;

  // Publishes to the subscribers on every loop but `from`, which may be null. ResourceExhausted if
  // too much waits for some loops: their subscribers miss the message.
  virtual absl::Status PublishToOthers(const LoopContext* from, absl::string_view topic,
                                       const EncodedMessage& message,
                                       const SendOptions& options) = 0;

  virtual TopicDirectory& topics() = 0;

  // Null if no topic goes through a broker: without ServerHooks::topic_options.
  virtual TopicBrokers* topic_brokers() = 0;

  // The threads that call the handlers; null if the loops call them.
  virtual ThreadPool* handler_pool() = 0;

  // Whether `worker`, which has no stream left, may end its loop. It is asked at the end of each
  // turn: the group wakes it when the answer changes.
  virtual bool MayEnd(const Worker* worker) = 0;

  // Whether the connection `fd` came to an endpoint on a loopback address, as opposed to one on all
  // addresses.
  virtual bool CameByLoopback(int fd) const = 0;

  // Calls the application's code.
  virtual ExceptionGuard& guard() = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_WORKER_GROUP_H_
