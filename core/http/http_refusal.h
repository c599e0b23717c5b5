// A server's response that did not open a WebSocket.

#ifndef WEFT_CORE_HTTP_HTTP_REFUSAL_H_
#define WEFT_CORE_HTTP_HTTP_REFUSAL_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace weft {

// A response other than 101, exactly as the server sent it: do not trust its content.
//
//   absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url);
//   if (const std::optional<HttpRefusal> refusal = RefusalOf(client.status())) {
//     Show(refusal->status, refusal->Find("Retry-After").value_or("soon"), refusal->body);
//   }
struct HttpRefusal {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // name, value
  std::string body{};                                          // its first kMaxRefusalBodyBytes
  // For a redirect that no client should follow: the reason, such as "it has no header Location".
  // Empty if only ClientHttp::max_redirects prevents following it.
  std::string not_followed{};

  // The value of the first header of that name, in any case.
  std::optional<absl::string_view> Find(absl::string_view name) const;
};

inline constexpr size_t kMaxRefusalBodyBytes = 4096;

// The response that an error of Client::Connect() is about. None if no server answered, or the
// response was not HTTP, or was a 101 that broke a rule.
std::optional<HttpRefusal> RefusalOf(const absl::Status& error);

// `error`, with a response attached that RefusalOf() returns: a head, which ParseHttpResponse() has
// parsed, and a body.
absl::Status WithRefusal(absl::Status error, absl::string_view head, absl::string_view body);

// `error`, with HttpRefusal::not_followed set to this as well.
absl::Status WithWhyNotFollowed(absl::Status error, absl::string_view why);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_REFUSAL_H_
