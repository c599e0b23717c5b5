#include "examples/chat/room.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

const absl::Time kNow = absl::FromUnixMillis(1500);

class RoomTest : public ::testing::Test {
 protected:
  // The result is the name that the page gets.
  std::string Enter(MemberId page, const std::string& key, const std::string& name,
                    const std::string& called = "") {
    return EnterAs(page, key, name, called).name;
  }

  // The same; the result is the person, with the name.
  PersonName EnterAs(MemberId page, const std::string& key, const std::string& name,
                     const std::string& called = "") {
    const absl::StatusOr<Welcome> welcome = room_.Enter(
        page, {.key = key, .sender = absl::StrCat("s", page), .name = name, .called = called});
    EXPECT_TRUE(welcome.ok()) << welcome.status();
    return welcome.ok() ? welcome->you : PersonName();
  }

  // Ann is 1, Bob is 2, and 3 has a terminal.
  void AllEnter() {
    Enter(1, "a", "Ann");
    Enter(2, "b", "Bob");
    EXPECT_TRUE(room_.EnterPlain(3).ok());
  }

  std::optional<Line> Say(MemberId page, uint64_t n, const std::string& text) {
    return room_.Say(page, {.n = n, .text = text}, kNow);
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const PersonName& each : room_.people().people) names.push_back(each.name);
    return names;
  }

  Room room_{"node", /*kept_ids=*/3};
};

TEST_F(RoomTest, ALineHasItsSendersNameAndAnIdThatNobodyElseCanHave) {
  AllEnter();
  const std::optional<Line> line = Say(1, 7, "one\n\ttwo");
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->time, kNow);
  EXPECT_EQ(line->name, "Ann");
  EXPECT_EQ(line->text, "one\n\ttwo");
  EXPECT_THAT(line->id, MatchesRegex("[0-9a-f]{16}\\.s1\\.7"));
  // With the same sender, but without the key.
  ASSERT_TRUE(room_.Enter(4, {.key = "d", .sender = "s1", .name = "Dee"}).ok());
  EXPECT_NE(Say(4, 7, "hi").value().id, line->id);
  // Another node makes the same id for the same person.
  Room other("other");
  ASSERT_TRUE(other.Enter(9, {.key = "a", .sender = "s1", .name = "Ann"}).ok());
  EXPECT_EQ(other.Say(9, {.n = 7, .text = "one"}, kNow).value().id, line->id);
}

// The accounts of a node are not known to others, where the page is a guest.
TEST_F(RoomTest, ALineKeepsItsIdWhenThePersonHasNoAccountAtTheNextNode) {
  const Hello hello = {.key = "a", .sender = "s1", .name = "Ann"};
  const Welcome here = room_.Enter(1, hello, "account").value();
  Room other("other");
  const Welcome there = other.Enter(1, hello).value();
  EXPECT_NE(there.you.person, here.you.person);
  EXPECT_EQ(there.writer, here.writer);
  EXPECT_EQ(there.writer, there.you.person);
  const Line line = Say(1, 7, "hi").value();
  EXPECT_EQ(line.person, here.you.person);
  EXPECT_EQ(other.Say(1, {.n = 7, .text = "hi"}, kNow).value().id, line.id);
  // The same person in another browser.
  const Hello elsewhere = {.key = "b", .sender = "s1", .name = "Ann"};
  EXPECT_EQ(room_.Enter(2, elsewhere, "account").value().you.person, here.you.person);
  EXPECT_NE(Say(2, 7, "hi").value().id, line.id);
}

TEST_F(RoomTest, PagesGetCleanTextOfAPlainMember) {
  AllEnter();
  const std::optional<Line> line = room_.SayPlain(3, "\tone\x1B[2J\ntwo ", kNow);
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line->name, "guest 1");
  EXPECT_EQ(line->text, "one[2J two");
  EXPECT_NE(room_.SayPlain(3, "same", kNow).value().id, room_.SayPlain(3, "same", kNow).value().id);
  EXPECT_FALSE(room_.SayPlain(3, "", kNow).has_value());
}

