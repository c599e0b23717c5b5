#include "examples/inspect/inspect.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/inspect/answers.h"
#include "examples/inspect/page_files.h"
#include "examples/page.h"
#include "weft/server/http/page.h"

namespace examples {
namespace {

weft::PageResponse Export(TapLog& log) {
  weft::PageResponse file = weft::Page("application/x-pcapng", log.recording().Pcapng());
  file.headers.push_back({"Content-Disposition", "attachment; filename=tap.pcapng"});
  file.headers.push_back({"Cache-Control", "no-store"});
  return file;
}

absl::StatusOr<weft::PageResponse> NoTap(const weft::PageRequest& /*request*/) {
  return absl::NotFoundError("there is no tap");
}

}  // namespace

Inspect::Inspect(weft::CompressionOptions compression, TapView tap)
    : compression_(compression), tap_(std::move(tap)) {
  // The file has up to 16 MiB.
  if (tap_.log != nullptr) export_.emplace([log = tap_.log] { return Export(*log); });
}

void Inspect::AddTo(weft::Router& router, absl::string_view prefix) const {
  router.WebSocket(absl::StrCat(prefix, "/wire"), VisitorAcceptor(compression_, tap_));
  router.Get(absl::StrCat(prefix, "/*"), ServePage(prefix, kInspectPage));
  router.Get(absl::StrCat(prefix, "/tap.pcapng"), export_.has_value() ? export_->pages() : NoTap);
}

void Inspect::Adjust(weft::ServerOptions& options) {
  options.connection.max_message_bytes = kMaxQuestionBytes;
  options.sending.max_queue_bytes = 4 << 20;
}

}  // namespace examples
