#include "weft/coro/publish.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/coro/handler.h"
#include "weft/coro/session.h"
#include "weft/coro/task.h"
#include "weft/server/server.h"
#include "weft/server/topics/topic_options.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft::coro {
namespace {

class PublishTest : public testing::ServerFixture {
 protected:
  // A session publishes each message to the topic "kept", and answers with its position.
  void StartPublisher() {
    ServerOptions options;
    options.hooks.topic_options = [](absl::string_view topic) {
      return TopicOptions{.history = {.messages = topic == "kept" ? size_t{10} : 0}};
    };
    Start(std::move(options), coro::Handler([](Session s) -> Task<> {
            while (auto message = co_await s.Receive()) {
              const std::string payload(message->payload);
              const std::string topic = payload.substr(0, payload.find(' '));
              const absl::StatusOr<Position> stored =
                  co_await PublishStored(s.ref(), topic, Opcode::kText, payload);
              const std::string answer = stored.ok() ? absl::StrCat("stored ", stored->offset)
                                                     : stored.status().ToString();
              (co_await s.SendText(answer)).IgnoreError();
            }
          }));
  }
};

TEST_F(PublishTest, ACoroutineWaitsForTheOutcome) {
  StartPublisher();
  testing::TestClient client = ConnectAndUpgrade();
  client.SendText("kept a");
  EXPECT_EQ(client.ReadFrame(), "fin text stored 1");
  client.SendText("kept b");
  EXPECT_EQ(client.ReadFrame(), "fin text stored 2");
  client.SendText("plain c");
  EXPECT_EQ(client.ReadFrame(), "fin text stored 0");
}

TEST_F(PublishTest, AServerMayBeDestroyedMeanwhile) {
  StartPublisher();
  testing::TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 100; ++i) client.SendText("kept a");
  server_.reset();
}

}  // namespace
}  // namespace weft::coro
