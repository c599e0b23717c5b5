#include "weft/server/http/path_pattern.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

// "no", or the values and the rest: "id=7 n=1 *a/b".
std::string Matched(absl::string_view pattern, absl::string_view path) {
  PathParameters parameters = {{"untouched", ""}};
  absl::string_view rest;
  const absl::StatusOr<PathPattern> parsed = PathPattern::Parse(pattern);
  if (!parsed.ok()) return std::string(parsed.status().message());
  if (!parsed->Match(path, parameters, rest)) {
    EXPECT_EQ(parameters.size(), 1u) << "changed by a path that does not match";
    return "no";
  }
  std::string all = "yes";
  for (const auto& [name, value] : parameters) absl::StrAppend(&all, " ", name, "=", value);
  if (parsed->has_rest()) absl::StrAppend(&all, " *", rest);
  return all;
}

TEST(PathPatternTest, Match) {
  const struct {
    absl::string_view pattern, path, expected;
  } kCases[] = {
      {"/", "/", "yes"},
      {"/", "//", "no"},
      {"/", "", "no"},
      {"/", "*", "no"},
      {"/a", "/a", "yes"},
      {"/a", "/A", "no"},
      {"/a", "/a/", "no"},
      {"/a", "/%61", "no"},  // a literal is compared as it is sent
      {"/a/", "/a/", "yes"},
      {"/a/", "/a", "no"},
      {"/a*", "/a*", "yes"},  // the '*' is not a whole segment
      {"/a*", "/ab", "no"},
      {"/*/a", "/*/a", "yes"},  // or not the last
      {"/*/a", "/b/a", "no"},
      {"/*", "/", "yes *"},
      {"/*", "/a/b", "yes *a/b"},
      {"/*", "*", "no"},
      {"/a/*", "/a", "no"},
      {"/a/*", "/a/", "yes *"},
      {"/a/*", "/a/b//c/", "yes *b//c/"},
      {"/a/*", "/ab/c", "no"},
      {"//*", "//a", "yes *a"},
      {"//*", "/a", "no"},
      {"/rooms/{id}", "/rooms/7", "yes id=7"},
      {"/rooms/{id}", "/rooms", "no"},
      {"/rooms/{id}", "/rooms/", "no"},
      {"/rooms/{id}", "/rooms/7/", "no"},
      {"/rooms/{id}", "/rooms/7/members", "no"},
      {"/rooms/{id}", "/rooms//", "no"},
      {"/rooms/{id}", "rooms/7", "no"},
      {"/{a}", "/x", "yes a=x"},
      {"/{a}", "/", "no"},
      {"/{a}/{b}", "/x/y", "yes a=x b=y"},
      {"/{a}/{b}", "//y", "no"},
      {"/{a}/to/{b}", "/x/to/y", "yes a=x b=y"},
      {"/{a}/to/{b}", "/x/at/y", "no"},
      {"/{a}/*", "/x/y/z", "yes a=x *y/z"},
      {"/{a}/*", "/x", "no"},
      {"/{a}/*", "//y", "no"},
      {"/{Room_2}", "/x", "yes Room_2=x"},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(Matched(each.pattern, each.path), each.expected) << each.pattern << ", " << each.path;
  }
}

// A value is one name, also where the application makes it a part of another path.
TEST(PathPatternTest, Values) {
  const struct {
    absl::string_view sent, value;  // "": refused
  } kCases[] = {
      {"a%20b", "a b"},
      {"a+b", "a+b"},  // unlike in a query
      {"%C3%A4", "\xC3\xA4"},
      {"%ff", "\xFF"},  // not UTF-8
      {"%7Bid%7D", "{id}"},
      {"%2541", "%41"},  // decoded once
      {"%2e", ""},
      {".", ""},
      {"..", ""},
      {"%2E%2e", ""},
      {".%2e", ""},
      {"...", "..."},
      {".a", ".a"},
      {"a..b", "a..b"},
      {"a%2fb", ""},
      {"a%2Fb", ""},
      {"%2f", ""},
      {"..%2f..", ""},
      {"a%5Cb", ""},
      {"a\\b", ""},
      {"a%00", ""},
      {"%", ""},
      {"%4", ""},
      {"%4x", ""},
      {"a%zz", ""},
  };
  for (const auto& each : kCases) {
    const std::string expected = each.value.empty() ? "no" : absl::StrCat("yes id=", each.value);
    EXPECT_EQ(Matched("/r/{id}", absl::StrCat("/r/", each.sent)), expected) << each.sent;
    EXPECT_EQ(Matched("/{id}/r", absl::StrCat("/", each.sent, "/r")), expected) << each.sent;
  }
}

