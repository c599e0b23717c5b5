#include "weft/client/upgrade.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/annotate.h"
#include "weft/client/http_exchange.h"
#include "weft/core/connection.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_body.h"
#include "weft/core/http/http_refusal.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

// How much of a refusal's body an error's message shows, in bytes, and how long the body is waited
// for.
constexpr size_t kShownBodyBytes = 256;
constexpr absl::Duration kBodyTimeout = absl::Seconds(1);

// Fit to stand in a message. The end of a last line says nothing.
std::string Shown(absl::string_view body) {
  body = absl::StripTrailingAsciiWhitespace(body);
  const bool cut = body.size() > kShownBodyBytes;
  return absl::StrCat(body.empty() ? "" : ": ", absl::CHexEscape(body.substr(0, kShownBodyBytes)),
                      cut ? "..." : "");
}

// `error` with the answer that it is about, and with the start of its body, which is read here.
absl::Status Refused(const absl::Status& error, BlockingStream& stream, const HttpAnswer& answer,
                     const HttpResponse& response) {
  HttpBody body(response, kMaxRefusalBodyBytes);
  std::string bytes = answer.behind;
  stream.LimitTo(Deadline::After(kBodyTimeout));
  do {
    body.Append(std::exchange(bytes, ""));
  } while (!body.done() && stream.Read(&bytes).ok());
  return WithRefusal(Annotate(error, "", Shown(body.text())), answer.head, body.text());
}

// Tells a server, for which the connection is open, why it ends (RFC 6455, section 7.4.1). It may
// be gone, for all we care.
void CloseForMandatoryExtension(BlockingStream& stream, absl::string_view why) {
  Connection connection(Role::kClient, {});
  connection.SendClose(CloseCode::kMandatoryExtension, why).IgnoreError();
  stream.Write(connection.WriteBuffer()).IgnoreError();
}

}  // namespace

absl::StatusOr<Upgraded> Upgrade(BlockingStream stream, const Url& url, const UpgradeOffer& offer,
                                 const ClientOptions& options) {
  const std::string key = RandomKey();
  const absl::StatusOr<std::string> request = RequestText(url, key, offer);
  if (!request.ok()) return request.status();
  absl::StatusOr<HttpAnswer> answer = Exchange(stream, *request, options);
  if (!answer.ok()) return answer.status();
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(answer->head, options.http);
  if (!response.ok()) return response.status();
  ExtensionList extensions;
  absl::StatusOr<std::string> subprotocol = CheckUpgradeResponse(
      *response, key, offer.subprotocols, offer.extensions.empty() ? nullptr : &extensions);
  if (!subprotocol.ok()) {
    if (response->status == 101) return subprotocol.status();
    return Refused(subprotocol.status(), stream, *answer, *response);
  }
  const auto deflate = CheckDeflateResponse(extensions, options.connection.compression);
  if (absl::IsFailedPrecondition(deflate.status())) {
    CloseForMandatoryExtension(stream, deflate.status().message());
  }
  if (!deflate.ok()) return deflate.status();
  return Upgraded{stream.TakeStream(), *std::move(subprotocol), std::move(answer->behind),
                  *deflate};
}

}  // namespace weft
