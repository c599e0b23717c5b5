// The connections to the upstream feed.

#ifndef WEFT_EXAMPLES_GATEWAY_UPSTREAM_H_
#define WEFT_EXAMPLES_GATEWAY_UPSTREAM_H_

#include <cstddef>

#include "examples/gateway/fanout.h"
#include "weft/async_client.h"

namespace weft::gateway {

// One connection, with all that follow when it is lost. The loop of the clients calls it.
class Upstream : public ReconnectHandler {
 public:
  // `number` of the fanout's.
  Upstream(Fanout& fanout, size_t number) : fanout_(fanout), number_(number) {}

  // A feed that sends something else is closed with a reason; the next connection may be better.
  void OnMessage(AsyncClient& client, const Message& message) override;
  void OnEvent(const ReconnectEvent& event) override { fanout_.OnEvent(number_, event); }

 private:
  Fanout& fanout_;
  const size_t number_;
};

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_UPSTREAM_H_
