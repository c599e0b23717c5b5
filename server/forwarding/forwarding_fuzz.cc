// Arbitrary bytes as the start of a connection with the PROXY protocol, and as header fields that a
// client forges: a header is read alike however it is cut, and nothing forged is believed.

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/testing/require.h"
#include "weft/server/forwarding/proxy_header.h"
#include "weft/server/forwarding/testing/forged.h"

namespace weft {
namespace {

using testing::Require;

void CheckProxyHeader(absl::string_view in) {
  const absl::StatusOr<ProxyHeader> whole = ParseProxyHeader(in);
  if (!whole.ok()) testing::RequireReadable(whole.status().message());
  const bool complete = whole.ok() && whole->kind == ProxyHeader::Kind::kComplete;
  if (complete) {
    Require(whole->size <= in.size() && whole->size <= kMaxProxyHeader,
            "its size is within limits");
  } else if (whole.ok() && whole->kind == ProxyHeader::Kind::kIncomplete) {
    Require(in.size() < kMaxProxyHeader, "a header that does not end is refused");
  }
  for (size_t size = 0; size < in.size() && size <= kMaxProxyHeader; ++size) {
    const absl::StatusOr<ProxyHeader> part = ParseProxyHeader(in.substr(0, size));
    if (!part.ok()) {
      Require(!whole.ok(), "an error of a part is one of the whole");
      return;
    }
    if (part->kind == ProxyHeader::Kind::kIncomplete) continue;
    Require(whole.ok() && part->kind == whole->kind && part->size == whole->size &&
                part->client == whole->client,
            "a header is read alike however it is cut");
    return;
  }
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  weft::CheckProxyHeader(input);
  weft::testing::RequireThatForgeryIsNotBelieved(input);
  return 0;
}
