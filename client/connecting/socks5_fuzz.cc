// Arbitrary bytes as the answers of a SOCKS5 proxy.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "weft/client/connecting/socks5.h"
#include "weft/core/http/basic_auth.h"
#include "weft/core/testing/require.h"

namespace weft {
namespace {

using testing::Require;
using testing::RequireReadable;

void Talk(absl::string_view answers, std::optional<BasicCredentials> credentials) {
  absl::StatusOr<Socks5> socks = Socks5::Create("example.com", 443, std::move(credentials));
  Require(socks.ok(), "the request is valid");
  std::string sent;
  for (int steps = 1;; ++steps) {
    sent += socks->TakeOutput();
    const size_t wanted = socks->wanted();
    if (wanted == 0) {
      Require(absl::EndsWith(sent, "example.com\x01\xBB"),
              "a proxy that has connected got the request");
      return;
    }
    Require(steps <= 5, "it ends");
    Require(wanted <= 255 + 2, "an answer is short");
    if (answers.size() < wanted) return;
    const absl::Status status = socks->Take(answers.substr(0, wanted));
    answers.remove_prefix(wanted);
    if (status.ok()) continue;
    Require(!status.message().empty() && status.message().size() < 200, "an error says why");
    RequireReadable(status.message());
    return;
  }
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view answers(reinterpret_cast<const char*>(data), size);
  weft::Talk(answers, std::nullopt);
  weft::Talk(answers, weft::BasicCredentials{"user", "password"});
  return 0;
}
