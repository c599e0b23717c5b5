// Arbitrary bytes as input of either side of the opening handshake, and as parts of it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/url.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;
using testing::RequireReadable;

constexpr absl::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// The server's side, and the client's check of its response.
void CheckRequest(absl::string_view head) {
  const absl::StatusOr<HttpRequest> http = ParseHttpRequest(head);
  const absl::StatusOr<UpgradeRequest> request =
      http.ok() ? ParseUpgradeRequest(*http) : absl::StatusOr<UpgradeRequest>(http.status());
  RequireReadable(request.status().message());
  const std::string text =
      request.ok()
          ? *AcceptResponse(*request,
                            request->subprotocols.empty() ? "" : request->subprotocols.back())
          : RejectResponse(request.status());
  const size_t size = *HttpHeadScanner({}).Scan(text);
  const absl::StatusOr<HttpResponse> response =
      ParseHttpResponse(absl::string_view(text).substr(0, size));
  Require(response.ok(), "an answer is HTTP");
  if (!request.ok()) {
    Require(response->status == HttpStatusOf(request.status()),
            "an error is answered by its status");
    Require(response->headers.Find("Content-Length") == absl::StrCat(text.size() - size),
            "a body has the announced length");
    return;
  }
  Require(request->target[0] == '/' &&
              request->path().size() + request->query().size() <= request->target.size(),
          "a target is a path and a query");
  const std::vector<std::string> offered(request->subprotocols.begin(),
                                         request->subprotocols.end());
  const absl::StatusOr<std::string> subprotocol =
      CheckUpgradeResponse(*response, request->key, offered);
  Require(subprotocol.ok() && *subprotocol == (offered.empty() ? "" : offered.back()),
          "the client accepts the server's response");
}

void CheckResponse(absl::string_view head) {
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head);
  RequireReadable(response.status().message());
  if (!response.ok()) return;
  const absl::StatusOr<std::string> subprotocol =
      CheckUpgradeResponse(*response, kKey, {"chat", "superchat"});
  RequireReadable(subprotocol.status().message());
  if (!subprotocol.ok()) return;
  Require(subprotocol->empty() || *subprotocol == "chat" || *subprotocol == "superchat",
          "the server chooses one of the offered subprotocols");
}

// The client's side, with `text` wherever an application can supply one.
void CheckOffer(absl::string_view text) {
  const std::string part(text);
  const Url url = {.host = "h"};
  for (const UpgradeOffer& offer :
       {UpgradeOffer{.subprotocols = {part}}, UpgradeOffer{.origin = part},
        UpgradeOffer{.headers = {{"X-Name", part}}}, UpgradeOffer{.headers = {{part, "x"}}}}) {
    const absl::StatusOr<std::string> request = RequestText(url, kKey, offer);
    RequireReadable(request.status().message());
    if (!request.ok()) continue;
    const absl::StatusOr<HttpRequest> http =
        ParseHttpRequest(*request, {.max_head_bytes = request->size()});
    const bool more =
        !offer.subprotocols.empty() || !offer.origin.empty() || !offer.headers.empty();
    Require(http.ok() && http->headers.size() == 5u + more, "a part is one header and no more");
  }
}

void CheckExtensions(absl::string_view value) {
  ExtensionList extensions;
  const absl::Status status = ParseExtensions(value, &extensions);
  RequireReadable(status.message());
  if (!status.ok()) return;
  std::string written;
  for (const Extension& extension : extensions) {
    absl::StrAppend(&written, written.empty() ? "" : ",", extension.name);
    for (const ExtensionParameter& parameter : extension.parameters) {
      absl::StrAppend(&written, ";", parameter.name, parameter.value.has_value() ? "=" : "",
                      parameter.value.value_or(""));
    }
  }
  ExtensionList again;
  Require(ParseExtensions(written, &again).ok(), "a written list can be parsed");
  Require(again.size() == extensions.size(), "... and is the same");
  for (size_t i = 0; i < again.size(); ++i) {
    Require(again[i].name == extensions[i].name, "... with the same names");
    Require(again[i].parameters.size() == extensions[i].parameters.size(),
            "... the same parameters");
    for (size_t p = 0; p < again[i].parameters.size(); ++p) {
      Require(again[i].parameters[p].name == extensions[i].parameters[p].name &&
                  again[i].parameters[p].value == extensions[i].parameters[p].value,
              "... and the same values");
    }
  }
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view in(reinterpret_cast<const char*>(data), size);
  weft::CheckRequest(in);
  // Here the fuzzer only has to find header lines.
  weft::CheckRequest(absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n",
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
                                  "Sec-WebSocket-Key: ", weft::kKey, "\r\n", in, "\r\n\r\n"));
  weft::CheckResponse(in);
  weft::CheckOffer(in);
  weft::CheckExtensions(in);
  return 0;
}
