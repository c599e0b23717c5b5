#include "weft/client/upgrade.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/core/accept_key.h"
#include "weft/core/handshake.h"
#include "weft/core/http.h"
#include "weft/core/http_body.h"
#include "weft/core/http_refusal.h"
#include "weft/core/url.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

// How much of a refusal's body an error's message shows, in bytes, and how long the body is waited
// for.
constexpr size_t kShownBodyBytes = 256;
constexpr absl::Duration kBodyTimeout = absl::Seconds(1);

// Why `result` is the end, as an error that says what it is the end of.
absl::Status Lost(absl::string_view what, const IoResult& result) {
  return absl::UnavailableError(absl::StrCat(what, ": ",
                                             result.status == IoStatus::kEof
                                                 ? "the server closed the connection"
                                                 : std::strerror(result.error)));
}

// Waits until it is worth trying again.
absl::Status WaitFor(absl::string_view what, const Stream& stream, const IoResult& result,
                     Deadline deadline) {
  absl::Status status = Wait(stream.fd(), result.wanted, deadline);
  if (!absl::IsDeadlineExceeded(status)) return status;
  return absl::DeadlineExceededError(absl::StrCat(what, ": the time is over"));
}

absl::Status WriteAll(Stream& stream, absl::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const IoResult result = stream.Write(bytes);
    if (result.ok()) {
      bytes.remove_prefix(result.bytes);
      continue;
    }
    constexpr absl::string_view kWhat = "cannot send the request";
    if (result.status != IoStatus::kWouldBlock) return Lost(kWhat, result);
    absl::Status status = WaitFor(kWhat, stream, result, deadline);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Appends what arrives next, at least one byte.
absl::Status ReadMore(Stream& stream, std::string* bytes, Deadline deadline) {
  char buffer[kMaxEarlyBytes];
  while (true) {
    const IoResult result = stream.Read(absl::MakeSpan(buffer));
    if (result.ok()) {
      bytes->append(buffer, result.bytes);
      return absl::OkStatus();
    }
    constexpr absl::string_view kWhat = "no complete answer to the request";
    if (result.status != IoStatus::kWouldBlock) return Lost(kWhat, result);
    absl::Status status = WaitFor(kWhat, stream, result, deadline);
    if (!status.ok()) return status;
  }
}

// Reads a whole head into `*bytes`, and maybe more; returns the head's size.
absl::StatusOr<size_t> ReadHead(Stream& stream, const HttpLimits& limits, std::string* bytes,
                                Deadline deadline) {
  HttpHeadScanner scanner(limits);
  while (true) {
    absl::Status status = ReadMore(stream, bytes, deadline);
    if (!status.ok()) return status;
    absl::StatusOr<size_t> size = scanner.Scan(*bytes);
    if (!size.ok() || *size > 0) return size;
  }
}

// The start of the refusal's body, of which `bytes` have come already.
std::string ReadBody(Stream& stream, const HttpResponse& response, std::string bytes,
                     Deadline deadline) {
  HttpBody body(response, kMaxRefusalBodyBytes);
  deadline = std::min(deadline, Deadline::After(kBodyTimeout));
  do {
    body.Append(std::exchange(bytes, ""));
  } while (!body.done() && ReadMore(stream, &bytes, deadline).ok());
  return body.text();
}

// Fit to stand in a message.
std::string Shown(absl::string_view body) {
  const bool cut = body.size() > kShownBodyBytes;
  return absl::StrCat(body.empty() ? "" : ": ",
                      absl::Utf8SafeCEscape(body.substr(0, kShownBodyBytes)), cut ? "..." : "");
}

// `status` with more words before and behind its own. Its code stays, and with it, where there is
// one, the HTTP status.
absl::Status Annotate(const absl::Status& status, absl::string_view before,
                      absl::string_view behind) {
  absl::Status result(status.code(), absl::StrCat(before, status.message(), behind));
  status.ForEachPayload([&result](absl::string_view type, const absl::Cord& payload) {
    result.SetPayload(type, payload);
  });
  return result;
}

absl::StatusOr<Upgraded> Handshake(Stream stream, const Url& url, const ClientOptions& options,
                                   Deadline deadline) {
  const std::string key = RandomKey();
  const absl::StatusOr<std::string> text =
      RequestText(url, key, {options.subprotocols, options.origin, options.headers});
  if (!text.ok()) return text.status();
  absl::Status written = WriteAll(stream, *text, deadline);
  if (!written.ok()) return written;

  std::string bytes;
  const absl::StatusOr<size_t> head_size = ReadHead(stream, options.http, &bytes, deadline);
  if (!head_size.ok()) return head_size.status();
  const absl::string_view head = absl::string_view(bytes).substr(0, *head_size);
  const absl::StatusOr<HttpResponse> response = ParseHttpResponse(head, options.http);
  if (!response.ok()) return response.status();
  absl::StatusOr<std::string> subprotocol =
      CheckUpgradeResponse(*response, key, options.subprotocols);
  std::string rest = bytes.substr(*head_size);
  if (subprotocol.ok()) {
    return Upgraded{std::move(stream), *std::move(subprotocol), std::move(rest)};
  }
  if (response->status == 101) return subprotocol.status();
  const std::string body = ReadBody(stream, *response, std::move(rest), deadline);
  return WithRefusal(Annotate(subprotocol.status(), "", Shown(body)), head, body);
}

}  // namespace

absl::StatusOr<Upgraded> Upgrade(absl::string_view url_text, const ClientOptions& options) {
  const Deadline deadline = Deadline::After(options.connect_timeout);
  const absl::StatusOr<Url> url = ParseUrl(url_text);
  if (!url.ok()) return url.status();
  if (url->secure) {
    return absl::UnimplementedError(
        absl::StrCat("cannot connect to ", url_text, ": wss:// needs TLS, which is not built yet"));
  }
  absl::StatusOr<Stream> stream = ConnectTo(url->host, url->port, deadline);
  if (!stream.ok()) return stream.status();
  absl::StatusOr<Upgraded> upgraded = Handshake(*std::move(stream), *url, options, deadline);
  if (!upgraded.ok()) return Annotate(upgraded.status(), absl::StrCat(url_text, ": "), "");
  return upgraded;
}

}  // namespace weft
