#include "weft/bench/cluster/plain_topic_log.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Errors(const PlainTopicLog& log) {
  std::vector<std::string> errors;
  log.Check([&errors](const std::string& text) { errors.push_back(text); });
  return errors;
}

class PlainTopicLogTest : public ::testing::Test {
 protected:
  PlainTopicLogTest() {
    for (const char* const payload : {"n:a-1", "n:a-2", "n:a-4", "n:b-1"}) {
      log_.Acknowledge(payload);
    }
    log_.BeginSession(0);
    log_.Report(0);
    log_.Deliver(0, "n:a-1");
  }

  PlainTopicLog log_;
};

TEST_F(PlainTopicLogTest, AHoleNeedsAnEvent) {
  log_.Deliver(0, "n:a-4");
  EXPECT_THAT(Errors(log_), ElementsAre(HasSubstr("n:a-4 came after 1, without 2 or an event")));
}

TEST_F(PlainTopicLogTest, AnEventAllowsAHole) {
  log_.Report(0);
  log_.Deliver(0, "n:b-1");
  log_.Deliver(0, "n:a-4");
  EXPECT_THAT(Errors(log_), IsEmpty());
  EXPECT_EQ(log_.Check([](const std::string&) {}).holes, 1u);
}

TEST_F(PlainTopicLogTest, AMessageWithoutAcknowledgementIsNotMissed) {
  log_.Deliver(0, "n:a-2");
  log_.Deliver(0, "n:a-4");
  log_.Deliver(0, "n:a-3");
  EXPECT_THAT(Errors(log_), IsEmpty());
}

TEST_F(PlainTopicLogTest, OrderIsThatOfThePublisher) {
  log_.Report(0);
  log_.Deliver(0, "n:a-4");
  log_.Deliver(0, "n:a-2");
  EXPECT_THAT(Errors(log_), ElementsAre(HasSubstr("n:a-2 came after a later one")));
}

TEST_F(PlainTopicLogTest, AMessageComesOnceInASession) {
  log_.BeginSession(0);
  log_.Report(0);
  log_.Deliver(0, "n:a-1");
  log_.Deliver(1, "n:a-1");
  EXPECT_THAT(Errors(log_), IsEmpty());
  log_.Deliver(0, "n:a-1");
  EXPECT_THAT(Errors(log_), ElementsAre(HasSubstr("reader 0: n:a-1 came twice")));
}

}  // namespace
}  // namespace weft::bench
