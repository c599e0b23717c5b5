#include "examples/cursors/room.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft::cursors {
namespace {

using Told = std::vector<Change>;

class RoomTest : public ::testing::Test {
 protected:
  // The clock's time at each tick.
  static constexpr int64_t kNowMs = 5000;

  // The messages to each client in a tick; clients that get all cursors are in all_.
  std::map<CursorId, Told> Tick() {
    std::map<CursorId, Told> told;
    all_.clear();
    room_.Tick(kNowMs, [&](CursorId id, const std::shared_ptr<const std::string>& message) {
      const auto decoded = DecodeServerMessage(*message);
      EXPECT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_TRUE(told.emplace(id, std::get<Changes>(*decoded).changes).second) << id;
      EXPECT_EQ(std::get<Changes>(*decoded).time_ms, kNowMs);
      if (std::get<Changes>(*decoded).all) all_.insert(id);
      return absl::OkStatus();
    });
    return told;
  }

  void Move(CursorId id, Place place, uint8_t heard = 0) {
    const absl::Status moved = room_.OnMove(id, {.heard = heard, .place = place}, kNowMs);
    EXPECT_TRUE(moved.ok()) << moved;
  }

  using Ids = std::set<CursorId>;
  Ids all_;
  Room room_;
  const CursorId ann_ = room_.Join().own;
  const CursorId bob_ = room_.Join().own;
};

TEST_F(RoomTest, EveryoneIsToldAllAndThenWhatMovedOnce) {
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{ann_, {}}, {bob_, {}}}));
  EXPECT_EQ(all_, Ids({ann_, bob_}));
  EXPECT_TRUE(Tick().empty());
  Move(ann_, {1, 1});
  Move(ann_, {2, 2});
  const Told moved = {{.id = ann_, .place = {2, 2}}};
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{ann_, moved}, {bob_, moved}}));
  EXPECT_EQ(all_, Ids());
  EXPECT_TRUE(Tick().empty());
}

TEST_F(RoomTest, WhoKnowsTheSameIsToldByTheSameMessage) {
  Move(ann_, {1, 1});
  std::set<std::shared_ptr<const std::string>> messages;
  room_.Tick(kNowMs, [&](auto, const std::shared_ptr<const std::string>& message) {
    messages.insert(message);
    return absl::OkStatus();
  });
  EXPECT_EQ(messages.size(), 1);
}

TEST_F(RoomTest, ANewcomerIsToldWhereAllAre) {
  Move(ann_, {1, 1});
  Tick();
  Move(bob_, {2, 2});
  Tick();
  const CursorId eve = room_.Join().own;
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{
                        {eve, {{.id = ann_, .place = {1, 1}}, {.id = bob_, .place = {2, 2}}}}}));
  EXPECT_EQ(all_, Ids({eve}));
}

TEST_F(RoomTest, WhoLeavesIsGoneForWhoStays) {
  Move(ann_, {1, 1});
  Tick();
  room_.Leave(ann_);
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{bob_, {{.id = ann_, .gone = true}}}}));
  const CursorId eve = room_.Join().own;
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{eve, {}}}));
}

TEST_F(RoomTest, ANewcomerIsToldTheNames) {
  const Welcome welcome = room_.Join("Quick Fox");
  EXPECT_EQ(welcome.name, "Quick Fox");
  const CursorId fox = welcome.own;
  Move(fox, {1, 1});
  const Told first = {{.id = fox, .name = Name{.text = "Quick Fox"}}, {.id = fox, .place = {1, 1}}};
  EXPECT_EQ(Tick().at(ann_), first);
  room_.OnRename(fox, {" Fritz\n"});
  EXPECT_EQ(Tick().at(ann_), Told({{.id = fox, .name = Name{.text = "Fritz"}}}));
  room_.OnRename(fox, {"\u202e"});  // nothing is left of it
  EXPECT_TRUE(Tick().empty());
  const CursorId eve = room_.Join().own;
  const Told late = {{.id = fox, .name = Name{.text = "Fritz"}}, {.id = fox, .place = {1, 1}}};
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{eve, late}}));
}

TEST_F(RoomTest, WhoConfirmsNothingIsToldTheLatestWhenItDoes) {
  const CursorId eve = room_.Join().own;
  Move(eve, {5, 5});
  uint8_t heard = 0;
  for (uint16_t i = 1; i <= 1000; ++i) {
    Move(ann_, {i, i}, heard);
    const std::map<CursorId, Told> told = Tick();
    ASSERT_EQ(told.count(ann_), 1) << i;
    ASSERT_EQ(told.count(bob_), i <= kMaxUnheard ? 1 : 0) << i;
    ++heard;
  }
  room_.Leave(eve);
  Tick();
  ASSERT_TRUE(room_.OnPing(bob_, {.heard = 1}).ok());
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{bob_, {{.id = ann_, .place = {1000, 1000}}}}}));
  EXPECT_EQ(all_, Ids({bob_}));
  // Each confirmation makes room for one message.
  Move(ann_, {7, 7}, heard);
  EXPECT_EQ(Tick().count(bob_), 0);
  ASSERT_TRUE(room_.OnPing(bob_, {.heard = kMaxUnheard}).ok());
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{{bob_, {{.id = ann_, .place = {7, 7}}}}}));
  EXPECT_EQ(all_, Ids({bob_}));
  // Then it follows again.
  Move(ann_, {8, 8}, heard);
  EXPECT_EQ(Tick().count(bob_), 1);
  EXPECT_EQ(all_, Ids());
}

TEST_F(RoomTest, WhoMissedAMessageIsToldAll) {
  Move(ann_, {1, 1});
  Tick();
  Move(bob_, {2, 2});
  room_.Tick(kNowMs, [&](CursorId id, auto&) {
    return id == bob_ ? absl::ResourceExhaustedError("no room") : absl::OkStatus();
  });
  EXPECT_EQ(Tick(), (std::map<CursorId, Told>{
                        {bob_, {{.id = ann_, .place = {1, 1}}, {.id = bob_, .place = {2, 2}}}}}));
  EXPECT_EQ(all_, Ids({bob_}));
}

TEST_F(RoomTest, WhatWasNotSentCannotBeConfirmed) {
  Move(ann_, {1, 1});
  Tick();
  EXPECT_EQ(room_.OnPing(bob_, {.heard = 2}).message(), "message 2 is confirmed, but was not sent");
  EXPECT_TRUE(room_.OnPing(bob_, {.heard = 1}).ok());
  EXPECT_TRUE(room_.OnPing(bob_, {.heard = 1}).ok());
  EXPECT_EQ(room_.OnPing(bob_, {.heard = 0}).message(), "message 0 is confirmed, but was not sent");
}

}  // namespace
}  // namespace weft::cursors
