// Paths with named segments.

#ifndef WEFT_SERVER_HTTP_PATH_PATTERN_H_
#define WEFT_SERVER_HTTP_PATH_PATTERN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// The named segments of a path, with their values, decoded.
using PathParameters = std::vector<std::pair<std::string, std::string>>;

// The value of this name. None if there is no such name.
std::optional<absl::string_view> PathParameter(const PathParameters& parameters,
                                               absl::string_view name);

// The bytes of memory that they take.
size_t MemoryOf(const PathParameters& parameters);

// A path of a Router: "/chat", "/files/*", "/rooms/{id}/members". Each path is split at its '/'.
// A segment "{name}" matches any one segment with a valid value, a final "*" the rest of the path,
// and every other segment the same bytes, as the client sends them.
//
// A value is decoded (PercentDecode). It is valid if it is not empty, "." or "..", and has no '/',
// '\' or NUL, so that it is one name also where it becomes a part of another path. Like every input
// it need not be UTF-8.
class PathPattern {
 public:
  // InvalidArgument, with the pattern, if it does not begin with '/', has a '{' or '}' in another
  // place than around a whole segment, has a name that does not consist of letters, digits and '_',
  // or has a name twice.
  static absl::StatusOr<PathPattern> Parse(absl::string_view text);

  // Whether it matches `path`, which has no query. Then `parameters` receives the values, and
  // `rest` what the '*' matches, a view into `path`; without a '*' it is not changed.
  bool Match(absl::string_view path, PathParameters& parameters, absl::string_view& rest) const;

  // Whether this one is used for a path that both match. From the left, the first segment of
  // another kind decides: a literal comes before a name, and a name before the '*'.
  bool ComesBefore(const PathPattern& other) const;

  // Whether both match the same paths.
  bool IsSameAs(const PathPattern& other) const;

  // Whether it ends in "/*".
  bool has_rest() const { return !segments_.empty() && segments_.back().kind == Kind::kRest; }

  const std::string& text() const { return text_; }

 private:
  enum class Kind { kLiteral, kName, kRest };
  struct Segment {
    Kind kind;
    std::string text;  // of a kName, the name
  };

  std::string text_;
  std::vector<Segment> segments_;
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_PATH_PATTERN_H_
