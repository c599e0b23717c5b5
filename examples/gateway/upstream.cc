#include "examples/gateway/upstream.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/gateway/messages.h"

namespace weft::gateway {

void Upstream::OnMessage(AsyncClient& client, const Message& message) {
  if (!message.is_text()) {
    client.Close(CloseCode::kUnsupportedData, "trades are text").IgnoreError();
    return;
  }
  const absl::StatusOr<Trade> trade = ParseTrade(message.payload);
  if (!trade.ok()) {
    client.Close(CloseCode::kInvalidPayload, trade.status().message()).IgnoreError();
    return;
  }
  const absl::Status taken = fanout_.OnTrade(*trade);
  if (!taken.ok()) client.Close(CloseCode::kPolicyViolation, taken.message()).IgnoreError();
}

}  // namespace weft::gateway
