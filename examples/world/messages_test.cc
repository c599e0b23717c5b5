#include "examples/world/messages.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "examples/bytes.h"
#include "gtest/gtest.h"
#include "weft/core/testing/hex.h"

namespace weft::world {
namespace {

using examples::ByteReader;
using examples::ByteWriter;
using weft::testing::Hex;

using States = std::map<EntityId, State>;

auto In(const States& states) {
  return [&states](EntityId id) -> const State* {
    const auto found = states.find(id);
    return found == states.end() ? nullptr : &found->second;
  };
}

// The example of README.md; page_test.js reads the same bytes.
constexpr char kSnapshotHex[] =
    "02 0201 03 5a00 07 02 000173 0080ff 000300 0000fd ffff "
    "01 05 "
    "02 05 02 7f "
    "06 10 05 400333 00c0f9 000208e0 "
    "de07 08 7f";

const States& Acknowledged() {
  static const States& states = *new States{
      {2, {Kind::kBall, {100, 51, 200}, 0xe0080200}},
      {1000, {Kind::kAvatar, {0, 115, 0}, 10}},
  };
  return states;
}

Snapshot TheSnapshot() {
  return {
      .head = {.number = 258,
               .behind = 3,
               .tick = 90,
               .input = 7,
               .input_ticks = 2,
               .place = {256, 115, -128},
               .velocity = {768, 0, -768}},
      .gone = {5},
      .updates = {{2, {Kind::kBall, {101, 51, 136}, 0xe0080200}},
                  {9, {Kind::kBall, {832, 51, -1600}, 0xe0080200}},
                  {1000, {Kind::kAvatar, {0, 115, 0}, 127}}},
  };
}

void ExpectEqual(const Snapshot& a, const Snapshot& b) {
  EXPECT_EQ(a.head, b.head);
  EXPECT_EQ(a.gone, b.gone);
  ASSERT_EQ(a.updates.size(), b.updates.size());
  for (size_t i = 0; i < a.updates.size(); ++i) {
    EXPECT_EQ(a.updates[i].id, b.updates[i].id);
    EXPECT_EQ(a.updates[i].state, b.updates[i].state) << a.updates[i].id;
  }
}

TEST(BytesTest, Varints) {
  for (const uint32_t value : {0u, 1u, 127u, 128u, 16383u, 16384u, 0xffffffffu}) {
    ByteWriter out;
    out.Varint(value);
    out.SignedVarint(static_cast<int32_t>(value));
    const std::string bytes = std::move(out).Take();
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), value);
    EXPECT_EQ(in.SignedVarint(), static_cast<int32_t>(value));
    EXPECT_TRUE(in.ok() && in.at_end());
  }
}

TEST(BytesTest, AVarintThatDoesNotEndIsAnError) {
  ByteReader in("\xff\xff\xff\xff\xff\xff");
  in.Varint();
  EXPECT_FALSE(in.ok());
}

