// The opening handshake of both roles, with compression: what core/handshake and core/deflate do,
// put together (RFC 6455, section 4; RFC 7692, section 7.1).

#ifndef WEFT_CORE_OPENING_HANDSHAKE_H_
#define WEFT_CORE_OPENING_HANDSHAKE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/core/http/url.h"

namespace weft {

// Gathers the head of the peer's handshake, of either role, from the pieces that it arrives in.
//
//   HandshakeReader reader;
//   while (!reader.complete()) {
//     if (absl::Status status = reader.Read(Receive()); !status.ok()) return status;
//   }
//   ...                              // reader.head() opens the connection
//   reader.GiveRestTo(connection);   // the first frames, perhaps
class HandshakeReader {
 public:
  explicit HandshakeReader(const HttpLimits& limits = {}) : scanner_(limits) {}

  // Takes bytes that were read, more of them until the head is complete. Errors as
  // HttpHeadScanner::Scan; FailedPrecondition once it is complete.
  absl::Status Read(absl::Span<const char> bytes);

  bool complete() const { return head_size_ > 0; }

  // The whole head; empty before it is complete.
  absl::string_view head() const { return absl::string_view(received_).substr(0, head_size_); }

  // Makes what followed the head the first input of a new connection: call NextEvent then. The
  // reader must outlive the events. Nothing happens before the head is complete.
  void GiveRestTo(Connection& connection);

 private:
  HttpHeadScanner scanner_;
  std::string received_;
  size_t head_size_ = 0;
};

// ---- Server
//
//   absl::StatusOr<UpgradeRequest> request = ReadUpgradeRequest(reader.head());
//   absl::StatusOr<AcceptedHandshake> accepted = AcceptHandshake(*request, options.compression);
//   if (!accepted.ok()) return Send(RejectResponse(accepted.status()));
//   Connection connection(Role::kServer, options);
//   if (accepted->deflate) connection.UseDeflate(*accepted->deflate, options);
//   connection.QueueHandshake(accepted->response);

// ParseHttpRequest and ParseUpgradeRequest, with their errors. The result has views into `head`.
absl::StatusOr<UpgradeRequest> ReadUpgradeRequest(absl::string_view head,
                                                  const HttpLimits& limits = {});

struct AcceptedHandshake {
  std::string response;                       // the 101, with which the connection is open
  std::optional<DeflateAgreement> deflate{};  // none: nothing is compressed
};

// Accepts a request, and of the compression that it offers what `compression` allows. Errors as
// AcceptResponse and AcceptDeflate. Whether a page of this origin may connect is the caller's to
// decide first (core/http/origin.h).
absl::StatusOr<AcceptedHandshake> AcceptHandshake(const UpgradeRequest& request,
                                                  const CompressionOptions& compression,
                                                  absl::string_view subprotocol = "",
                                                  ExtraHeaders extra = {});

// ---- Client
//
//   absl::StatusOr<ClientHandshake> handshake = ClientHandshake::Create(url, options.compression);
//   Send(handshake->request());
//   absl::StatusOr<AgreedHandshake> agreed = handshake->Check(reader.head());
//   Connection connection(Role::kClient, options);
//   if (agreed->deflate) connection.UseDeflate(*agreed->deflate, options);

struct AgreedHandshake {
  std::string subprotocol;                    // the server's choice; empty: none
  std::optional<DeflateAgreement> deflate{};  // none: nothing is compressed
};

// The request of a client, and the check of the answer to it.
class ClientHandshake {
 public:
  // Offers compression as `compression` says, instead of `offer.extensions`. Errors as RequestText.
  static absl::StatusOr<ClientHandshake> Create(const Url& url,
                                                const CompressionOptions& compression,
                                                UpgradeOffer offer = {});

  // The whole request. Its key is random: it is sent once.
  const std::string& request() const { return request_; }

  // Errors as CheckUpgradeResponse and CheckDeflateResponse: FailedPrecondition where the server
  // opened the connection without the compression that is required here. Close it then, as by
  // Connection::SendClose with kMandatoryExtension (RFC 6455, section 7.4.1).
  absl::StatusOr<AgreedHandshake> Check(const HttpResponse& response) const;

  // The same for the head of the response, with the errors of ParseHttpResponse.
  absl::StatusOr<AgreedHandshake> Check(absl::string_view head,
                                        const HttpLimits& limits = {}) const;

 private:
  ClientHandshake() = default;

  std::string key_;
  std::string request_;
  std::vector<std::string> subprotocols_;
  CompressionOptions compression_;
};

}  // namespace weft

#endif  // WEFT_CORE_OPENING_HANDSHAKE_H_
