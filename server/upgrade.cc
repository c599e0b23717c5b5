#include "weft/server/upgrade.h"

#include <cstddef>
#include <string>
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
absl::Status CheckOrigin(const UpgradeRequest& request, const Stream& stream,
                         const RequestSource& source, const LoopContext& context) {
  const ServerOptions& options = context.options();
  const absl::string_view host = source.host.empty() ? request.host : source.host;
  if (!request.origin.has_value() || IsSameOrigin(*request.origin, host) ||
      IsAllowedOrigin(*request.origin, options.http.allowed_origins)) {
    return absl::OkStatus();
  }
  return HttpError(403, absl::StrCat("pages of the origin ", Quote(*request.origin),
                                     " may not connect to the host ", Quote(host), ": ",
                                     OriginAdvice(*request.origin, host, request.headers, source,
                                                  SenderOf(stream, source.client, context),
                                                  options.proxies.header)));
}

// The system is asked for the peer only where there can be a proxy.
SocketAddress ProxyOf(const Stream& stream, const SocketAddress& client,
                      const LoopContext& context) {
  if (context.trusted().empty()) return SocketAddress();
  SocketAddress peer = PeerAddress(stream.fd());
  return peer == client ? SocketAddress() : peer;
}

Sender SenderOf(const Stream& stream, const SocketAddress& client, const LoopContext& context) {
  if (context.trusted().Contains(client)) return Sender::kTrusted;
  return ProxyOf(stream, client, context) == SocketAddress() ? Sender::kStranger : Sender::kNamed;
}

absl::string_view SchemeOf(const Stream& stream, const RequestSource& source) {
  if (!source.scheme.empty()) return source.scheme;
  return stream.is_tls() ? "https" : "http";
}

absl::StatusOr<AcceptedUpgrade> AcceptUpgrade(UpgradeRequest upgrade, absl::string_view head,
                                              const Stream& stream, const RequestSource& source,
                                              LoopContext& context, UpgradeResponse& response,
                                              std::optional<UpgradeDecision> decision) {
  const auto deflate = ChooseCompression(upgrade, context.options().connection.compression,
                                         context.compression_bytes_left());
  if (!deflate.ok()) return deflate.status();
  SessionRequest request = {std::move(upgrade), source.client, stream.peer_certificate(),
                            &context.group()};
  request.proxy_address = ProxyOf(stream, source.client, context);
  request.scheme = SchemeOf(stream, source);

  if (!decision.has_value()) {
    internal::RequestContext<UpgradeDecision> found = {context.loop(), context.late_answers(),
                                                       context.guard(),
                                                       context.group().handler_pool(), head};
    request.context = &found;
    decision.emplace(UpgradeDecision{context.acceptor()(request, response), {}});
    decision->response = std::move(response);
    request.context = nullptr;
    if (found.late != nullptr) decision = found.late->Take();
    if (!decision.has_value()) {
      return AcceptedUpgrade{.later = std::move(found.late),
                             .path_parameters = std::move(found.path_parameters)};
    }
    decision->path_parameters = std::move(found.path_parameters);
  }
  request.path_parameters = std::move(decision->path_parameters);
  response = std::move(decision->response);
  absl::StatusOr<std::unique_ptr<Handler>>& handler = decision->handler;
  if (!handler.ok()) return handler.status();
  const auto headers = std::exchange(response.headers, {});
  if (*handler == nullptr) return HttpError(500, "the acceptor returned no handler");
  absl::StatusOr<std::string> text = AcceptResponse(
      request, response.subprotocol, headers, deflate->has_value() ? (*deflate)->extension : "");
  // The application's subprotocol or header fields are invalid: not the client's mistake.
  if (!text.ok()) return HttpError(500, text.status().message());
  AcceptedUpgrade accepted = {.handler = *std::move(handler), .response = *std::move(text)};
  if (deflate->has_value()) accepted.deflate = (*deflate)->agreement;
  if (!response.subprotocol.empty() || response.keep_request) {
    auto opening = std::make_unique<SessionOpening>();
    opening->subprotocol = response.subprotocol;
    if (response.keep_request) opening->kept = Keep(request, head);
    accepted.opening = std::move(opening);
  }
  return accepted;
}

}  // namespace weft
