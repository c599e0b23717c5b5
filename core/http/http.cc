#include "weft/core/http/http.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/http_status.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Which bytes are allowed in each part.
enum : uint8_t { kToken = 1, kTarget = 2, kValue = 4 };

constexpr std::array<uint8_t, 256> MakeCharacters() {
  std::array<uint8_t, 256> characters{};
  for (int c = 0; c < 256; ++c) {
    const bool visible = c > ' ' && c < 0x7F;
    // A fragment or a space in a target would mean something else to the next reader.
    if (visible && c != '#') characters[c] |= kTarget;
    // RFC 9110, section 5.5: no controls except the tab; bytes outside ASCII have no meaning, but
    // are allowed.
    if (visible || c == ' ' || c == '\t' || c > 0x7F) characters[c] |= kValue;
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      characters[c] |= kToken;
    }
  }
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    characters[static_cast<uint8_t>(c)] |= kToken;
  }
  return characters;
}

constexpr std::array<uint8_t, 256> kCharacters = MakeCharacters();

bool AllAre(uint8_t kind, absl::string_view text) {
  uint8_t kinds = 0xFF;
  for (const char c : text) kinds &= kCharacters[static_cast<uint8_t>(c)];
  return (kinds & kind) != 0;
}

// The size of the longest prefix of `text` that is a token.
size_t TokenSize(absl::string_view text) {
  size_t size = 0;
  while (size < text.size() && (kCharacters[static_cast<uint8_t>(text[size])] & kToken) != 0)
    ++size;
  return size;
}

bool IsTarget(absl::string_view text) { return !text.empty() && AllAre(kTarget, text); }

bool IsSpaceOrTab(char c) { return c == ' ' || c == '\t'; }

absl::string_view TrimSpacesAndTabs(absl::string_view text) {
  while (!text.empty() && IsSpaceOrTab(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpaceOrTab(text.back())) text.remove_suffix(1);
  return text;
}

absl::Status BadLineEnd() {
  return absl::InvalidArgumentError("a line of the HTTP head ends in LF without CR");
}

// Removes the next line from the front of `rest`; `line` becomes that line without its CRLF.
absl::Status ConsumeLine(absl::string_view* rest, absl::string_view* line) {
  const size_t end = rest->find('\n');
  if (end == rest->npos) return absl::InvalidArgumentError("the HTTP head ends within a line");
  if (end == 0 || (*rest)[end - 1] != '\r') return BadLineEnd();
  *line = rest->substr(0, end - 1);
  rest->remove_prefix(end + 1);
  return absl::OkStatus();
}

// Removes everything up to and including the first space from the front of `line`, and returns it
// without the space.
absl::string_view ConsumeWord(absl::string_view* line) {
  const size_t end = std::min(line->find(' '), line->size());
  const absl::string_view word = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return word;
}

absl::StatusOr<int> ParseVersion(absl::string_view text) {
  if (text.size() != 8 || !absl::StartsWith(text, "HTTP/") || !absl::ascii_isdigit(text[5]) ||
      text[6] != '.' || !absl::ascii_isdigit(text[7])) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(text), " is not an HTTP version"));
  }
  if (text[5] != '1')
    return HttpError(505, absl::StrCat("unsupported version ", text, ": expected HTTP/1.1"));
  return 10 + (text[7] - '0');
}

// Why a line does not begin with a name and a colon.
absl::Status NoHeader(absl::string_view line) {
  if (IsSpaceOrTab(line[0])) {  // section 5.2
    return absl::InvalidArgumentError(
        absl::StrCat("a header is folded over two lines: ", Quote(line)));
  }
  const size_t colon = line.find(':');
  return absl::InvalidArgumentError(
      colon == line.npos ? absl::StrCat("a header has no colon: ", Quote(line))
                         : absl::StrCat(Quote(line.substr(0, colon)), " is not a header name"));
}

