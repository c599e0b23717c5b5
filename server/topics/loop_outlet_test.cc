#include "weft/server/topics/loop_outlet.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "weft/loop/mailbox.h"
#include "weft/server/topics/topic_update.h"

namespace weft {
namespace {

class RecordingLoop final : public TopicLoop {
 public:
  explicit RecordingLoop(std::vector<std::string>& got) : got_(got) {}

  const std::shared_ptr<Mailbox>& mailbox() const override {
    ++mailbox_calls;
    return mailbox_;
  }
  void OnTopicUpdate(const TopicUpdate& update) override { got_.push_back(update.topic); }

  mutable int mailbox_calls = 0;

 private:
  std::vector<std::string>& got_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
};

LoopOutlet::Update Update(std::string topic) {
  return std::make_shared<const TopicUpdate>(TopicUpdate{.topic = std::move(topic)});
}

class LoopOutletTest : public ::testing::Test {
 protected:
  std::vector<std::string> Got() {
    outlet_.Flush();
    mailbox_->RunTasks();
    return std::exchange(got_, {});
  }

  using Strings = std::vector<std::string>;

  std::vector<std::string> got_;
  std::optional<RecordingLoop> loop_{got_};
  const std::shared_ptr<Mailbox> mailbox_ = loop_->mailbox();
  LoopOutlet outlet_{*loop_};
};

// The first update also holds its room until the loop has had it.
TEST_F(LoopOutletTest, UpdatesGoTogether) {
  mailbox_->budget().set_limit(3 * Update("a")->cost());
  outlet_.Send(Update("a"), 0);
  EXPECT_TRUE(outlet_.Answer(Update("b")));
  mailbox_->RunTasks();
  EXPECT_EQ(got_, Strings());
  EXPECT_EQ(mailbox_->budget().taken(), 2 * Update("a")->cost());
  EXPECT_EQ(Got(), Strings({"a", "b"}));
  EXPECT_EQ(mailbox_->budget().taken(), 0u);
  EXPECT_EQ(Got(), Strings()) << "once";
}

TEST_F(LoopOutletTest, UpdatesWithoutRoomWaitInTheirOrder) {
  const size_t cost = Update("a")->cost();
  mailbox_->budget().set_limit(cost);
  outlet_.Send(Update("a"), 5);
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kOpen);
  outlet_.Send(Update("b"), 6);
  outlet_.Send(Update("c"), 7);
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kFull);
  EXPECT_EQ(outlet_.full_since_ms(), 6);
  EXPECT_FALSE(outlet_.Retry());
  EXPECT_EQ(Got(), Strings({"a"}));
  EXPECT_FALSE(outlet_.Retry());
  EXPECT_EQ(Got(), Strings({"b"}));
  EXPECT_TRUE(outlet_.Retry());
  EXPECT_EQ(Got(), Strings({"c"}));
}

TEST_F(LoopOutletTest, TopicsWaitForRoom) {
  const size_t cost = Update("a")->cost();
  mailbox_->budget().set_limit(2 * cost);
  EXPECT_TRUE(outlet_.Answer(Update("a")));
  EXPECT_TRUE(outlet_.Answer(Update("b")));
  EXPECT_FALSE(outlet_.Answer(Update("c")));
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kOpen) << "an answer fills nothing";
  outlet_.Wait("c");
  outlet_.Wait("c");
  EXPECT_TRUE(outlet_.waits());
  EXPECT_TRUE(outlet_.Reopen(0).empty());
  EXPECT_EQ(Got(), Strings({"a", "b"}));
  EXPECT_FALSE(outlet_.Answer(Update("d"))) << "after c";
  EXPECT_EQ(outlet_.Reopen(0).size(), 1u);
  EXPECT_FALSE(outlet_.waits());
  EXPECT_FALSE(outlet_.WasSkippedLately(0)) << "nothing was missed";
}

TEST_F(LoopOutletTest, ASkippedLoopOpensWhenThereIsRoom) {
  mailbox_->budget().set_limit(Update("a")->cost());
  outlet_.Send(Update("a"), 0);
  outlet_.Send(Update("b"), 0);
  outlet_.Wait("b");
  EXPECT_TRUE(outlet_.Reopen(0).empty()) << "an update waits";
  EXPECT_EQ(outlet_.Skip().size(), 1u);
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kSkipped);
  EXPECT_FALSE(outlet_.Answer(Update("c")));
  EXPECT_EQ(Got(), Strings({"a"}));
  EXPECT_EQ(outlet_.Reopen(500).size(), 1u);
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kOpen);
  EXPECT_TRUE(outlet_.WasSkippedLately(500 + LoopOutlet::kImpatientMs - 1));
  EXPECT_FALSE(outlet_.WasSkippedLately(500 + LoopOutlet::kImpatientMs));
}

// The mailbox outlives the loop, and what is posted to it is forgotten.
TEST_F(LoopOutletTest, TheLoopMayEndWhenItsMailboxIsClosed) {
  mailbox_->budget().set_limit(Update("a")->cost());
  outlet_.Send(Update("a"), 0);
  outlet_.Send(Update("b"), 0);
  outlet_.Flush();
  EXPECT_EQ(loop_->mailbox_calls, 2) << "that of the test, and one of the outlet";
  mailbox_->Close();
  loop_.reset();
  EXPECT_TRUE(outlet_.Retry());
  outlet_.Flush();
  outlet_.Send(Update("c"), 0);
  EXPECT_EQ(outlet_.state(), LoopOutlet::State::kOpen);
  EXPECT_EQ(Got(), Strings());
}

}  // namespace
}  // namespace weft
