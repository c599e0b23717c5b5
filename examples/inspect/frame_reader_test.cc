#include "examples/inspect/frame_reader.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/hex.h"

namespace examples {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weft::CloseCode;
using weft::Opcode;
using weft::Role;
using weft::testing::ClientFrame;
using weft::testing::ClosePayload;
using weft::testing::Frame;
using weft::testing::Hex;
using weft::testing::kTestKey;
using weft::testing::ServerFrame;

// The frames of `bytes`, fed at once and byte by byte, which must give the same result.
std::vector<SeenFrame> ReadAll(Role receiver, absl::string_view bytes, bool deflate = false) {
  FrameReader whole(receiver), slow(receiver);
  if (deflate) whole.UseDeflate({}), slow.UseDeflate({});
  std::vector<SeenFrame> frames, again;
  whole.Read(bytes, [&](SeenFrame frame) { frames.push_back(std::move(frame)); });
  for (size_t i = 0; i < bytes.size(); ++i) {
    slow.Read(bytes.substr(i, 1), [&](SeenFrame frame) { again.push_back(std::move(frame)); });
  }
  EXPECT_EQ(frames.size(), again.size());
  for (size_t i = 0; i < frames.size() && i < again.size(); ++i) {
    EXPECT_EQ(frames[i].position, again[i].position);
    EXPECT_EQ(frames[i].head, again[i].head);
    EXPECT_EQ(frames[i].wire, again[i].wire);
    EXPECT_EQ(frames[i].plain, again[i].plain);
    EXPECT_EQ(frames[i].content, again[i].content);
    EXPECT_EQ(frames[i].violation.has_value(), again[i].violation.has_value()) << i;
  }
  return frames;
}

// "text Hello", or "text Hello: the rule that it breaks (section)".
std::vector<std::string> Describe(Role receiver, absl::string_view bytes, bool deflate = false) {
  std::vector<std::string> lines;
  for (const SeenFrame& frame : ReadAll(receiver, bytes, deflate)) {
    std::string line = absl::StrCat(weft::OpcodeName(frame.header.opcode), " ", frame.content);
    if (frame.violation.has_value()) {
      absl::StrAppend(&line, ": ", frame.violation->rule, " (", frame.violation->section, ")");
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// ---- RFC 6455, section 5.7

TEST(FrameReaderTest, RfcUnmaskedText) {
  const auto frames = ReadAll(Role::kClient, Hex("81 05 48 65 6c 6c 6f"));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].head, Hex("81 05"));
  EXPECT_EQ(frames[0].wire, "Hello");
  EXPECT_EQ(frames[0].plain, "Hello");
  EXPECT_EQ(frames[0].content, "Hello");
  EXPECT_EQ(frames[0].message, Opcode::kText);
  EXPECT_FALSE(frames[0].violation.has_value());
}

TEST(FrameReaderTest, RfcMaskedText) {
  const auto frames = ReadAll(Role::kServer, Hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].head, Hex("81 85 37 fa 21 3d"));
  EXPECT_EQ(frames[0].wire, Hex("7f 9f 4d 51 58"));
  EXPECT_EQ(frames[0].plain, "Hello");
  EXPECT_FALSE(frames[0].violation.has_value());
}

TEST(FrameReaderTest, RfcFragmentedText) {
  const auto frames = ReadAll(Role::kClient, Hex("01 03 48 65 6c  80 02 6c 6f"));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].content, "Hel");
  EXPECT_EQ(frames[1].content, "lo");
  EXPECT_EQ(frames[1].header.opcode, Opcode::kContinuation);
  EXPECT_EQ(frames[1].message, Opcode::kText);
  EXPECT_EQ(frames[1].position, 5u);
  EXPECT_FALSE(frames[1].violation.has_value());
}

TEST(FrameReaderTest, RfcPingAndMaskedPong) {
  EXPECT_THAT(Describe(Role::kClient, Hex("89 05 48 65 6c 6c 6f")), ElementsAre("ping Hello"));
  EXPECT_THAT(Describe(Role::kServer, Hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")),
              ElementsAre("pong Hello"));
}

TEST(FrameReaderTest, RfcLongBinariesAreCutToWhatIsShown) {
  for (const auto& [head, size] : {std::pair("82 7e 01 00", size_t{256}),
                                   std::pair("82 7f 00 00 00 00 00 01 00 00", size_t{65536})}) {
    const auto frames = ReadAll(Role::kClient, Hex(head) + std::string(size, 'x'));
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].payload_bytes, size);
    EXPECT_EQ(frames[0].content_bytes, size);
    EXPECT_EQ(frames[0].wire, std::string(std::min(size, kShownBytes), 'x'));
    EXPECT_FALSE(frames[0].violation.has_value());
  }
}

