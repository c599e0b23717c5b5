// Opens a WebSocket on an event loop.

#ifndef WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_
#define WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/connector.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/loop_dialer.h"

namespace weft {

namespace internal {

// A base of its own, because a Connector refers to the options.
struct ConnectArguments {
  std::string url;
  ClientOptions options;
};

}  // namespace internal

// Runs a Connector on a loop, within options.timeouts.connect: `done` gets the open WebSocket or
// the errors of Client::Connect(). After Stop(why) that is an error with the code of `why`, which
// names the step.
class LoopConnector : private internal::ConnectArguments, public LoopDialer<Connector> {
 public:
  // options.cancel is not used: see Stop().
  LoopConnector(EventLoop& loop, AddressLookup& lookup, absl::string_view url,
                ClientOptions options, Done done)
      : ConnectArguments{std::string(url), std::move(options)},
        LoopDialer(loop, lookup, ConnectArguments::options.timeouts.connect, std::move(done),
                   ConnectArguments::url, ConnectArguments::options) {}

  const std::string& url() const { return ConnectArguments::url; }
  const ClientOptions& options() const { return ConnectArguments::options; }
};

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_LOOP_CONNECTOR_H_
