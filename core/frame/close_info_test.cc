#include "weft/core/frame/close_info.h"

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(CloseInfoTest, SaysWhoOrWhatEndedIt) {
  const CloseCode away = CloseCode::kGoingAway;
  EXPECT_EQ(Describe({CloseCode::kNormal, "bye", ClosedBy::kPeer}, "the client"),
            "closed by the client: 1000 normal closure (\"bye\")");
  EXPECT_EQ(Describe({away, "", ClosedBy::kApplication}, "the client"),
            "closed by the application: 1001 going away");
  EXPECT_EQ(Describe({CloseCode::kProtocolError, "the opcode is reserved", ClosedBy::kRule},
                     "the server"),
            "the server broke a rule: 1002 protocol error (\"the opcode is reserved\")");
  EXPECT_EQ(Describe({CloseCode::kMessageTooBig, "", ClosedBy::kLimit, "max_message_bytes"},
                     "the client"),
            "the client went beyond max_message_bytes: 1009 message too big");
  EXPECT_EQ(Describe({CloseCode::kAbnormal, "", ClosedBy::kTimeout, "timeouts.pong"}, "the client"),
            "the client did not keep to timeouts.pong: 1006 abnormal closure");
  EXPECT_EQ(Describe({CloseCode::kAbnormal, "Broken pipe", ClosedBy::kLost}, "the client"),
            "lost the client: 1006 abnormal closure (\"Broken pipe\")");
  EXPECT_EQ(Describe({away, "", ClosedBy::kShutdown}, "the client"),
            "closed by the shutdown of the server: 1001 going away");
}

TEST(CloseInfoTest, AReasonCannotForgeALogLine) {
  EXPECT_EQ(Describe({CloseCode{4000}, "x\"\n\x1b[2J", ClosedBy::kPeer}, "the client"),
            "closed by the client: 4000 application defined (\"x\\\"\\n\\x1b[2J\")");
}

TEST(CloseInfoTest, EachCauseHasAName) {
  for (size_t i = 0; i < kClosedBys; ++i) EXPECT_NE(NameOf(static_cast<ClosedBy>(i)), "");
  EXPECT_EQ(NameOf(static_cast<ClosedBy>(kClosedBys)), "");
}

}  // namespace
}  // namespace weft
