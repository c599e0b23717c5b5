#include "weft/core/frame/close_payload.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
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

TEST(ClosePayloadTest, EncodesWhatItDecodes) {
  char out[kMaxControlPayload];
  EXPECT_EQ(EncodeClosePayload(CloseCode::kNoStatus, "", out), 0u);
  const std::string longest(kMaxCloseReason, 'x');
  for (const absl::string_view reason : {"", "bye", longest.c_str()}) {
    const size_t size = EncodeClosePayload(CloseCode::kGoingAway, reason, out);
    EXPECT_EQ(size, 2 + reason.size());
    const ClosePayload decoded = DecodeClosePayload({out, size});
    EXPECT_EQ(decoded.code, CloseCode::kGoingAway);
    EXPECT_EQ(decoded.reason, reason);
  }
}

TEST(ClosePayloadTest, WhatAnApplicationMaySend) {
  EXPECT_TRUE(CheckClose(CloseCode::kNormal, "bye").ok());
  EXPECT_TRUE(CheckClose(CloseCode::kNoStatus, "").ok());
  EXPECT_TRUE(CheckClose(CloseCode::kNormal, std::string(kMaxCloseReason, 'x')).ok());
  for (const auto& [code, reason] : std::vector<std::pair<CloseCode, std::string>>{
           {CloseCode::kAbnormal, ""},
           {CloseCode::kNoStatus, "bye"},
           {CloseCode::kNormal, std::string(kMaxCloseReason + 1, 'x')},
           {CloseCode::kNormal, "\xff"}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckClose(code, reason))) << reason;
  }
}

}  // namespace
}  // namespace weft
