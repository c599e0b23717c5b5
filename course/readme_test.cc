// The bytes that the READMEs of the chapters show: each is on its page, and the solutions agree
// with the page about it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "course/01_by_hand/by_hand.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/04_masking/masking.h"
#include "course/05_text/text.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"
#include "course/10_limits/limits.h"
#include "course/11_compression/compression.h"
#include "course/sha1.h"
#include "course/testing/expect.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Hex;

constexpr MaskingKey kKey = {0x37, 0xFA, 0x21, 0x3D};

// Replaces any white space between words by one space.
std::string OneSpace(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
}

std::string Content(const std::string& chapter, const std::string& name = "README.md") {
  std::ifstream file("course/" + chapter + "/" + name);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A chapter's README.md, with one space between words.
class Page {
 public:
  explicit Page(const std::string& chapter) : text_(OneSpace(Content(chapter))) {}

  // The bytes of "81 05", or of a command with "\x81\x05", which the page must contain.
  std::string Shown(const std::string& hex) const {
    EXPECT_THAT(text_, HasSubstr(hex));
    return Bytes(hex);
  }
  std::string ShownForPrintf(const std::string& hex) const {
    std::string escaped;
    for (const absl::string_view byte : absl::StrSplit(hex, ' '))
      absl::StrAppend(&escaped, "\\x", byte);
    EXPECT_THAT(text_, HasSubstr("printf '" + escaped + "' >&3"));
    return Bytes(hex);
  }
  void Has(const std::string& text) const { EXPECT_THAT(text_, HasSubstr(OneSpace(text))); }

 private:
  std::string text_;
};

// The events of a reader, and its failure.
std::vector<std::string> Read(Role role, absl::string_view bytes, uint64_t limit = 1000) {
  MessageReader reader(role, limit);
  std::vector<std::string> seen;
  for (const Event& event : reader.Read(bytes)) {
    seen.push_back(absl::StrCat(static_cast<int>(event.opcode), " ", event.payload));
  }
  if (reader.failure().has_value())
    seen.push_back(absl::StrCat("failure ", reader.failure()->code));
  return seen;
}

TEST(ReadmeTest, ByHand) {
  const Page page("01_by_hand");
  EXPECT_EQ(DescribeFrame(page.Shown("81 05 48 65 6c 6c 6f")), "text \"Hello\"");
  EXPECT_EQ(DescribeFrame(page.Shown("8a 02 48 69")), "pong \"Hi\"");
  EXPECT_EQ(DescribeFrame(page.Shown("88 05 03 e8 62 79 65")), "close 1000 \"bye\"");
  EXPECT_EQ(DescribeFrame(page.Shown("80 02 6c 6f")), "continuation \"lo\"");
  page.Has("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
  page.Has("Sec-WebSocket-Accept: " + AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="));

  // The commands.
  EXPECT_THAT(Read(Role::kServer, page.ShownForPrintf("81 85 37 fa 21 3d 7f 9f 4d 51 58")),
              ElementsAre("1 Hello"));
  EXPECT_THAT(Read(Role::kServer, page.ShownForPrintf("89 82 37 fa 21 3d 7f 93")),
              ElementsAre("9 Hi"));
  EXPECT_THAT(Read(Role::kServer, page.ShownForPrintf("01 83 37 fa 21 3d 7f 9f 4d") +
                                      page.ShownForPrintf("80 82 37 fa 21 3d 5b 95")),
              ElementsAre("1 Hello"));
  EXPECT_THAT(Read(Role::kServer, page.ShownForPrintf("88 85 37 fa 21 3d 34 12 43 44 52")),
              ElementsAre("8 \x03\xE8"
                          "bye"));
}

TEST(ReadmeTest, Handshake) {
  const Page page("02_handshake");
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  EXPECT_EQ(AcceptKey(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const std::string digest =
      page.Shown("b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea");
  EXPECT_EQ(digest, Sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  EXPECT_EQ(absl::Base64Escape(digest), AcceptKey(key));
  page.Has("printf %s dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11 |");
  page.Has(
      "HTTP/1.1 101 Switching Protocols Upgrade: websocket Connection: Upgrade "
      "Sec-WebSocket-Accept: "
      "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(ReadmeTest, Frames) {
  const Page page("03_frames");
  for (const uint64_t length : {125, 126, 65535, 65536}) {
    page.Has(absl::StrCat(Hex(EncodeHeader({.opcode = Opcode::kBinary, .length = length})), " ",
                          length));
  }
  FrameHeader header;
  EXPECT_EQ(*DecodeHeader(page.Shown("81 85 37 fa 21 3d 7f 9f 4d 51 58"), &header), 6u);
  EXPECT_EQ(*DecodeHeader(page.Shown("81 85 37"), &header), 0u);
  EXPECT_FALSE(DecodeHeader(page.Shown("83 05"), &header).ok());
  EXPECT_FALSE(DecodeHeader(page.Shown("88 7f"), &header).ok());
  EXPECT_FALSE(DecodeHeader(page.Shown("81 7e 00 7d"), &header).ok());
  EXPECT_EQ(*DecodeHeader(page.Shown("82 7f 00 00 00 40 00 00 00 00"), &header), 10u);
  EXPECT_EQ(header.length, uint64_t{1} << 38);
  for (const char* length : {"05", "7e 00 05", "7f 00 00 00 00 00 00 00 05"}) {
    const bool shortest = std::string(length) == "05";
    EXPECT_EQ(DecodeHeader(Bytes("81") + page.Shown(length), &header).ok(), shortest) << length;
  }
}

TEST(ReadmeTest, Masking) {
  const Page page("04_masking");
  EXPECT_EQ(page.Shown("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
            ClientFrame(Opcode::kText, "Hello", kKey));
  page.Has("48 65 6c 6c 6f key 37 fa 21 3d 37");
  page.Has("on the wire 7f 9f 4d 51 58");
  page.Has("piece 2 6c 6f offset 3: key bytes 3d 37");
  page.Shown("3d 37 fa 21 3d 37 fa 21");
}

TEST(ReadmeTest, Text) {
  const Page page("05_text");
  const auto is_valid = [](absl::string_view bytes) {
    Utf8Checker checker;
    return checker.Append(bytes) && checker.AtEnd();
  };
  EXPECT_EQ(page.Shown("c3 a4"), "ä");
  EXPECT_EQ(page.Shown("e2 9c 93"), "✓");
  EXPECT_EQ(page.Shown("f0 9f 98 80"), "😀");
  EXPECT_THAT(Read(Role::kClient, page.Shown("81 0a 48 c3 a4 e2 9c 93 f0 9f 98 80")),
              ElementsAre("1 Hä✓😀"));
  EXPECT_TRUE(is_valid("Hä✓😀"));
  EXPECT_FALSE(is_valid(page.Shown("c0 af")));
  EXPECT_FALSE(is_valid(page.Shown("ed a0 80")));
  EXPECT_FALSE(is_valid(page.Shown("f4 90 80 80")));
  EXPECT_THAT(Read(Role::kClient, page.Shown("01 02 e2 9c") + page.Shown("80 01 93")),
              ElementsAre("1 ✓"));
}

TEST(ReadmeTest, Messages) {
  const Page page("06_messages");
  EXPECT_THAT(Read(Role::kClient, page.Shown("01 03 48 65 6c") + page.Shown("80 02 6c 6f")),
              ElementsAre("1 Hello"));
  EXPECT_THAT(Read(Role::kServer, page.Shown("01 83 37 fa 21 3d 7f 9f 4d") +
                                      page.Shown("89 82 37 fa 21 3d 7f 93") +
                                      page.Shown("80 82 37 fa 21 3d 5b 95")),
              ElementsAre("9 Hi", "1 Hello"));
  EXPECT_THAT(Read(Role::kClient, Bytes("01 00 00 00 80 00")), ElementsAre("1 "));
  EXPECT_THAT(
      Read(Role::kClient, page.Shown("01 7e 03 e8") + std::string(1000, 'a') + page.Shown("80 01")),
      ElementsAre("failure 1009"));
}

TEST(ReadmeTest, Closing) {
  const Page page("07_closing");
  EXPECT_EQ(page.Shown("88 05 03 e8 62 79 65").substr(2), ClosePayload(1000, "bye"));
  EXPECT_THAT(Read(Role::kServer, page.Shown("88 85 37 fa 21 3d 34 12 43 44 52")),
              ElementsAre(absl::StrCat("8 ", ClosePayload(1000, "bye"))));
  EXPECT_EQ(page.Shown("88 02 03 e8").substr(2), ClosePayload(1000, ""));
  CloseInfo info;
  EXPECT_TRUE(ReadClosePayload(page.Shown("88 02 03 ed").substr(2), &info).has_value());
}

TEST(ReadmeTest, Compression) {
  const Page page("11_compression");
  const std::string hello = page.Shown("f2 48 cd c9 c9 07 00");
  EXPECT_EQ(page.Shown("f2 48 cd c9 c9 07 00 00 00 ff ff"), hello + Bytes("00 00 ff ff"));
  EXPECT_EQ(page.Shown("c1 07 f2 48 cd c9 c9 07 00").substr(2), hello);
  Inflater inflater(15, true);
  for (const std::string& message : {hello, page.Shown("f2 00 11 00 00")}) {
    absl::string_view bytes = message;
    std::string text;
    EXPECT_EQ(inflater.Inflate(&bytes, true, &text), Inflater::Result::kDone);
    EXPECT_EQ(text, "Hello");
  }
}

TEST(ReadmeTest, Limits) {
  const Page page("10_limits");
  const Limits limits;
  EXPECT_EQ(limits.head_bytes, 16384u);
  page.Has("`head_bytes`: 16 kB");
  EXPECT_EQ(limits.output_bytes, 1u << 20);
  page.Has("`output_bytes`: 1 MB");
  page.Has(absl::StrCat("`request`: ", absl::ToInt64Seconds(limits.request), " s"));
  page.Has(absl::StrCat("`silence`: ", absl::ToInt64Seconds(limits.silence), " s"));
  page.Has(absl::StrCat("`stall`: ", absl::ToInt64Seconds(limits.stall), " s"));
  page.Has(absl::StrCat("`closing`: ", absl::ToInt64Seconds(limits.closing), " s"));
}

// A link shows a frame that its page explains.
TEST(ReadmeTest, LinkedFramesAreOnTheirPages) {
  size_t links = 0;
  for (const char* chapter :
       {"01_by_hand", "03_frames", "04_masking", "05_text", "06_messages", "07_closing"}) {
    const std::string text = Content(chapter);
    const std::regex link("/#frame=([0-9a-f]+)");
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at, ++links) {
      const std::string bytes = (*at)[1];
      EXPECT_EQ(bytes.size() % 2, 0u) << bytes;
      std::string rest = absl::HexStringToBytes(bytes);
      while (!rest.empty()) {
        FrameHeader header;
        const absl::StatusOr<size_t> size = DecodeHeader(rest, &header);
        ASSERT_TRUE(size.ok() && *size > 0) << bytes;
        const size_t frame = std::min<size_t>(rest.size(), *size + header.length);
        EXPECT_THAT(OneSpace(text), HasSubstr(Hex(rest.substr(0, frame)))) << chapter;
        rest.erase(0, frame);
      }
    }
  }
  EXPECT_GE(links, 8u);
}

// All first groups of an expression in a text, in their order.
std::set<std::string> Found(const std::string& text, const std::string& expression) {
  std::set<std::string> found;
  const std::regex regex(expression);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

// Each chapter has mistakes of real libraries: a row for each names its thread and its test.
TEST(ReadmeTest, MistakesOfRealLibraries) {
  int chapters = 0;
  for (const auto& entry : std::filesystem::directory_iterator("course")) {
    const std::string chapter = entry.path().filename();
    if (!absl::ascii_isdigit(static_cast<unsigned char>(chapter[0]))) continue;
    ++chapters;
    const std::string page = Content(chapter);
    const std::set<std::string> tests =
        Found(Content(chapter, "exercise_test.cc"), R"(TEST\(Mistakes, (\w+)\))");
    EXPECT_GE(tests.size(), 2u) << chapter;
    EXPECT_EQ(tests, Found(page, R"(`Mistakes\.(\w+)` \|)")) << chapter;
    for (const absl::string_view line : absl::StrSplit(page, '\n')) {
      if (!absl::StrContains(line, "`Mistakes.")) continue;
      EXPECT_TRUE(std::regex_search(
          std::string(line),
          std::regex(R"(\]\(https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+\))")))
          << line;
    }
  }
  EXPECT_EQ(chapters, 12);
}

}  // namespace
}  // namespace course
