// A session, as other threads may hold it.

#ifndef WEFT_SERVER_SESSION_REF_H_
#define WEFT_SERVER_SESSION_REF_H_

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/waiters.h"
#include "weft/server/sending/send_options.h"
#include "weft/server/sending/send_queue.h"

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

  // As the session's own: ResourceExhausted when its queue is full, or when too much is on its way
  // to the sessions of its thread (ServerOptions::max_buffered_bytes); InvalidArgument for text
  // that is not UTF-8. A view is copied. SendOptions::timeout says whether to wait for room.
  absl::Status SendText(absl::string_view text, Compress compress = Compress::kYes) const {
    return Send({.opcode = Opcode::kText, .payload = text}, {.compress = compress});
  }
  absl::Status SendBinary(absl::string_view data, Compress compress = Compress::kYes) const {
    return Send({.opcode = Opcode::kBinary, .payload = data}, {.compress = compress});
  }
  absl::Status SendText(absl::string_view text, const SendOptions& options) const {
    return Send({.opcode = Opcode::kText, .payload = text}, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options) const {
    return Send({.opcode = Opcode::kBinary, .payload = data}, options);
  }

  // The same for a payload that is handed over, or shared: not copied.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) const {
    return Send({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) const {
    return Send({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text,
                        const SendOptions& options = {}) const {
    return Send({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  absl::Status SendBinary(std::shared_ptr<const std::string> data,
                          const SendOptions& options = {}) const {
    return Send({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }
  absl::Status Send(const EncodedMessage& message, const SendOptions& options = {}) const {
    return Send({.payload = message}, options);
  }

  // Bytes that wait to be sent: on their way to the session, and, as it last said, in its queue.
  size_t queued_bytes() const;

  // Starts the closing handshake.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") const;

  // As the session's own; one that is past max_topics_per_session when it arrives is lost.
  absl::Status Subscribe(absl::string_view topic) const;
  absl::Status Unsubscribe(absl::string_view topic) const;

  // As the session's own, in order with what else this thread sends by this reference.
  // ResourceExhausted when too much is on its way to the session's thread.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {}) const;

  // The session's id, or 0.
  uint64_t id() const { return shared_ == nullptr ? 0 : shared_->id; }

  friend bool operator==(const SessionRef& a, const SessionRef& b) {
    return a.shared_ == b.shared_;
  }

 private:
  friend class PooledHandler;
  friend class Session;

  // What outlives the session.
  struct Shared {
    uint64_t id;
    std::shared_ptr<Mailbox> mailbox;
    size_t max_queue_bytes;
    WhenFull when_full;
    size_t max_topic_bytes;
    Session* session;  // for the loop's thread only; null when it is gone
    std::atomic<bool> open{true};
    std::atomic<size_t> posted_bytes{0};  // on their way to the session, which keeps room for them
    std::atomic<size_t> queued_bytes{0};  // in its queue, as it last said
    std::mutex taking;  // held to take room, and by the loop's thread as a message arrives
    Waiters waiters;    // senders that wait for room in this session's queue

    // For the loop's thread: a posted message that took `cost` arrives; what the queue holds then;
    // the session has ended.
    void Arrive(size_t cost);
    void SetQueuedBytes(size_t bytes);
    void SetClosed();

    // What a sender wants.
    struct Request {
      size_t payload_size;
      size_t cost;  // of the payload and its message
      WhenFull policy;
      size_t limit;  // of the queue
    };
    size_t WaitingBytes(WhenFull policy) const;
    bool HasRoom(const Request& request) const;

    // OK, ResourceExhausted, or FailedPrecondition.
    absl::StatusOr<Reservation> TakeRoom(const Request& request);
  };

  explicit SessionRef(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  absl::Status Send(WaitingMessage message, const SendOptions& options) const;
  absl::StatusOr<Reservation> FindRoom(size_t payload_size, size_t cost, WhenFull policy,
                                       const SendOptions& options) const;
  absl::Status Post(absl::AnyInvocable<void(Session&)> task) const;

  // Posts what sends so many bytes. ResourceExhausted where there is no room for them.
  absl::Status PostSized(size_t payload_size, absl::AnyInvocable<void(Session&)> task) const;
  template <typename Task>
  absl::Status PostInto(Reservation room, size_t cost, Task task) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_REF_H_
