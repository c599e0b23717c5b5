#include "examples/coro_chat/chat.h"

#include "gtest/gtest.h"
#include "weft/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace examples {
namespace {

using weft::testing::TestClient;

class ChatTest : public weft::testing::ServerFixture {
 protected:
  ChatTest() { Start({}, weft::coro::Handler(Chat)); }

  TestClient Join(const char* name) {
    TestClient client = ConnectAndUpgrade();
    EXPECT_EQ(client.ReadFrame(), "fin text What is your name?");
    client.SendText(name);
    EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text ", name, " has joined"));
    return client;
  }
};

TEST_F(ChatTest, PassesLinesOn) {
  TestClient ann = Join("Ann"), bob = Join("Bob");
  EXPECT_EQ(ann.ReadFrame(), "fin text Bob has joined");
  bob.SendText("hello");
  EXPECT_EQ(ann.ReadFrame(), "fin text Bob: hello");
  EXPECT_EQ(bob.ReadFrame(), "fin text Bob: hello");
  bob.SendClose(1000);
  EXPECT_EQ(ann.ReadFrame(), "fin text Bob has left");
}

TEST_F(ChatTest, NobodyWaitsForANameForEver) {
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text What is your name?");
  LetTheLoopTurn();
  clock_.AdvanceMs(20'100);
  EXPECT_EQ(client.ReadFrame(), "fin close 1008 no name");
}

}  // namespace
}  // namespace examples
