// An answer that is given after the request's function has returned.

#ifndef WEFT_SERVER_HTTP_LATE_ANSWER_H_
#define WEFT_SERVER_HTTP_LATE_ANSWER_H_

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "weft/loop/mailbox.h"

namespace weft {
namespace internal {

// The meeting point of the thread that gives an answer and the loop that waits for it. Give() and
// waits() may be called by any thread, the other functions by the loop's.
template <typename Answer>
class LateAnswer : public std::enable_shared_from_this<LateAnswer<Answer>> {
 public:
  explicit LateAnswer(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  // The first answer counts. Later ones, and those that nobody waits for any more, are destroyed.
  void Give(Answer answer) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!waits_) return;
      waits_ = false;
      answer_.emplace(std::move(answer));
    }
    mailbox_->Post([self = this->shared_from_this()] {
      if (auto on_given = std::exchange(self->on_given_, nullptr)) on_given();
    });
  }

  // Whether an answer would count.
  bool waits() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waits_;
  }

  // Calls `on_given` once, when the answer can be taken.
  void Await(absl::AnyInvocable<void()> on_given) { on_given_ = std::move(on_given); }

  std::optional<Answer> Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

  // Nobody waits any more.
  void Forget() {
    on_given_ = nullptr;
    std::optional<Answer> unwanted;  // destroyed without the lock: it is the application's
    const std::lock_guard<std::mutex> lock(mutex_);
    waits_ = false;
    unwanted.swap(answer_);
  }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  mutable std::mutex mutex_;
  bool waits_ = true;
  std::optional<Answer> answer_;
  absl::AnyInvocable<void()> on_given_;
};

// Gives `fallback` when the last copy of the giver is destroyed without an answer.
template <typename Answer>
class AnswerGiver {
 public:
  AnswerGiver(std::shared_ptr<LateAnswer<Answer>> late, Answer fallback)
      : late_(std::move(late)), fallback_(std::move(fallback)) {}
  AnswerGiver(const AnswerGiver&) = delete;
  AnswerGiver& operator=(const AnswerGiver&) = delete;
  ~AnswerGiver() { late_->Give(std::move(fallback_)); }

  LateAnswer<Answer>& late() const { return *late_; }

 private:
  const std::shared_ptr<LateAnswer<Answer>> late_;
  Answer fallback_;
};

// Where a request's function, while it runs, leaves word that it answers later.
template <typename Answer>
struct LateAnswerSlot {
  const std::shared_ptr<Mailbox>& mailbox;
  std::shared_ptr<LateAnswer<Answer>> late{};  // null: it does not

  std::shared_ptr<AnswerGiver<Answer>> NewGiver(Answer fallback) {
    late = std::make_shared<LateAnswer<Answer>>(mailbox);
    return std::make_shared<AnswerGiver<Answer>>(late, std::move(fallback));
  }
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SERVER_HTTP_LATE_ANSWER_H_
