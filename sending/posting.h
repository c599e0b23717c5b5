// How a reference to a session reaches it from any thread.

#ifndef WEFT_SENDING_POSTING_H_
#define WEFT_SENDING_POSTING_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/check_message.h"
#include "weft/loop/budget.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"
#include "weft/sending/shared_queue.h"
#include "weft/sending/waiting_message.h"

namespace weft {

// `Shared` is a SharedQueue with a pointer `session`, which only the loop's thread uses, and which
// is null once the session has ended. Any thread may call these functions.

inline absl::Status SessionHasEnded() {
  return absl::FailedPreconditionError("the session has ended");
}

// Runs `task` with the session on its loop's thread, after what that thread does now.
template <typename Shared, typename Task>
absl::Status PostLater(const std::shared_ptr<Shared>& shared, Task task) {
  if (!shared->open()) return SessionHasEnded();
  const bool posted = shared->mailbox().Post([shared, task = std::move(task)]() mutable {
    if (shared->session != nullptr) task(*shared->session);
  });
  return posted ? absl::OkStatus() : SessionHasEnded();
}

// The same, but at once if that is the caller's thread.
template <typename Shared, typename Task>
absl::Status PostTask(const std::shared_ptr<Shared>& shared, Task task) {
  if (!shared->open()) return SessionHasEnded();
  if (shared->mailbox().OnLoopThread()) {
    if (shared->session == nullptr) return SessionHasEnded();
    task(*shared->session);
    return absl::OkStatus();
  }
  return PostLater(shared, std::move(task));
}

// Posts a task that has taken room, which it returns when it arrives.
template <typename Shared, typename Task>
absl::Status PostInto(const std::shared_ptr<Shared>& shared, Reservation room, size_t cost,
                      Task task) {
  const bool posted = shared->mailbox().Post(
      [shared, task = std::move(task), cost, room = std::move(room)]() mutable {
        // Messages that were published before take their room before this returns its own.
        if (shared->session != nullptr) shared->session->DeliverPublished();
        shared->Arrive(cost);
        if (shared->session == nullptr) return;
        task(*shared->session);
        shared->SetQueuedBytes(shared->session->queued_bytes());
      });
  return posted ? absl::OkStatus() : SessionHasEnded();
}

// Sends a whole message. `submit` sends it by the session itself, on its thread.
template <typename Shared, typename Submit>
absl::Status PostMessage(const std::shared_ptr<Shared>& shared, WaitingMessage message,
                         const SendOptions& options, Submit submit) {
  if (!shared->open()) return SessionHasEnded();
  if (!std::holds_alternative<EncodedMessage>(message.payload)) {
    absl::Status status = CheckMessage(message.opcode, message.view());
    if (!status.ok()) return status;
  }
  // On the session's own thread a task would run too late: after later sends by the session.
  if (shared->mailbox().OnLoopThread()) {
    if (shared->session == nullptr) return SessionHasEnded();
    return submit(*shared->session, std::move(message), options);
  }
  const size_t size = message.size();
  const size_t cost = size + options.key.size() + kMessageOverhead;
  absl::StatusOr<Reservation> room = shared->TakeRoom(size, cost, options);
  if (!room.ok()) {
    if (absl::IsFailedPrecondition(room.status())) return room.status();
    const WhenFull policy = shared->PolicyOf(options);
    if (policy == WhenFull::kDropNewest || policy == WhenFull::kDropOldest) {
      shared->mailbox().CountDropped();
      return absl::OkStatus();
    }
    if (policy == WhenFull::kDisconnect) {
      PostTask(shared, [](auto& session) { session.Disconnect(); }).IgnoreError();
    } else {
      shared->mailbox().CountRefused();
    }
    return room.status();
  }
  if (const auto* view = std::get_if<absl::string_view>(&message.payload)) {
    message.payload = std::string(*view);
  }
  return PostInto(shared, *std::move(room), cost,
                  [message = std::move(message), key = std::string(options.key),
                   options = SendOptions(options)](auto& session) mutable {
                    options.key = key;
                    session.SendReserved(std::move(message), options);
                  });
}

}  // namespace weft

#endif  // WEFT_SENDING_POSTING_H_
