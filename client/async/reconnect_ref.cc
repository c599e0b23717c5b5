#include "weft/client/async/reconnect_ref.h"

#include "absl/strings/str_cat.h"
#include "weft/client/async/remote_reconnector.h"
#include "weft/core/frame/close_payload.h"
#include "weft/sending/posting.h"

namespace weft {

// ---- Shared ----

void ReconnectRef::Shared::SetConnection(ClientRef connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connection_ = std::move(connection);
  connected_ = true;
}

void ReconnectRef::Shared::SetLost(const absl::Status& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connection_ = ClientRef();
  connected_ = false;
  lost_ = why;
}

absl::Status ReconnectRef::Shared::SetEnded(const absl::Status& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  connection_ = ClientRef();
  connected_ = false;
  ended_ = true;
  if (end_.ok()) end_ = why;
  return end_;
}

absl::Status ReconnectRef::Shared::Find(ClientRef* connection) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!end_.ok()) return end_;
  if (!connected_) return Lost(lost_);
  *connection = connection_;
  return absl::OkStatus();
}

absl::Status ReconnectRef::Shared::RequestEnd(const absl::Status& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ended_) return end_;
  if (end_.ok()) end_ = why;
  return absl::OkStatus();
}

absl::Status ReconnectRef::Shared::Lost(const absl::Status& why) const {
  return absl::UnavailableError(
      absl::StrCat("not connected to ", url_, why.ok() ? "" : ": ", why.message()));
}

// ---- ReconnectRef ----

absl::Status ReconnectRef::Find(ClientRef* client) const {
  return shared_ != nullptr ? shared_->Find(client) : SessionHasEnded();
}

absl::Status ReconnectRef::status() const {
  ClientRef client;
  return Find(&client);
}

ClientRef ReconnectRef::client() const {
  ClientRef client;
  Find(&client).IgnoreError();
  return client;
}

// Not at once on the loop's own thread either: Reconnect() may have posted the client and not yet
// made it, and the end of a connection in the middle of a callback would surprise its handler.
template <typename Task>
absl::Status ReconnectRef::EndBy(const absl::Status& why, Task task) const {
  if (shared_ == nullptr) return SessionHasEnded();
  if (absl::Status status = shared_->RequestEnd(why); !status.ok()) return status;
  shared_->mailbox().Post([shared = shared_, task = std::move(task)] {
    if (shared->reconnector != nullptr) task(*shared->reconnector);
  });
  return absl::OkStatus();
}

absl::Status ReconnectRef::Close(CloseCode code, absl::string_view reason) const {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  const absl::Status why = absl::FailedPreconditionError("the client was closed by Close()");
  return EndBy(why, [why, code, reason = std::string(reason)](RemoteReconnector& reconnector) {
    reconnector.Close(why, code, reason);
  });
}

absl::Status ReconnectRef::Terminate() const {
  const absl::Status why =
      absl::FailedPreconditionError("the client was terminated by Terminate()");
  return EndBy(why, [why](RemoteReconnector& reconnector) { reconnector.Terminate(why); });
}

}  // namespace weft
