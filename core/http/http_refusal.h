// What a server answered instead of opening a WebSocket.

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

// An answer other than 101, as the server wrote it: nothing in it is to be trusted.
//
//   absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(url);
//   if (const std::optional<HttpRefusal> refusal = RefusalOf(client.status())) {
//     Show(refusal->status, refusal->Find("Retry-After").value_or("soon"), refusal->body);
//   }
struct HttpRefusal {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // name, value
  std::string body{};                                          // its first kMaxRefusalBodyBytes
  // Of a redirect that no client should follow: why, such as "it has no header Location". Empty
  // where only ClientOptions::max_redirects is in the way.
  std::string not_followed{};

  // The value of the first header of that name, in any case.
  std::optional<absl::string_view> Find(absl::string_view name) const;
};

inline constexpr size_t kMaxRefusalBodyBytes = 4096;

// The answer that an error of Client::Connect() is about. None where no server has answered, or it
// answered something that is no HTTP, or 101 and then broke a rule.
std::optional<HttpRefusal> RefusalOf(const absl::Status& error);

// `error`, from which RefusalOf() gets the answer that consists of a head, which
// ParseHttpResponse() has understood, and a body.
absl::Status WithRefusal(absl::Status error, absl::string_view head, absl::string_view body);

// `error`, from which RefusalOf() gets this as HttpRefusal::not_followed too.
absl::Status WithWhyNotFollowed(absl::Status error, absl::string_view why);

}  // namespace weft

#endif  // WEFT_CORE_HTTP_HTTP_REFUSAL_H_
