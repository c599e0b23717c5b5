// Describes TLS errors in text.

#ifndef WEFT_TRANSPORT_TLS_ERROR_H_
#define WEFT_TRANSPORT_TLS_ERROR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/transport/tls_peer.h"

namespace weft {

// BoringSSL's name for a packed error `error`: "bad base64 decode".
std::string TlsReason(uint32_t error);

// One sentence for an error of BoringSSL, with a code as of Stream::Error().
absl::Status DescribeTlsError(uint32_t error, const TlsPeer& peer);

// Checks the first `bytes` of the peer: OK if they may begin a TLS record. Sets `peer.speaks_http`.
absl::Status CheckFirstBytes(absl::string_view bytes, TlsPeer& peer);

// The stream ended without the end of TLS.
absl::Status DescribeTruncation(const TlsPeer& peer);

}  // namespace weft

#endif  // WEFT_TRANSPORT_TLS_ERROR_H_
