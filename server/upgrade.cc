#include "weft/server/upgrade.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/origin.h"
#include "weft/core/http/quote.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/string_memory.h"

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

size_t MemoryOf(const std::optional<PeerCertificate>& certificate) {
  if (!certificate.has_value()) return 0;
  size_t bytes = weft::MemoryOf(certificate->subject);
  for (const auto* names : {&certificate->dns_names, &certificate->ip_addresses,
                            &certificate->email_addresses, &certificate->uris}) {
    bytes += names->capacity() * sizeof(std::string);
    for (const std::string& name : *names) bytes += weft::MemoryOf(name);
  }
  return bytes;
}

// Parses a copy of the head again, for views into the copy. It has been parsed before, so that it
// cannot fail.
std::unique_ptr<const KeptRequest> Keep(SessionRequest request, absl::string_view head) {
  std::unique_ptr<KeptRequest> kept(new KeptRequest{.head = std::string(head)});
  const absl::StatusOr<HttpRequest> http = ParseHttpRequest(
      kept->head, {.max_head_bytes = head.size(), .max_headers = request.headers.size()});
  absl::StatusOr<UpgradeRequest> upgrade =
      http.ok() ? ParseUpgradeRequest(*http) : absl::StatusOr<UpgradeRequest>(http.status());
  if (!upgrade.ok()) return nullptr;
  static_cast<UpgradeRequest&>(request) = *std::move(upgrade);
  kept->bytes = sizeof(KeptRequest) + weft::MemoryOf(kept->head) + weft::MemoryOf(request.target) +
                request.headers.size() * sizeof(HttpHeader) + MemoryOf(request.peer_certificate);
  kept->request = std::move(request);
  return kept;
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

absl::StatusOr<AcceptedUpgrade> AcceptUpgrade(UpgradeRequest upgrade, absl::string_view head,
                                              const Stream& stream, const SocketAddress& peer,
                                              LoopContext& context, UpgradeResponse& response,
                                              std::optional<UpgradeDecision> decision) {
  const auto deflate = ChooseCompression(upgrade, context.options().connection.compression,
                                         context.compression_bytes_left());
  if (!deflate.ok()) return deflate.status();
  SessionRequest request = {std::move(upgrade), peer, stream.peer_certificate(), &context.group()};

  if (!decision.has_value()) {
    internal::LateAnswerSlot<UpgradeDecision> slot = {context.mailbox()};
    request.later = &slot;
    decision.emplace(UpgradeDecision{context.acceptor()(request, response), {}});
    decision->response = std::move(response);
    request.later = nullptr;
    if (slot.late != nullptr) decision = slot.late->Take();
    if (!decision.has_value()) return AcceptedUpgrade{.later = std::move(slot.late)};
  }
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
    if (response.keep_request) opening->kept = Keep(std::move(request), head);
    accepted.opening = std::move(opening);
  }
  return accepted;
}

}  // namespace weft
