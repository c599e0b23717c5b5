#include "examples/chat/room.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace weft::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixMillis(1500);

// "#7 Ann: hi", followed by the id if there is one.
std::string ShortLine(const nlohmann::json& line) {
  EXPECT_EQ(line.at("time"), 1500);
  std::string text =
      absl::StrCat("#", line.at("number").get<int>(), " ", line.at("name").get<std::string>(), ": ",
                   line.at("text").get<std::string>());
  if (line.contains("id")) absl::StrAppend(&text, " (", line.at("id").get<std::string>(), ")");
  if (line.value("own", false)) absl::StrAppend(&text, " own");
  return text;
}

// A message in readable form.
std::string Short(absl::string_view message) {
  const auto json = nlohmann::json::parse(message.begin(), message.end(), nullptr, false);
  if (json.is_discarded()) return std::string(message);  // plain
  const std::string type = json.at("type");
  const std::string name = json.value("name", "");
  if (type == "line") return ShortLine(json);
  if (type == "joined") return "+" + name;
  if (type == "left") return "-" + name;
  if (type == "typing") return name + " types";
  if (type == "renamed") {
    return absl::StrCat(std::string(json.at("from")), " is ", std::string(json.at("to")));
  }
  if (type == "error") return absl::StrCat("error: ", std::string(json.at("message")));
  std::string text = absl::StrCat(
      type, " ", name, " among ",
      absl::StrJoin(json.at("people").get<std::vector<std::string>>(), ", "), "; heard ",
      json.at("heard").get<int>(), "; missed ", json.at("missed").get<int>());
  for (const auto& line : json.at("lines")) absl::StrAppend(&text, "; ", ShortLine(line));
  return text;
}

class RoomTest : public testing::Test, private Audience {
 protected:
  void Enter(MemberId page, const std::string& key, const std::string& name,
             std::optional<std::string> sender = std::nullopt) {
    room_.Enter(page,
                {.key = key, .sender = sender.value_or(absl::StrCat("s", page)), .name = name});
  }

  // Ann is 1, Bob is 2, and 3 has a terminal. The messages they got for this are dropped.
  void AllEnter() {
    Enter(1, "a", "Ann");
    Enter(2, "b", "Bob");
    room_.EnterPlain(3);
    heard_.clear();
  }

  std::optional<std::string> Say(MemberId page, uint64_t n, const std::string& text) {
    return room_.Say(page, {.n = n, .text = text}, kNow);
  }

  // The messages sent to a member since the last call.
  std::vector<std::string> HeardBy(MemberId member) { return std::exchange(heard_[member], {}); }

  Room room_{"r1", *this, /*kept_senders=*/10};

 private:
  void Send(absl::Span<const MemberId> to, absl::string_view message) override {
    for (const MemberId member : to) heard_[member].push_back(Short(message));
  }
  void SendHint(absl::Span<const MemberId> to, absl::string_view message,
                absl::string_view key) override {
    for (const MemberId member : to) {
      heard_[member].push_back(absl::StrCat(Short(message), ", latest of ", key));
    }
  }

  std::map<MemberId, std::vector<std::string>> heard_;
};

TEST_F(RoomTest, EverybodyHearsALineOnceAndInItsForm) {
  AllEnter();
  EXPECT_EQ(Say(1, 1, "hi"), "Ann: hi");
  EXPECT_EQ(room_.SayPlain(3, "hello", kNow), "hello");
  EXPECT_THAT(HeardBy(1), ElementsAre("#1 Ann: hi (s1.1) own", "#2 guest 1: hello"));
  EXPECT_THAT(HeardBy(2), ElementsAre("#1 Ann: hi (s1.1)", "#2 guest 1: hello"));
  EXPECT_THAT(HeardBy(3), ElementsAre("Ann: hi", "hello"));
}

TEST_F(RoomTest, PlainMembersGetEachOthersBytesAndPagesCleanText) {
  AllEnter();
  room_.EnterPlain(4);
  EXPECT_EQ(room_.SayPlain(3, "\tone\x1B[2J\ntwo ", kNow), "one[2J two");
  EXPECT_EQ(room_.SayPlain(3, "", kNow), std::nullopt);
  EXPECT_THAT(HeardBy(4), ElementsAre("\tone\x1B[2J\ntwo ", ""));
  EXPECT_THAT(HeardBy(1), ElementsAre("+guest 2", "#1 guest 1: one[2J two"));
}

