#include "weft/server/http/late_answer.h"

#include <cstddef>
#include <utility>

#include "weft/core/http/http_status.h"

namespace weft::internal {

absl::Status ApplicationFailed() { return HttpError(500, "the application failed"); }

absl::Status NoAnswer() { return HttpError(500, "the application gave no answer"); }

bool LateAnswers::TakeGiven() {
  for (size_t i = 0; i < kMaxTakenPerTurn && !given_.empty(); ++i) {
    Call call = std::move(given_.front());
    given_.pop_front();
    call();
  }
  return !given_.empty();
}

bool LateAnswers::CallEnded() {
  for (Call& call : std::exchange(ended_, {})) call();
  return true;
}

}  // namespace weft::internal
