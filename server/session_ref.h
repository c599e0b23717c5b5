// A session, as other threads may hold it.

#ifndef WEFT_SERVER_SESSION_REF_H_
#define WEFT_SERVER_SESSION_REF_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/close_code.h"
#include "weft/core/compression.h"
#include "weft/core/opcode.h"
#include "weft/server/mailbox.h"

namespace weft {

class Session;

// Names one session; copies name the same. Safe for ever: once the session is gone, and also when
// its server is, every call returns FailedPrecondition. Every method may be called by any thread.
// What one thread sends arrives in the order in which it was sent; on the session's own thread that
// holds together with what is sent by the Session itself.
//
//   class Subscriber : public Handler {
//     void OnOpen(Session& session) override { feed_.Add(session.ref()); }
//     ...
//   };
//   for (const SessionRef& ref : refs) ref.SendText(news).IgnoreError();    // on the feed's thread
class SessionRef {
 public:
  SessionRef() = default;  // names none

  // As the session's own: ResourceExhausted when its queue is full, InvalidArgument for text that
  // is not UTF-8. The payload is copied.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes) const;
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes) const;

  // Starts the closing handshake.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") const;

  absl::Status Subscribe(absl::string_view topic) const;
  absl::Status Unsubscribe(absl::string_view topic) const;

  // The session's id, or 0.
  uint64_t id() const { return shared_ == nullptr ? 0 : shared_->id; }

  friend bool operator==(const SessionRef& a, const SessionRef& b) {
    return a.shared_ == b.shared_;
  }

 private:
  friend class Session;

  // What outlives the session.
  struct Shared {
    uint64_t id;
    std::shared_ptr<Mailbox> mailbox;
    size_t max_queue_bytes;
    Session* session;  // for the loop's thread only; null when it is gone
    std::atomic<bool> open{true};
    std::atomic<size_t> posted_bytes{0};  // on their way to the session, which keeps room for them
    std::atomic<size_t> queued_bytes{0};  // in its queue, as it last said
  };

  explicit SessionRef(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  absl::Status Send(Opcode opcode, absl::string_view payload, Compress compress) const;
  absl::Status Post(absl::AnyInvocable<void(Session&)> task) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_REF_H_
