#include "weft/server/http/path_pattern.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "weft/core/http/percent.h"
#include "weft/core/http/quote.h"
#include "weft/transport/string_memory.h"

namespace weft {
namespace {

bool IsName(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

bool IsValue(absl::string_view text) {
  return !text.empty() && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '/' || c == '\\' || c == '\0'; });
}

absl::Status Error(absl::string_view pattern, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the path ", Quote(pattern), " ", what));
}

}  // namespace

std::optional<absl::string_view> PathParameter(const PathParameters& parameters,
                                               absl::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

size_t MemoryOf(const PathParameters& parameters) {
  size_t bytes = parameters.capacity() * sizeof(PathParameters::value_type);
  for (const auto& [name, value] : parameters) bytes += MemoryOf(name) + MemoryOf(value);
  return bytes;
}

absl::StatusOr<PathPattern> PathPattern::Parse(absl::string_view text) {
  if (!absl::StartsWith(text, "/")) return Error(text, "does not begin with '/'");
  PathPattern pattern;
  pattern.text_ = std::string(text);
  const std::vector<absl::string_view> segments = absl::StrSplit(text.substr(1), '/');
  for (size_t i = 0; i < segments.size(); ++i) {
    const absl::string_view segment = segments[i];
    if (segment == "*" && i + 1 == segments.size()) {
      pattern.segments_.push_back({Kind::kRest, ""});
      continue;
    }
    if (segment.find_first_of("{}") == segment.npos) {
      pattern.segments_.push_back({Kind::kLiteral, std::string(segment)});
      continue;
    }
    const bool whole = segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
    const absl::string_view name = whole ? segment.substr(1, segment.size() - 2) : "";
    if (!IsName(name)) {
      return Error(text, absl::StrCat("has the segment ", Quote(segment),
                                      ", expected {name}, of letters, digits and '_'"));
    }
    for (const Segment& other : pattern.segments_) {
      if (other.kind == Kind::kName && other.text == name) {
        return Error(text, absl::StrCat("has {", name, "} twice"));
      }
    }
    pattern.segments_.push_back({Kind::kName, std::string(name)});
  }
  return pattern;
}

bool PathPattern::Match(absl::string_view path, PathParameters& parameters,
                        absl::string_view& rest) const {
  if (!absl::StartsWith(path, "/")) return false;
  PathParameters values;
  absl::string_view left = path;  // empty, or begins with the '/' before the next segment
  for (const Segment& segment : segments_) {
    if (left.empty()) return false;
    left.remove_prefix(1);
    if (segment.kind == Kind::kRest) {
      rest = left;
      left = "";
      break;
    }
    const absl::string_view part = left.substr(0, left.find('/'));
    left.remove_prefix(part.size());
    if (segment.kind == Kind::kLiteral) {
      if (part != segment.text) return false;
      continue;
    }
    absl::StatusOr<std::string> value = PercentDecode(part);
    if (!value.ok() || !IsValue(*value)) return false;
    values.emplace_back(segment.text, *std::move(value));
  }
  if (!left.empty()) return false;
  parameters = std::move(values);
  return true;
}

bool PathPattern::ComesBefore(const PathPattern& other) const {
  const size_t both = std::min(segments_.size(), other.segments_.size());
  for (size_t i = 0; i < both; ++i) {
    if (segments_[i].kind != other.segments_[i].kind) {
      return segments_[i].kind < other.segments_[i].kind;
    }
  }
  return false;
}

bool PathPattern::IsSameAs(const PathPattern& other) const {
  return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(),
                    other.segments_.end(), [](const Segment& a, const Segment& b) {
                      return a.kind == b.kind && (a.kind != Kind::kLiteral || a.text == b.text);
                    });
}

}  // namespace weft
