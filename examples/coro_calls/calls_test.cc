#include "examples/coro_calls/calls.h"

#include <variant>

#include "gtest/gtest.h"
#include "weft/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace examples {
namespace {

using weft::testing::TestClient;

class CallsTest : public weft::testing::ServerFixture {
 protected:
  ~CallsTest() override { server_.reset(); }
};

TEST_F(CallsTest, Interviews) {
  Start({}, weft::coro::Handler(Interview));
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text 1 name?");
  client.SendText("1 Ann");
  EXPECT_EQ(client.ReadFrame(), "fin text 2 colour?");
  client.SendText("not an answer");
  client.SendText("7 of another call");
  client.SendText("2 green");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello Ann, who likes green");
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

TEST_F(CallsTest, GivesUpOnACallWithoutAnAnswer) {
  Start({}, weft::coro::Handler(Interview));
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text 1 name?");
  LetTheLoopTurn();
  clock_.AdvanceMs(5100);
  EXPECT_EQ(client.ReadFrame(), "fin text 2 colour?");
  client.SendText("1 too late");
  client.SendText("2 blue");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello stranger, who likes blue");
}

weft::Task<> Both(weft::coro::Session session) {
  Calls calls(session);
  const auto ask = [](weft::coro::Session& s, Calls& c, std::string request) -> weft::Task<> {
    const absl::StatusOr<std::string> answer = co_await c.Call(request, absl::Seconds(5));
    (co_await s.SendText(absl::StrCat(request, " ", answer.value_or("?")))).IgnoreError();
    (co_await s.Sleep(absl::Hours(1))).IgnoreError();
  };
  co_await weft::coro::WhenAny(calls.ReadAnswers(), ask(session, calls, "one"),
                               ask(session, calls, "two"));
}

TEST_F(CallsTest, AnswersComeInAnyOrder) {
  Start({}, weft::coro::Handler(Both));
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text 1 one");
  EXPECT_EQ(client.ReadFrame(), "fin text 2 two");
  client.SendText("2 second");
  EXPECT_EQ(client.ReadFrame(), "fin text two second");
  client.SendText("1 first");
  EXPECT_EQ(client.ReadFrame(), "fin text one first");
}

}  // namespace
}  // namespace examples
