#include "weft/client/connecting/http_connect.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "weft/client/connecting/request_headers.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

absl::StatusOr<std::string> ConnectRequest(absl::string_view host, uint16_t port,
                                           const std::optional<BasicCredentials>& credentials,
                                           absl::string_view user_agent) {
  const std::string target = AuthorityText(host, port);
  std::vector<HttpHeader> headers = {{"Host", target}};
  if (!user_agent.empty()) headers.push_back({"User-Agent", user_agent});
  std::string authorization;
  if (credentials.has_value()) {
    absl::StatusOr<std::string> value = BasicAuthorization(*credentials);
    if (!value.ok()) return value.status();
    authorization = *std::move(value);
    headers.push_back({"Proxy-Authorization", authorization});
  }
  return WriteHttpRequest("CONNECT", target, headers);
}

// The error for a response other than 2xx.
absl::Status Refused(const HttpResponse& response, bool has_credentials) {
  const absl::string_view reason = HttpReason(response.status);
  std::string message =
      absl::StrCat("it answered HTTP ", response.status, reason.empty() ? "" : " ", reason);
  // 401 is for servers, but tinyproxy sends it for a wrong password.
  if (response.status == 407 || response.status == 401) {
    absl::StrAppend(&message, has_credentials ? ": it rejects the user name and password"
                                              : ": it requires a user name and a password");
  }
  const auto challenge = response.headers.Find("Proxy-Authenticate");
  if (challenge.has_value()) absl::StrAppend(&message, ", and asks for ", Quote(*challenge));
  return HttpError(response.status, message);
}

}  // namespace

absl::StatusOr<HttpConnect> HttpConnect::Create(absl::string_view host, uint16_t port,
                                                const std::optional<BasicCredentials>& credentials,
                                                const ClientOptions& options) {
  absl::StatusOr<std::string> request = ConnectRequest(host, port, credentials, UserAgent(options));
  if (!request.ok()) return request.status();
  return HttpConnect(*std::move(request), credentials.has_value(), options);
}

absl::Status HttpConnect::Take(absl::string_view bytes) {
  absl::Status status = exchange_.Take(bytes);
  if (!status.ok() || exchange_.wanted() > 0) return status;
  const HttpAnswer& answer = exchange_.answer();
  const absl::StatusOr<HttpResponse> response =
      ParseHttpResponse(answer.head, options_.http.limits);
  if (!response.ok()) return response.status();
  if (response->status < 200 || response->status > 299) {
    return Refused(*response, has_credentials_);
  }
  // Nothing was sent to the server yet: these bytes are not the server's.
  if (!answer.behind.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it sent ", Quote(answer.behind), " after its response"));
  }
  return absl::OkStatus();
}

}  // namespace weft
