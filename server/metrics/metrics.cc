#include "weft/server/metrics/metrics.h"

#include <numeric>

namespace weft {
namespace {

template <size_t kSize>
void AddEach(const std::array<Counter, kSize>& from, std::array<uint64_t, kSize>* to) {
  for (size_t i = 0; i < kSize; ++i) (*to)[i] += from[i];
}

}  // namespace

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
  }
  return "";
}

absl::string_view NameOf(DropReason reason) {
  switch (reason) {
    case DropReason::kQueueFull:
      return "queue_full";
    case DropReason::kNewest:
      return "newest";
    case DropReason::kOldest:
      return "oldest";
    case DropReason::kReplaced:
      return "replaced";
    case DropReason::kDisconnected:
      return "disconnected";
    case DropReason::kClosed:
      return "closed";
  }
  return "";
}

uint64_t ServerMetrics::sessions() const {
  // The loops continue to count while the counters are summed.
  uint64_t closed = 0;
  for (const auto& of_cause : closes) {
    closed = std::accumulate(of_cause.begin(), of_cause.end(), closed);
  }
  return closed < sessions_opened ? sessions_opened - closed : 0;
}

uint64_t ServerMetrics::closes_with(CloseCode code) const {
  uint64_t sum = 0;
  for (const auto& of_cause : closes) sum += of_cause[CloseSlotOf(code)];
  return sum;
}

void ServerMetrics::Add(const LoopMetrics& loop) {
  // Closes first: each of them was counted as opened earlier.
  for (size_t by = 0; by < kClosedBys; ++by) AddEach(loop.closes[by], &closes[by]);
  sessions_opened += loop.sessions_opened;
  AddEach(loop.handshake_failures, &handshake_failures);
  AddEach(loop.dropped_messages, &dropped_messages);
  messages_received += loop.messages_received;
  messages_sent += loop.messages_sent;
  bytes_received += loop.bytes_received;
  bytes_sent += loop.bytes_sent;
  AddEach(loop.http_responses, &http_responses);
  round_trip.Add(loop.round_trip);
  loop_lag.Add(loop.loop_lag);
  buffered_bytes += loop.buffered_bytes;
  held_sessions += loop.held_sessions;
}

}  // namespace weft
