#include "weft/server/session_ref.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/connection.h"
#include "weft/core/utf8.h"
#include "weft/server/session.h"

namespace weft {
namespace {

// What a posted message costs beside its payload, about: even empty ones must not pile up for ever.
constexpr size_t kPostedOverhead = 128;

absl::Status Gone() { return absl::FailedPreconditionError("the session is gone"); }

}  // namespace

absl::Status SessionRef::SendText(absl::string_view text, Compress compress) const {
  return Send(Opcode::kText, text, compress);
}

absl::Status SessionRef::SendBinary(absl::string_view data, Compress compress) const {
  return Send(Opcode::kBinary, data, compress);
}

absl::Status SessionRef::Send(Opcode opcode, absl::string_view payload, Compress compress) const {
  if (shared_ == nullptr || !shared_->open) return Gone();
  if (opcode == Opcode::kText && !IsValidUtf8(payload)) {
    return absl::InvalidArgumentError("the text is not UTF-8");
  }
  // A task would arrive behind what the session's own thread sends from now on.
  if (shared_->mailbox->OnLoopThread()) {
    return shared_->session == nullptr ? Gone()
                                       : shared_->session->SendMessage(opcode, payload, compress);
  }
  // What is on its way counts as queued, so that the bound holds whoever sends.
  const size_t size = payload.size();
  const size_t cost = size + kPostedOverhead;
  const size_t waiting = shared_->posted_bytes.fetch_add(cost) + shared_->queued_bytes;
  if (waiting >= shared_->max_queue_bytes || size > shared_->max_queue_bytes - waiting) {
    shared_->posted_bytes -= cost;
    return absl::ResourceExhaustedError(absl::StrCat("the send queue is full: ", waiting, " of ",
                                                     shared_->max_queue_bytes, " bytes wait"));
  }
  const bool posted = shared_->mailbox->Post(
      [shared = shared_, opcode, payload = std::string(payload), compress, cost]() mutable {
        shared->posted_bytes -= cost;
        if (shared->session == nullptr) return;
        shared->session->SendPosted({.opcode = opcode, .payload = std::move(payload)},
                                    {.compress = compress});
      });
  if (!posted) shared_->posted_bytes -= cost;
  return posted ? absl::OkStatus() : Gone();
}

absl::Status SessionRef::Close(CloseCode code, absl::string_view reason) const {
  if (absl::Status status = CheckClose(code, reason); !status.ok()) return status;
  return Post([code, reason = std::string(reason)](Session& session) {
    session.Close(code, reason).IgnoreError();
  });
}

absl::Status SessionRef::Subscribe(absl::string_view topic) const {
  return Post([topic = std::string(topic)](Session& session) { session.Subscribe(topic); });
}

absl::Status SessionRef::Unsubscribe(absl::string_view topic) const {
  return Post([topic = std::string(topic)](Session& session) { session.Unsubscribe(topic); });
}

absl::Status SessionRef::Post(absl::AnyInvocable<void(Session&)> task) const {
  if (shared_ == nullptr || !shared_->open) return Gone();
  if (shared_->mailbox->OnLoopThread()) {
    if (shared_->session == nullptr) return Gone();
    task(*shared_->session);
    return absl::OkStatus();
  }
  const bool posted = shared_->mailbox->Post([shared = shared_, task = std::move(task)]() mutable {
    if (shared->session != nullptr) task(*shared->session);
  });
  return posted ? absl::OkStatus() : Gone();
}

}  // namespace weft
