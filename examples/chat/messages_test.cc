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
      R"({"type":"hello","key":"5ec2e75ec2e7","sender":"k3j9d0f2","name":"Zo\u00eb 🧵","room":"r1","seen":17})");
  ASSERT_TRUE(message.ok()) << message.status();
  const auto& hello = std::get<Hello>(*message);
  EXPECT_EQ(hello.key, "5ec2e75ec2e7");
  EXPECT_EQ(hello.sender, "k3j9d0f2");
  EXPECT_EQ(hello.name, "Zoë 🧵");
  EXPECT_EQ(hello.room, "r1");
  EXPECT_EQ(hello.seen, 17u);
  EXPECT_EQ(hello.called, "");
}

TEST(PageMessageTest, HelloOfOneThatComesBackWithAMark) {
  const auto hello = [](absl::string_view called) {
    return absl::StrCat(
        R"({"type":"hello","key":"5ec2e75ec2e7","sender":"k3j9d0f2","name":"Ann","room":"r1",)",
        R"("seen":17,"called":)", called, "}");
  };
  const auto message = ParsePageMessage(hello("\"Ann (2)\""));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(std::get<Hello>(*message).called, "Ann (2)");
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
    EXPECT_EQ(ErrorOf(absl::StrCat(R"({"type":"hello","name":"a","room":"","seen":0,)",
                                   R"("sender":"12345678","key":")", token, "\"}")),
              "\"key\" should be 8 to 64 letters and digits");
  }
  EXPECT_EQ(ErrorOf(absl::StrCat(R"({"type":"hello","key":"12345678","sender":")",
                                 std::string(65, 'x'), R"(","name":"a","room":"","seen":0})")),
            "\"sender\" should be 8 to 64 letters and digits");
}

TEST(PageMessageTest, DeepNestingIsNoTrouble) {
  EXPECT_EQ(ErrorOf(std::string(16 << 10, '[')), "the message is not JSON");
}

// page_test.js reads the same.
TEST(ServerMessageTest, Line) {
  Line line{.number = 18, .time = absl::FromUnixMillis(1700000000123), .name = "Ann", .text = "hi"};
  EXPECT_EQ(Encode(line),
            R"({"name":"Ann","number":18,"text":"hi","time":1700000000123,"type":"line"})");
  line.id = "k3j9d0f2.4";
  line.own = true;
  line.text = "<b> \"織\" \\";
  EXPECT_EQ(
      Encode(line),
      R"({"id":"k3j9d0f2.4","name":"Ann","number":18,"own":true,"text":"<b> \"織\" \\","time":1700000000123,"type":"line"})");
}

TEST(ServerMessageTest, Welcome) {
  EXPECT_EQ(
      Encode(Welcome{.room = "r1", .name = "Ann", .people = {"Bob", "Ann"}, .heard = 4}),
      R"({"heard":4,"lines":[],"missed":0,"name":"Ann","people":["Bob","Ann"],"room":"r1","type":"welcome"})");
  EXPECT_EQ(
      Encode(Welcome{.room = "r1",
                     .name = "Ann",
                     .missed = 2,
                     .lines = {{.number = 3, .name = "Bob", .text = "x"}}}),
      R"({"heard":0,"lines":[{"name":"Bob","number":3,"text":"x","time":0,"type":"line"}],"missed":2,"name":"Ann","people":[],"room":"r1","type":"welcome"})");
}

TEST(ServerMessageTest, AllOthers) {
  EXPECT_EQ(EncodeJoined("Ann"), R"({"name":"Ann","type":"joined"})");
  EXPECT_EQ(EncodeLeft("Ann"), R"({"name":"Ann","type":"left"})");
  EXPECT_EQ(EncodeTyping("Ann"), R"({"name":"Ann","type":"typing"})");
  EXPECT_EQ(EncodeRenamed("Ann", "Bob"), R"({"from":"Ann","to":"Bob","type":"renamed"})");
  EXPECT_EQ(EncodePong(), R"({"type":"pong"})");
  EXPECT_EQ(EncodeError("no"), R"({"message":"no","type":"error"})");
  EXPECT_EQ(EncodeError("no", 3), R"({"message":"no","n":3,"type":"error"})");
}

}  // namespace
}  // namespace weft::chat
