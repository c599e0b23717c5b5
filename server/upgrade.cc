#include "weft/server/upgrade.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Chooses among the compression parameters that the client offers. None if nothing fits, unless
// compression is required.
absl::StatusOr<std::optional<AcceptedDeflate>> ChooseCompression(const UpgradeRequest& request,
                                                                 const CompressionOptions& options,
                                                                 size_t bytes_left) {
  absl::StatusOr<std::optional<AcceptedDeflate>> accepted =
      AcceptDeflate(request.extensions, options);
  if (!accepted.ok() || !accepted->has_value() ||
      MessageCodec::MemoryBytes((*accepted)->agreement, options) <= bytes_left) {
    return accepted;
  }
  if (options.use == CompressionOptions::Use::kRequired) {
    return HttpError(503, "the server has no memory left for compression");
  }
  return std::nullopt;
}

}  // namespace

// A client without an Origin is not a browser, and could send any.
absl::Status CheckOrigin(const UpgradeRequest& request, const ServerOptions& options) {
  if (!request.origin.has_value() || IsSameOrigin(*request.origin, request.host) ||
      IsAllowedOrigin(*request.origin, options.http.allowed_origins)) {
    return absl::OkStatus();
  }
  return HttpError(403, absl::StrCat("pages of the origin ", Quote(*request.origin),
                                     " may not connect to the host ", Quote(request.host),
                                     ": ServerOptions::http.allowed_origins lists other origins"));
}

absl::StatusOr<AcceptedUpgrade> AcceptUpgrade(UpgradeRequest upgrade, const Stream& stream,
                                              const SocketAddress& peer, LoopContext& context,
                                              UpgradeResponse& response) {
  const auto deflate = ChooseCompression(upgrade, context.options().connection.compression,
                                         context.compression_bytes_left());
  if (!deflate.ok()) return deflate.status();
  const SessionRequest request = {std::move(upgrade), peer, stream.peer_certificate(),
                                  &context.group()};

  absl::StatusOr<std::unique_ptr<Handler>> handler = context.acceptor()(request, response);
  if (!handler.ok()) return handler.status();
  const auto headers = std::exchange(response.headers, {});
  if (*handler == nullptr) return HttpError(500, "the acceptor returned no handler");
  absl::StatusOr<std::string> text = AcceptResponse(
      request, response.subprotocol, headers, deflate->has_value() ? (*deflate)->extension : "");
  // The application's subprotocol or header fields are invalid: not the client's mistake.
  if (!text.ok()) return HttpError(500, text.status().message());
  AcceptedUpgrade accepted = {.handler = *std::move(handler), .response = *std::move(text)};
  if (deflate->has_value()) accepted.deflate = (*deflate)->agreement;
  if (!response.subprotocol.empty()) {
    accepted.opening.reset(new SessionOpening{response.subprotocol});
  }
  return accepted;
}

}  // namespace weft
