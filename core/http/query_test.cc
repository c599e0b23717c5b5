#include "weft/core/http/query.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

std::string Of(absl::string_view query, absl::string_view name = "a") {
  return QueryParameter(query, name).value_or("none");
}

TEST(QueryTest, FindsAParameterByItsName) {
  EXPECT_EQ(Of("a=1"), "1");
  EXPECT_EQ(Of("x=0&a=1&y=2"), "1");
  EXPECT_EQ(Of("aa=0&A=2&b=a"), "none");
  EXPECT_EQ(Of(""), "none");
  EXPECT_EQ(Of("token=abc.def-_~", "token"), "abc.def-_~");
}

TEST(QueryTest, AParameterWithoutAValueIsEmpty) {
  EXPECT_EQ(Of("a"), "");
  EXPECT_EQ(Of("a="), "");
  EXPECT_EQ(Of("x&a&y"), "");
}

TEST(QueryTest, TheFirstOfSeveralCounts) {
  EXPECT_EQ(Of("a=1&a=2"), "1");
  EXPECT_EQ(Of("a&a=2"), "");
  EXPECT_EQ(Of("a=%zz&a=2"), "none");  // not the second, which another reader would not choose
}

TEST(QueryTest, OnlyTheFirstEqualsSignEndsTheName) {
  EXPECT_EQ(Of("a=b=c"), "b=c");
  EXPECT_EQ(Of("a=="), "=");
  EXPECT_EQ(Of("=a"), "none");
  EXPECT_EQ(Of("=x", ""), "x");
  EXPECT_EQ(Of("&&", ""), "none");
}

TEST(QueryTest, Section_3_4_AQuestionMarkAndASlashAreData) { EXPECT_EQ(Of("a=/b?c"), "/b?c"); }

TEST(QueryTest, Section_2_1_PercentEncodingIsDecoded) {
  EXPECT_EQ(Of("a=x%20y%3D%26%2f%2F%25"), "x y=&//%");
  EXPECT_EQ(Of("a=%00\xC3\xA9%c3%A9"), std::string("\0\xC3\xA9\xC3\xA9", 5));
  EXPECT_EQ(Of("%61=1"), "1");
  EXPECT_EQ(Of("a%3Db=1", "a=b"), "1");
  EXPECT_EQ(Of("a=%2525"), "%25");  // once
}

TEST(QueryTest, APlusIsASpace) {
  EXPECT_EQ(Of("a=x+y%2Bz"), "x y+z");
  EXPECT_EQ(Of("a+b=1", "a b"), "1");
}

TEST(QueryTest, ABadPercentEncodingIsNoValue) {
  for (const char* query : {"a=%", "a=x%4", "a=%zz", "a=%2z", "a=%%41", "a=% 2", "a=%+2"}) {
    EXPECT_EQ(Of(query), "none") << query;
  }
  EXPECT_EQ(Of("%zz=0&a=1"), "1");
  EXPECT_EQ(Of("%zz=0", "%zz"), "none");
}

}  // namespace
}  // namespace weft
