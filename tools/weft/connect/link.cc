#include "tools/weft/connect/link.h"

#include <memory>

namespace weft::cli {

absl::StatusOr<Message> ReconnectingLink::Receive(absl::Duration timeout) {
  absl::StatusOr<Message> message = client_.Receive(timeout);
  if (!message.ok() && !absl::IsDeadlineExceeded(message.status())) {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = message.status();
  }
  // The sending thread may call Connect(), which reads the rest of a lost connection into the
  // memory of this message.
  if (message.ok()) {
    payload_.assign(message->payload.data(), message->payload.size());
    message->payload = payload_;
  }
  return message;
}

absl::Status ReconnectingLink::SendFragment(Opcode opcode, absl::string_view payload, bool fin) {
  const std::shared_ptr<Client> client = client_.client();
  if (client == nullptr) return absl::UnavailableError("not connected");
  return client->SendFragment(opcode, payload, fin);
}

void ReconnectingLink::StartClose(CloseCode code, absl::string_view reason) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!end_.ok()) return;
    code_ = code;
    reason_ = std::string(reason);
  }
  const std::shared_ptr<Client> client = client_.client();  // null: there is nothing to close
  const absl::Status closed = client_.Close(code, reason);
  if (closed.ok() || client == nullptr) return;
  const CloseInfo info = client->close_info();
  const std::lock_guard<std::mutex> lock(mutex_);
  close_ = closed;
  code_ = info.code;
  reason_ = std::string(info.reason);
  by_ = info.by;
}

absl::Status ReconnectingLink::status() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return end_.ok() || close_.ok() ? end_ : close_;
}

CloseInfo ReconnectingLink::close_info() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {.code = code_, .reason = reason_, .by = by_};
}

}  // namespace weft::cli
