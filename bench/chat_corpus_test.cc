#include "weft/bench/chat_corpus.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/frame/utf8.h"

namespace weft::bench {
namespace {

TEST(ChatCorpusTest, HasTheSizesThatWereAskedFor) {
  for (const size_t size : {200, 1024, 65536}) {
    const std::vector<std::string> messages = ChatMessages(20, size, 1);
    ASSERT_EQ(messages.size(), 20u);
    for (const std::string& message : messages) {
      EXPECT_GE(message.size(), size);
      EXPECT_LE(message.size(), size + 300);
      EXPECT_TRUE(IsValidUtf8(message));
    }
  }
}

TEST(ChatCorpusTest, IsMadeBySeed) {
  EXPECT_EQ(ChatMessages(5, 1000, 1), ChatMessages(5, 1000, 1));
  EXPECT_NE(ChatMessages(5, 1000, 1), ChatMessages(5, 1000, 2));
  EXPECT_NE(ChatMessages(2, 1000, 1)[0], ChatMessages(2, 1000, 1)[1]);
}

TEST(ChatCorpusTest, CompressesAsTextDoes) {
  const std::string message = ChatMessages(1, 65536, 1)[0];
  Deflater deflater({});
  std::string out(deflater.Bound(message.size()), '\0');
  const size_t size = deflater.Deflate(message, /*last=*/true, out.data());
  EXPECT_GT(size, message.size() / 6);
  EXPECT_LT(size, message.size() / 3);
}

}  // namespace
}  // namespace weft::bench