// ---- RFC 7692, section 7.2.3

TEST(FrameReaderTest, RfcCompressedExamples) {
  for (const char* bytes : {
           "c1 07 f2 48 cd c9 c9 07 00",                    // 7.2.3.1
           "c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00",        // 7.2.3.3, a block without compression
           "c1 08 f3 48 cd c9 c9 07 00 00",                 // 7.2.3.4, BFINAL
           "c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00",  // 7.2.3.5, two blocks
       }) {
    EXPECT_THAT(Describe(Role::kClient, Hex(bytes), true), ElementsAre("text Hello")) << bytes;
  }
}

TEST(FrameReaderTest, RfcCompressedFragmentsAndSecondMessage) {
  EXPECT_THAT(Describe(Role::kClient, Hex("41 03 f2 48 cd  80 04 c9 c9 07 00"), true),
              ElementsAre("text He", "continuation llo"));
  const auto frames =
      ReadAll(Role::kClient, Hex("c1 07 f2 48 cd c9 c9 07 00  c1 05 f2 00 11 00 00"), true);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].content, "Hello");  // refers to the first
  EXPECT_TRUE(frames[1].compressed);
  EXPECT_FALSE(frames[1].violation.has_value());
}

TEST(FrameReaderTest, WhatInflatesToMuchIsCountedAndCut) {
  // 1,000 times "x": 00 00 ff ff is the tail that the receiver appends.
  const auto frames = ReadAll(
      Role::kClient, Frame({.rsv = weft::kRsv1}, Hex("aa a8 18 05 a3 60 14 0c 77 00 00")), true);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].content_bytes, 1000u);
  EXPECT_EQ(frames[0].content, std::string(kShownBytes, 'x'));
  EXPECT_FALSE(frames[0].violation.has_value());
}

// ---- Invalid frames: the rule is named, and the next frame is read

TEST(FrameReaderTest, HeadersThatBreakARule) {
  const std::string after = ClientFrame(Opcode::kText, "next");
  const std::pair<std::string, const char*> kCases[] = {
      {ServerFrame(Opcode::kText, "a"), "text a: a client must mask every frame (5.1)"},
      {Frame({.rsv = weft::kRsv2, .masked = true}, "a"),
       "text a: a reserved bit is set that no extension uses (5.2)"},
      {Frame({.rsv = weft::kRsv1, .masked = true}, "a"),
       "text a: a reserved bit is set that no extension uses (5.2)"},
      {Frame({.opcode = static_cast<Opcode>(3), .masked = true}, "a"),
       "reserved a: the opcode is reserved (5.2)"},
      {ClientFrame(Opcode::kPing, "a", false),
       "ping a: a control frame must not be fragmented (5.5)"},
      {ClientFrame(Opcode::kContinuation, "a"),
       "continuation a: a continuation frame without a message in progress (5.4)"},
      {Hex("81 fe 00 01 00 00 00 00 61"), "text a: the length must be in its shortest form (5.2)"},
  };
  for (const auto& [bytes, line] : kCases) {
    EXPECT_THAT(Describe(Role::kServer, bytes + after), ElementsAre(line, "text next"));
  }
}

TEST(FrameReaderTest, AServerMustNotMask) {
  EXPECT_THAT(Describe(Role::kClient, ClientFrame(Opcode::kText, "a")),
              ElementsAre("text a: a server must not mask a frame (5.1)"));
}

TEST(FrameReaderTest, AControlFrameThatIsTooLong) {
  const auto frames = ReadAll(Role::kServer, ClientFrame(Opcode::kPing, std::string(126, 'x')));
  ASSERT_EQ(frames.size(), 1u);
  ASSERT_TRUE(frames[0].violation.has_value());
  EXPECT_STREQ(frames[0].violation->rule, "a control frame carries at most 125 bytes");
  EXPECT_EQ(frames[0].payload_bytes, 126u);
}

