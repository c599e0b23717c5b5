#include "course/02_handshake/handshake.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "course/sha1.h"

namespace course {
namespace {

constexpr absl::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeySize = 24;  // 16 bytes in base64

bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
}

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

absl::string_view WithoutSpacesAround(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsKey(absl::string_view key) {
  std::string bytes;
  return key.size() == kKeySize && absl::Base64Unescape(key, &bytes) && bytes.size() == 16;
}

std::string Refusal(absl::string_view status, absl::string_view reason,
                    absl::string_view fields = "") {
  return absl::StrCat("HTTP/1.1 ", status, "\r\n", fields, "Connection: close\r\n",
                      "Content-Type: text/plain\r\nContent-Length: ", reason.size(), "\r\n\r\n",
                      reason);
}

// Whether a list has only tokens, each of them once.
bool IsListOfTokens(absl::string_view list) {
  std::set<absl::string_view> seen;
  for (const absl::string_view element : absl::StrSplit(list, ',')) {
    const absl::string_view token = WithoutSpacesAround(element);
    if (!IsToken(token) || !seen.insert(token).second) return false;
  }
  return true;
}

bool HasField(const Head& head, absl::string_view name) {
  return std::any_of(head.fields.begin(), head.fields.end(),
                     [&](const auto& field) { return absl::EqualsIgnoreCase(field.first, name); });
}

// The host of "https://host:port" or "host:port". That of an IPv6 address has brackets.
absl::string_view HostOf(absl::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme != absl::string_view::npos) text.remove_prefix(scheme + 3);
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || absl::StrContains(text.substr(colon), ']')) return text;
  return text.substr(0, colon);
}

}  // namespace

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

size_t HeadSize(absl::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  return end == absl::string_view::npos ? 0 : end + 4;
}

absl::StatusOr<Head> ParseHead(absl::string_view text) {
  if (!absl::ConsumeSuffix(&text, "\r\n\r\n")) {
    return absl::InvalidArgumentError("the head does not end with an empty line");
  }
  absl::ConsumePrefix(&text, "\r\n");
  const std::vector<absl::string_view> lines = absl::StrSplit(text, "\r\n");
  Head head = {.start_line = std::string(lines[0]), .fields = {}};
  if (HasControlCharacter(lines[0])) {
    return absl::InvalidArgumentError("a control character in the first line");
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == absl::string_view::npos) {
      return absl::InvalidArgumentError("a line without a colon");
    }
    const absl::string_view name = lines[i].substr(0, colon);
    const absl::string_view value = WithoutSpacesAround(lines[i].substr(colon + 1));
    if (!IsToken(name)) return absl::InvalidArgumentError("the name of a field is not a token");
    if (HasControlCharacter(value)) {
      return absl::InvalidArgumentError(absl::StrCat("a control character in ", name));
    }
    head.fields.emplace_back(name, value);
  }
  return head;
}

std::string ValueOf(const Head& head, absl::string_view name) {
  std::string joined;
  bool found = false;
  for (const auto& [other, value] : head.fields) {
    if (!absl::EqualsIgnoreCase(other, name)) continue;
    absl::StrAppend(&joined, found ? ", " : "", value);
    found = true;
  }
  return joined;
}

bool HasToken(absl::string_view list, absl::string_view token) {
  for (const absl::string_view element : absl::StrSplit(list, ',')) {
    if (absl::EqualsIgnoreCase(WithoutSpacesAround(element), token)) return true;
  }
  return false;
}

std::string AcceptKey(absl::string_view key) {
  return absl::Base64Escape(Sha1(absl::StrCat(key, kGuid)));
}

std::string AnswerTo(const Head& request) {
  const std::vector<absl::string_view> line = absl::StrSplit(request.start_line, ' ');
  if (line.size() != 3 || absl::StrContains(line[1], '#') || !absl::StartsWith(line[2], "HTTP/")) {
    return Refusal("400 Bad Request", "the first line is not one of a request");
  }
  if (line[0] != "GET") {
    return Refusal("405 Method Not Allowed", "only GET opens a WebSocket", "Allow: GET\r\n");
  }
  if (line[2] != "HTTP/1.1") {
    return Refusal("505 HTTP Version Not Supported", "only HTTP/1.1 is supported");
  }
  const std::string host = ValueOf(request, "Host");
  const std::string version = ValueOf(request, "Sec-WebSocket-Version");
  if (host.empty() || absl::StrContains(host, ", ")) {
    return Refusal("400 Bad Request", "there must be one Host");
  }
  if (absl::StrContains(version, ", ")) {
    return Refusal("400 Bad Request", "there must be one Sec-WebSocket-Version");
  }
  if (!HasToken(ValueOf(request, "Upgrade"), "websocket") ||
      !HasToken(ValueOf(request, "Connection"), "upgrade") || version != "13") {
    return Refusal("426 Upgrade Required", "this is for WebSockets of version 13",
                   "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  const std::string key = ValueOf(request, "Sec-WebSocket-Key");
  if (!IsKey(key)) {
    return Refusal("400 Bad Request", "Sec-WebSocket-Key is not 16 bytes in base64");
  }
  if (HasField(request, "Sec-WebSocket-Protocol") &&
      !IsListOfTokens(ValueOf(request, "Sec-WebSocket-Protocol"))) {
    return Refusal("400 Bad Request", "Sec-WebSocket-Protocol is not a list of different tokens");
  }
  const std::string origin = ValueOf(request, "Origin");
  if (!origin.empty() && origin != "null" &&
      !absl::EqualsIgnoreCase(HostOf(origin), HostOf(host))) {
    return Refusal("403 Forbidden", "a page of another host");
  }
  return absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ",
      AcceptKey(key), "\r\n\r\n");
}

std::string RequestFor(absl::string_view host, absl::string_view target, absl::string_view key) {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", host,
                      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ", key,
                      "\r\nSec-WebSocket-Version: 13\r\n\r\n");
}

absl::Status CheckResponse(const Head& response, absl::string_view key) {
  if (response.start_line != "HTTP/1.1 101" &&
      !absl::StartsWith(response.start_line, "HTTP/1.1 101 ")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the server answered \"", response.start_line, "\""));
  }
  if (!absl::EqualsIgnoreCase(ValueOf(response, "Upgrade"), "websocket")) {
    return absl::InvalidArgumentError("Upgrade is not \"websocket\"");
  }
  if (!HasToken(ValueOf(response, "Connection"), "upgrade")) {
    return absl::InvalidArgumentError("Connection does not have \"upgrade\"");
  }
  if (ValueOf(response, "Sec-WebSocket-Accept") != AcceptKey(key)) {
    return absl::InvalidArgumentError("Sec-WebSocket-Accept does not fit the key");
  }
  for (const absl::string_view name : {"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"}) {
    if (!ValueOf(response, name).empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ", and the request offered none"));
    }
  }
  return absl::OkStatus();
}

}  // namespace course