TEST_F(RoomTest, WhoIsNotThereHasNoSay) {
  AllEnter();
  room_.Leave(1);
  room_.Leave(1);
  room_.Leave(9);
  room_.Rename(1, "Zoe");
  EXPECT_FALSE(Say(1, 1, "hi").has_value());
  EXPECT_FALSE(Say(3, 1, "from a terminal").has_value());
  EXPECT_FALSE(room_.SayPlain(9, "hi", kNow).has_value());
  EXPECT_FALSE(room_.Types(1, kNow).has_value());
  EXPECT_THAT(Names(), ElementsAre("Bob", "guest 1"));
}

TEST_F(RoomTest, OnePersonTypesOncePerSecond) {
  AllEnter();
  Enter(4, "a", "Ann");  // another tab
  EXPECT_EQ(room_.Types(1, kNow)->name, "Ann");
  for (const MemberId page : {1, 4}) {
    EXPECT_FALSE(room_.Types(page, kNow + kTypingPause - absl::Milliseconds(1)).has_value());
  }
  EXPECT_EQ(room_.Types(2, kNow)->name, "Bob");
  room_.Rename(4, "Anna");
  EXPECT_EQ(room_.Types(1, kNow + kTypingPause)->name, "Anna");
  Say(2, 1, "hi");
  EXPECT_EQ(room_.Types(2, kNow)->name, "Bob") << "the next line";
  EXPECT_FALSE(room_.Types(3, kNow).has_value()) << "a terminal";
  EXPECT_FALSE(room_.Types(9, kNow).has_value()) << "not in the room";
}

TEST_F(RoomTest, TabsOfOnePersonAreOnePerson) {
  const std::string ann = EnterAs(1, "a", "Ann").person;
  EXPECT_NE(EnterAs(2, "b", "Bob").person, ann);
  ASSERT_TRUE(room_.EnterPlain(3).ok());
  EXPECT_EQ(EnterAs(4, "a", "Ann").person, ann);
  EXPECT_THAT(Names(), ElementsAre("Ann", "Bob", "guest 1"));
  room_.Leave(1);
  EXPECT_THAT(Names(), ElementsAre("Ann", "Bob", "guest 1"));
  room_.Leave(4);
  EXPECT_THAT(Names(), ElementsAre("Bob", "guest 1"));
}

TEST_F(RoomTest, NamesAreUnique) {
  AllEnter();
  EXPECT_EQ(Enter(4, "d", "ANN"), "ANN (2)");
  EXPECT_EQ(Enter(5, "e", "Ann"), "Ann (3)");
  room_.Leave(4);
  EXPECT_EQ(Enter(4, "d", "Ann (3)"), "Ann (3) (2)");
}

TEST_F(RoomTest, AGuestsNumberMayBeTakenAsAName) {
  Enter(1, "a", "guest 1");
  ASSERT_TRUE(room_.EnterPlain(2).ok());
  EXPECT_THAT(Names(), ElementsAre("guest 1", "guest 1 (2)"));
}

TEST_F(RoomTest, APersonTakesAnotherName) {
  AllEnter();
  room_.Rename(1, "Anna");
  room_.Rename(2, "anna");
  room_.Rename(2, "anna");  // its own name: no other mark
  EXPECT_EQ(Say(1, 1, "hi")->name, "Anna");
  EXPECT_THAT(Names(), ElementsAre("Anna", "anna (2)", "guest 1"));
  room_.Rename(1, "ANNA");  // its own name in other letters
  EXPECT_THAT(Names(), ElementsAre("ANNA", "anna (2)", "guest 1"));
  Enter(4, "a", "Ann");  // another tab, which still has the other name
  EXPECT_THAT(Names(), ElementsAre("Ann", "anna (2)", "guest 1"));
}

TEST_F(RoomTest, AFullRoomAdmitsNobodyElse) {
  for (MemberId page = 1; page < kMaxPeople; ++page) {
    Enter(page, absl::StrCat(page), absl::StrCat("person ", page));
  }
  ASSERT_TRUE(room_.EnterPlain(kMaxPeople).ok());
  const Hello late = {.key = "late", .sender = "s", .name = "Late"};
  const absl::Status full = room_.Enter(9999, late).status();
  EXPECT_EQ(full.message(), "the room is full: 2000 people are here");
  EXPECT_EQ(room_.EnterPlain(9999), full);
  Enter(9999, "1", "person 1");  // another tab of a person who is here
  room_.Leave(9999);
  room_.Leave(2);
  EXPECT_TRUE(room_.Enter(9999, late).ok());
}

