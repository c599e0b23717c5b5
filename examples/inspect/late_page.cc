#include "examples/inspect/late_page.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace examples {

LatePage::LatePage(std::function<weft::PageResponse()> make)
    : make_(std::move(make)), thread_(weft::ThreadPool::Make(1).value_or(nullptr)) {}

weft::Pages LatePage::pages() const {
  return [this](const weft::PageRequest& request) -> absl::StatusOr<weft::PageResponse> {
    if (thread_ == nullptr || thread_->has_waiting()) {
      return absl::UnavailableError("others wait for this file: try again");
    }
    thread_->Schedule([this, answer = request.AnswerLater()] {
      if (answer.waits()) answer.Give(make_());
    });
    return weft::PageResponse();  // is ignored
  };
}

}  // namespace examples
