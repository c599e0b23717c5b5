#include "weft/core/handshake/accept_key.h"

#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(AcceptKeyTest, RfcVector) {  // RFC 6455, section 1.3
  EXPECT_EQ(AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptKeyTest, RandomKeysAreKeysAndDiffer) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    const std::string key = RandomKey();
    EXPECT_TRUE(IsKey(key)) << key;
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(key, &bytes));
    EXPECT_EQ(bytes.size(), 16u);
    EXPECT_TRUE(keys.insert(key).second);
  }
}

TEST(AcceptKeyTest, KeyIsTheBase64Of16Bytes) {
  EXPECT_TRUE(IsKey("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(IsKey("AAAAAAAAAAAAAAAAA+/AAA=="));
  for (const char* text :
       {"", "==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25jZSEh", "dGhlIHNhbXBsZSBub25j==",
        "dGhlIHNhbXBsZSBub25-ZQ==", "dGhlIHNhbXBsZ=Bub25jZQ==", " GhlIHNhbXBsZSBub25jZQ=="}) {
    EXPECT_FALSE(IsKey(text)) << text;
  }
}

}  // namespace
}  // namespace weft
