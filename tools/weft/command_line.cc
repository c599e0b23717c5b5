#include "tools/weft/command_line.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace weft::cli {
namespace {

// The column where the help of a flag begins.
constexpr size_t kHelpColumn = 28;

// The arguments, one after the other.
class FlagParser {
 public:
  FlagParser(absl::Span<const absl::string_view> words, absl::Span<const Flag> flags)
      : words_(words), flags_(flags) {}

  absl::StatusOr<std::vector<std::string>> Parse() {
    while (!words_.empty()) {
      const absl::string_view word = Next();
      absl::Status status;
      if (word == "--") {
        for (const absl::string_view other : words_) others_.emplace_back(other);
        break;
      }
      if (absl::StartsWith(word, "--")) {
        status = ParseName(word);
      } else if (word.size() > 1 && word[0] == '-') {
        status = ParseLetters(word.substr(1));
      } else {
        others_.emplace_back(word);
      }
      if (!status.ok()) return status;
    }
    return std::move(others_);
  }

 private:
  absl::string_view Next() {
    const absl::string_view word = words_.front();
    words_.remove_prefix(1);
    return word;
  }

  absl::Status ParseName(absl::string_view word) {
    const size_t equals = word.find('=');
    const absl::string_view shown = word.substr(0, equals);
    const auto flag = std::find_if(flags_.begin(), flags_.end(), [&shown](const Flag& candidate) {
      return !candidate.name.empty() && candidate.name == shown.substr(2);
    });
    if (flag == flags_.end()) return Unknown(shown);
    if (equals != absl::string_view::npos) return Set(*flag, shown, word.substr(equals + 1));
    return flag->value.empty() ? Set(*flag, shown) : SetToNext(*flag, shown);
  }

  absl::Status ParseLetters(absl::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters[0];
      const std::string shown = {'-', letter};
      letters.remove_prefix(1);
      const auto flag = std::find_if(flags_.begin(), flags_.end(), [letter](const Flag& candidate) {
        return candidate.letter == letter;
      });
      if (flag == flags_.end()) return Unknown(shown);
      if (!flag->value.empty()) {
        return letters.empty() ? SetToNext(*flag, shown) : Set(*flag, shown, letters);
      }
      if (absl::Status status = Set(*flag, shown); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status SetToNext(const Flag& flag, absl::string_view shown) {
    if (words_.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(shown, " requires a value: ", flag.value));
    }
    return Set(flag, shown, Next());
  }

  static absl::Status Set(const Flag& flag, absl::string_view shown,
                          std::optional<absl::string_view> value = {}) {
    if (value.has_value() && flag.value.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(shown, " takes no value"));
    }
    absl::Status status = flag.set(value.value_or(""));
    if (status.ok()) return status;
    return absl::InvalidArgumentError(absl::StrCat(shown, ": ", status.message()));
  }

  static absl::Status Unknown(absl::string_view shown) {
    return absl::InvalidArgumentError(absl::StrCat("unknown flag ", shown));
  }

  absl::Span<const absl::string_view> words_;
  const absl::Span<const Flag> flags_;
  std::vector<std::string> others_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseFlags(absl::Span<const absl::string_view> words,
                                                    absl::Span<const Flag> flags) {
  return FlagParser(words, flags).Parse();
}

std::string FlagsHelp(absl::Span<const Flag> flags) {
  std::string help;
  for (const Flag& flag : flags) {
    if (flag.name.empty()) {
      absl::StrAppend(&help, "\n", flag.help, "\n");
      continue;
    }
    std::string line = flag.letter != 0 ? absl::StrCat("  -", std::string(1, flag.letter), ", ")
                                        : std::string(6, ' ');
    absl::StrAppend(&line, "--", flag.name, flag.value.empty() ? "" : "=", flag.value);
    for (const absl::string_view text : absl::StrSplit(flag.help, '\n')) {
      if (line.size() + 2 > kHelpColumn) {
        absl::StrAppend(&help, line, "\n");
        line.clear();
      }
      line.resize(kHelpColumn, ' ');
      absl::StrAppend(&help, line, text, "\n");
      line.clear();
    }
  }
  return help;
}

}  // namespace weft::cli