TEST_F(RoomTest, WhoComesAndGoesIsTold) {
  Enter(1, "a", "Ann");
  EXPECT_THAT(HeardBy(1), ElementsAre("welcome Ann among Ann; heard 0; missed 0"));
  Enter(2, "b", "Bob");
  EXPECT_THAT(HeardBy(2), ElementsAre("welcome Bob among Ann, Bob; heard 0; missed 0"));
  room_.EnterPlain(3);
  room_.EnterPlain(4);
  room_.Leave(3);
  room_.Leave(2);
  EXPECT_THAT(HeardBy(1), ElementsAre("+Bob", "+guest 1", "+guest 2", "-guest 1", "-Bob"));
  EXPECT_THAT(HeardBy(4), IsEmpty());
  EXPECT_THAT(HeardBy(2), ElementsAre("+guest 1", "+guest 2", "-guest 1"));
}

TEST_F(RoomTest, WhoIsNotThereHasNoSay) {
  AllEnter();
  room_.Leave(1);
  HeardBy(2);
  room_.Leave(1);
  room_.Leave(9);
  room_.Type(1);
  room_.Rename(1, "Zoe");
  EXPECT_EQ(Say(1, 1, "hi"), std::nullopt);
  EXPECT_EQ(room_.SayPlain(9, "hi", kNow), std::nullopt);
  EXPECT_THAT(HeardBy(2), IsEmpty());
  EXPECT_THAT(HeardBy(3), IsEmpty());
}

TEST_F(RoomTest, TabsOfOnePersonAreOnePerson) {
  AllEnter();
  Enter(4, "a", "Ann");
  EXPECT_THAT(HeardBy(4), ElementsAre("welcome Ann among Ann, Bob, guest 1; heard 0; missed 0"));
  Say(4, 1, "from the other tab");
  room_.Type(4);
  EXPECT_THAT(HeardBy(1), ElementsAre("#1 Ann: from the other tab (s4.1) own"));
  EXPECT_THAT(HeardBy(2),
              ElementsAre("#1 Ann: from the other tab (s4.1)", "Ann types, latest of typing/Ann"));
  room_.Leave(1);
  EXPECT_THAT(HeardBy(2), IsEmpty());
  room_.Leave(4);
  EXPECT_THAT(HeardBy(2), ElementsAre("-Ann"));
}

TEST_F(RoomTest, NamesAreUnique) {
  AllEnter();
  Enter(4, "d", "ANN");
  Enter(5, "e", "Ann");
  EXPECT_THAT(HeardBy(1), ElementsAre("+ANN (2)", "+Ann (3)"));
  room_.Leave(4);
  Enter(4, "d", "Ann (3)");
  EXPECT_THAT(HeardBy(1), ElementsAre("-ANN (2)", "+Ann (3) (2)"));
}

TEST_F(RoomTest, AGuestsNumberMayBeTakenAsAName) {
  Enter(1, "a", "guest 1");
  room_.EnterPlain(2);
  EXPECT_THAT(HeardBy(1).back(), "+guest 1 (2)");
}

TEST_F(RoomTest, APersonTakesAnotherName) {
  AllEnter();
  room_.Rename(1, "Anna");
  room_.Rename(2, "anna");
  room_.Rename(2, "anna");  // its own name: no other mark
  Say(1, 1, "hi");
  for (const MemberId page : {1, 2}) {
    const auto heard = HeardBy(page);
    ASSERT_EQ(heard.size(), 3u);
    EXPECT_EQ(heard[0], "Ann is Anna");
    EXPECT_EQ(heard[1], "Bob is anna (2)");
    EXPECT_THAT(heard[2], StartsWith("#1 Anna: hi"));
  }
  room_.Rename(1, "ANNA");  // its own name in other letters
  EXPECT_THAT(HeardBy(2), ElementsAre("Anna is ANNA"));
  Enter(4, "a", "Ann");  // another tab, which still has the other name
  EXPECT_THAT(HeardBy(2), ElementsAre("ANNA is Ann"));
}

