#include "weft/core/opening_handshake.h"

#include <utility>

#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"

namespace weft {

absl::Status HandshakeReader::Read(absl::Span<const char> bytes) {
  if (complete()) return absl::FailedPreconditionError("the head of the handshake is complete");
  received_.append(bytes.data(), bytes.size());
  const absl::StatusOr<size_t> size = scanner_.Scan(received_);
  if (!size.ok()) return size.status();
  head_size_ = *size;
  return absl::OkStatus();
}

void HandshakeReader::GiveRestTo(Connection& connection) {
  if (!complete()) return;
  // A new connection has no room of its own: it reads where the bytes lie.
  const absl::Span<char> rest = absl::MakeSpan(received_).subspan(head_size_);
  connection.ReadBuffer(rest);
  connection.DidRead(rest.size());
}

absl::StatusOr<UpgradeRequest> ReadUpgradeRequest(absl::string_view head,
                                                  const HttpLimits& limits) {
  const absl::StatusOr<HttpRequest> http = ParseHttpRequest(head, limits);
  if (!http.ok()) return http.status();
  return ParseUpgradeRequest(*http);
}

absl::StatusOr<AcceptedHandshake> AcceptHandshake(const UpgradeRequest& request,
                                                  const CompressionOptions& compression,
                                                  absl::string_view subprotocol,
                                                  ExtraHeaders extra) {
  const absl::StatusOr<std::optional<AcceptedDeflate>> deflate =
      AcceptDeflate(request.extensions, compression);
  if (!deflate.ok()) return deflate.status();
  absl::StatusOr<std::string> response = AcceptResponse(
      request, subprotocol, extra, deflate->has_value() ? (*deflate)->extension : "");
  if (!response.ok()) return response.status();
  AcceptedHandshake accepted = {.response = *std::move(response)};
  if (deflate->has_value()) accepted.deflate = (*deflate)->agreement;
  return accepted;
}

absl::StatusOr<ClientHandshake> ClientHandshake::Create(const Url& url,
                                                        const CompressionOptions& compression,
                                                        UpgradeOffer offer) {
  offer.extensions = DeflateOffer(compression);
  ClientHandshake handshake;
  handshake.key_ = RandomKey();
  absl::StatusOr<std::string> request = RequestText(url, handshake.key_, offer);
  if (!request.ok()) return request.status();
  handshake.request_ = *std::move(request);
  handshake.subprotocols_ = std::move(offer.subprotocols);
  handshake.compression_ = compression;
  return handshake;
}

absl::StatusOr<AgreedHandshake> ClientHandshake::Check(const HttpResponse& response) const {
  const bool offered = compression_.use != CompressionOptions::Use::kOff;
  ExtensionList extensions;
  absl::StatusOr<std::string> subprotocol =
      CheckUpgradeResponse(response, key_, subprotocols_, offered ? &extensions : nullptr);
  if (!subprotocol.ok()) return subprotocol.status();
  const absl::StatusOr<std::optional<DeflateAgreement>> deflate =
      CheckDeflateResponse(extensions, compression_);
  if (!deflate.ok()) return deflate.status();
  return AgreedHandshake{.subprotocol = *std::move(subprotocol), .deflate = *deflate};
}

absl::StatusOr<AgreedHandshake> ClientHandshake::Check(absl::string_view head,
                                                       const HttpLimits& limits) const {
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head, limits);
  if (!response.ok()) return response.status();
  return Check(*response);
}

}  // namespace weft
