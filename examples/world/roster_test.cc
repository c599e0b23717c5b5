#include "examples/world/roster.h"

#include <set>
#include <string>
#include <vector>

#include "examples/world/rules.h"
#include "gtest/gtest.h"

namespace weft::world {
namespace {

using Names = std::vector<PlayerName>;

TEST(RosterTest, AClientGetsWhatChangedSince) {
  Roster roster;
  uint64_t known = 0;
  EXPECT_EQ(roster.ChangesAfter(&known), Names());
  roster.Set({1000, Team::kSun, "Ann"});
  roster.Set({1001, Team::kMoon, "Bob"});
  EXPECT_EQ(roster.ChangesAfter(&known),
            Names({{1000, Team::kSun, "Ann"}, {1001, Team::kMoon, "Bob"}}));
  EXPECT_EQ(roster.ChangesAfter(&known), Names());
  for (int i = 0; i < 100; ++i) roster.Set({1000, Team::kSun, std::to_string(i)});
  roster.Set({1002, Team::kSun, "Eve"});
  roster.Remove(1002);
  EXPECT_EQ(roster.ChangesAfter(&known), Names({{1000, Team::kSun, "99"}}));
  uint64_t newcomer = 0;
  EXPECT_EQ(roster.ChangesAfter(&newcomer),
            Names({{1001, Team::kMoon, "Bob"}, {1000, Team::kSun, "99"}}));
}

TEST(RosterTest, ManyNamesComeInTurn) {
  Roster roster;
  for (EntityId id = 0; id < 250; ++id) roster.Set({id, Team::kSun, "A name of 24 bytes ...."});
  uint64_t known = 0;
  std::set<EntityId> seen;
  int messages = 0;
  for (Names names; !(names = roster.ChangesAfter(&known)).empty(); ++messages) {
    EXPECT_LE(EncodeNames(names).size(), kMaxNamesBytes + 1);
    for (const PlayerName& name : names) EXPECT_TRUE(seen.insert(name.avatar).second);
  }
  EXPECT_EQ(seen.size(), 250);
  EXPECT_GT(messages, 10);
}

}  // namespace
}  // namespace weft::world
