#include "weft/client/async/client_ref.h"

#include "weft/client/async/async_client.h"
#include "weft/client/async/remote_client.h"
#include "weft/core/frame/close_payload.h"
#include "weft/sending/posting.h"

namespace weft {
namespace {

absl::Status NotOpen() { return absl::FailedPreconditionError("the connection is not open yet"); }

}  // namespace

size_t ClientRef::queued_bytes() const {
  return shared_ != nullptr && shared_->open() ? shared_->bytes() : 0;
}

absl::Status ClientRef::Submit(WaitingMessage message, const SendOptions& options) const {
  if (shared_ == nullptr) return SessionHasEnded();
  if (!connected()) return shared_->open() ? NotOpen() : SessionHasEnded();
  return PostMessage(shared_, std::move(message), options,
                     [](AsyncClient& client, WaitingMessage submitted, const SendOptions& how) {
                       return client.Submit(std::move(submitted), how);
                     });
}

// The following do not act at once on the connection's own thread either: Connect() may have posted
// the connection and not yet made it, and a callback runs after the present one has returned.
template <typename Task>
absl::Status ClientRef::PostLater(Task task) const {
  return shared_ != nullptr ? weft::PostLater(shared_, std::move(task)) : SessionHasEnded();
}

absl::Status ClientRef::Close(CloseCode code, absl::string_view reason) const {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  return PostLater([code, reason = std::string(reason)](RemoteClient& client) {
    client.CloseOrCancel(code, reason);
  });
}

absl::Status ClientRef::Terminate() const {
  return PostLater([](RemoteClient& client) { client.Terminate(); });
}

absl::Status ClientRef::Post(ClientCallback callback) const {
  if (!callback) return absl::InvalidArgumentError("the callback is empty, expected a function");
  if (shared_ != nullptr && shared_->open() && !connected()) return NotOpen();
  return PostLater([callback = std::move(callback)](RemoteClient& client) mutable {
    client.RunPosted(std::move(callback));
  });
}

}  // namespace weft
