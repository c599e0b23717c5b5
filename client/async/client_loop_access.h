// The methods of a ClientLoop for coroutines, besides its public ones.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_LOOP_ACCESS_H_
#define WEFT_CLIENT_ASYNC_CLIENT_LOOP_ACCESS_H_

#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/connecting/client_options.h"

namespace weft {

class ClientWorker;

// Any thread.
class ClientLoopAccess {
 public:
  static const ClientLoopOptions& OptionsOf(const ClientLoop& loop) { return loop.options_; }

  // The worker whose turn it is to get a connection or a task.
  static ClientWorker& NextWorker(ClientLoop& loop) { return loop.NextWorker(); }

  // As ClientLoop::Connect(), on a certain worker.
  static ClientRef ConnectOn(ClientLoop& loop, ClientWorker& worker, absl::string_view url,
                             ClientOptions options, std::unique_ptr<ClientHandler> handler) {
    return loop.ConnectOn(worker, url, std::move(options), std::move(handler));
  }
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_LOOP_ACCESS_H_