// RFC 9112, section 5.1: input that different readers have understood differently is refused.
absl::Status ParseHeaderLine(absl::string_view line, HttpHeaders* headers) {
  const size_t size = TokenSize(line);
  if (size == 0 || size == line.size() || line[size] != ':') return NoHeader(line);
  const HttpHeader header = {line.substr(0, size), TrimSpacesAndTabs(line.substr(size + 1))};
  if (!AllAre(kValue, header.value)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the header ", Quote(header.name), " holds a control character: ", Quote(header.value)));
  }
  headers->Add(header);
  return absl::OkStatus();
}

// Section 5.2: a folded line is one with the line before it. Returns `head` with each fold replaced
// by a space. A line that begins with a space and follows no header stays.
std::string JoinFoldedLines(absl::string_view head) {
  std::string joined;
  joined.reserve(head.size());
  for (size_t first = 0; !head.empty();) {
    const size_t end = std::min(head.find('\n'), head.size() - 1) + 1;
    absl::string_view line = head.substr(0, end);
    head.remove_prefix(end);
    if (IsSpaceOrTab(line[0]) && first != 0 && joined.size() > first &&
        absl::EndsWith(joined, "\r\n")) {
      joined.resize(joined.size() - 2);
      while (IsSpaceOrTab(joined.back())) joined.pop_back();
      joined.push_back(' ');
      while (IsSpaceOrTab(line[0]) && line.size() > 1) line.remove_prefix(1);
    }
    joined.append(line.data(), line.size());
    if (first == 0) first = joined.size();
  }
  return joined;
}

// Parses all lines after the first.
absl::Status ParseHeaders(absl::string_view rest, const HttpLimits& limits, HttpHeaders* headers) {
  absl::string_view line;
  while (true) {
    if (absl::Status status = ConsumeLine(&rest, &line); !status.ok()) return status;
    if (line.empty()) break;
    if (headers->size() == limits.max_headers) {
      return HttpError(431, absl::StrCat("more than ", limits.max_headers, " headers"));
    }
    if (absl::Status status = ParseHeaderLine(line, headers); !status.ok()) return status;
  }
  if (!rest.empty())
    return absl::InvalidArgumentError("the HTTP head continues after its empty line");
  return absl::OkStatus();
}

// Writes the first line, the headers and the empty line.
absl::StatusOr<std::string> WriteHead(absl::string_view line,
                                      absl::Span<const HttpHeader> headers) {
  std::string head = absl::StrCat(line, "\r\n");
  if (absl::Status status = AppendHttpHeaders(headers, &head); !status.ok()) return status;
  head.append("\r\n");
  return head;
}

}  // namespace

absl::StatusOr<size_t> HttpHeadScanner::Scan(absl::string_view in) {
  const absl::string_view head = in.substr(0, max_bytes_);
  while (true) {
    const size_t end = head.find('\n', scanned_);
    if (end == head.npos) break;
    if (end == 0 || head[end - 1] != '\r') return BadLineEnd();
    // The empty line. At the very start it does not end the head: see ParseHttpRequest.
    if (end > 1 && head[end - 2] == '\n') return end + 1;
    scanned_ = end + 1;
  }
  scanned_ = head.size();
  if (head.size() == max_bytes_) {
    return HttpError(431, absl::StrCat("the HTTP head is over ", max_bytes_, " bytes"));
  }
  return size_t{0};
}

std::optional<absl::string_view> HttpHeaders::Find(absl::string_view name) const {
  if (!MayHave(name)) return std::nullopt;
  for (const HttpHeader& header : headers_) {
    if (header.IsNamed(name)) return header.value;
  }
  return std::nullopt;
}

size_t HttpHeaders::Count(absl::string_view name) const {
  if (!MayHave(name)) return 0;
  return std::count_if(begin(), end(),
                       [name](const HttpHeader& header) { return header.IsNamed(name); });
}