TEST(MessagesTest, TheSnapshotOfTheReadme) {
  const std::string bytes = Hex(kSnapshotHex);
  EXPECT_EQ(absl::BytesToHexString(Encode(TheSnapshot(), In(Acknowledged()))),
            absl::BytesToHexString(bytes));
  const auto decoded = DecodeSnapshot(bytes, In(Acknowledged()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ExpectEqual(*decoded, TheSnapshot());
  const auto head = DecodeSnapshotHead(bytes);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(*head, TheSnapshot().head);
}

TEST(MessagesTest, ASnapshotThatIsCutShortIsAnErrorOrShorter) {
  const std::string bytes = Hex(kSnapshotHex);
  // It may end between two updates, and nowhere else.
  const std::map<size_t, size_t> whole = {{24, 0}, {28, 1}, {41, 2}};
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = DecodeSnapshot(bytes.substr(0, size), In(Acknowledged()));
    const auto found = whole.find(size);
    ASSERT_EQ(decoded.ok(), found != whole.end()) << size;
    if (decoded.ok()) {
      EXPECT_EQ(decoded->updates.size(), found->second);
    }
  }
}

TEST(MessagesTest, ADifferenceToNothingIsAnError) {
  const auto decoded = DecodeSnapshot(Hex(kSnapshotHex), In({}));
  EXPECT_EQ(decoded.status(),
            absl::InvalidArgumentError("a malformed message: an invalid state of 2"));
}

TEST(MessagesTest, IdsEndBelowTheOneThatMeansNone) {
  const Snapshot last{.gone = {0, 0xfffe}};
  const std::string bytes = Encode(last, In({}));
  const auto decoded = DecodeSnapshot(bytes, In({}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->gone, last.gone);
  // The gap from 0 to 0xfffe, and one more.
  const std::string past = bytes.substr(0, bytes.size() - 3) + Hex("fe ff 03");
  EXPECT_FALSE(DecodeSnapshot(past, In({})).ok());
}

TEST(MessagesTest, WhatBecameAnotherKindIsToldWhole) {
  const States before = {{3, {Kind::kBall, {1, 2, 3}, 4}}};
  const Snapshot snapshot{.updates = {{3, {Kind::kAvatar, {1, 2, 3}, 4}}}};
  const auto decoded = DecodeSnapshot(Encode(snapshot, In(before)), In(before));
  ASSERT_TRUE(decoded.ok());
  ExpectEqual(*decoded, snapshot);
}

TEST(MessagesTest, SnapshotsAreNeverLongerThanWasReckoned) {
  std::mt19937 random(3);
  const auto any = [&](int below) { return static_cast<int>(random() % below); };
  for (int round = 0; round < 1000; ++round) {
    States acknowledged;
    Snapshot snapshot{.head = {.number = static_cast<uint16_t>(round)}};
    size_t size = EncodedSize(snapshot.head);
    const int step = 1 + any(200);
    for (int id = any(step); id < 1500; id += 1 + any(step)) {
      const auto place = [&](int range) { return static_cast<int16_t>(any(2 * range) - range); };
      const Kind kind = static_cast<Kind>(any(kKinds));
      const auto rotation = [&] {
        return static_cast<uint32_t>(kind == Kind::kAvatar ? any(256) : random());
      };
      State state{kind, {place(9000), place(9000), place(9000)}, rotation()};
      if (any(5) == 0 && snapshot.gone.size() < kMaxGone) {
        snapshot.gone.push_back(static_cast<EntityId>(id));
        size += MaxEncodedSize(static_cast<EntityId>(id));
        continue;
      }
      if (any(3) != 0) acknowledged[static_cast<EntityId>(id)] = state;
      if (any(2) == 0) state.rotation = rotation();
      if (any(2) == 0) state.place.x = static_cast<int16_t>(state.place.x + place(1000));
      if (any(2) == 0) state.place.y = static_cast<int16_t>(state.place.y + place(100));
      snapshot.updates.push_back({static_cast<EntityId>(id), state});
      size += MaxEncodedSize(snapshot.updates.back(), In(acknowledged)(static_cast<EntityId>(id)));
    }
    const std::string bytes = Encode(snapshot, In(acknowledged));
    ASSERT_LE(bytes.size(), size);
    const auto decoded = DecodeSnapshot(bytes, In(acknowledged));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ExpectEqual(*decoded, snapshot);
  }
}

TEST(MessagesTest, AnyBytesAreASnapshotOrAnError) {
  std::mt19937 random(4);
  std::string bytes = Hex(kSnapshotHex);
  for (int round = 0; round < 20000; ++round) {
    bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
    const auto decoded = DecodeSnapshot(bytes, In(Acknowledged()));
    if (decoded.ok()) {
      EXPECT_LE(decoded->updates.size() + decoded->gone.size(), bytes.size());
    }
  }
}

TEST(MessagesTest, Welcome) {
  const std::string bytes = Encode(world::Welcome{.avatar = 1003, .team = Team::kMoon});
  EXPECT_EQ(bytes, Hex("01 02 eb03 01"));
  const auto decoded = DecodeWelcome(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->version, kProtocolVersion);
  EXPECT_EQ(decoded->avatar, 1003);
  EXPECT_EQ(decoded->team, Team::kMoon);
  // The rest of another version is not read.
  EXPECT_EQ(DecodeWelcome(Hex("01 01 eb03"))->version, 1);
  EXPECT_FALSE(DecodeWelcome(Hex("01 02 eb03 02")).ok());
}

TEST(MessagesTest, Score) {
  const struct Score goal { .points = {2, 1}, .goal = Team::kSun, .scorer = 1003 };
  EXPECT_EQ(Encode(goal), Hex("05 02 01 01 eb03"));
  EXPECT_EQ(*DecodeScore(Hex("05 02 01 01 eb03")), goal);
  const struct Score quiet {
    .points = { 2, 1 }
  };
  EXPECT_EQ(Encode(quiet), Hex("05 02 01 00 ffff"));
  EXPECT_EQ(*DecodeScore(Hex("05 02 01 00 ffff")), quiet);
  EXPECT_EQ(DecodeScore(Hex("05 02 01 03 ffff")).status().message(),
            "a malformed message: an unknown team");
  EXPECT_FALSE(DecodeScore(Hex("05 02 01 01 ff")).ok());
}

TEST(MessagesTest, Names) {
  const std::vector<PlayerName> names = {{1000, Team::kSun, "Ann"}, {1003, Team::kMoon, "Jörg"}};
  const std::string bytes = Hex("06 e803 00 03 416e6e eb03 01 05 4ac3b67267");
  EXPECT_EQ(EncodeNames(names), bytes);
  EXPECT_EQ(EncodedNameSize(names[0]) + EncodedNameSize(names[1]) + 1, bytes.size());
  EXPECT_EQ(*DecodeNames(bytes), names);
  for (size_t size = 2; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeNames(bytes.substr(0, size)).ok(), size == 8) << size;
  }
}

TEST(MessagesTest, Figures) {
  const struct Figures figures {
    .tick_median = 512, .tick_p99 = 900, .bodies = 1000, .awake = 77, .players = 100
  };
  const std::string bytes = Encode(figures);
  EXPECT_EQ(bytes, Hex("03 0002 8403 e803 4d00 6400"));
  const auto decoded = DecodeFigures(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, figures);
}

TEST(MessagesTest, Pong) {
  EXPECT_EQ(EncodePong({0x1234}), Hex("04 3412"));
  const auto decoded = DecodePong(Hex("04 3412"));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->number, 0x1234);
}

