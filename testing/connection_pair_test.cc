#include "weft/testing/connection_pair.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/testing/manual_clock.h"

namespace weft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr CompressionOptions kCompressed = {.use = CompressionOptions::Use::kOn};

void Echo(Connection& connection, const Event& event) {
  if (event.type != Event::Type::kMessage) return;
  EXPECT_TRUE(connection.SendMessage(event.opcode, event.payload).ok());
}

TEST(ConnectionPairTest, EchoAndClosingHandshakeByteByByte) {
  ConnectionPair pair({.compression = kCompressed}, {.compression = kCompressed});
  EXPECT_TRUE(pair.client().compressed());
  EXPECT_TRUE(pair.server().compressed());
  pair.to_server().SplitInto(1);
  pair.to_client().SplitInto(3);
  pair.set_on_server_event(Echo);
  const std::string large(100000, 'x');
  EXPECT_TRUE(pair.client().SendText(large).ok());
  EXPECT_TRUE(pair.client().SendClose(CloseCode::kNormal, "bye").ok());
  pair.Run();
  EXPECT_THAT(pair.TakeServerEvents(), ElementsAre(absl::StrCat("text ", large), "close 1000 bye"));
  EXPECT_THAT(pair.TakeClientEvents(), ElementsAre(absl::StrCat("text ", large), "close 1000 bye"));
  EXPECT_TRUE(pair.client().done());
  EXPECT_TRUE(pair.server().done());
  EXPECT_TRUE(pair.client().status().ok());
}

TEST(ConnectionPairTest, CompressesOnlyWhereBothDo) {
  EXPECT_FALSE(ConnectionPair({.compression = kCompressed}).client().compressed());
  EXPECT_FALSE(ConnectionPair({}, {.compression = kCompressed}).server().compressed());
}

TEST(ConnectionPairTest, NothingArrivesWhileItStallsOrIsLate) {
  ManualClock clock;
  ConnectionPair pair({}, {}, &clock);
  pair.to_server().Stall();
  EXPECT_TRUE(pair.client().SendText("Hello").ok());
  pair.Run();
  EXPECT_THAT(pair.TakeServerEvents(), IsEmpty());
  pair.to_server().Resume();
  pair.to_server().DelayBy(50);
  EXPECT_TRUE(pair.client().SendText("late").ok());
  pair.Run();
  EXPECT_THAT(pair.TakeServerEvents(), ElementsAre("text Hello"));
  clock.AdvanceMs(50);
  pair.Run();
  EXPECT_THAT(pair.TakeServerEvents(), ElementsAre("text late"));
}

TEST(ConnectionPairTest, ResetEndsBothWithoutACloseFrame) {
  ConnectionPair pair;
  EXPECT_TRUE(pair.client().SendText("lost").ok());
  pair.Reset();
  pair.Run();
  EXPECT_THAT(pair.TakeServerEvents(), ElementsAre("close 1006"));
  EXPECT_THAT(pair.TakeClientEvents(), ElementsAre("close 1006"));
  EXPECT_TRUE(absl::IsUnavailable(pair.server().status()));
}

}  // namespace
}  // namespace weft::testing