TEST(PathPatternTest, ErrorsNameThePattern) {
  constexpr absl::string_view kExpected = ", expected {name}, of letters, digits and '_'";
  const struct {
    absl::string_view pattern, error;
  } kCases[] = {
      {"", "the path \"\" does not begin with '/'"},
      {"{a}", "the path \"{a}\" does not begin with '/'"},
      {"/{}", "the path \"/{}\" has the segment \"{}\""},
      {"/{", "the path \"/{\" has the segment \"{\""},
      {"/}", "the path \"/}\" has the segment \"}\""},
      {"/{a", "the path \"/{a\" has the segment \"{a\""},
      {"/a}", "the path \"/a}\" has the segment \"a}\""},
      {"/}a{", "the path \"/}a{\" has the segment \"}a{\""},
      {"/x{a}", "the path \"/x{a}\" has the segment \"x{a}\""},
      {"/{a}x", "the path \"/{a}x\" has the segment \"{a}x\""},
      {"/{a}{b}", "the path \"/{a}{b}\" has the segment \"{a}{b}\""},
      {"/{a-b}", "the path \"/{a-b}\" has the segment \"{a-b}\""},
      {"/{a*}", "the path \"/{a*}\" has the segment \"{a*}\""},
      {"/{a/b}", "the path \"/{a/b}\" has the segment \"{a\""},
      {"/{{a}}", "the path \"/{{a}}\" has the segment \"{{a}}\""},
  };
  for (const auto& each : kCases) {
    const std::string tail(each.pattern.substr(0, 1) == "/" ? kExpected : "");
    EXPECT_EQ(PathPattern::Parse(each.pattern).status().message(), absl::StrCat(each.error, tail));
  }
  EXPECT_EQ(PathPattern::Parse("/{a}/{b}/{a}").status().message(),
            "the path \"/{a}/{b}/{a}\" has {a} twice");
}

TEST(PathPatternTest, TheFirstSegmentThatDiffersDecides) {
  // Each comes before those after it.
  const absl::string_view kOrder[] = {"/a/b/c", "/a/b/{z}", "/a/b/*",     "/a/{y}/c", "/a/{y}/{z}",
                                      "/a/*",   "/{x}/b/c", "/{x}/{y}/c", "/{x}/*",   "/*"};
  for (const absl::string_view& first : kOrder) {
    for (const absl::string_view& second : kOrder) {
      const PathPattern a = *PathPattern::Parse(first), b = *PathPattern::Parse(second);
      EXPECT_EQ(a.ComesBefore(b), &first < &second) << first << ", " << second;
      EXPECT_EQ(a.IsSameAs(b), &first == &second) << first << ", " << second;
    }
  }
}

TEST(PathPatternTest, NamesDoNotMakeADifference) {
  const PathPattern a = *PathPattern::Parse("/rooms/{id}/*"),
                    b = *PathPattern::Parse("/rooms/{x}/*");
  EXPECT_TRUE(a.IsSameAs(b));
  EXPECT_FALSE(a.ComesBefore(b));
  EXPECT_FALSE(a.IsSameAs(*PathPattern::Parse("/rooms/{id}")));
  EXPECT_FALSE(a.IsSameAs(*PathPattern::Parse("/seats/{id}/*")));
}

}  // namespace
}  // namespace weft
