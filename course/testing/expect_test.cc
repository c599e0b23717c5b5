#include "course/testing/expect.h"

#include <stdexcept>
#include <string>

#include "course/not_written_yet.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"

namespace course::testing {
namespace {

const Case& TheCase() {
  static const Case& the_case = *new Case{.sent = "81 05",
                                          .expected = "5 bytes",
                                          .section = "RFC 6455, section 5.2",
                                          .hint = "The second byte."};
  return the_case;
}

int Length() { NotWrittenYet(); }

TEST(ExpectTest, AResultAsExpectedPasses) {
  Expect(TheCase(), [] { return "5 bytes"; });
}

TEST(ExpectTest, AFailureSaysEverything) {
  EXPECT_NONFATAL_FAILURE(Expect(TheCase(), [] { return "6 bytes"; }),
                          "  sent:      81 05\n"
                          "  came back: 6 bytes\n"
                          "  expected:  5 bytes\n"
                          "  rule:      RFC 6455, section 5.2\n"
                          "  hint:      The second byte.\n");
}

TEST(ExpectTest, AFunctionThatIsNotWrittenIsNamed) {
  EXPECT_NONFATAL_FAILURE(Expect(TheCase(), [] { return std::to_string(Length()); }),
                          "  came back: not written yet: Length\n");
}

TEST(ExpectTest, AnExceptionIsTheResult) {
  EXPECT_NONFATAL_FAILURE(Expect(TheCase(), [] { return std::string().substr(1); }),
                          "  came back: basic_string::substr");
}

TEST(ExpectTest, Notation) {
  EXPECT_EQ(Hex(Bytes("81 05 ff")), "81 05 ff");
  EXPECT_EQ(Hex(""), "no bytes");
  EXPECT_EQ(Hex(std::string(40, 'a')).size(), 40 * 3 - 1);
  EXPECT_TRUE(Hex(std::string(41, 'a')).ends_with("61 61 ... (41 bytes)"));
  EXPECT_EQ(Quoted("a\r\n"), "\"a\\r\\n\"");
}

}  // namespace
}  // namespace course::testing
