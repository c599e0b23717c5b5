#include "weft/server/forwarding/forwarded.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "weft/core/http/authority.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

absl::Status Error(absl::string_view field, absl::string_view seen, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("the header ", field, " has ", Quote(seen), ", expected ", expected));
}

bool IsNodePort(absl::string_view text, uint16_t* port) {
  if (absl::StartsWith(text, "_")) return true;  // obfuscated (RFC 7239, section 6.3)
  const std::optional<uint64_t> number = ParseDecimal(text, 65535);
  if (text.size() > 5 || !number.has_value()) return false;  // port = 1*5DIGIT
  *port = static_cast<uint16_t>(*number);
  return true;
}

// A node of RFC 7239, section 6, and the forms that X-Forwarded-For has: an IPv4 address, an IPv6
// address with brackets or without, each with a port or without. No address: the proxy does not say
// it.
absl::StatusOr<SocketAddress> ParseNode(absl::string_view field, absl::string_view text) {
  if (absl::EqualsIgnoreCase(text.substr(0, text.find(':')), "unknown") ||
      absl::StartsWith(text, "_")) {
    return SocketAddress();
  }
  absl::string_view ip = text, port_text;
  bool has_port = false;
  if (absl::StartsWith(text, "[")) {
    const size_t end = std::min(text.find(']'), text.size() - 1);
    ip = text.substr(1, end - 1);
    port_text = text.substr(end + 1);
    has_port = absl::StartsWith(port_text, ":");
    if (has_port) port_text.remove_prefix(1);
    if (text[end] != ']' || !absl::StrContains(ip, ':') || (!has_port && !port_text.empty())) {
      ip = "";
    }
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    has_port = true;
    ip = text.substr(0, text.find(':'));
    port_text = text.substr(ip.size() + 1);
  }
  uint16_t port = 0;
  if (!has_port || IsNodePort(port_text, &port)) {
    if (absl::StatusOr<SocketAddress> address = SocketAddress::FromIp(ip, port); address.ok()) {
      return address;
    }
  }
  return Error(field, text, "an IP address, perhaps with a port");
}

// Other schemes say nothing about TLS, and are ignored.
absl::string_view SchemeOf(absl::string_view text) {
  if (absl::EqualsIgnoreCase(text, "https") || absl::EqualsIgnoreCase(text, "wss")) return "https";
  if (absl::EqualsIgnoreCase(text, "http") || absl::EqualsIgnoreCase(text, "ws")) return "http";
  return "";
}

absl::Status SetHost(absl::string_view field, absl::string_view host, RequestSource& source) {
  if (const auto authority = ParseAuthority(host); !authority.ok()) {
    return Error(field, host, absl::StrCat("host[:port]: ", authority.status().message()));
  }
  source.host = std::string(host);
  return absl::OkStatus();
}

// The elements of a list from its end to its start. Empty ones are ignored (RFC 9110, section
// 5.6.1).
class FromTheEnd {
 public:
  FromTheEnd(const HttpHeaders& headers, absl::string_view name)
      : headers_(headers), name_(name), line_(headers.end()) {}

  std::optional<absl::string_view> Next() {
    while (true) {
      while (!rest_.has_value()) {
        if (line_ == headers_.begin()) return std::nullopt;
        if ((--line_)->IsNamed(name_)) rest_ = line_->value;
      }
      const size_t comma = rest_->rfind(',');
      const absl::string_view element =
          absl::StripAsciiWhitespace(comma == rest_->npos ? *rest_ : rest_->substr(comma + 1));
      rest_ = comma == rest_->npos ? std::nullopt : std::optional(rest_->substr(0, comma));
      if (!element.empty()) return element;
    }
  }

 private:
  const HttpHeaders& headers_;
  const absl::string_view name_;
  const HttpHeader* line_;
  std::optional<absl::string_view> rest_;  // of the value of line_
};

// The element at `depth` from the end, beginning with 1, or the first one if there are fewer.
absl::string_view ElementAt(const HttpHeaders& headers, absl::string_view name, size_t depth) {
  FromTheEnd elements(headers, name);
  absl::string_view found;
  for (size_t i = 0; i < depth; ++i) {
    const std::optional<absl::string_view> element = elements.Next();
    if (!element.has_value()) break;
    found = *element;
  }
  return found;
}

// Each proxy appends one element to each of the three lists, or sets the last two.
absl::Status ReadXForwarded(const HttpHeaders& headers, const Networks& trusted,
                            RequestSource& source) {
  constexpr absl::string_view kFor = "X-Forwarded-For", kHost = "X-Forwarded-Host";
  FromTheEnd elements(headers, kFor);
  size_t depth = 0;
  while (trusted.Contains(source.client)) {
    const std::optional<absl::string_view> element = elements.Next();
    if (!element.has_value()) break;
    ++depth;
    const absl::StatusOr<SocketAddress> address = ParseNode(kFor, *element);
    if (!address.ok()) return address.status();
    if (*address == SocketAddress()) break;
    source.client = *address;
  }
  depth = std::max<size_t>(depth, 1);
  source.scheme = SchemeOf(ElementAt(headers, "X-Forwarded-Proto", depth));
  const absl::string_view host = ElementAt(headers, kHost, depth);
  return host.empty() ? absl::OkStatus() : SetHost(kHost, host, source);
}

