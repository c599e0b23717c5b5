// Publishes that are awaited.

#ifndef WEFT_CORO_PUBLISH_H_
#define WEFT_CORO_PUBLISH_H_

#include <coroutine>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"
#include "weft/sending/send_options.h"
#include "weft/server/topics/position.h"

namespace weft::coro {

// absl::StatusOr<Position>. `Publish` is called with a PublishCallback.
template <typename Publish>
class [[nodiscard]] PublishAwaitable {
 public:
  explicit PublishAwaitable(Publish publish) : publish_(std::move(publish)) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    publish_([this, coroutine](absl::StatusOr<Position> outcome) {
      outcome_ = std::move(outcome);
      coroutine.resume();
    });
  }
  absl::StatusOr<Position> await_resume() { return std::move(outcome_); }

 private:
  Publish publish_;
  absl::StatusOr<Position> outcome_;
};

// Publishes a message by `publisher`, which is a Server, a RunningServer or a SessionRef, and waits
// until the store has it: the outcome is that of PublishCallback. A session of a coroutine is
// `session.ref()`.
//
//   auto stored = co_await PublishStored(session.ref(), "chat", Opcode::kText, line);
//   if (!stored.ok()) co_await session.SendText("not published");
//
// The wait ends with the outcome alone, also when the session ends before: at the latest after the
// broker's deadline. The publisher and the views must be valid until then.
template <typename Publisher>
auto PublishStored(Publisher&& publisher, absl::string_view topic, Opcode opcode,
                   absl::string_view payload, const SendOptions& options = {}) {
  return PublishAwaitable([&publisher, topic, opcode, payload, options](auto done) {
    publisher.Publish(topic, opcode, payload, options, std::move(done));
  });
}

}  // namespace weft::coro

#endif  // WEFT_CORO_PUBLISH_H_
