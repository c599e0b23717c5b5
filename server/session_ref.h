// A reference to a session, for other threads.

#ifndef WEFT_SERVER_SESSION_REF_H_
#define WEFT_SERVER_SESSION_REF_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
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
#include "weft/sending/callbacks.h"
#include "weft/sending/send_options.h"
#include "weft/sending/shared_queue.h"
#include "weft/sending/waiting_message.h"
#include "weft/server/session.h"
#include "weft/server/topics/publish_callback.h"
#include "weft/server/topics/subscribe_options.h"

namespace weft {

class LoopSession;

// Refers to one session; copies refer to the same one. Always safe to use: once the session has
// ended, and even after its server was destroyed, every call returns FailedPrecondition. Every
// method may be called by any thread. Messages that one thread sends arrive in their order; on the
// session's own thread, that includes those that it sends by the Session itself.
//
//   class Subscriber : public Handler {
//     void OnOpen(Session& session) override { feed_.Add(session.ref()); }
//     ...
//   };
//   for (const SessionRef& ref : refs) ref.SendText(news).IgnoreError();    // on the feed's thread
class SessionRef {
 public:
  SessionRef() = default;  // refers to no session

  // As the methods of Session: ResourceExhausted when its queue is full, or when too many bytes are
  // on their way to the sessions of its thread (ServerLimits::max_buffered_bytes); InvalidArgument
  // for text that is not UTF-8. A view is copied. SendOptions::timeout is the time to wait for
  // room.
  absl::Status SendText(absl::string_view text, const SendOptions& options = {}) const {
    return SendMessage(Opcode::kText, text, options);
  }
  absl::Status SendBinary(absl::string_view data, const SendOptions& options = {}) const {
    return SendMessage(Opcode::kBinary, data, options);
  }
  absl::Status SendMessage(Opcode opcode, absl::string_view payload,
                           const SendOptions& options = {}) const {
    return Submit({.opcode = opcode, .payload = payload}, options);
  }

  // The same for a payload that is handed over, or shared: not copied.
  template <std::same_as<std::string> String>
  absl::Status SendText(String&& text, const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kText, .payload = std::forward<String>(text)}, options);
  }
  template <std::same_as<std::string> String>
  absl::Status SendBinary(String&& data, const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kBinary, .payload = std::forward<String>(data)}, options);
  }
  absl::Status SendText(std::shared_ptr<const std::string> text,
                        const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kText, .payload = std::move(text)}, options);
  }
  absl::Status SendBinary(std::shared_ptr<const std::string> data,
                          const SendOptions& options = {}) const {
    return Submit({.opcode = Opcode::kBinary, .payload = std::move(data)}, options);
  }
  absl::Status Send(const EncodedMessage& message, const SendOptions& options = {}) const {
    return Submit({.payload = message}, options);
  }

  // Bytes that wait to be sent: those on their way to the session, and those in its queue as it
  // last reported.
  size_t queued_bytes() const;

  // Starts the closing handshake.
  absl::Status Close(CloseCode code = CloseCode::kNormal, absl::string_view reason = "") const;

  // As the methods of Session. A subscription that exceeds limits.max_topics_per_session or
  // limits.max_carried_topics when it arrives is refused: Handler::OnTopic gets a gap (kRefused),
  // which by default does not close the session, and the server's log has a line.
  absl::Status Subscribe(absl::string_view topic, const SubscribeOptions& options = {}) const;
  absl::Status Unsubscribe(absl::string_view topic) const;

  // As Session::Publish, in order with the other messages that this thread sends by this reference.
  // ResourceExhausted when too many bytes are on their way to the session's thread.
  // Where the session has ended before that, `done` gets FailedPrecondition.
  absl::Status Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                       const SendOptions& options = {}) const;
  void Publish(absl::string_view topic, Opcode opcode, absl::string_view payload,
               const SendOptions& options, PublishCallback done) const;

  // As Session::Post, from any thread: `callback` runs on the thread that calls the handler, in
  // order with the messages that this thread sends by this reference. On the session's loop, where
  // messages do not wait for a turn, later messages may be sent before it runs. OK does not mean
  // that it will run: if the session ends first, the callback is destroyed before OnClose.
  absl::Status Post(SessionCallback callback) const;

  // The session's id, or 0.
  uint64_t id() const { return shared_ == nullptr ? 0 : shared_->id; }

  friend bool operator==(const SessionRef& a, const SessionRef& b) {
    return a.shared_ == b.shared_;
  }

 private:
  friend class PooledSession;
  friend class ServedSession;

  using HeldCallback = weft::HeldCallback<Session>;

  // The callbacks on their way to the session. Any thread.
  class Callbacks {
   public:
    // False after Close().
    bool Add(HeldCallback callback);
    std::optional<HeldCallback> TakeFirst();

    // Refuses callbacks from now on, and destroys those that wait.
    void Close();

   private:
    std::mutex mutex_;
    std::deque<HeldCallback> callbacks_;
    bool closed_ = false;
  };

  // The part that outlives the session.
  struct Shared : SharedQueue {
    using SharedQueue::SharedQueue;

    uint64_t id = 0;
    size_t max_topic_bytes = 0;
    LoopSession* session = nullptr;  // for the loop's thread only; null once it has ended
    Callbacks callbacks;
  };

  explicit SessionRef(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  bool open() const { return shared_ != nullptr && shared_->open(); }
  absl::Status Submit(WaitingMessage message, const SendOptions& options) const;

  absl::Status PostPublish(absl::string_view topic, Opcode opcode, absl::string_view payload,
                           const SendOptions& options, PublishCallback& done) const;

  // Runs the task on the loop's thread: at once if that is the caller's thread.
  absl::Status PostTask(absl::AnyInvocable<void(LoopSession&)> task) const;

  // Posts a task that sends `payload_size` bytes. ResourceExhausted if there is no room for them.
  absl::Status PostSized(size_t payload_size, absl::AnyInvocable<void(LoopSession&)> task) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_SERVER_SESSION_REF_H_
