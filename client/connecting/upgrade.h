// The client's side of the opening handshake (RFC 6455, section 4.1), without I/O.

#ifndef WEFT_CLIENT_CONNECTING_UPGRADE_H_
#define WEFT_CLIENT_CONNECTING_UPGRADE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/connecting/client_options.h"
#include "weft/client/connecting/dialogue.h"
#include "weft/client/connecting/http_exchange.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http_body.h"
#include "weft/core/http/url.h"
#include "weft/core/opening_handshake.h"

namespace weft {

// The result of an opening handshake.
struct Upgraded {
  std::string subprotocol;  // the server's choice; empty when none
  // the bytes received after the head of the response: perhaps the first frames
  std::string early;
  std::optional<DeflateAgreement> deflate;  // none: no compression
};

// The maximum size of `early`.
inline constexpr size_t kMaxEarlyBytes = kMaxReadBytes;

// Asks a server for the WebSocket of a URL, with the options for HTTP and for compression. If the
// server refuses, the error quotes it, and RefusalOf() returns the rest of its response. When
// wanted() is 0 and the output is written, TakeResult() has the outcome.
class Upgrade : public Dialogue {
 public:
  // InvalidArgument for what cannot be sent. `options` must outlive the result.
  static absl::StatusOr<std::unique_ptr<Upgrade>> Create(const Url& url, const UpgradeOffer& offer,
                                                         const ClientOptions& options);

  std::string TakeOutput() override;
  size_t wanted() const override;
  absl::Status Take(absl::string_view bytes) override;
  absl::Duration patience() const override;
  absl::Status CannotWrite(const absl::Status& why) override;
  absl::Status CannotRead(const absl::Status& why) override;

  absl::StatusOr<Upgraded> TakeResult();

 private:
  Upgrade(ClientHandshake handshake, const ClientOptions& options)
      : options_(options),
        handshake_(std::move(handshake)),
        exchange_(handshake_.request(), options) {}

  absl::Status Check();
  absl::Status Refused();

  const ClientOptions& options_;
  const ClientHandshake handshake_;
  HttpExchange exchange_;
  std::string farewell_;          // a Close frame
  absl::Status refusal_;          // the server refused, or its response is not acceptable
  std::optional<HttpBody> body_;  // of the refusal, while it is read
  Upgraded upgraded_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_UPGRADE_H_
