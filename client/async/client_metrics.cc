#include "weft/client/async/client_metrics.h"

namespace weft {

absl::string_view NameOf(ReconnectReason reason) {
  switch (reason) {
    case ReconnectReason::kClosed:
      return "closed";
    case ReconnectReason::kLost:
      return "lost";
    case ReconnectReason::kTimeout:
      return "timeout";
    case ReconnectReason::kViolation:
      return "violation";
    case ReconnectReason::kApplication:
      return "application";
    case ReconnectReason::kRefused:
      return "refused";
    case ReconnectReason::kFailed:
      return "failed";
  }
  return "";
}

ReconnectReason ReasonOf(ClosedBy by) {
  switch (by) {
    case ClosedBy::kPeer:
      return ReconnectReason::kClosed;
    case ClosedBy::kLost:
      return ReconnectReason::kLost;
    case ClosedBy::kTimeout:
      return ReconnectReason::kTimeout;
    case ClosedBy::kRule:
    case ClosedBy::kLimit:
      return ReconnectReason::kViolation;
    case ClosedBy::kApplication:
    case ClosedBy::kShutdown:
      break;
  }
  return ReconnectReason::kApplication;
}

void ClientMetrics::Add(const ClientLoopMetrics& loop) {
  AddSessions(loop);
  sessions_failed += loop.sessions_failed;
  AddEach(loop.reconnects, &reconnects);
}

void WriteMetrics(const ClientMetrics& metrics, PrometheusWriter* out) {
  WriteSessionMetrics("weft_client_", metrics, out);
  const WeftNames names(out);
  out->Gauge("weft_client_connections",
             "Connections that have not ended, with those that are being opened, and clients that "
             "wait to reconnect.",
             metrics.connections);
  out->Counter("weft_client_sessions_failed_total", "WebSockets that could not be opened.",
               metrics.sessions_failed);
  WriteByReason<ReconnectReason>("weft_client_reconnects_total",
                                 "Attempts to connect again, by the reason.", metrics.reconnects,
                                 out);
  out->Counter("weft_client_exceptions_total", "Exceptions that the application's code threw.",
               metrics.exceptions);
}

}  // namespace weft
