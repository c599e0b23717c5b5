#include "weft/cluster/redis/resp.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/testing/resp_values.h"

namespace weft {
namespace {

using testing::Array;
using ::testing::HasSubstr;
using testing::Integer;
using testing::String;
using Type = RespValue::Type;

RespValue Text(Type type, absl::string_view text) {
  return {.type = type, .text = std::string(text)};
}

// The number that an earlier reply may have left is not part of a text.
RespValue Plain(RespValue value) {
  if (value.type != Type::kInteger) value.integer = 0;
  for (RespValue& element : value.elements) element = Plain(std::move(element));
  return value;
}

struct Result {
  std::vector<RespValue> replies;
  absl::Status status;
};

// Reads `bytes` in pieces of this size.
Result Read(absl::string_view bytes, size_t piece) {
  RespReader reader;
  Result result;
  while (result.status.ok()) {
    const absl::StatusOr<RespValue*> reply = reader.Next();
    if (!reply.ok()) {
      result.status = reply.status();
    } else if (*reply != nullptr) {
      result.replies.push_back(Plain(**reply));
    } else if (bytes.empty()) {
      break;
    } else {
      reader.Feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
  return result;
}

// Whole, and byte by byte.
std::vector<RespValue> Replies(absl::string_view bytes) {
  const Result whole = Read(bytes, bytes.size());
  EXPECT_EQ(whole.status, absl::OkStatus());
  EXPECT_EQ(Read(bytes, 1).replies, whole.replies);
  return whole.replies;
}

std::string ReadError(absl::string_view bytes) {
  const Result whole = Read(bytes, bytes.size());
  EXPECT_EQ(whole.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Read(bytes, 1000).status, whole.status);
  return std::string(whole.status.message());
}

TEST(RespTest, ReadsEachType) {
  EXPECT_EQ(Replies("+OK\r\n-ERR no\r\n:-42\r\n$4\r\na\r\nb\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"),
            (std::vector<RespValue>{Text(Type::kStatus, "OK"),
                                    Text(Type::kError, "ERR no"),
                                    Integer(-42),
                                    String("a\r\nb"),
                                    String(""),
                                    {},
                                    {},
                                    Array({})}));
}

TEST(RespTest, ReadsArraysInArrays) {
  EXPECT_EQ(Replies("*3\r\n$7\r\nmessage\r\n*2\r\n:1\r\n*1\r\n$-1\r\n$1\r\nx\r\n"),
            std::vector<RespValue>{Array(
                {String("message"), Array({Integer(1), Array({RespValue()})}), String("x")})});
}

TEST(RespTest, AReplyLeavesNothingInTheNextOne) {
  EXPECT_EQ(Replies("*2\r\n$1\r\na\r\n*1\r\n:1\r\n*2\r\n:7\r\n$1\r\nb\r\n"),
            (std::vector<RespValue>{Array({String("a"), Array({Integer(1)})}),
                                    Array({Integer(7), String("b")})}));
  EXPECT_EQ(Replies("-NOSCRIPT x\r\n*1\r\n:1\r\n+OK\r\n:2\r\n*1\r\n$-1\r\n$-1\r\n"),
            (std::vector<RespValue>{Text(Type::kError, "NOSCRIPT x"),
                                    Array({Integer(1)}),
                                    Text(Type::kStatus, "OK"),
                                    Integer(2),
                                    Array({{}}),
                                    {}}));
}

TEST(RespTest, NamesWhatIsNotRedis) {
  EXPECT_THAT(ReadError("HTTP/1.1 400 Bad Request\r\n"),
              HasSubstr("the server does not speak RESP2: Protocol error, got \"H\""));
  EXPECT_THAT(ReadError(":1a\r\n"),
              HasSubstr("the server does not speak RESP2: Bad integer value"));
  EXPECT_THAT(ReadError("$-2\r\n"), HasSubstr("the server does not speak RESP2"));
}

TEST(RespTest, LimitsDepth) {
  std::string bytes;
  for (int i = 0; i < RespReader::kMaxDepth; ++i) bytes += "*1\r\n";
  EXPECT_EQ(Replies(bytes + ":1\r\n").size(), 1u);
  EXPECT_THAT(ReadError(bytes + "*1\r\n:1\r\n"), HasSubstr("arrays in more than 7 arrays"));
}

TEST(RespTest, LimitsElements) {
  EXPECT_EQ(ReadError(absl::StrCat("*", RespReader::kMaxElements + 1, "\r\n")),
            "the server sent a reply of more than 65536 elements");
  EXPECT_EQ(ReadError(absl::StrCat("*2\r\n*1\r\n:1\r\n*", RespReader::kMaxElements - 1, "\r\n")),
            "the server sent a reply of more than 65536 elements")
      << "all arrays together";
}

TEST(RespTest, LimitsLinesAndStrings) {
  EXPECT_EQ(ReadError("+" + std::string(RespReader::kMaxLineBytes + 1, 'x')),
            "the server sent a line of more than 65536 bytes");
  EXPECT_EQ(ReadError("$" + std::string(RespReader::kMaxLineBytes + 1, '1')),
            "the server sent a line of more than 65536 bytes");
  const std::string half(RespReader::kMaxReplyBytes / 2 + 1, 'x');
  const std::string string = absl::StrCat("$", half.size(), "\r\n", half, "\r\n");
  RespReader reader;
  reader.Feed("*2\r\n");
  reader.Feed(string);
  EXPECT_EQ(*reader.Next(), nullptr);
  reader.Feed(string);
  EXPECT_EQ(reader.Next().status(),
            absl::InvalidArgumentError("the server sent a reply of more than 67108864 bytes"));
  EXPECT_FALSE(reader.Next().ok()) << "nothing follows an error";
}

TEST(RespTest, WritesCommands) {
  std::string out;
  AppendCommand({"SET", "key", absl::string_view("a\r\n\0", 4)}, &out);
  EXPECT_EQ(out, absl::string_view("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$4\r\na\r\n\0\r\n", 32));
}

}  // namespace
}  // namespace weft
