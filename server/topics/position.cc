#include "weft/server/topics/position.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "weft/core/http/decimal.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

absl::Status Wrong(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, ", not ", Quote(text)));
}

}  // namespace

absl::StatusOr<Epoch> Epoch::Parse(absl::string_view text) {
  if (text.empty() || text.size() > kMaxBytes ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isalnum)) {
    return Wrong("an epoch is 1 to 8 letters and digits", text);
  }
  Epoch epoch;
  std::copy(text.begin(), text.end(), epoch.text_.begin());
  return epoch;
}

Epoch Epoch::FromNumber(uint64_t number) {
  constexpr absl::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  Epoch epoch;
  for (size_t i = kMaxBytes; i-- > 0; number /= kDigits.size()) {
    epoch.text_[i] = kDigits[number % kDigits.size()];
  }
  return epoch;
}

absl::string_view Epoch::text() const {
  const auto end = std::find(text_.begin(), text_.end(), '\0');
  return {text_.data(), static_cast<size_t>(end - text_.begin())};
}

absl::StatusOr<Position> Position::Parse(absl::string_view text) {
  const size_t dot = text.find('.');
  if (text.size() > kMaxTextBytes || dot == absl::string_view::npos) {
    return Wrong("a position is an epoch, a dot and an offset, as in \"k3Jq9xZ2.1042\"", text);
  }
  absl::StatusOr<Epoch> epoch = Epoch::Parse(text.substr(0, dot));
  if (!epoch.ok()) return std::move(epoch).status();
  Position position = {.epoch = *epoch};
  const absl::string_view digits = text.substr(dot + 1);
  const std::optional<uint64_t> offset = ParseDecimal(digits, kMaxOffset);
  // One position has one text: no leading zero.
  if (!offset.has_value() || (digits.size() > 1 && digits[0] == '0')) {
    return Wrong("the offset of a position is a decimal number up to 2^53 - 1", digits);
  }
  position.offset = *offset;
  return position;
}

std::string Position::ToString() const {
  return is_set() ? absl::StrCat(epoch.text(), ".", offset) : "";
}

}  // namespace weft