TEST_F(RoomTest, TypingIsTheLatestOfEachAndNotForOneself) {
  AllEnter();
  room_.Type(1);
  room_.Type(3);  // a plain member cannot
  EXPECT_THAT(HeardBy(1), IsEmpty());
  EXPECT_THAT(HeardBy(2), ElementsAre("Ann types, latest of typing/Ann"));
  EXPECT_THAT(HeardBy(3), IsEmpty());
}

TEST_F(RoomTest, ANewcomerGetsTheLastHundredLines) {
  AllEnter();
  for (uint64_t n = 1; n <= 103; ++n) Say(1, n, absl::StrCat("line ", n));
  Enter(4, "d", "Dee");
  std::string expected = "welcome Dee among Ann, Bob, guest 1, Dee; heard 0; missed 0";
  for (int n = 4; n <= 103; ++n) {
    absl::StrAppend(&expected, "; #", n, " Ann: line ", n, " (s1.", n, ")");
  }
  EXPECT_THAT(HeardBy(4), ElementsAre(expected));
}

TEST_F(RoomTest, HistoryMarksOnesOwnLines) {
  AllEnter();
  Say(1, 1, "mine");
  Say(2, 1, "Bob's");
  room_.SayPlain(3, "plain", kNow);
  room_.Leave(1);
  Enter(4, "a", "Ann");
  EXPECT_THAT(HeardBy(4),
              ElementsAre("welcome Ann among Bob, guest 1, Ann; heard 0; missed 0; "
                          "#1 Ann: mine (s1.1) own; #2 Bob: Bob's (s2.1); #3 guest 1: plain"));
}

TEST_F(RoomTest, WhoComesBackGetsWhatItMissed) {
  AllEnter();
  Say(1, 1, "one");
  Say(2, 1, "two");
  room_.Leave(1);
  Say(2, 2, "three");
  HeardBy(1);
  room_.Enter(4, {.key = "a", .sender = "s1", .name = "Ann", .room = "r1", .seen = 1});
  EXPECT_THAT(HeardBy(4), ElementsAre("welcome Ann among Bob, guest 1, Ann; heard 1; missed 0; "
                                      "#2 Bob: two (s2.1); #3 Bob: three (s2.2)"));
}

TEST_F(RoomTest, WhoMissedMoreThanIsKeptIsTold) {
  AllEnter();
  Say(1, 1, "seen");
  room_.Leave(1);
  for (uint64_t n = 1; n <= 100; ++n) Say(2, n, "unseen");
  const Hello hello = {.key = "a", .sender = "s1", .name = "Ann", .room = "r1", .seen = 1};
  room_.Enter(4, hello);
  EXPECT_THAT(
      HeardBy(4),
      ElementsAre(StartsWith("welcome Ann among Bob, guest 1, Ann; heard 1; missed 0; #2 ")));
  Say(2, 101, "unseen");
  Say(2, 102, "unseen");
  room_.Enter(5, hello);
  EXPECT_THAT(
      HeardBy(5),
      ElementsAre(StartsWith("welcome Ann among Bob, guest 1, Ann; heard 1; missed 2; #4 ")));
}

TEST_F(RoomTest, NumbersOfAnotherRunMeanNothing) {
  AllEnter();
  Say(2, 1, "hi");
  room_.Enter(4, {.key = "d", .sender = "s4", .name = "Dee", .room = "r0", .seen = 70});
  EXPECT_THAT(HeardBy(4),
              ElementsAre("welcome Dee among Ann, Bob, guest 1, Dee; heard 0; missed 0; "
                          "#1 Bob: hi (s2.1)"));
}