// After a restart the second of two people with one name may be the first to reconnect.
TEST_F(RoomTest, PeopleOfOneNameAreNotSwappedByARestart) {
  EXPECT_EQ(Enter(1, "b", "Ann", "Ann (2)"), "Ann (2)");
  EXPECT_EQ(Enter(2, "a", "Ann"), "Ann");
  EXPECT_EQ(Enter(3, "c", "Ann", "Ann (2)"), "Ann (3)");  // taken
}

TEST_F(RoomTest, APageCannotCallItselfByAnyMark) {
  Enter(1, "a", "Bob");
  MemberId page = 1;
  for (const char* called : {"Ann", "Cy (2)", "Ann (1)", "Ann (02)", "Ann (+2)", "Ann (2) ",
                             "Ann (2", "Ann (99999999999)", "Ann (\n2)", "ann (2)"}) {
    const MemberId other = ++page;
    EXPECT_EQ(Enter(other, absl::StrCat("k", other), "Ann", called), "Ann") << called;
    room_.Leave(other);
  }
}

// As after a cut, when the page does not know which lines are stored.
TEST_F(RoomTest, ALineThatIsStoredIsNotPublishedAgain) {
  AllEnter();
  const std::string first = Say(1, 1, "one")->id;
  EXPECT_EQ(Say(1, 1, "one")->id, first);  // it could not be stored
  room_.Stored(first);
  room_.Stored(first);
  EXPECT_FALSE(Say(1, 1, "one").has_value());
  ASSERT_TRUE(room_.Enter(4, {.key = "a", .sender = "s1", .name = "Ann"})
                  .ok());  // 1 is dead, which is not known yet
  EXPECT_FALSE(Say(4, 1, "one").has_value());
  EXPECT_TRUE(Say(4, 2, "two").has_value());
  EXPECT_TRUE(Say(2, 1, "another person's").has_value());
  for (const uint64_t n : {2, 3}) room_.Stored(Say(4, n, "more")->id);
  EXPECT_FALSE(Say(4, 1, "one").has_value());
  room_.Stored(Say(4, 4, "more than are remembered")->id);
  EXPECT_TRUE(Say(4, 1, "one").has_value());
  EXPECT_FALSE(Say(4, 4, "more").has_value());
  room_.ForgetStored();
  EXPECT_TRUE(Say(4, 4, "more").has_value());
}

TEST_F(RoomTest, NewsAreChangesAndTheRollCall) {
  AllEnter();
  const std::optional<People> first = room_.News(kNow);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->node, "node");
  EXPECT_EQ(first->people.size(), 3u);
  EXPECT_FALSE(room_.News(kNow).has_value());
  EXPECT_FALSE(room_.News(kNow + kRollCall - absl::Milliseconds(1)).has_value());
  const std::optional<People> call = room_.News(kNow + kRollCall);
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->number, first->number);
  absl::Time now = kNow + kRollCall;
  for (const auto& change : std::vector<std::function<void()>>{[&] { Enter(4, "d", "Dee"); },
                                                               [&] { room_.Rename(4, "Di"); },
                                                               [&] { room_.Leave(4); }}) {
    const uint64_t before = room_.people().number;
    change();
    EXPECT_EQ(room_.people().number, before + 1);  // a list that was published before is older
    EXPECT_FALSE(room_.News(now + kNewsPause - absl::Milliseconds(1)).has_value());
    now += kNewsPause;
    const std::optional<People> news = room_.News(now);
    ASSERT_TRUE(news.has_value());
    EXPECT_EQ(news->number, before + 1);
  }
  Enter(4, "a", "Ann");  // another tab changes nothing
  EXPECT_FALSE(room_.News(now + kNewsPause).has_value());
}

TEST_F(RoomTest, ManyChangesAreToldAtOnce) {
  AllEnter();
  room_.News(kNow);
  for (MemberId page = 4; page < 100; ++page) {
    Enter(page, absl::StrCat("key", page), "Dee");
    EXPECT_FALSE(room_.News(kNow + absl::Milliseconds(page)).has_value());
  }
  const std::optional<People> news = room_.News(kNow + kNewsPause);
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->people.size(), 99u);
}

}  // namespace
}  // namespace weft::chat
