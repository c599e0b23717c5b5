#include "weft/core/testing/reference_decoder.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/hex.h"
#include "weft/core/testing/reference_inflater.h"

namespace weft::testing {
namespace {

using ::testing::ElementsAre;

TEST(ReferenceInflaterTest, ExamplesOfTheRfc) {  // RFC 7692, section 7.2.3
  for (const char* hello : {"f2 48 cd c9 c9 07 00", "00 05 00 fa ff 48 65 6c 6c 6f 00",
                            "f3 48 cd c9 c9 07 00 00", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"}) {
    ReferenceInflater inflater(15, /*takeover=*/true);
    EXPECT_EQ(inflater.Inflate(Hex(hello)), "Hello") << hello;
    EXPECT_EQ(inflater.Inflate(Hex("f2 00 11 00 00")), "Hello") << "takeover";
    EXPECT_EQ(inflater.Inflate(Hex("00")), "") << "an empty message";
  }
}

// Made by zlib: dynamic codes, with every way to write their lengths.
TEST(ReferenceInflaterTest, DynamicBlock) {
  ReferenceInflater inflater(15, /*takeover=*/true);
  const std::string message =
      Hex("148ec101c030080217e2a1c69ab8ff623d5e240a78a1546b95a3fa7446bd9ad64b6584b2d06eb638"
          "160b9efad0b73ad5f849e3eb465febabd57747836fd0cbff327fec17df8e7b0966d0904955ba338b"
          "f23cbed23ef7f9ee18604c7221cad76680b0c21469e28a559d6855474246a2c6afebd9f376f11d27"
          "0efd8686fcd0779ae61f");
  const std::optional<std::string> text = inflater.Inflate(message);
  ASSERT_TRUE(text.has_value());
  std::string expected;
  for (int i = 0; i < 60; ++i) absl::StrAppend(&expected, i * i, ",");
  EXPECT_EQ(*text, expected);
}

TEST(ReferenceInflaterTest, WhatIsWrong) {
  for (const char* wrong : {"", "07", "f2 48 cd", "f2 00 11 00 00", "00 05 00 fa fe 48", "02 00 00",
                            "f2 48 cd c9 c9 07 00 00 00"}) {
    EXPECT_EQ(ReferenceInflater(15, true).Inflate(Hex(wrong)), std::nullopt) << wrong;
  }
  ReferenceInflater forgets(15, /*takeover=*/false);
  EXPECT_EQ(forgets.Inflate(Hex("f2 48 cd c9 c9 07 00")), "Hello");
  EXPECT_EQ(forgets.Inflate(Hex("f2 00 11 00 00")), std::nullopt);
}

TEST(ReferenceDecoderTest, ExamplesOfTheRfc) {  // RFC 6455, section 5.7; RFC 7692, section 7.2.3.1
  EXPECT_THAT(ReferenceEvents(Hex("81 05 48 65 6c 6c 6f  81 85 37 fa 21 3d 7f 9f 4d 51 58"
                                  "01 03 48 65 6c  89 05 48 65 6c 6c 6f  80 02 6c 6f"
                                  "c1 07 f2 48 cd c9 c9 07 00"
                                  "41 03 f2 48 cd  80 04 c9 c9 07 00  8a 00  88 02 03 e8  81 00"),
                              ReferenceDeflate{}),
              ElementsAre("text Hello", "text Hello", "ping Hello", "text Hello", "text Hello",
                          "text Hello", "pong ", "close 1000"));
  EXPECT_THAT(ReferenceEvents(Hex("88 05 0f a0 62 79 65"), std::nullopt),
              ElementsAre("close 4000 bye"));
}

TEST(ReferenceDecoderTest, LongFrames) {
  for (const size_t size : {126, 65535, 65536}) {
    const std::string length = size < 65536
                                   ? absl::StrCat("827e", absl::Hex(size, absl::kZeroPad4))
                                   : absl::StrCat("827f", absl::Hex(size, absl::kZeroPad16));
    EXPECT_THAT(ReferenceEvents(Hex(length) + std::string(size, 'x'), std::nullopt),
                ElementsAre("binary " + std::string(size, 'x')));
  }
}

TEST(ReferenceDecoderTest, WhatIsCutOff) {
  for (const char* cut : {"81", "81 05 48", "81 85 37 fa", "82 7e 00"}) {
    EXPECT_THAT(ReferenceEvents(Hex(cut), std::nullopt), ElementsAre("invalid")) << cut;
  }
}

}  // namespace
}  // namespace weft::testing
