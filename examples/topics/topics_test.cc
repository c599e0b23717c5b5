#include <memory>
#include <string>

#include "examples/topics/subscriber.h"
#include "gtest/gtest.h"
#include "weft/testing.h"

namespace examples {
namespace {

class TopicsTest : public weft::testing::ServerFixture {
 protected:
  TopicsTest() {
    weft::Router router;
    router.WebSocket("/{topic}", [](const weft::SessionRequest& request, weft::UpgradeResponse&) {
      return std::make_unique<Subscriber>(std::string(*request.path("topic")));
    });
    Start({.limits = {.max_topic_bytes = 10}}, router);
  }

  weft::testing::TestClient To(const std::string& path) {
    weft::testing::TestClient client = Connect();
    EXPECT_EQ(client.Upgrade(path), "HTTP/1.1 101 Switching Protocols");
    return client;
  }
};

TEST_F(TopicsTest, AMessageReachesAllOfItsTopicAndNobodyElse) {
  weft::testing::TestClient ada = To("/news"), bob = To("/news"), eve = To("/sport");
  ada.SendText("It rains.");
  EXPECT_EQ(ada.ReadFrame(), "fin text It rains.");
  EXPECT_EQ(bob.ReadFrame(), "fin text It rains.");
  eve.SendText("Who won?");
  EXPECT_EQ(eve.ReadFrame(), "fin text Who won?");
}

TEST_F(TopicsTest, AnInvalidTopicIsToldToTheClient) {
  weft::testing::TestClient client = To("/a-name-that-is-too-long");
  EXPECT_EQ(client.ReadFrame().substr(0, 14), "fin close 1008");
}

}  // namespace
}  // namespace examples
