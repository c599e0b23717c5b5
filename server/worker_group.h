// The workers of a server, as each of them sees the others.

#ifndef WEFT_SERVER_WORKER_GROUP_H_
#define WEFT_SERVER_WORKER_GROUP_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/exception_guard.h"
#include "weft/server/http/page.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/topics/topic_directory.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"

namespace weft {

class LoopContext;
class Worker;

// What the workers of a server share. Thread-safe.
class WorkerGroup : public ServerStatus {
 public:
  // `from` accepted a connection: some worker takes it.
  virtual void Assign(Worker* from, Stream stream, const SocketAddress& peer) = 0;

  // A client that was assigned, and not to be refused, is gone.
  virtual void Leave(const SocketAddress& peer) = 0;

  // To the subscribers on every loop but `from`, which may be null. ResourceExhausted where too
  // much waits for some loops: their subscribers miss the message.
  virtual absl::Status PublishToOthers(const LoopContext* from, absl::string_view topic,
                                       const EncodedMessage& message,
                                       const SendOptions& options) = 0;

  virtual TopicDirectory& topics() = 0;

  // The threads that call the sessions' handlers; null: their loops do.
  virtual ThreadPool* handler_pool() = 0;

  // Whether a connection with this address at the server's end came to an endpoint on a loopback
  // address, as opposed to one on all addresses.
  virtual bool IsLoopbackEndpoint(const SocketAddress& local) const = 0;

  // The application's code is called through it.
  virtual ExceptionGuard& guard() = 0;
};

}  // namespace weft

#endif  // WEFT_SERVER_WORKER_GROUP_H_
