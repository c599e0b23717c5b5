#include "weft/core/frame/close_payload.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(ClosePayloadTest, HasACodeAndAReasonOrNothing) {
  EXPECT_EQ(DecodeClosePayload("").code, CloseCode::kNoStatus);
  EXPECT_EQ(DecodeClosePayload("\x03").code, CloseCode::kNoStatus);
  EXPECT_EQ(DecodeClosePayload("\x03\xe8").code, CloseCode::kNormal);
  EXPECT_EQ(DecodeClosePayload("\x03\xe8").reason, "");
  EXPECT_EQ(static_cast<int>(DecodeClosePayload("\xff\xfe why").code), 0xfffe);
  EXPECT_EQ(DecodeClosePayload("\xff\xfe why").reason, " why");
}

TEST(ClosePayloadTest, TheFirstRuleThatItBreaksIsNamed) {
  std::string seen;
  for (const absl::string_view fine : {"", "\x03\xe8", "\x03\xe8 bye", "\x0f\xa0 \xc3\xa4"}) {
    EXPECT_EQ(CheckClosePayload(fine, &seen), nullptr);
  }
  EXPECT_EQ(CheckClosePayload("\x03\xe8 \xc3", &seen), &rules::kReasonNotUtf8);
  EXPECT_EQ(seen, "");
  EXPECT_EQ(CheckClosePayload("\x03", &seen), &rules::kCloseTooShort);
  EXPECT_EQ(seen, "got 1 byte");
  EXPECT_EQ(CheckClosePayload("\x03\xed\xff", &seen), &rules::kCloseCodeNotAllowed);
  EXPECT_EQ(seen, "got 1005");
}

}  // namespace
}  // namespace weft
