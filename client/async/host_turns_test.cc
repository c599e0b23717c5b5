#include "weft/client/async/host_turns.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/loop/mailbox.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Mailboxes whose tasks the test runs.
class HostTurnsTest : public ::testing::Test {
 protected:
  using Place = std::unique_ptr<HostTurns::Place>;

  // Its turn is kept until the test returns it.
  Place Wait(const std::string& host, const std::string& name,
             std::shared_ptr<Mailbox> mailbox = nullptr) {
    if (mailbox == nullptr) mailbox = mailbox_;
    return turns_->Wait(host, std::move(mailbox), [this, name](HostTurns::Turn turn) {
      started_.push_back(name);
      held_.push_back(std::move(turn));
    });
  }

  // The names of those whose turn it is, since the last call.
  std::vector<std::string> Started() {
    mailbox_->RunTasks();
    other_mailbox_->RunTasks();
    return std::exchange(started_, {});
  }

  void ReturnOldest() { held_.erase(held_.begin()); }

  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  const std::shared_ptr<Mailbox> other_mailbox_ = std::make_shared<Mailbox>();
  std::unique_ptr<HostTurns> turns_ = std::make_unique<HostTurns>(2);
  std::vector<std::string> started_;
  std::vector<HostTurns::Turn> held_;
};

TEST_F(HostTurnsTest, AFewAtATimeInOrderFromAnyLoop) {
  const Place a = Wait("x", "a");
  const Place b = Wait("x", "b", other_mailbox_);
  const Place c = Wait("x", "c", other_mailbox_);
  const Place d = Wait("x", "d");
  const Place e = Wait("x", "e");
  EXPECT_THAT(started_, IsEmpty()) << "only by its loop";
  EXPECT_THAT(Started(), ElementsAre("a", "b"));
  ReturnOldest();
  EXPECT_THAT(Started(), ElementsAre("c"));
  ReturnOldest();
  ReturnOldest();
  EXPECT_THAT(Started(), ElementsAre("d", "e"));
}

TEST_F(HostTurnsTest, EachHostHasItsOwn) {
  const Place a = Wait("x", "a");
  const Place b = Wait("x", "b");
  const Place c = Wait("x", "c");
  const Place d = Wait("y", "d");
  EXPECT_THAT(Started(), ElementsAre("a", "b", "d"));
}

TEST_F(HostTurnsTest, OneThatLeavesGivesItsPlaceToTheNext) {
  const Place a = Wait("x", "a");
  Place b = Wait("x", "b");
  Place c = Wait("x", "c");
  const Place d = Wait("x", "d");
  c.reset();  // while it waits
  b.reset();  // while its turn is on its way
  EXPECT_THAT(Started(), ElementsAre("a"));
  EXPECT_THAT(Started(), ElementsAre("d"));
}

TEST_F(HostTurnsTest, ATurnOnItsWayToALoopThatEndsIsPassedOn) {
  const Place a = Wait("x", "a", other_mailbox_);
  Place b = Wait("x", "b", other_mailbox_);
  const Place c = Wait("x", "c");
  Place d = Wait("x", "d", other_mailbox_);
  const Place e = Wait("x", "e");
  d.reset();
  other_mailbox_->Close();
  EXPECT_THAT(Started(), ElementsAre("c", "e"));
  const Place f = Wait("x", "f", other_mailbox_);
  const Place g = Wait("x", "g");
  ReturnOldest();
  EXPECT_THAT(Started(), ElementsAre("g"));
}

TEST_F(HostTurnsTest, ATurnIsReturnedOnce) {
  const Place a = Wait("x", "a");
  const Place b = Wait("x", "b");
  const Place c = Wait("x", "c");
  const Place d = Wait("x", "d");
  EXPECT_THAT(Started(), ElementsAre("a", "b"));
  HostTurns::Turn moved = std::move(held_[0]);
  held_[0].Return();  // NOLINT(bugprone-use-after-move): it is none now
  EXPECT_THAT(Started(), IsEmpty());
  moved.Return();
  moved.Return();
  EXPECT_THAT(Started(), ElementsAre("c"));
  held_[1] = std::move(moved);  // returns the one that it replaces
  EXPECT_THAT(Started(), ElementsAre("d"));
}

// A host that nobody connects to takes no memory; as the sanitizers and the next wait show.
TEST_F(HostTurnsTest, ManyHosts) {
  for (int i = 0; i < 1000; ++i) {
    const Place place = Wait(absl::StrCat("host ", i), "x");
    if (i % 2 == 0) Started();
    held_.clear();
  }
  Started();
  const Place again = Wait("host 0", "again");
  EXPECT_THAT(Started(), ElementsAre("again"));
}

}  // namespace
}  // namespace weft
