// The bytes that tour.md shows: each is on the page, and the library agrees with what the page says
// about it.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/frame/utf8.h"
#include "weft/core/handshake/accept_key.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::ServerFrame;

// Replaces any whitespace between words by one space.
std::string OneSpace(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
}

const std::string& Page() {
  static const std::string& page = *new std::string([] {
    std::ifstream file("docs/tour.md");
    return OneSpace(std::string(std::istreambuf_iterator<char>(file), {}));
  }());
  return page;
}

// "81 05": `bytes` in the notation of the page.
std::string Hex(absl::string_view bytes) {
  std::vector<std::string> pairs;
  for (const char byte : bytes) pairs.push_back(absl::BytesToHexString({&byte, 1}));
  return absl::StrJoin(pairs, " ");
}

// The bytes of "81 05", which the page must contain.
std::string Shown(absl::string_view hex) {
  EXPECT_THAT(Page(), HasSubstr(std::string(hex)));
  return testing::Hex(hex);
}

Outcome FeedServer(absl::string_view input) {
  return testing::FeedInEveryWay(Role::kServer, {}, input,
                                 [](const std::string& text) { ADD_FAILURE() << text; });
}

TEST(TourTest, AcceptKey) {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  EXPECT_THAT(Page(), HasSubstr(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  EXPECT_THAT(Page(), HasSubstr(AcceptKey(key)));
  EXPECT_EQ(absl::Base64Escape("the sample nonce"), key);
  const std::string digest = Shown("b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea");
  EXPECT_EQ(absl::Base64Escape(digest), AcceptKey(key));
}

TEST(TourTest, HelloBothWays) {
  EXPECT_EQ(Shown("81 05 48 65 6c 6c 6f"), ServerFrame(Opcode::kText, "Hello"));
  EXPECT_EQ(Shown("81 85 37 fa 21 3d 7f 9f 4d 51 58"), ClientFrame(Opcode::kText, "Hello"));
}

TEST(TourTest, Lengths) {
  for (const uint64_t length : {125, 126, 65535, 65536}) {
    char header[kMaxFrameHeaderSize];
    const size_t size =
        EncodeFrameHeader({.opcode = Opcode::kBinary, .payload_length = length}, header);
    EXPECT_THAT(Page(), HasSubstr(absl::StrCat(Hex({header, size}), " ", length)));
  }
}

TEST(TourTest, UnmaskedHelloIsRefused) {
  const Outcome outcome = FeedServer(Shown("81 05 48 65 6c 6c 6f"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin close 1002 a client must mask every frame"));
  Shown(Hex(ServerFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kProtocolError,
                                                              "a client must mask every frame"))));
}

TEST(TourTest, Text) {
  EXPECT_EQ(Shown("e2 9c 93"), "✓");
  Utf8Validator validator;
  EXPECT_TRUE(validator.Append("\xe2\x9c"));
  EXPECT_TRUE(validator.Append("\x93"));
  EXPECT_TRUE(validator.AtBoundary());
  EXPECT_TRUE(validator.Append("\xf4"));
  EXPECT_FALSE(validator.Append(Shown("f4 90").substr(1)));
}

TEST(TourTest, FragmentsWithAPingBetween) {
  const Outcome outcome = FeedServer(
      Shown("01 83 37 fa 21 3d 7f 9f 4d 89 82 37 fa 21 3d 7f 93 80 82 37 fa 21 3d 5b 95"));
  EXPECT_THAT(outcome.events, ElementsAre("ping Hi", "text Hello"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin pong Hi"));
  EXPECT_EQ(Shown("8a 02 48 69"), ServerFrame(Opcode::kPong, "Hi"));
}

TEST(TourTest, Close) {
  const Outcome outcome = FeedServer(Shown("88 85 37 fa 21 3d 34 12 43 44 52"));
  EXPECT_THAT(outcome.events, ElementsAre("close 1000 bye"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin close 1000 bye"));
  EXPECT_EQ(Shown("88 05 03 e8 62 79 65"),
            ServerFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal, "bye")));
}

TEST(TourTest, Compression) {
  Inflater inflater(15);
  for (const char* hex : {"f2 48 cd c9 c9 07 00", "f2 00 11 00 00"}) {
    const std::string message = Shown(hex);
    absl::string_view in = message;
    char text[10];
    absl::Span<char> room = absl::MakeSpan(text);
    EXPECT_EQ(inflater.Inflate(&in, &room, /*last=*/true), Inflater::Result::kDone);
    EXPECT_EQ(absl::string_view(text, sizeof text - room.size()), "Hello");
  }
}

}  // namespace
}  // namespace weft
