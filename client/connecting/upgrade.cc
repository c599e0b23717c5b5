#include "weft/client/connecting/upgrade.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/annotate.h"
#include "weft/core/connection.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_refusal.h"

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

// Tells a server, for which the connection is open, why it ends (RFC 6455, section 7.4.1).
std::string CloseForMandatoryExtension(absl::string_view why) {
  Connection connection(Role::kClient, {});
  connection.SendClose(CloseCode::kMandatoryExtension, why).IgnoreError();
  return std::string(connection.WriteBuffer());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Upgrade>> Upgrade::Create(const Url& url, const UpgradeOffer& offer,
                                                         const ClientOptions& options) {
  absl::StatusOr<ClientHandshake> handshake =
      ClientHandshake::Create(url, options.connection.compression, offer);
  if (!handshake.ok()) return handshake.status();
  return std::unique_ptr<Upgrade>(new Upgrade(*std::move(handshake), options));
}

std::string Upgrade::TakeOutput() {
  return farewell_.empty() ? exchange_.TakeOutput() : std::exchange(farewell_, "");
}

size_t Upgrade::wanted() const {
  if (body_.has_value()) return body_->done() ? 0 : kMaxReadBytes;
  return exchange_.wanted();
}

absl::Duration Upgrade::patience() const {
  return body_.has_value() ? kBodyTimeout : absl::InfiniteDuration();
}

absl::Status Upgrade::Take(absl::string_view bytes) {
  if (body_.has_value()) {
    body_->Append(bytes);
    return absl::OkStatus();
  }
  absl::Status status = exchange_.Take(bytes);
  return !status.ok() || exchange_.wanted() > 0 ? status : Check();
}

// Checks the response.
absl::Status Upgrade::Check() {
  HttpAnswer& answer = exchange_.answer();
  const absl::StatusOr<HttpResponse> response =
      ParseHttpResponse(answer.head, options_.http.limits);
  if (!response.ok()) return response.status();
  absl::StatusOr<AgreedHandshake> agreed = handshake_.Check(*response);
  if (agreed.ok()) {
    upgraded_ = {std::move(agreed->subprotocol), std::move(answer.behind), agreed->deflate};
    return absl::OkStatus();
  }
  refusal_ = agreed.status();
  if (response->status != 101) {
    body_.emplace(*response, kMaxRefusalBodyBytes);
    body_->Append(answer.behind);
  } else if (absl::IsFailedPrecondition(refusal_)) {
    farewell_ = CloseForMandatoryExtension(refusal_.message());
  }
  return absl::OkStatus();
}

// The refusal with its response attached, and with the start of the body.
absl::Status Upgrade::Refused() {
  return WithRefusal(Annotate(refusal_, "", Shown(body_->text())), exchange_.answer().head,
                     body_->text());
}

// Errors after the response are ignored, because the server may be gone.
absl::Status Upgrade::CannotWrite(const absl::Status& why) {
  return refusal_.ok() ? exchange_.CannotWrite(why) : refusal_;
}

absl::Status Upgrade::CannotRead(const absl::Status& why) {
  return body_.has_value() ? Refused() : exchange_.CannotRead(why);
}

absl::StatusOr<Upgraded> Upgrade::TakeResult() {
  if (body_.has_value()) return Refused();
  if (!refusal_.ok()) return refusal_;
  return std::move(upgraded_);
}

}  // namespace weft
