#include "examples/inspect/handshake.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"

namespace examples {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr weft::CompressionOptions kCompression = {.use = weft::CompressionOptions::Use::kOn};

constexpr char kRequestLines[] =
    "GET /chat HTTP/1.1\n"
    "Host: server.example.com\n"
    "Upgrade: websocket\n"
    "Connection: Upgrade\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
    "Origin: http://example.com\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n"
    "X-Other: 1\n"
    "Sec-WebSocket-Version: 13";

std::string TextOf(const std::vector<HeadLine>& lines) {
  std::string text;
  for (const HeadLine& line : lines) text += line.text + "\n";
  return text;
}

// RFC 6455, section 1.3.
TEST(HandshakeTest, RfcAcceptKeyStepByStep) {
  const AcceptSteps steps = StepsOf("dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(steps.joined, "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  EXPECT_EQ(steps.digest, "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea");
  EXPECT_EQ(steps.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(HandshakeTest, ARequestAndItsAnswer) {
  const HandshakeLines lines = ReadHandshake(kRequestLines, kCompression);
  EXPECT_EQ(lines.error, "");
  EXPECT_EQ(TextOf(lines.request), std::string(kRequestLines) + "\n");
  const std::string response = TextOf(lines.response);
  EXPECT_THAT(response, HasSubstr("HTTP/1.1 101 "));
  EXPECT_THAT(response, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n"));
  EXPECT_THAT(response, HasSubstr("Sec-WebSocket-Extensions: permessage-deflate"));
  EXPECT_EQ(lines.steps.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(HandshakeTest, EachHeaderOfTheHandshakeIsExplained) {
  const HandshakeLines lines = ReadHandshake(kRequestLines, kCompression);
  for (const auto* head : {&lines.request, &lines.response}) {
    for (const HeadLine& line : *head) {
      if (line.text == "X-Other: 1") {
        EXPECT_THAT(line.meaning, IsEmpty());
      } else {
        EXPECT_NE(line.meaning, "") << line.text;
        EXPECT_NE(line.section, "") << line.text;
      }
    }
  }
}

TEST(HandshakeTest, WhatIsRefusedSaysWhy) {
  std::string version = kRequestLines;
  version.replace(version.size() - 2, 2, "12");
  HandshakeLines lines = ReadHandshake(version, kCompression);
  EXPECT_EQ(lines.error, "this server speaks Sec-WebSocket-Version 13, not \"12\"");
  EXPECT_THAT(TextOf(lines.response), HasSubstr("HTTP/1.1 426 "));

  lines = ReadHandshake("Good day", kCompression);
  EXPECT_NE(lines.error, "");
  EXPECT_THAT(TextOf(lines.response), HasSubstr("HTTP/1.1 400 "));
  EXPECT_EQ(lines.steps.key, "");
}

}  // namespace
}  // namespace examples