TEST(FrameReaderTest, AMessageInsideAnother) {
  EXPECT_THAT(Describe(Role::kServer, ClientFrame(Opcode::kText, "a", false) +
                                          ClientFrame(Opcode::kBinary, "b", false) +
                                          ClientFrame(Opcode::kContinuation, "c")),
              ElementsAre("text a", "binary b: a new message inside a fragmented one (5.4)",
                          "continuation c"));
}

TEST(FrameReaderTest, TextThatIsNotUtf8) {
  EXPECT_THAT(
      Describe(Role::kServer,
               ClientFrame(Opcode::kText, "\xff", false) + ClientFrame(Opcode::kContinuation, "b") +
                   ClientFrame(Opcode::kText, "\xe2\x82", false) + ClientFrame(Opcode::kPing, "") +
                   ClientFrame(Opcode::kContinuation, "\xac") +
                   ClientFrame(Opcode::kText, "\xe2\x82")),
      ElementsAre("text \xff: the text is not UTF-8 (8.1)", "continuation b", "text \xe2\x82",
                  "ping ", "continuation \xac", "text \xe2\x82: the text is not UTF-8 (8.1)"));
}

TEST(FrameReaderTest, CloseFrames) {
  EXPECT_THAT(Describe(Role::kServer, ClientFrame(Opcode::kClose, "")), ElementsAre("close "));
  EXPECT_THAT(
      Describe(Role::kServer, ClientFrame(Opcode::kClose, "x")),
      ElementsAre("close x: a close payload must be empty or begin with a 2-byte code (5.5.1)"));
  for (const CloseCode code : {CloseCode::kNoStatus, CloseCode::kAbnormal, CloseCode{999}}) {
    const auto frames = ReadAll(Role::kServer, ClientFrame(Opcode::kClose, ClosePayload(code)));
    ASSERT_EQ(frames.size(), 1u);
    ASSERT_TRUE(frames[0].violation.has_value());
    EXPECT_STREQ(frames[0].violation->rule, "the close code is not allowed on the wire");
    EXPECT_EQ(frames[0].seen, absl::StrCat("got ", static_cast<int>(code)));
  }
  const auto frames =
      ReadAll(Role::kServer, ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "\xff")) +
                                 ClientFrame(Opcode::kPing, ""));
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_STREQ(frames[0].violation->rule, "the close reason is not UTF-8");
  EXPECT_STREQ(frames[1].violation->rule, "nothing may follow a Close frame");
}

TEST(FrameReaderTest, WhatCannotBeInflated) {
  const auto frames =
      ReadAll(Role::kServer,
              Frame({.fin = false, .rsv = weft::kRsv1, .masked = true}, "\xff") +
                  ClientFrame(Opcode::kContinuation, "more") +
                  Frame({.rsv = weft::kRsv1, .masked = true}, Hex("f2 48 cd c9 c9 07 00")),
              true);
  ASSERT_EQ(frames.size(), 3u);
  ASSERT_TRUE(frames[0].violation.has_value());
  EXPECT_STREQ(frames[0].violation->rule, "the compressed message cannot be inflated");
  EXPECT_STREQ(frames[0].violation->rfc, "7692");
  EXPECT_FALSE(frames[1].violation.has_value());  // already reported
  EXPECT_EQ(frames[2].content, "Hello");          // starts over
}

TEST(FrameReaderTest, Rsv1InsideACompressedMessage) {
  EXPECT_THAT(Describe(Role::kClient, Hex("41 03 f2 48 cd  c0 04 c9 c9 07 00"), true),
              ElementsAre("text He",
                          "continuation llo: RSV1 marks the first frame of a compressed "
                          "message only (6)"));
}

// ---- The reader's first error is the one for which core's Connection fails

// The rule that a connection reports as broken, or nothing. `closed`: it got a Close frame.
std::string RuleByConnection(absl::string_view bytes, bool deflate, bool* closed) {
  const weft::ConnectionOptions options = {.max_message_bytes = 1 << 20};
  weft::Connection connection(Role::kServer, options);
  if (deflate) connection.UseDeflate({}, options);
  std::string scratch(bytes);
  connection.ReadBuffer(absl::MakeSpan(scratch.data(), scratch.size()));
  connection.DidRead(bytes.size());
  *closed = false;
  while (const std::optional<weft::Event> event = connection.NextEvent()) {
    *closed = event->type == weft::Event::Type::kClose;
  }
  return std::string(connection.status().message());
}