bool HttpHeaders::HasToken(absl::string_view name, absl::string_view token) const {
  if (!MayHave(name)) return false;
  for (const HttpHeader& header : headers_) {
    if (!header.IsNamed(name)) continue;
    absl::string_view rest = header.value;
    while (true) {
      const size_t end = std::min(rest.find(','), rest.size());
      if (absl::EqualsIgnoreCase(TrimSpacesAndTabs(rest.substr(0, end)), token)) return true;
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  }
  return false;
}

absl::StatusOr<HttpRequest> ParseHttpRequest(absl::string_view head, const HttpLimits& limits) {
  absl::ConsumePrefix(&head, "\r\n");  // RFC 9112, section 2.2
  absl::string_view line;
  if (absl::Status status = ConsumeLine(&head, &line); !status.ok()) return status;
  // RFC 9112, section 3: exactly one space between the parts, and no other character that some
  // readers accept as one.
  absl::string_view rest = line;
  HttpRequest request;
  request.method = ConsumeWord(&rest);
  request.target = ConsumeWord(&rest);
  if (!IsHttpToken(request.method) || !IsTarget(request.target)) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(line), " is not an HTTP request line"));
  }
  const absl::StatusOr<int> version = ParseVersion(rest);
  if (!version.ok()) return version.status();
  request.version = *version;
  if (absl::Status status = ParseHeaders(head, limits, &request.headers); !status.ok()) {
    return status;
  }
  return request;
}

absl::StatusOr<HttpResponse> ParseHttpResponse(absl::string_view head, const HttpLimits& limits) {
  HttpResponse response;
  if (absl::StrContains(head, "\n ") || absl::StrContains(head, "\n\t")) {
    response.joined = std::make_shared<const std::string>(JoinFoldedLines(head));
    head = *response.joined;
  }
  absl::string_view line;
  if (absl::Status status = ConsumeLine(&head, &line); !status.ok()) return status;
  absl::string_view rest = line;
  const absl::StatusOr<int> version = ParseVersion(ConsumeWord(&rest));
  if (!version.ok()) return version.status();
  response.version = *version;

  // RFC 9112, section 4. Servers often omit the space before an empty reason.
  const absl::string_view code = ConsumeWord(&rest);
  response.reason = rest;
  const bool is_code =
      code.size() == 3 && std::all_of(code.begin(), code.end(), absl::ascii_isdigit);
  if (!is_code || code[0] == '0' || !AllAre(kValue, response.reason)) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(line), " is not an HTTP status line"));
  }
  response.status = 100 * (code[0] - '0') + 10 * (code[1] - '0') + (code[2] - '0');
  if (absl::Status status = ParseHeaders(head, limits, &response.headers); !status.ok()) {
    return status;
  }
  return response;
}

absl::StatusOr<std::string> WriteHttpRequest(absl::string_view method, absl::string_view target,
                                             absl::Span<const HttpHeader> headers) {
  if (!IsHttpToken(method)) {
    return absl::InvalidArgumentError(absl::StrCat(Quote(method), " is not an HTTP method"));
  }
  if (!IsTarget(target)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the target ", Quote(target), " is empty or holds characters that must be %-encoded"));
  }
  return WriteHead(absl::StrCat(method, " ", target, " HTTP/1.1"), headers);
}

absl::StatusOr<std::string> WriteHttpResponse(int status, absl::Span<const HttpHeader> headers) {
  if (status < 100 || status > 999) {
    return absl::InvalidArgumentError(absl::StrCat(status, " is not an HTTP status"));
  }
  return WriteHead(absl::StrCat("HTTP/1.1 ", status, " ", HttpReason(status)), headers);
}

absl::Status AppendHttpHeaders(absl::Span<const HttpHeader> headers, std::string* head) {
  constexpr size_t kAroundHeader = 4;  // ": " and CRLF
  size_t size = head->size() + 2;      // an empty line may follow
  for (const HttpHeader& header : headers) {
    if (!IsHttpToken(header.name)) {
      return absl::InvalidArgumentError(absl::StrCat(Quote(header.name), " is not a header name"));
    }
    if (!AllAre(kValue, header.value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the value of the header ", header.name,
                       " holds a character that would change the message: ", Quote(header.value)));
    }
    size += header.name.size() + header.value.size() + kAroundHeader;
  }
  if (size > head->capacity()) head->reserve(size);
  for (const HttpHeader& header : headers) {
    head->append(header.name.data(), header.name.size()).append(": ");
    head->append(header.value.data(), header.value.size()).append("\r\n");
  }
  return absl::OkStatus();
}

bool IsHttpToken(absl::string_view text) { return !text.empty() && AllAre(kToken, text); }

}  // namespace weft
