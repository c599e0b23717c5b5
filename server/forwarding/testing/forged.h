// Requests whose client forges header fields, behind a proxy that appends the truth.

#ifndef WEFT_SERVER_FORWARDING_TESTING_FORGED_H_
#define WEFT_SERVER_FORWARDING_TESTING_FORGED_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/http/http.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/require.h"
#include "weft/server/forwarding/forwarded.h"
#include "weft/server/forwarding/network.h"
#include "weft/server/forwarding/proxy_options.h"
#include "weft/transport/address.h"

namespace weft::testing {

// A client of 203.0.113.7 or 2001:db8::7 sends the fields that `input` says, a trusted proxy adds
// its element to the last line or as a line of its own, and perhaps a second trusted proxy does the
// same. Ends the process unless the client is found, or the request refused with a readable error.
// Returns whether it was found.
inline bool RequireThatForgeryIsNotBelieved(absl::string_view input) {
  const Networks trusted = *Networks::Parse({"10.0.0.0/8", "::1"});
  Choices choices(input);
  const bool v6 = choices.Below(2) == 1, same_line = choices.Below(2) == 1;
  const bool two_proxies = choices.Below(2) == 1;
  const ForwardedBy kind =
      choices.Below(2) == 1 ? ForwardedBy::kForwarded : ForwardedBy::kXForwarded;
  const absl::string_view name = kind == ForwardedBy::kForwarded ? "Forwarded" : "X-Forwarded-For";
  const absl::string_view ip = v6 ? "2001:db8::7" : "203.0.113.7";

  std::string forged(choices.Bytes(choices.Below(256)));
  std::string element(ip);
  if (kind == ForwardedBy::kForwarded) {
    element = v6 ? "for=\"[2001:db8::7]:1234\";host=\"real.example:8443\";proto=https"
                 : "proto=https;for=203.0.113.7;host=real.example:8443";
  }
  const std::string other = kind == ForwardedBy::kForwarded ? "for=10.0.0.9" : "10.0.0.9";
  const std::string forged_host(choices.Bytes(choices.Below(64)));
  std::string own_line = same_line ? absl::StrCat(forged, ", ", element) : element;
  if (two_proxies) absl::StrAppend(&own_line, ",", other);
  const std::string host = absl::StrCat(forged_host, ",real.example:8443");

  HttpHeaders headers;
  headers.Add({"Host", "backend"});
  headers.Add({name, forged});
  headers.Add({kind == ForwardedBy::kForwarded ? "X-Forwarded-For" : "Forwarded", forged});
  headers.Add({name, own_line});
  headers.Add({"X-Forwarded-Host", host});
  headers.Add({"X-Forwarded-Proto", "https"});
  if (two_proxies) headers.Add({"X-Forwarded-Host", "real.example:8443"});
  if (two_proxies) headers.Add({"X-Forwarded-Proto", "https"});

  // A peer that is not trusted says nothing about others.
  const SocketAddress stranger = *SocketAddress::FromIp("192.0.2.1", 5);
  const absl::StatusOr<RequestSource> alone = FindSource(headers, stranger, trusted, kind);
  Require(alone.ok() && alone->client == stranger && alone->host.empty() && alone->scheme.empty(),
          "nothing is believed of a peer that is not trusted");

  const SocketAddress proxy = *SocketAddress::FromIp(two_proxies ? "::1" : "10.0.0.1", 5);
  const absl::StatusOr<RequestSource> source = FindSource(headers, proxy, trusted, kind);
  if (!source.ok()) {
    RequireReadable(source.status().message());
    Require(same_line && kind == ForwardedBy::kForwarded,
            "only a line that the client has begun can be invalid");
    return false;
  }
  Require(source->client.ip() == ip, "the client is the one that the proxies name");
  Require(source->host == "real.example:8443", "the host is the one that the proxies name");
  Require(source->scheme == "https", "the scheme is the one that the proxies name");
  return true;
}

}  // namespace weft::testing

#endif  // WEFT_SERVER_FORWARDING_TESTING_FORGED_H_
