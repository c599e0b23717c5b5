#include "weft/core/http/query.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

std::string ValueOf(absl::string_view query, absl::string_view name = "a") {
  return QueryParameter(query, name).value_or("none");
}

TEST(QueryTest, FindsAParameterByItsName) {
  EXPECT_EQ(ValueOf("a=1"), "1");
  EXPECT_EQ(ValueOf("x=0&a=1&y=2"), "1");
  EXPECT_EQ(ValueOf("aa=0&A=2&b=a"), "none");
  EXPECT_EQ(ValueOf(""), "none");
  EXPECT_EQ(ValueOf("token=abc.def-_~", "token"), "abc.def-_~");
}

TEST(QueryTest, AParameterWithoutAValueIsEmpty) {
  EXPECT_EQ(ValueOf("a"), "");
  EXPECT_EQ(ValueOf("a="), "");
  EXPECT_EQ(ValueOf("x&a&y"), "");
}

TEST(QueryTest, TheFirstOfSeveralCounts) {
  EXPECT_EQ(ValueOf("a=1&a=2"), "1");
  EXPECT_EQ(ValueOf("a&a=2"), "");
  EXPECT_EQ(ValueOf("a=%zz&a=2"), "none");  // not the second, which another reader would not choose
}

TEST(QueryTest, OnlyTheFirstEqualsSignEndsTheName) {
  EXPECT_EQ(ValueOf("a=b=c"), "b=c");
  EXPECT_EQ(ValueOf("a=="), "=");
  EXPECT_EQ(ValueOf("=a"), "none");
  EXPECT_EQ(ValueOf("=x", ""), "x");
  EXPECT_EQ(ValueOf("&&", ""), "none");
}

TEST(QueryTest, Section_3_4_AQuestionMarkAndASlashAreData) { EXPECT_EQ(ValueOf("a=/b?c"), "/b?c"); }

TEST(QueryTest, Section_2_1_PercentEncodingIsDecoded) {
  EXPECT_EQ(ValueOf("a=x%20y%3D%26%2f%2F%25"), "x y=&//%");
  EXPECT_EQ(ValueOf("a=%00\xC3\xA9%c3%A9"), std::string("\0\xC3\xA9\xC3\xA9", 5));
  EXPECT_EQ(ValueOf("%61=1"), "1");
  EXPECT_EQ(ValueOf("a%3Db=1", "a=b"), "1");
  EXPECT_EQ(ValueOf("a=%2525"), "%25");  // once
}

TEST(QueryTest, APlusIsASpace) {
  EXPECT_EQ(ValueOf("a=x+y%2Bz"), "x y+z");
  EXPECT_EQ(ValueOf("a+b=1", "a b"), "1");
}

TEST(QueryTest, ABadPercentEncodingIsNoValue) {
  for (const char* query : {"a=%", "a=x%4", "a=%zz", "a=%2z", "a=%%41", "a=% 2", "a=%+2"}) {
    EXPECT_EQ(ValueOf(query), "none") << query;
  }
  EXPECT_EQ(ValueOf("%zz=0&a=1"), "1");
  EXPECT_EQ(ValueOf("%zz=0", "%zz"), "none");
}

}  // namespace
}  // namespace weft
