// An answer that is given after the request's function has returned.

#ifndef WEFT_SERVER_HTTP_LATE_ANSWER_H_
#define WEFT_SERVER_HTTP_LATE_ANSWER_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/loop/thread_pool.h"
#include "weft/server/http/path_pattern.h"

namespace weft {
namespace internal {

// The errors for a client whose request was not answered: the application threw, or gave no answer.
absl::Status ApplicationFailed();
absl::Status NoAnswer();

// The work of a loop for requests that are answered later. For the loop's thread.
class LateAnswers {
 public:
  using Call = absl::AnyInvocable<void()>;

  // An answer takes a whole upgrade, and a thousand may be given at once: the sockets are read
  // after each of these groups.
  static constexpr size_t kMaxTakenPerTurn = 16;

  LateAnswers() = default;
  LateAnswers(const LateAnswers&) = delete;
  LateAnswers& operator=(const LateAnswers&) = delete;

  // An answer was given: its connection continues in this turn, or a later one.
  void Take(Call call) { given_.push_back(std::move(call)); }

  bool has_given() const { return !given_.empty(); }

  // Takes the first answers that were given, once in each turn. Whether others are left.
  bool TakeGiven();

  // A request is over: a call of the application, at the end of the turn. Then no connection is at
  // work, and the application may use the server in any way.
  void End(Call call) { ended_.push_back(std::move(call)); }

  // Makes these calls. False if there were none.
  bool EndAll() { return !ended_.empty() && CallEnded(); }

 private:
  bool CallEnded();

  std::deque<Call> given_;
  std::vector<Call> ended_;
};

// The meeting point of the thread that gives an answer and the loop that waits for it. Give() and
// waits() may be called by any thread, the other functions by the loop's. None of them calls the
// application, or destroys an object of it, except for an answer that is too late.
template <typename Answer>
class LateAnswer : public std::enable_shared_from_this<LateAnswer<Answer>> {
 public:
  // `all` are those of the loop, and used only while the loop lives.
  LateAnswer(std::shared_ptr<Mailbox> mailbox, LateAnswers& all)
      : mailbox_(std::move(mailbox)), all_(all) {}

  // The first answer counts. Later ones, and those that nobody waits for any more, are destroyed.
  void Give(Answer answer) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!waits_) return;
      waits_ = false;
      answer_.emplace(std::move(answer));
    }
    mailbox_->Post([self = this->shared_from_this()] {
      self->all_.Take([self] {
        if (auto on_given = std::exchange(self->on_given_, nullptr)) on_given();
      });
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
    std::optional<Answer> answer;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      answer.swap(answer_);
    }
    if (answer.has_value()) EndLater();
    return answer;
  }

  // Nobody waits any more.
  void Forget() {
    on_given_ = nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      waits_ = false;
    }
    EndLater();
  }

  // Calls `on_end` once, at the end of the turn in which an answer was taken, or in which nobody
  // waits any more; at the end of this turn if that has happened.
  void WhenOver(absl::AnyInvocable<void()> on_end) {
    on_end_.push_back(std::move(on_end));
    if (over_) EndLater();
  }

 private:
  void EndLater() {
    over_ = true;
    all_.End([self = this->shared_from_this()] { self->End(); });
  }

  void End() {
    std::optional<Answer> unwanted;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      unwanted.swap(answer_);
    }
    for (auto& on_end : std::exchange(on_end_, {})) on_end();
  }

  const std::shared_ptr<Mailbox> mailbox_;
  LateAnswers& all_;
  mutable std::mutex mutex_;
  bool waits_ = true;
  std::optional<Answer> answer_;
  absl::AnyInvocable<void()> on_given_;
  std::vector<absl::AnyInvocable<void()>> on_end_;
  bool over_ = false;
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

// Passed from the server to the function of a request, and back: the parts of the server that the
// function uses while it runs; and, set by the function, `late` and `path_parameters`.
template <typename Answer>
struct RequestContext {
  EventLoop& loop;
  LateAnswers& late_answers;
  ExceptionGuard& guard;
  ThreadPool* handler_threads;  // null: there are none
  absl::string_view head;       // the text of the request

  // Of a request that is answered later in any case: see LateRequest.
  std::shared_ptr<AnswerGiver<Answer>> giver{};

  std::shared_ptr<LateAnswer<Answer>> late{};  // not null: the function answers later
  PathParameters path_parameters{};            // found by a Router

  std::shared_ptr<AnswerGiver<Answer>> NewGiver() {
    if (giver != nullptr) {
      late = giver->late().shared_from_this();
      return giver;
    }
    if (late != nullptr) late->Forget();  // the function answers later twice: the last one counts
    late = std::make_shared<LateAnswer<Answer>>(loop.mailbox(), late_answers);
    return std::make_shared<AnswerGiver<Answer>>(late, Answer{NoAnswer()});
  }
};

}  // namespace internal
}  // namespace weft

#endif  // WEFT_SERVER_HTTP_LATE_ANSWER_H_
