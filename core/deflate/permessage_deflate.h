// The negotiation of permessage-deflate, from text to what is agreed on (RFC 7692, section 7.1).

#ifndef WEFT_CORE_DEFLATE_PERMESSAGE_DEFLATE_H_
#define WEFT_CORE_DEFLATE_PERMESSAGE_DEFLATE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/cxx20.h"

namespace weft {

// What both ends hold to, as one of them sees it; what it sends is what the other receives.
struct DeflateAgreement {
  bool send_takeover = true;
  int send_window_bits = 15;
  bool receive_takeover = true;
  int receive_window_bits = 15;

  friend bool operator==(const DeflateAgreement&, const DeflateAgreement&) = default;
};

// InvalidArgument for a number out of its range.
absl::Status CheckCompressionOptions(const CompressionOptions& options);

// ---- Server

struct AcceptedDeflate {
  DeflateAgreement agreement;
  std::string extension;  // for Sec-WebSocket-Extensions
};

// Accepts the first of a client's offers that can be: those with a parameter that is unknown, is
// there twice or makes no sense are passed over, as section 7.1 has it, and so are other
// extensions. None: no offer is acceptable, or `options` are for not using it.
std::optional<AcceptedDeflate> AcceptDeflate(const ExtensionList& offers,
                                             const CompressionOptions& options);

// ---- Client

// For Sec-WebSocket-Extensions; empty where `options` are for not using it.
std::string DeflateOffer(const CompressionOptions& options);

// Holds what a server chose against what was offered with the same `options`. None: it chose no
// extension. InvalidArgument, after which the connection must fail: it chose what was not offered,
// or not as it was. FailedPrecondition: it chose none, and that was required.
absl::StatusOr<std::optional<DeflateAgreement>> CheckDeflateResponse(
    const ExtensionList& response, const CompressionOptions& options);

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_PERMESSAGE_DEFLATE_H_
