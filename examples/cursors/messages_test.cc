#include "examples/cursors/messages.h"

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "weft/core/testing/hex.h"

namespace weft::cursors {
namespace {

using weft::testing::Hex;

// The example of README.md; page_test.js reads the same bytes.
constexpr char kChangesHex[] =
    "03 3412  0700 11 0080 0040 05  0901 ff  0300 fd ffff 0000 00  0700 fe 00 03 416e6e";

const Change kExample[] = {
    {.id = 7, .age_ms = 17, .place = {0x8000, 0x4000}, .marks = {.pen = true, .clicks = 2}},
    {.id = 265, .gone = true},
    {.id = 3, .age_ms = kMaxAgeMs, .place = {0xffff, 0}},
    {.id = 7, .name = Name{.text = "Ann"}},
};

template <typename T>
T Decoded(absl::string_view hex) {
  const auto message = DecodeServerMessage(Hex(hex));
  EXPECT_TRUE(message.ok()) << message.status();
  return message.ok() ? std::get<T>(*message) : T();
}

TEST(MessagesTest, WhatTheServerSays) {
  EXPECT_EQ(Encode(Welcome{.own = 0x0102, .name = "Ann"}), Hex("01 02 0201 416e6e"));
  EXPECT_EQ(EncodeChanges(0x1234, kExample), Hex(kChangesHex));
  EXPECT_EQ(EncodeAll(0x1234, {}), Hex("02 3412"));
  EXPECT_EQ(EncodePong({.number = 5}), Hex("04 05"));

  EXPECT_EQ(Decoded<Welcome>("01 02 0201 416e6e").version, 2);
  EXPECT_EQ(Decoded<Welcome>("01 02 0201 416e6e").own, 0x0102);
  EXPECT_EQ(Decoded<Welcome>("01 02 0201 416e6e").name, "Ann");
  const auto changes = Decoded<Changes>(kChangesHex);
  EXPECT_FALSE(changes.all);
  EXPECT_EQ(changes.time_ms, 0x1234);
  EXPECT_EQ(absl::MakeConstSpan(changes.changes), absl::MakeConstSpan(kExample));
  EXPECT_TRUE(Decoded<Changes>("02 3412").all);
  EXPECT_TRUE(Decoded<Changes>("02 3412").changes.empty());
  EXPECT_EQ(Decoded<Pong>("04 05").number, 5);
}

TEST(MessagesTest, WhatAClientSays) {
  EXPECT_EQ(
      Encode(Move{.heard = 9, .place = {0x0102, 0xfffe}, .marks = {.pen = true, .clicks = 127}}),
      Hex("10 09 0201 feff ff"));
  EXPECT_EQ(Encode(Ping{.heard = 9, .number = 200}), Hex("11 09 c8"));

  const auto move = DecodeClientMessage(Hex("10 09 0201 feff ff"));
  ASSERT_TRUE(move.ok()) << move.status();
  EXPECT_EQ(std::get<Move>(*move).heard, 9);
  EXPECT_EQ(std::get<Move>(*move).place, (Place{0x0102, 0xfffe}));
  EXPECT_EQ(std::get<Move>(*move).marks, (Marks{.pen = true, .clicks = 127}));
  EXPECT_EQ(Encode(Rename{"Jörg"}), Hex("12 4ac3b67267"));
  const auto rename = DecodeClientMessage(Hex("12 4ac3b67267"));
  ASSERT_TRUE(rename.ok()) << rename.status();
  EXPECT_EQ(std::get<Rename>(*rename).text, "Jörg");
  const auto ping = DecodeClientMessage(Hex("11 09 c8"));
  ASSERT_TRUE(ping.ok()) << ping.status();
  EXPECT_EQ(std::get<Ping>(*ping).heard, 9);
  EXPECT_EQ(std::get<Ping>(*ping).number, 200);
}

TEST(MessagesTest, AMoveIsAtMostTwelveBytesBothWays) {
  const Place corner{0xffff, 0xffff};
  EXPECT_LE(Encode(Move{.heard = 255, .place = corner}).size(), 12);
  EXPECT_LE(EncodeChanges(0xffff, {{.id = 0xffff, .age_ms = kMaxAgeMs, .place = corner}}).size(),
            12);
}

TEST(MessagesTest, TheErrorSaysWhatIsWrong) {
  const auto client_error = [](absl::string_view hex) {
    return std::string(DecodeClientMessage(Hex(hex)).status().message());
  };
  EXPECT_EQ(client_error(""), "a malformed message: empty");
  EXPECT_EQ(client_error("02 0000"), "a malformed message: a client does not send type 2");
  EXPECT_EQ(client_error("10 09 0201 feff"), "a malformed message: too short");
  EXPECT_EQ(client_error("10 09 0201 feff 00 00"), "a malformed message: too long");
  EXPECT_EQ(client_error("11"), "a malformed message: too short");
  EXPECT_EQ(client_error("12 ff"), "a malformed message: a name that is not UTF-8");
  EXPECT_EQ(DecodeClientMessage(Encode(Rename{std::string(kMaxSentNameBytes + 1, 'x')}))
                .status()
                .message(),
            "a malformed message: a name that is too long");

  const auto server_error = [](absl::string_view hex) {
    return std::string(DecodeServerMessage(Hex(hex)).status().message());
  };
  EXPECT_EQ(server_error(""), "a malformed message: empty");
  EXPECT_EQ(server_error("10 09 0201 feff"), "a malformed message: a server does not send type 16");
  EXPECT_EQ(server_error("02 34"), "a malformed message: too short");
  EXPECT_EQ(server_error("03 3412 0700 11 0080 0040"), "a malformed message: too short");
  EXPECT_EQ(server_error("03 3412 0700 fe 00 04 416e6e"), "a malformed message: too short");
  EXPECT_EQ(server_error("01 02 02"), "a malformed message: too short");
  EXPECT_EQ(server_error("04 05 00"), "a malformed message: too long");
}

}  // namespace
}  // namespace weft::cursors
