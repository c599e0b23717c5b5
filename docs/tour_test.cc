// The bytes and commands that the pages of docs/tour show: the library agrees with what each page
// says about them.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/event.h"
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
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::ServerFrame;
using ::testing::StartsWith;

// Replaces any whitespace between words by one space.
std::string OneSpace(absl::string_view text) {
  return absl::StrJoin(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
}

// "81 05": `bytes` in the notation of the pages.
std::string Hex(absl::string_view bytes) {
  std::vector<std::string> pairs;
  for (const char byte : bytes) pairs.push_back(absl::BytesToHexString({&byte, 1}));
  return absl::StrJoin(pairs, " ");
}

// A page of docs/tour, by its file.
class Page {
 public:
  explicit Page(const std::string& file) {
    std::ifstream stream("docs/tour/" + file);
    content_ = std::string(std::istreambuf_iterator<char>(stream), {});
    words_ = OneSpace(content_);
    EXPECT_NE(content_, "") << file;
  }

  const std::string& content() const { return content_; }
  const std::string& words() const { return words_; }  // with one space between them

  // The bytes of "81 05", which the page must contain.
  std::string Shown(absl::string_view hex) const {
    EXPECT_THAT(words_, HasSubstr(std::string(hex)));
    return testing::Hex(hex);
  }

 private:
  std::string content_;
  std::string words_;
};

struct Chapter {
  std::string title;  // "3. Frames"
  std::string file;
};

// The chapters of the table in README.md.
std::vector<Chapter> Chapters() {
  const Page index("README.md");
  const std::regex row(R"(\n\| \[(\d+\. [^\]]+)\]\((\w+\.md)\) \|)");
  std::vector<Chapter> chapters;
  for (std::sregex_iterator match(index.content().begin(), index.content().end(), row), end;
       match != end; ++match) {
    chapters.push_back({(*match)[1], (*match)[2]});
  }
  EXPECT_EQ(chapters.size(), 16u);
  return chapters;
}

std::string LinkTo(const Chapter& chapter) {
  return absl::StrCat("[", chapter.title, "](", chapter.file, ")");
}

// A server without a socket that sends each message back.
class EchoServer {
 public:
  explicit EchoServer(bool compressed) {
    if (compressed) connection_.UseDeflate({}, {});
  }

  std::string Answer(absl::string_view input) {
    char scratch[4096];
    std::string output;
    const absl::Span<char> into = connection_.ReadBuffer(absl::MakeSpan(scratch));
    EXPECT_EQ(input.copy(into.data(), into.size()), input.size());
    connection_.DidRead(input.size());
    while (const std::optional<Event> event = connection_.NextEvent()) {
      if (event->type != Event::Type::kMessage) continue;
      EXPECT_TRUE(connection_.SendMessage(event->opcode, event->payload, Compress::kNo).ok());
    }
    while (connection_.queued_bytes() > 0) {
      const absl::string_view part = connection_.WriteBuffer();
      absl::StrAppend(&output, part);
      connection_.DidWrite(part.size());
    }
    return output;
  }

 private:
  Connection connection_{Role::kServer, {}};
};

// The output of the `printf` commands in a line, such as `printf '\x81\x05Hello'`; one with '%09d'
// and the argument 0 prints nine zeros.
std::string Printed(const std::string& line) {
  static const std::regex command(R"(printf '(?:%0(\d+)d|([^']*))')");
  std::string bytes;
  for (std::sregex_iterator match(line.begin(), line.end(), command), end; match != end; ++match) {
    if ((*match)[1].matched) {
      bytes.append(std::stoul((*match)[1]), '0');
    } else {
      std::string part, error;
      EXPECT_TRUE(absl::CUnescape(std::string((*match)[2]), &part, &error)) << line << error;
      bytes += part;
    }
  }
  return bytes;
}

Outcome FeedServer(absl::string_view input) {
  return testing::FeedInEveryWay(Role::kServer, {}, input,
                                 [](const std::string& text) { ADD_FAILURE() << text; });
}

TEST(TourTest, EachChapterHasTheSameForm) {
  const std::vector<Chapter> chapters = Chapters();
  for (size_t i = 0; i < chapters.size(); ++i) {
    SCOPED_TRACE(chapters[i].file);
    const Page page(chapters[i].file);
    EXPECT_THAT(chapters[i].title, StartsWith(absl::StrCat(i + 1, ". ")));
    EXPECT_THAT(page.content(),
                StartsWith(absl::StrCat("# ", chapters[i].title, "\n\n**Goal:** ")));
    const std::vector<std::string> parts = absl::StrSplit(page.content(), "\n---\n\n");
    ASSERT_EQ(parts.size(), 2u);
    size_t before = 0;
    for (const char* part : {"\n\n**Run:** ", "\n\n**Read:** ", "\n\n## Try\n\n"}) {
      const size_t at = parts[0].find(part, before);
      ASSERT_NE(at, std::string::npos) << part;
      before = at;
    }
    EXPECT_THAT(parts[1], StartsWith("**Course:** "));
    const std::string links = OneSpace(parts[1]);
    EXPECT_THAT(links, HasSubstr("](../../course/"));
    if (i > 0) {
      EXPECT_THAT(links, HasSubstr("**Previous:** " + LinkTo(chapters[i - 1])));
    }
    if (i + 1 < chapters.size()) {
      EXPECT_THAT(links, HasSubstr("**Next:** " + LinkTo(chapters[i + 1])));
    }
  }
}

// The commands that send frames, and the bytes that the pages show after them.
TEST(TourTest, Commands) {
  size_t commands = 0;
  for (const Chapter& chapter : Chapters()) {
    std::optional<EchoServer> server;
    std::optional<std::string> answer;  // to the last command
    std::string shown;
    const auto compare = [&] {
      if (answer.has_value()) {
        EXPECT_EQ(Hex(*answer), OneSpace(shown)) << chapter.file;
      }
      answer.reset();
      shown.clear();
    };
    const Page page(chapter.file);
    for (const absl::string_view line : absl::StrSplit(page.content(), '\n')) {
      if (absl::StartsWith(line, " ")) absl::StrAppend(&shown, line);
      if (!absl::StartsWith(line, "$ ") && !absl::StartsWith(line, "```")) continue;
      compare();
      if (absl::StartsWith(line, "$ connect")) {
        server.emplace(absl::StrContains(line, "permessage-deflate"));
      } else if (absl::StrContains(line, ">&3; show")) {
        ASSERT_TRUE(server.has_value()) << line;
        answer = server->Answer(Printed(std::string(line)));
        if (absl::StrContains(line, "| head -1")) answer->resize(16);
        ++commands;
      }
    }
  }
  EXPECT_EQ(commands, 18u);
}

// docs:tour_chapter_7.
TEST(TourTest, ProgramOfChapter7) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("docs/tour_07_connection_program_1", "r"),
                                                   pclose);
  ASSERT_NE(pipe, nullptr);
  std::string output;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) output.push_back(static_cast<char>(c));
  EXPECT_EQ(output, "Hello\n7\n");
  EXPECT_THAT(Page("07_connection.md").content(),
              HasSubstr("run //docs:tour_chapter_7\n" + output + "```"));
}