TEST(MessagesTest, WhatClientsSay) {
  const Input input{.number = 9, .controls = {.move_x = -127, .move_z = 64, .yaw = 3, .act = true}};
  EXPECT_EQ(Encode(input), Hex("10 09 81 40 03 01"));
  const auto decoded_input = DecodeClientMessage(Encode(input));
  ASSERT_TRUE(decoded_input.ok());
  EXPECT_EQ(std::get<Input>(*decoded_input).number, 9);
  EXPECT_EQ(std::get<Input>(*decoded_input).controls, input.controls);

  EXPECT_EQ(Encode(Acknowledgement{258}), Hex("11 0201"));
  const auto decoded = DecodeClientMessage(Hex("11 0201"));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<Acknowledgement>(*decoded).snapshot, 258);

  EXPECT_EQ(Encode(Ping{7}), Hex("12 0700"));
  const auto decoded_ping = DecodeClientMessage(Hex("12 0700"));
  ASSERT_TRUE(decoded_ping.ok());
  EXPECT_EQ(std::get<Ping>(*decoded_ping).number, 7);

  EXPECT_EQ(Encode(Name{"Jörg"}), Hex("13 4ac3b67267"));
  const auto decoded_name = DecodeClientMessage(Hex("13 4ac3b67267"));
  ASSERT_TRUE(decoded_name.ok());
  EXPECT_EQ(std::get<Name>(*decoded_name).name, "Jörg");
}

TEST(MessagesTest, WhatClientsMustNotSay) {
  const auto error = [](absl::string_view hex) {
    return std::string(DecodeClientMessage(Hex(hex)).status().message());
  };
  EXPECT_EQ(error(""), "a malformed message: empty");
  EXPECT_EQ(error("63"), "a malformed message: unknown type 99");
  EXPECT_EQ(error("01 02 eb03 00"), "a malformed message: type 1 is only sent by the server");
  EXPECT_EQ(error("10 09 81 40 03"), "a malformed message: too short");
  EXPECT_EQ(error("10 09 81 40 03 01 00"), "a malformed message: too long");
  EXPECT_EQ(error("10 09 81 40 03 02"), "a malformed message: an unknown button");
  EXPECT_EQ(error("11 02"), "a malformed message: too short");
  EXPECT_EQ(error("13 ff"), "a malformed message: a name that is not UTF-8");
  const std::string name(kMaxSentNameBytes + 1, 'x');
  EXPECT_EQ(DecodeClientMessage(Encode(Name{name})).status().message(),
            "a malformed message: a name that is too long");
}

}  // namespace
}  // namespace weft::world
