#include "weft/server/metrics/metrics.h"

namespace weft {
absl::string_view NameOf(HandshakeFailure reason) {
  switch (reason) {
    case HandshakeFailure::kTls:
      return "tls";
    case HandshakeFailure::kTimeout:
      return "timeout";
    case HandshakeFailure::kLeft:
      return "left";
    case HandshakeFailure::kFull:
      return "full";
    case HandshakeFailure::kAddressFull:
      return "address_full";
    case HandshakeFailure::kDraining:
      return "draining";
    case HandshakeFailure::kMalformed:
      return "malformed";
    case HandshakeFailure::kNotWebSocket:
      return "not_websocket";
    case HandshakeFailure::kHost:
      return "host";
    case HandshakeFailure::kOrigin:
      return "origin";
    case HandshakeFailure::kRefused:
      return "refused";
    case HandshakeFailure::kProxy:
      return "proxy";
  }
  return "";
}

void ServerMetrics::Add(const LoopMetrics& loop) {
  AddSessions(loop);
  AddEach(loop.handshake_failures, &handshake_failures);
  AddEach(loop.http_responses, &http_responses);
  held_sessions += loop.held_sessions;
}

}  // namespace weft
