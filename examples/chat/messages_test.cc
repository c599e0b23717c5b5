#include "examples/chat/messages.h"

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace weft::chat {
namespace {

std::string ErrorOf(absl::string_view json) {
  return std::string(ParsePageMessage(json).status().message());
}

TEST(PageMessageTest, Hello) {
  const auto message = ParsePageMessage(
      R"({"type":"hello","key":"5ec2e75ec2e7","sender":"k3j9d0f2","name":"Zo\u00eb 🧵"})");
  ASSERT_TRUE(message.ok()) << message.status();
  const auto& hello = std::get<Hello>(*message);
  EXPECT_EQ(hello.key, "5ec2e75ec2e7");
  EXPECT_EQ(hello.sender, "k3j9d0f2");
  EXPECT_EQ(hello.name, "Zoë 🧵");
  EXPECT_EQ(hello.since, "");
  EXPECT_EQ(hello.called, "");
}

TEST(PageMessageTest, HelloOfOneThatComesBackWithAMark) {
  const auto hello = [](absl::string_view called) {
    return absl::StrCat(R"({"type":"hello","key":"5ec2e75ec2e7","sender":"k3j9d0f2","name":"Ann",)",
                        R"("since":"k3Jq9xZ2.17","called":)", called, "}");
  };
  const auto message = ParsePageMessage(hello("\"Ann (2)\""));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(std::get<Hello>(*message).called, "Ann (2)");
  EXPECT_EQ(std::get<Hello>(*message).since, "k3Jq9xZ2.17");
  EXPECT_EQ(ErrorOf(hello("2")), "\"called\" should be a string");
}

TEST(PageMessageTest, AllOthers) {
  const auto say = ParsePageMessage(R"({"type":"say","n":9007199254740991,"text":"<b>hi</b>"})");
  ASSERT_TRUE(say.ok()) << say.status();
  EXPECT_EQ(std::get<Say>(*say).n, 9007199254740991u);
  EXPECT_EQ(std::get<Say>(*say).text, "<b>hi</b>");
  const auto rename = ParsePageMessage(R"({"type":"name","name":"Ann","later":"more"})");
  ASSERT_TRUE(rename.ok()) << rename.status();
  EXPECT_EQ(std::get<Rename>(*rename).name, "Ann");
  EXPECT_TRUE(std::holds_alternative<Typing>(ParsePageMessage(R"({"type":"typing"})").value()));
  EXPECT_TRUE(std::holds_alternative<Ping>(ParsePageMessage(R"({"type":"ping"})").value()));
}

TEST(PageMessageTest, SaysWhatIsWrong) {
  for (const char* json : {"", "hello", "{", "{\"type\":\"ping\"} x", "\xFF"}) {
    EXPECT_EQ(ErrorOf(json), "the message is not JSON") << json;
  }
  for (const char* json : {"[]", "1", "null", "\"ping\""}) {
    EXPECT_EQ(ErrorOf(json), "the message is not a JSON object") << json;
  }
  EXPECT_EQ(ErrorOf("{}"), "\"type\" should be a string");
  EXPECT_EQ(ErrorOf(R"({"type":1})"), "\"type\" should be a string");
  EXPECT_EQ(ErrorOf(R"({"type":"dance"})"), "unknown \"type\" of message");
  for (const char* n : {"-1", "1.5", "\"1\"", "null", "1e30"}) {
    EXPECT_EQ(ErrorOf(absl::StrCat(R"({"type":"say","text":"x","n":)", n, "}")),
              "\"n\" should be a whole number, 0 or more");
  }
  EXPECT_EQ(ErrorOf(R"({"type":"say","n":1,"text":["x"]})"), "\"text\" should be a string");
}

TEST(PageMessageTest, TokensAreLettersAndDigits) {
  for (const std::string token : {"", "1234567", "1234.6789", "1234\\u0000678"}) {
    EXPECT_EQ(ErrorOf(absl::StrCat(R"({"type":"hello","name":"a",)",
                                   R"("sender":"12345678","key":")", token, "\"}")),
              "\"key\" should be 8 to 64 letters and digits");
  }
  EXPECT_EQ(ErrorOf(absl::StrCat(R"({"type":"hello","key":"12345678","sender":")",
                                 std::string(65, 'x'), R"(","name":"a"})")),
            "\"sender\" should be 8 to 64 letters and digits");
}

TEST(PageMessageTest, DeepNestingIsNoTrouble) {
  EXPECT_EQ(ErrorOf(std::string(16 << 10, '[')), "the message is not JSON");
}

// page_test.js reads the same.
TEST(ServerMessageTest, Line) {
  EXPECT_EQ(
      Encode(Line{.time = absl::FromUnixMillis(1700000000123),
                  .name = "Ann",
                  .text = "<b> \"織\" \\",
                  .person = "5ec2",
                  .id = "5ec2.k3j9d0f2.4"}),
      R"({"id":"5ec2.k3j9d0f2.4","name":"Ann","person":"5ec2","text":"<b> \"織\" \\","time":1700000000123,"type":"line"})");
}

TEST(ServerMessageTest, AllOthers) {
  const PersonName ann = {"5ec2", "Ann"};
  EXPECT_EQ(Encode(Welcome{.node = "n1", .you = ann, .writer = "77ab"}),
            R"({"name":"Ann","node":"n1","person":"5ec2","type":"welcome","writer":"77ab"})");
  EXPECT_EQ(
      Encode(People{.node = "n1", .number = 3, .people = {ann}}),
      R"({"node":"n1","number":3,"people":[{"name":"Ann","person":"5ec2"}],"type":"people"})");
  EXPECT_EQ(Encode(People{.node = "n1"}),
            R"({"node":"n1","number":0,"people":[],"type":"people"})");
  EXPECT_EQ(EncodeTyping(ann), R"({"name":"Ann","person":"5ec2","type":"typing"})");
  EXPECT_EQ(EncodeAt("k3Jq9xZ2.17"), R"({"position":"k3Jq9xZ2.17","type":"at"})");
  EXPECT_EQ(EncodeGap("too old"), R"({"reason":"too old","type":"gap"})");
  EXPECT_EQ(EncodePong(), R"({"type":"pong"})");
  EXPECT_EQ(EncodeError("no"), R"({"message":"no","type":"error"})");
  EXPECT_EQ(EncodeError("no", 3), R"({"message":"no","n":3,"type":"error"})");
}

}  // namespace
}  // namespace weft::chat
