// The certificates that a server shows, whether they are trusted or not.

#ifndef TOOLS_WEFT_CHECK_SERVER_CERTIFICATE_H_
#define TOOLS_WEFT_CHECK_SERVER_CERTIFICATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/deadline.h"

namespace weft::cli {

struct ShownCertificate {
  std::string subject{};
  std::string issuer{};
  std::string hosts{};      // that it is for
  std::string not_after{};  // "Jan  1 00:00:00 2030 GMT"
  int days_left = 0;        // whole days; negative once it has expired
};

struct ShownTls {
  std::string version{};  // "TLSv1.3"
  std::string cipher{};
  std::vector<ShownCertificate> chain{};  // the server's own first
};

// Performs a TLS handshake with `host` on a connected, non-blocking socket, accepts every
// certificate, and returns what was shown. The socket is for nothing else afterwards. Fails if the
// other side does not speak TLS, or does not answer by the deadline.
absl::StatusOr<ShownTls> InspectTls(int fd, const std::string& host, Deadline deadline);

// "expires in 83 days", "expired 2 days ago".
std::string DescribeExpiry(int days_left);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CHECK_SERVER_CERTIFICATE_H_