// An element of Forwarded: those of its parameters that matter.
struct Element {
  std::optional<std::string> node{}, host{}, scheme{};
};

// Takes a value: a token, in which ':' and brackets are allowed as well, or a quoted string (RFC
// 9110, section 5.6.4).
std::optional<std::string> TakeValue(absl::string_view& in) {
  std::string value;
  if (!absl::ConsumePrefix(&in, "\"")) {
    size_t size = 0;
    const auto is_allowed = [](char c) {
      return IsHttpToken(absl::string_view(&c, 1)) || c == ':' || c == '[' || c == ']';
    };
    while (size < in.size() && is_allowed(in[size])) ++size;
    value = std::string(in.substr(0, size));
    in.remove_prefix(size);
    return value.empty() ? std::nullopt : std::optional(value);
  }
  while (!in.empty() && in[0] != '"') {
    if (in[0] == '\\') in.remove_prefix(1);
    if (in.empty()) break;
    value.push_back(in[0]);
    in.remove_prefix(1);
  }
  if (!absl::ConsumePrefix(&in, "\"")) return std::nullopt;
  return value;
}

// Parses one line (RFC 7239, section 4). None if it is malformed: where an element begins is then
// not certain, since a client may have opened a quoted string that a proxy continued.
std::optional<std::vector<Element>> ParseForwardedLine(absl::string_view in) {
  std::vector<Element> elements;
  const auto skip_spaces = [&in] { in = absl::StripLeadingAsciiWhitespace(in); };
  while (true) {
    Element element;
    bool used = false;
    do {
      skip_spaces();
      if (in.empty() || in[0] == ';' || in[0] == ',') continue;  // an empty parameter
      size_t size = 0;
      while (size < in.size() && IsHttpToken(in.substr(size, 1))) ++size;
      const absl::string_view name = in.substr(0, size);
      in.remove_prefix(size);
      if (name.empty() || !absl::ConsumePrefix(&in, "=")) return std::nullopt;
      std::optional<std::string> value = TakeValue(in);
      if (!value.has_value()) return std::nullopt;
      used = true;
      std::optional<std::string>* field = nullptr;
      if (absl::EqualsIgnoreCase(name, "for")) field = &element.node;
      if (absl::EqualsIgnoreCase(name, "host")) field = &element.host;
      if (absl::EqualsIgnoreCase(name, "proto")) field = &element.scheme;
      if (field != nullptr && field->has_value()) return std::nullopt;  // twice
      if (field != nullptr) *field = std::move(value);
      skip_spaces();
    } while (absl::ConsumePrefix(&in, ";"));
    if (used) elements.push_back(std::move(element));
    if (in.empty()) return elements;
    if (!absl::ConsumePrefix(&in, ",")) return std::nullopt;
  }
}

absl::Status ReadForwarded(const HttpHeaders& headers, const Networks& trusted,
                           RequestSource& source) {
  constexpr absl::string_view kField = "Forwarded";
  for (const HttpHeader* line = headers.end(); line != headers.begin();) {
    if (!(--line)->IsNamed(kField)) continue;
    const std::optional<std::vector<Element>> elements = ParseForwardedLine(line->value);
    if (!elements.has_value()) {
      return Error(kField, line->value, "elements such as for=192.0.2.1;host=example.com");
    }
    for (auto element = elements->rbegin(); element != elements->rend(); ++element) {
      if (!trusted.Contains(source.client)) return absl::OkStatus();
      if (element->host.has_value()) {
        if (absl::Status status = SetHost(kField, *element->host, source); !status.ok()) {
          return status;
        }
      }
      if (const absl::string_view scheme = SchemeOf(element->scheme.value_or(""));
          !scheme.empty()) {
        source.scheme = scheme;
      }
      if (!element->node.has_value()) return absl::OkStatus();
      const absl::StatusOr<SocketAddress> address = ParseNode(kField, *element->node);
      if (!address.ok()) return address.status();
      if (*address == SocketAddress()) return absl::OkStatus();
      source.client = *address;
    }
    if (!trusted.Contains(source.client)) return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RequestSource> FindSource(const HttpHeaders& headers, const SocketAddress& peer,
                                         const Networks& trusted, ForwardedBy header) {
  RequestSource source = {.client = peer};
  if (!trusted.Contains(peer)) return source;
  source.is_believed = true;
  const absl::Status status = header == ForwardedBy::kForwarded
                                  ? ReadForwarded(headers, trusted, source)
                                  : ReadXForwarded(headers, trusted, source);
  if (!status.ok()) return status;
  return source;
}

}  // namespace weft
