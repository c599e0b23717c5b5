#include "examples/cursors/company.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace weft::cursors {
namespace {

class CompanyTest : public ::testing::Test {
 protected:
  // One tick 33 ms later, and the changes for this client.
  Changes Tick(CursorId client) {
    now_ms_ += 33;
    company_.Tick(room_, now_ms_);
    Changes changes;
    room_.Tick(now_ms_, [&](CursorId id, const std::shared_ptr<const std::string>& message) {
      const auto decoded = DecodeServerMessage(*message);
      EXPECT_TRUE(decoded.ok()) << decoded.status();
      if (id == client) changes = std::get<Changes>(*decoded);
      ++heard_[id];
      return absl::OkStatus();
    });
    EXPECT_TRUE(room_.OnPing(client, {.heard = heard_[client]}).ok());
    for (const Change& change : changes.changes) {
      if (change.gone) {
        bots_.erase(change.id);
      } else if (change.name.has_value() && change.name->bot) {
        bots_[change.id] = *change.name;
      }
    }
    return changes;
  }

  int64_t now_ms_ = 1000;
  Room room_;
  Company company_;
  std::map<CursorId, uint8_t> heard_;
  std::map<CursorId, Name> bots_;  // that the client sees
};

TEST_F(CompanyTest, BotsAreThereAsLongAsOneIsAlone) {
  const CursorId ann = room_.Join("Ann").own;
  Tick(ann);
  EXPECT_EQ(bots_.size(), 3);
  for (const auto& [id, name] : bots_) EXPECT_FALSE(name.text.empty());
  const CursorId bob = room_.Join("Bob").own;
  Tick(ann);
  EXPECT_TRUE(bots_.empty());
  Tick(bob);
  EXPECT_TRUE(bots_.empty());
  room_.Leave(bob);
  Tick(ann);
  EXPECT_EQ(bots_.size(), 3);
}

TEST_F(CompanyTest, BotsMoveDrawAndClick) {
  const CursorId ann = room_.Join("Ann").own;
  Tick(ann);
  std::set<int> clicks;
  std::set<bool> pens;
  std::set<int> places;
  for (int i = 0; i < 30 * 10; ++i) {
    for (const Change& change : Tick(ann).changes) {
      if (change.id != bots_.begin()->first) continue;
      clicks.insert(change.marks.clicks);
      pens.insert(change.marks.pen);
      places.insert(change.place.x);
    }
  }
  EXPECT_EQ(clicks.size(), 2);
  EXPECT_EQ(pens.size(), 2);
  EXPECT_GT(places.size(), 100);
}

TEST_F(CompanyTest, AnEmptyRoomHasNone) {
  company_.Tick(room_, 0);
  const CursorId ann = room_.Join().own;
  room_.Leave(ann);
  company_.Tick(room_, 33);
  const CursorId bob = room_.Join().own, eve = room_.Join().own;
  EXPECT_TRUE(Tick(bob).changes.empty());
  EXPECT_TRUE(Tick(eve).changes.empty());
}

}  // namespace
}  // namespace weft::cursors
