#include "weft/client/upgrade.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/client/connecting/annotate.h"
#include "weft/client/http_exchange.h"
#include "weft/core/connection.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_body.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/opening_handshake.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

// The part of a refusal's body that an error's message shows, in bytes, and the time to wait for
// the body.
constexpr size_t kShownBodyBytes = 256;
constexpr absl::Duration kBodyTimeout = absl::Seconds(1);

// Makes text suitable for a message. The end of the last line carries no information.
std::string Shown(absl::string_view body) {
  body = absl::StripTrailingAsciiWhitespace(body);
  const bool cut = body.size() > kShownBodyBytes;
  return absl::StrCat(body.empty() ? "" : ": ", absl::CHexEscape(body.substr(0, kShownBodyBytes)),
                      cut ? "..." : "");
}

// `error` with its response attached, and with the start of the body, which is read here.
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

// Tells a server, for which the connection is open, why it ends (RFC 6455, section 7.4.1). Errors
// are ignored, because the server may be gone.
void CloseForMandatoryExtension(BlockingStream& stream, absl::string_view why) {
  Connection connection(Role::kClient, {});
  connection.SendClose(CloseCode::kMandatoryExtension, why).IgnoreError();
  stream.Write(connection.WriteBuffer()).IgnoreError();
}

}  // namespace

absl::StatusOr<Upgraded> Upgrade(BlockingStream stream, const Url& url, const UpgradeOffer& offer,
                                 const ClientOptions& options) {
  const absl::StatusOr<ClientHandshake> handshake =
      ClientHandshake::Create(url, options.connection.compression, offer);
  if (!handshake.ok()) return handshake.status();
  absl::StatusOr<HttpAnswer> answer = Exchange(stream, handshake->request(), options);
  if (!answer.ok()) return answer.status();
  const absl::StatusOr<HttpResponse> response =
      ParseHttpResponse(answer->head, options.http.limits);
  if (!response.ok()) return response.status();
  absl::StatusOr<AgreedHandshake> agreed = handshake->Check(*response);
  if (!agreed.ok() && response->status != 101) {
    return Refused(agreed.status(), stream, *answer, *response);
  }
  if (absl::IsFailedPrecondition(agreed.status())) {
    CloseForMandatoryExtension(stream, agreed.status().message());
  }
  if (!agreed.ok()) return agreed.status();
  return Upgraded{stream.TakeStream(), std::move(agreed->subprotocol), std::move(answer->behind),
                  agreed->deflate};
}

}  // namespace weft
