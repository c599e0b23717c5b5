#include "examples/inspect/handshake.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "examples/inspect/fields.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/handshake/handshake.h"
#include "weft/core/http/http.h"
#include "weft/core/opening_handshake.h"

namespace examples {
namespace {

struct Meaning {
  absl::string_view name;
  const char* meaning;
  const char* section;
};

constexpr Meaning kHeaders[] = {
    {"Host", "the host that the client wants: one server may have many", "4.1"},
    {"Upgrade", "the protocol that both ends use after the handshake", "4.1"},
    {"Connection", "says that Upgrade is for the first reader, such as a proxy", "4.1"},
    {"Origin",
     "the origin of the page: a browser sets it, no script can change it, the server decides",
     "10.2"},
    {"Sec-WebSocket-Version", "13 is RFC 6455, the only version", "4.1"},
    {"Sec-WebSocket-Key", "16 random bytes in base64: the response must prove that they were read",
     "4.1"},
    {"Sec-WebSocket-Accept", "the proof, computed from the key: see the steps", "4.2.2"},
    {"Sec-WebSocket-Protocol",
     "the protocol of the messages: the client offers some, the server chooses one", "1.9"},
    {"Sec-WebSocket-Extensions",
     "extensions for frames: the client offers some, the server accepts some or none", "9.1"},
};

HeadLine Explain(absl::string_view line, bool first) {
  HeadLine explained = {.text = std::string(line)};
  if (first) {
    const bool response = absl::StartsWith(line, "HTTP/");
    explained.meaning = absl::StartsWith(line, "HTTP/1.1 101")
                            ? "the server agrees: frames follow after the empty line"
                        : response ? "the server refuses, and says why"
                                   : "an HTTP request; the path names the endpoint";
    explained.section = response ? "4.2.2" : "4.1";
    return explained;
  }
  const absl::string_view name = line.substr(0, line.find(':'));
  for (const Meaning& header : kHeaders) {
    if (!absl::EqualsIgnoreCase(name, header.name)) continue;
    explained.meaning = header.meaning;
    explained.section = header.section;
  }
  return explained;
}

absl::StatusOr<std::string> Answer(absl::string_view head,
                                   const weft::CompressionOptions& compression,
                                   HandshakeLines* lines) {
  absl::StatusOr<weft::HttpRequest> http = weft::ParseHttpRequest(head);
  if (!http.ok()) return http.status();
  if (const std::optional<absl::string_view> key = http->headers.Find("Sec-WebSocket-Key")) {
    lines->steps = StepsOf(*key);
  }
  absl::StatusOr<weft::UpgradeRequest> request = weft::ParseUpgradeRequest(*http);
  if (!request.ok()) return request.status();
  const absl::StatusOr<weft::AcceptedHandshake> accepted =
      weft::AcceptHandshake(*request, compression);
  if (!accepted.ok()) return accepted.status();
  return accepted->response;
}

}  // namespace

AcceptSteps StepsOf(absl::string_view key) {
  const std::string accept = weft::AcceptKey(key);
  std::string digest;
  absl::Base64Unescape(accept, &digest);
  return {.key = std::string(key),
          .joined = absl::StrCat(key, weft::kAcceptGuid),
          .digest = SpacedHex(digest),
          .accept = accept};
}

HandshakeLines ReadHandshake(absl::string_view request,
                             const weft::CompressionOptions& compression) {
  const std::string text(absl::StripAsciiWhitespace(request));
  const std::string head =
      absl::StrReplaceAll(absl::StrCat(text, "\n\n"), {{"\r\n", "\r\n"}, {"\n", "\r\n"}});
  HandshakeLines lines = {.request = LinesOf(head)};
  absl::StatusOr<std::string> response = Answer(head, compression, &lines);
  if (!response.ok()) {
    lines.error = std::string(response.status().message());
    response = weft::RejectResponse(response.status());
  }
  lines.response = LinesOf(*response);
  return lines;
}

std::vector<HeadLine> LinesOf(absl::string_view head) {
  std::vector<HeadLine> lines;
  head = head.substr(0, head.find("\r\n\r\n"));
  for (const absl::string_view line : absl::StrSplit(head, "\r\n")) {
    lines.push_back(Explain(line, lines.empty()));
  }
  return lines;
}

}  // namespace examples
