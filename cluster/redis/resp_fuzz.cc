// Arbitrary bytes as replies: they are read alike in any pieces, within the limits, and errors are
// readable.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/cluster/redis/resp.h"
#include "weft/core/testing/require.h"

namespace {

using weft::RespValue;
using weft::testing::Require;

// The number that an earlier reply may have left is not part of a text.
RespValue Plain(RespValue value, int depth) {
  Require(depth <= weft::RespReader::kMaxDepth, "arrays are not deeper than the limit");
  const bool is_array = value.is(RespValue::Type::kArray);
  Require(is_array || value.elements.empty(), "only arrays have elements");
  Require(value.text.empty() || (!is_array && !value.is(RespValue::Type::kInteger)),
          "only strings, statuses and errors have a text");
  if (!value.is(RespValue::Type::kInteger)) value.integer = 0;
  for (RespValue& element : value.elements) element = Plain(std::move(element), depth + 1);
  return value;
}

// Reads until the bytes end or one is wrong, which is the result.
absl::Status Read(absl::string_view bytes, size_t piece, std::vector<RespValue>* replies) {
  weft::RespReader reader;
  while (true) {
    const absl::StatusOr<RespValue*> reply = reader.Next();
    if (!reply.ok()) {
      weft::testing::RequireReadable(reply.status().message());
      return reply.status();
    }
    if (*reply != nullptr) {
      replies->push_back(Plain(**reply, 0));
      continue;
    }
    if (bytes.empty()) return absl::OkStatus();
    reader.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 100000) return 0;  // byte by byte that would take too long
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<RespValue> whole, bytes, pieces;
  const absl::Status status = Read(input, size, &whole);
  Require(Read(input, 1, &bytes).ok() == status.ok(), "cuts do not matter to errors");
  Require(Read(input, 7, &pieces).ok() == status.ok(), "cuts do not matter to errors");
  Require(whole == bytes && whole == pieces, "cuts do not matter to replies");
  return 0;
}
