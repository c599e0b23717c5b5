#include "examples/inspect/late_page.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace examples {

LatePage::LatePage(std::function<weft::PageResponse()> make)
    : make_(std::move(make)), thread_(weft::ThreadPool::Make(1).value_or(nullptr)) {}

weft::Pages LatePage::pages() const {
  return [this](const weft::PageRequest& request) -> absl::StatusOr<weft::PageResponse> {
    if (thread_ == nullptr || !TakePlace()) {
      return absl::UnavailableError("others wait for this file: try again");
    }
    thread_->Schedule([this, answer = request.AnswerLater()] {
      std::optional<weft::PageResponse> page;
      if (answer.waits()) page = make_();
      --requests_;  // before the answer, after which its client may ask again
      if (page.has_value()) answer.Give(*std::move(page));
    });
    return weft::PageResponse();  // is ignored
  };
}

// Several loops may ask at the same time.
bool LatePage::TakePlace() const {
  int requests = requests_;
  while (requests < kMaxRequests) {
    if (requests_.compare_exchange_weak(requests, requests + 1)) return true;
  }
  return false;
}

}  // namespace examples