// After a restart the second of two people with one name may be the first to reconnect.
TEST_F(RoomTest, PeopleOfOneNameAreNotSwappedByARestart) {
  room_.Enter(1, {.key = "b", .sender = "s1", .name = "Ann", .room = "r0", .called = "Ann (2)"});
  room_.Enter(2, {.key = "a", .sender = "s2", .name = "Ann", .room = "r0"});
  EXPECT_THAT(HeardBy(1), ElementsAre("welcome Ann (2) among Ann (2); heard 0; missed 0", "+Ann"));
  room_.Enter(3, {.key = "c", .sender = "s3", .name = "Ann", .called = "Ann (2)"});  // taken
  EXPECT_THAT(HeardBy(1), ElementsAre("+Ann (3)"));
}

TEST_F(RoomTest, APageCannotCallItselfByAnyMark) {
  Enter(1, "a", "Bob");
  HeardBy(1);
  MemberId page = 1;
  for (const char* called : {"Ann", "Cy (2)", "Ann (1)", "Ann (02)", "Ann (+2)", "Ann (2) ",
                             "Ann (2", "Ann (99999999999)", "Ann (\n2)", "ann (2)"}) {
    const MemberId other = ++page;
    room_.Enter(other, {.key = absl::StrCat("k", other),
                        .sender = absl::StrCat("s", other),
                        .name = "Ann",
                        .called = called});
    EXPECT_THAT(HeardBy(1), ElementsAre("+Ann")) << called;
    room_.Leave(other);
    HeardBy(1);
  }
}

TEST_F(RoomTest, APagesLineBreaksReachPagesOnly) {
  AllEnter();
  EXPECT_EQ(Say(1, 1, "one\n\ttwo"), "Ann: one  two");
  EXPECT_THAT(HeardBy(2), ElementsAre("#1 Ann: one\n\ttwo (s1.1)"));
  EXPECT_THAT(HeardBy(3), ElementsAre("Ann: one  two"));
}

// As after a cut, when the page does not know which lines were received.
TEST_F(RoomTest, ALineThatIsSentAgainIsNotSaidAgain) {
  AllEnter();
  EXPECT_EQ(Say(1, 1, "one"), "Ann: one");
  EXPECT_EQ(Say(1, 3, "three"), "Ann: three");  // the second was refused
  Enter(4, "a", "Ann", "s1");                   // the server has not noticed yet that 1 is dead
  EXPECT_EQ(Say(4, 1, "one"), std::nullopt);
  EXPECT_EQ(Say(4, 3, "three"), std::nullopt);
  EXPECT_EQ(Say(4, 4, "four"), "Ann: four");
  EXPECT_EQ(Say(1, 4, "four"), std::nullopt);
  EXPECT_THAT(HeardBy(3), ElementsAre("Ann: one", "Ann: three", "Ann: four"));
}

TEST_F(RoomTest, NobodyTakesAnothersSender) {
  AllEnter();
  Enter(4, "d", "Dee", "s1");
  EXPECT_THAT(HeardBy(4), ElementsAre("error: another page has this sender's name"));
  EXPECT_EQ(Say(4, 1, "I am Ann"), std::nullopt);
  EXPECT_THAT(HeardBy(2), IsEmpty());
}

TEST_F(RoomTest, SendersThatLeftLongAgoAreForgotten) {
  AllEnter();
  Say(1, 5, "hi");
  Say(2, 5, "hi");
  room_.Leave(2);
  MemberId page = 10;
  for (size_t others = 2; others < 10; ++others, ++page) {
    Enter(page, "d", "Dee");
    room_.Leave(page);
  }
  const auto heard_of = [&](const std::string& sender, const std::string& key) {
    room_.Enter(++page, {.key = key, .sender = sender, .name = "x", .room = "r1", .seen = 2});
    return HeardBy(page).back();
  };
  EXPECT_THAT(heard_of("s2", "b"), testing::HasSubstr("heard 5"));
  room_.Leave(page);
  Enter(++page, "d", "Dee");  // one too many: the first of the others is forgotten
  Enter(++page, "d", "Dee");
  EXPECT_THAT(heard_of("s10", "c"), testing::HasSubstr("heard 0"));  // free for others again
  EXPECT_THAT(heard_of("s1", "a"), testing::HasSubstr("heard 5"));   // still there
  EXPECT_THAT(heard_of("s2", "b"), testing::HasSubstr("heard 5"));   // left late
}

}  // namespace
}  // namespace weft::chat