TEST(FrameReaderTest, AgreesWithAConnectionAboutAllSequencesOfThreeFrames) {
  const std::string compressed = Hex("f2 48 cd c9 c9 07 00");
  const std::vector<std::string> kFrames = {
      ClientFrame(Opcode::kText, "a"),
      ClientFrame(Opcode::kText, "\xe2\x82", false),
      ClientFrame(Opcode::kBinary, "\xff", false),
      ClientFrame(Opcode::kContinuation, "\xac"),
      ClientFrame(Opcode::kContinuation, "", false),
      ClientFrame(Opcode::kPing, "p"),
      ClientFrame(Opcode::kPing, "p", false),
      ServerFrame(Opcode::kText, "a"),
      ClientFrame(static_cast<Opcode>(11), ""),
      ClientFrame(Opcode::kClose, weft::testing::ClosePayload(CloseCode::kNormal, "\xff")),
      Frame({.rsv = weft::kRsv1, .masked = true}, compressed),
      Frame({.fin = false, .rsv = weft::kRsv1, .masked = true}, compressed.substr(0, 3)),
      Frame({.rsv = weft::kRsv1, .opcode = Opcode::kContinuation, .masked = true}, "x"),
      ClientFrame(Opcode::kContinuation, compressed.substr(3)),
  };
  for (const bool deflate : {false, true}) {
    for (size_t i = 0; i < kFrames.size() * kFrames.size() * kFrames.size(); ++i) {
      const size_t n = kFrames.size();
      const std::string bytes =
          absl::StrCat(kFrames[i % n], kFrames[i / n % n], kFrames[i / n / n]);
      bool closed;
      const std::string rule = RuleByConnection(bytes, deflate, &closed);
      std::string found;
      FrameReader reader(Role::kServer);
      if (deflate) reader.UseDeflate({});
      reader.Read(bytes, [&](SeenFrame frame) {
        if (found.empty() && frame.violation.has_value()) found = frame.violation->rule;
      });
      if (found.empty()) {
        ASSERT_EQ(rule, "") << absl::BytesToHexString(bytes);
      } else {
        ASSERT_THAT(rule, HasSubstr(found)) << absl::BytesToHexString(bytes);
        ASSERT_TRUE(closed);
      }
    }
  }
}

// ---- Incomplete frames

TEST(FrameReaderTest, UnfinishedFrames) {
  const std::string bytes = ClientFrame(Opcode::kText, "Hello");
  for (size_t size = 0; size < bytes.size(); ++size) {
    FrameReader reader(Role::kServer);
    reader.Read(absl::string_view(bytes).substr(0, size), [](SeenFrame) { FAIL(); });
    const std::optional<SeenFrame> frame = reader.Unfinished();
    ASSERT_EQ(frame.has_value(), size > 0);
    if (!frame.has_value()) continue;
    EXPECT_FALSE(frame->complete());
    EXPECT_EQ(frame->head.size() + frame->wire.size(), size);
    EXPECT_EQ(frame->plain, absl::string_view("Hello").substr(0, frame->wire.size()));
  }
}

TEST(FrameReaderTest, ALengthBeyondAllBoundsHoldsNoMoreThanIsShown) {
  FrameReader reader(Role::kClient);
  const std::string some(1 << 20, 'x');
  reader.Read(Hex("82 7f ff ff ff ff ff ff ff ff"), [](SeenFrame) { FAIL(); });
  for (int i = 0; i < 4; ++i) reader.Read(some, [](SeenFrame) { FAIL(); });
  const std::optional<SeenFrame> frame = reader.Unfinished();
  ASSERT_TRUE(frame.has_value());
  ASSERT_TRUE(frame->violation.has_value());
  EXPECT_STREQ(frame->violation->rule, "the highest bit of a 64-bit length must be 0");
  EXPECT_EQ(frame->payload_bytes, 4u << 20);
  EXPECT_EQ(frame->wire.size(), kShownBytes);
}

}  // namespace
}  // namespace examples
