#include "examples/inspect/answers.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "examples/inspect/json.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "weft/core/deflate/compression.h"

namespace examples {
namespace {

using nlohmann::json;

json Ask(const json& question) {
  const std::string answer = AnswerTo(question.dump(), {.use = weft::CompressionOptions::Use::kOn});
  return json::parse(answer, nullptr, false);
}

std::string ErrorOf(const json& question) {
  const json answer = Ask(question);
  return answer["type"] == "error" ? answer["text"].get<std::string>() : answer.dump();
}

TEST(AnswersTest, AMessageIsComposedAndDecoded) {
  const json answer = Ask({{"type", "compose"},
                           {"sender", "client"},
                           {"opcode", "text"},
                           {"text", "Hello"},
                           {"key", "37 fa 21 3d"}});
  EXPECT_EQ(answer["type"], "frames");
  EXPECT_EQ(answer["hex"], "818537fa213d7f9f4d5158");
  EXPECT_EQ(answer["bytes"], 11);
  ASSERT_EQ(answer["frames"].size(), 1u);
  const json& frame = answer["frames"][0];
  EXPECT_EQ(frame["name"], "text");
  EXPECT_EQ(frame["head"], "818537fa213d");
  EXPECT_EQ(frame["key"], "37fa213d");
  EXPECT_EQ(frame["wire"], "7f9f4d5158");
  EXPECT_EQ(frame["plain"], "48656c6c6f");
  EXPECT_EQ(frame["text"], "Hello");
  EXPECT_EQ(frame["violation"], nullptr);
  EXPECT_EQ(frame["fields"].size(), 9u);
  EXPECT_EQ(frame["fields"][7]["name"], "masking key");
  EXPECT_EQ(frame["fields"][7]["firstBit"], 16);
}

TEST(AnswersTest, TheSecondMessageIsSmallerWhereTheContextIsTakenOver) {
  json question = {{"type", "compose"}, {"sender", "server"}, {"opcode", "text"},
                   {"text", "Hello"},   {"compress", true},   {"times", 2}};
  json frames = Ask(question)["frames"];
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0]["payloadBytes"], 7);
  EXPECT_EQ(frames[1]["payloadBytes"], 5);
  EXPECT_EQ(frames[1]["contentBytes"], 5);
  EXPECT_EQ(frames[1]["text"], "Hello");
  question["takeover"] = false;
  EXPECT_EQ(Ask(question)["frames"][1]["payloadBytes"], 7);
}

TEST(AnswersTest, PastedBytesSayWhatTheyBreak) {
  const json answer =
      Ask({{"type", "decode"}, {"sender", "client"}, {"hex", "0x81 0x05, 48:65 6c6C\n6f 89"}});
  ASSERT_EQ(answer["frames"].size(), 2u);
  const json& violation = answer["frames"][0]["violation"];
  EXPECT_EQ(violation["rule"], "a client must mask every frame");
  EXPECT_EQ(violation["section"], "5.1");
  EXPECT_EQ(violation["code"], 1002);
  EXPECT_EQ(violation["codeName"], "protocol error");
  EXPECT_EQ(answer["frames"][1]["complete"], false);
  EXPECT_EQ(answer["frames"][1]["head"], "89");
}

TEST(AnswersTest, TextThatIsNoUtf8IsStillJson) {
  const json answer = Ask({{"type", "decode"}, {"sender", "server"}, {"hex", "8102ff41"}});
  EXPECT_EQ(answer["frames"][0]["text"],
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(answer["frames"][0]["violation"]["section"], "8.1");
}

TEST(AnswersTest, OfVeryManyFramesTheFirstAreDescribed) {
  std::string hex;
  for (int i = 0; i < 10000; ++i) hex += "8900";
  const json answer = Ask({{"type", "decode"}, {"sender", "server"}, {"hex", hex}});
  EXPECT_EQ(answer["frames"].size(), kMaxFrames);
  EXPECT_EQ(answer["moreFrames"], 10000 - kMaxFrames);
}

TEST(AnswersTest, AHandshake) {
  const json answer = Ask({{"type", "handshake"},
                           {"request",
                            "GET / HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: Upgrade\n"
                            "Sec-WebSocket-Version: 13\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}});
  EXPECT_EQ(answer["type"], "handshake");
  EXPECT_EQ(answer["error"], "");
  EXPECT_EQ(answer["steps"]["accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(answer["request"][1]["text"], "Host: a");
}

TEST(AnswersTest, WhatCannotBeAnsweredSaysWhy) {
  EXPECT_EQ(ErrorOf(json::array()), "the question is not a JSON object");
  EXPECT_TRUE(absl::StrContains(AnswerTo("{", {}), "the question is not a JSON object"));
  EXPECT_EQ(ErrorOf({{"type", "sing"}}), "unknown question \"sing\"");
  EXPECT_EQ(ErrorOf({{"type", 7}}), "unknown question \"\"");
  EXPECT_EQ(ErrorOf({{"type", "compose"}, {"opcode", "song"}}),
            "cannot compose \"song\": unknown opcode");
  EXPECT_EQ(ErrorOf({{"type", "compose"}, {"opcode", "text"}, {"key", "37fa"}}),
            "a masking key has 4 bytes, not 2");
  EXPECT_EQ(ErrorOf({{"type", "compose"}, {"opcode", "close"}, {"code", 1005}, {"text", "x"}}),
            "a close reason needs a close code before it");
  EXPECT_EQ(ErrorOf({{"type", "compose"}, {"opcode", "close"}, {"code", 1006}}),
            "close code 1006 must not be sent");
  EXPECT_EQ(ErrorOf({{"type", "compose"}, {"opcode", "close"}, {"code", 65536 + 1000}}),
            "close code 65535 must not be sent");
  EXPECT_EQ(ErrorOf({{"type", "decode"}, {"hex", "81 0g"}}),
            "character 5, \"g\", is not a hex digit");
  EXPECT_EQ(ErrorOf({{"type", "decode"}, {"hex", "81 0"}}),
            "a byte has two hex digits, but the last one has only one");
}

}  // namespace
}  // namespace examples
