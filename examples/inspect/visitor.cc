#include "examples/inspect/visitor.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/answers.h"
#include "examples/inspect/handshake.h"
#include "examples/inspect/json.h"
#include "nlohmann/json.hpp"
#include "weft/core/http/http.h"

namespace examples {
namespace {

class Visitor : public weft::Handler {
 public:
  Visitor(std::string own_request, const weft::CompressionOptions& compression, TapView tap)
      : own_request_(std::move(own_request)), compression_(compression), tap_(std::move(tap)) {}

  void OnOpen(weft::Session& session) override {
    nlohmann::json hello = HandshakeJson(ReadHandshake(own_request_, compression_));
    hello["type"] = "hello";
    hello["tap"] = nullptr;
    if (tap_.log != nullptr) {
      hello["tap"] = {{"connect", tap_.connect}, {"forwards", tap_.forwards}};
    }
    session.SendText(TextOf(hello)).IgnoreError();
    if (tap_.log != nullptr) tap_.log->Watch(session.ref());
  }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    // A page that sends questions and does not read the answers is closed.
    if (!session.SendText(AnswerTo(message.payload, compression_, tap_.log)).ok()) {
      session.Close(weft::CloseCode::kTryAgainLater, "the client does not read").IgnoreError();
    }
  }

  void OnClose(weft::Session& session, const weft::CloseInfo& /*info*/) override {
    if (tap_.log != nullptr) tap_.log->Unwatch(session.ref());
  }

 private:
  const std::string own_request_;
  const weft::CompressionOptions compression_;
  const TapView tap_;
};

}  // namespace

weft::Acceptor VisitorAcceptor(const weft::CompressionOptions& compression, TapView tap) {
  return [compression, tap = std::move(tap)](
             const weft::SessionRequest& request,
             weft::UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<weft::Handler>> {
    absl::StatusOr<std::string> own_request = weft::WriteHttpRequest(
        "GET", request.target, {request.headers.begin(), request.headers.size()});
    if (!own_request.ok()) return own_request.status();
    return std::make_unique<Visitor>(*std::move(own_request), compression, tap);
  };
}

}  // namespace examples
