#include "examples/names/names.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "examples/names/code_points.h"
#include "weft/core/frame/utf8.h"

namespace examples {
namespace {

constexpr absl::string_view kFirst[] = {
    "Brave", "Calm",  "Clever", "Cosy",  "Daring", "Eager", "Fair",  "Gentle", "Happy", "Jolly",
    "Keen",  "Lucky", "Merry",  "Noble", "Proud",  "Quick", "Sunny", "Swift",  "Witty", "Zesty"};
constexpr absl::string_view kSecond[] = {
    "Badger", "Beaver", "Crane",  "Dolphin", "Falcon", "Finch", "Fox",   "Hare",  "Heron", "Ibex",
    "Koala",  "Lynx",   "Magpie", "Newt",    "Otter",  "Panda", "Raven", "Robin", "Seal",  "Tiger"};

}  // namespace

std::string CleanName(absl::string_view name) {
  std::string clean;
  if (!weft::IsValidUtf8(name)) return clean;
  bool space = false;  // before the next character
  while (!name.empty()) {
    const CodePoint point = FirstCodePoint(name);
    const absl::string_view character = name.substr(0, point.size);
    name.remove_prefix(point.size);
    if (IsSpace(point.value)) {
      space = !clean.empty();
    } else if (!IsOmittedFromNames(point.value)) {
      if (clean.size() + (space ? 1 : 0) + point.size > kMaxNameBytes) break;
      if (space) clean.push_back(' ');
      clean.append(character.data(), character.size());
      space = false;
    }
  }
  return clean;
}

std::string FriendlyName(uint32_t number) {
  constexpr uint32_t kCount = std::size(kFirst) * std::size(kSecond);
  // Consecutive numbers differ in both words; 37 has no factor in common with 400.
  const uint32_t mixed = (number % kCount) * 37 % kCount;
  return absl::StrCat(kFirst[(mixed + mixed / std::size(kFirst)) % std::size(kFirst)], " ",
                      kSecond[mixed / std::size(kFirst)]);
}

}  // namespace examples
