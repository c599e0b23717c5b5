// The test of a handler, as an application that depends on Weft writes it.

#include <memory>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/server.h"
#include "weft/testing.h"

namespace {

struct Greeter : weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.SendText(absl::StrCat("Hello, ", message.payload)).IgnoreError();
  }
};

class GreeterTest : public weft::testing::ServerFixture {
 protected:
  void SetUp() override {
    Start({}, [](auto&, auto&) { return std::make_unique<Greeter>(); });
  }
};

TEST_F(GreeterTest, GreetsByName) {
  weft::testing::TestClient client = ConnectAndUpgrade();
  client.SendText("Ada");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello, Ada");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

// A rule that the library keeps for its handlers: RFC 6455, section 5.1.
TEST_F(GreeterTest, FramesWithoutAMaskAreRefused) {
  weft::testing::TestClient client = ConnectAndUpgrade();
  client.Send(weft::testing::ServerFrame(weft::Opcode::kText, "Ada"));
  EXPECT_EQ(client.ReadFrame().substr(0, 14), "fin close 1002");
}

TEST_F(GreeterTest, SilentClientsArePinged) {
  weft::testing::TestClient client = ConnectAndUpgrade();
  Pass(30100);  // a timer fires up to 16 ms late
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
}

}  // namespace
