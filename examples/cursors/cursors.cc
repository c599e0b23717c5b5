#include "examples/cursors/cursors.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/cursors/page_files.h"
#include "examples/cursors/visitor.h"
#include "examples/page.h"

namespace weft::cursors {

void Cursors::AddTo(Router& router, absl::string_view prefix) {
  router.WebSocket(absl::StrCat(prefix, "/"),
                   [this](auto&, auto&) -> absl::StatusOr<std::unique_ptr<Visitor>> {
                     if (room_.full()) return absl::UnavailableError("the room is full");
                     return std::make_unique<Visitor>(room_);
                   });
  router.Get(absl::StrCat(prefix, "/*"), examples::ServePage(prefix, examples::kCursorsPage));
}

void Adjust(ServerOptions& options) {
  // A client sends 32 messages per second, of at most seven bytes, and a name when it is typed.
  // Messages that the network delayed by two seconds arrive at once.
  options.connection.max_message_bytes = 64;
  options.rates.messages = {.per_second = 40, .burst = 80};
}

}  // namespace weft::cursors
