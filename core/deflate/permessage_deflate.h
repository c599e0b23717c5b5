// The negotiation of permessage-deflate, from header text to the agreed parameters (RFC 7692,
// section 7.1).

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

// The agreed parameters, as one end sees them: what this end sends, the other receives.
struct DeflateAgreement {
  bool send_takeover = true;
  int send_window_bits = 15;
  bool receive_takeover = true;
  int receive_window_bits = 15;

  friend bool operator==(const DeflateAgreement&, const DeflateAgreement&) = default;
};

// InvalidArgument for a number out of range.
absl::Status CheckCompressionOptions(const CompressionOptions& options);

// ---- Server

struct AcceptedDeflate {
  DeflateAgreement agreement;
  std::string extension;  // the value for Sec-WebSocket-Extensions
};

// Accepts the first acceptable offer of a client. Offers with a parameter that is unknown, repeated
// or invalid are skipped, as section 7.1 requires, and so are other extensions. Returns none if no
// offer is acceptable or `options` disable compression, and InvalidArgument if no offer is
// acceptable and `options` require one.
absl::StatusOr<std::optional<AcceptedDeflate>> AcceptDeflate(const ExtensionList& offers,
                                                             const CompressionOptions& options);

// ---- Client

// The value for Sec-WebSocket-Extensions; empty if `options` disable compression. If they ask for a
// small window, a second offer does without it, for servers that know no windows.
std::string DeflateOffer(const CompressionOptions& options);

// Checks the server's choice against the offer made with the same `options`. Returns none if the
// server chose no extension. InvalidArgument, after which the connection must fail, if it chose
// something that was not offered, or with other parameters. FailedPrecondition if it chose none and
// compression is required.
absl::StatusOr<std::optional<DeflateAgreement>> CheckDeflateResponse(
    const ExtensionList& response, const CompressionOptions& options);

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_PERMESSAGE_DEFLATE_H_
