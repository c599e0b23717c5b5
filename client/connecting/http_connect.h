// Connects through an HTTP proxy (RFC 9110, section 9.3.6), without I/O.

#ifndef WEFT_CLIENT_CONNECTING_HTTP_CONNECT_H_
#define WEFT_CLIENT_CONNECTING_HTTP_CONNECT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/client/connecting/http_exchange.h"
#include "weft/core/http/basic_auth.h"

namespace weft {

// Asks a proxy to connect to a host. At its end the proxy has connected, and the next bytes are for
// the host, and from it. Errors describe the proxy's answer, such as "it answered HTTP 403
// Forbidden", with that as HttpStatusOf().
class HttpConnect : public Dialogue {
 public:
  // An error for credentials that HTTP cannot carry. `options` must outlive the result.
  static absl::StatusOr<HttpConnect> Create(absl::string_view host, uint16_t port,
                                            const std::optional<BasicCredentials>& credentials,
                                            const ClientOptions& options);

  std::string TakeOutput() override { return exchange_.TakeOutput(); }
  size_t wanted() const override { return exchange_.wanted(); }
  absl::Status Take(absl::string_view bytes) override;
  absl::Status CannotWrite(const absl::Status& why) override { return exchange_.CannotWrite(why); }
  absl::Status CannotRead(const absl::Status& why) override { return exchange_.CannotRead(why); }

 private:
  HttpConnect(std::string request, bool has_credentials, const ClientOptions& options)
      : options_(options),
        has_credentials_(has_credentials),
        exchange_(std::move(request), options) {}

  const ClientOptions& options_;
  const bool has_credentials_;
  HttpExchange exchange_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_HTTP_CONNECT_H_