TEST(TourTest, AcceptKey) {
  const Page page("02_handshake.md");
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  EXPECT_THAT(page.words(), HasSubstr(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  EXPECT_THAT(page.words(), HasSubstr(AcceptKey(key)));
  EXPECT_THAT(Page("01_by_hand.md").words(), HasSubstr("Sec-WebSocket-Accept: " + AcceptKey(key)));
  EXPECT_EQ(absl::Base64Escape("the sample nonce"), key);
  const std::string digest =
      page.Shown("b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea");
  EXPECT_EQ(absl::Base64Escape(digest), AcceptKey(key));
}

TEST(TourTest, HelloBothWays) {
  EXPECT_EQ(Page("03_frames.md").Shown("81 05 48 65 6c 6c 6f"),
            ServerFrame(Opcode::kText, "Hello"));
  EXPECT_EQ(Page("04_masking.md").Shown("81 85 37 fa 21 3d 7f 9f 4d 51 58"),
            ClientFrame(Opcode::kText, "Hello"));
}

// The frames that examples/inspect shows: each is on the page that links to it.
TEST(TourTest, LinkedFrames) {
  size_t links = 0;
  std::vector<Chapter> pages = Chapters();
  pages.push_back({"the table", "README.md"});
  for (const Chapter& chapter : pages) {
    const Page page(chapter.file);
    const std::vector<std::string> parts = absl::StrSplit(page.words(), "#frame=");
    for (size_t i = 1; i < parts.size(); ++i) {
      const std::string digits = parts[i].substr(0, parts[i].find_first_not_of("0123456789abcdef"));
      const std::string bytes = absl::HexStringToBytes(digits);
      EXPECT_THAT(testing::DescribeFrames(bytes), Not(Contains("incomplete"))) << digits;
      EXPECT_THAT(page.words(), HasSubstr(Hex(bytes))) << chapter.file;
      ++links;
    }
  }
  EXPECT_EQ(links, 5u);
}

TEST(TourTest, Lengths) {
  const Page page("03_frames.md");
  for (const uint64_t length : {125, 126, 65535, 65536}) {
    char header[kMaxFrameHeaderSize];
    const size_t size =
        EncodeFrameHeader({.opcode = Opcode::kBinary, .payload_length = length}, header);
    EXPECT_THAT(page.words(), HasSubstr(absl::StrCat(Hex({header, size}), " ", length)));
  }
}

TEST(TourTest, UnmaskedHelloIsRefused) {
  const Outcome outcome = FeedServer(Page("05_rules.md").Shown("81 05 48 65 6c 6c 6f"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin close 1002 a client must mask every frame"));
}

TEST(TourTest, Text) {
  const Page page("06_text.md");
  EXPECT_EQ(page.Shown("e2 9c 93"), "✓");
  Utf8Validator validator;
  EXPECT_TRUE(validator.Append("\xe2\x9c"));
  EXPECT_TRUE(validator.Append("\x93"));
  EXPECT_TRUE(validator.AtBoundary());
  EXPECT_TRUE(validator.Append("\xf4"));
  EXPECT_FALSE(validator.Append(page.Shown("f4 90").substr(1)));
}

TEST(TourTest, FragmentsWithAPingBetween) {
  const Page page("07_connection.md");
  const Outcome outcome = FeedServer(
      page.Shown("01 83 37 fa 21 3d 7f 9f 4d 89 82 37 fa 21 3d 7f 93 80 82 37 fa 21 3d 5b 95"));
  EXPECT_THAT(outcome.events, ElementsAre("ping Hi", "text Hello"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin pong Hi"));
  EXPECT_EQ(page.Shown("8a 02 48 69"), ServerFrame(Opcode::kPong, "Hi"));
}

TEST(TourTest, Close) {
  const Page page("08_closing.md");
  const Outcome outcome = FeedServer(page.Shown("88 85 37 fa 21 3d 34 12 43 44 52"));
  EXPECT_THAT(outcome.events, ElementsAre("close 1000 bye"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin close 1000 bye"));
  EXPECT_EQ(page.Shown("88 05 03 e8 62 79 65"),
            ServerFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal, "bye")));
}

TEST(TourTest, Compression) {
  const Page page("15_compression.md");
  Inflater inflater(15);
  for (const char* hex : {"f2 48 cd c9 c9 07 00", "f2 00 11 00 00"}) {
    const std::string message = page.Shown(hex);
    absl::string_view in = message;
    char text[10];
    absl::Span<char> room = absl::MakeSpan(text);
    EXPECT_EQ(inflater.Inflate(&in, &room, /*last=*/true), Inflater::Result::kDone);
    EXPECT_EQ(absl::string_view(text, sizeof text - room.size()), "Hello");
  }
}

}  // namespace
}  // namespace weft
