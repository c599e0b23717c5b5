#include "examples/echo/echo.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "examples/echo/page_files.h"
#include "examples/page.h"
#include "weft/server/server.h"

namespace examples {
namespace {

// Each client has one.
struct EchoHandler : weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();  // If it fails, the session is closing: nothing to do.
  }
};

}  // namespace

void Echo::AddTo(weft::Router& router, absl::string_view prefix) const {
  router.WebSocket(absl::StrCat(prefix, "/*"), [](auto& /*request*/, auto& /*response*/) {
    return std::make_unique<EchoHandler>();
  });
  AddPage(router, prefix, kEchoPage, "ws: wss:");  // it can talk to any other server, too
}

void Echo::Adjust(weft::ServerOptions& options) {
  options.sending.when_full = weft::WhenFull::kDisconnect;
}

}  // namespace examples
