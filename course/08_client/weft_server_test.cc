#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"
#include "course/08_client/client.h"
#include "gtest/gtest.h"
#include "weft/server.h"

namespace course {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

struct Echo : weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
  }
};

TEST(WeftServerTest, EchoesAndCloses) {
  auto server = weft::Server::Start(
      {.port = 0}, [](auto& /*request*/, auto& /*response*/) { return std::make_unique<Echo>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const auto client = Client::Connect("127.0.0.1", (*server)->port(), "/chat", kTimeout);
  ASSERT_TRUE(client.ok()) << client.status();
  for (const std::string& text : {std::string(), std::string("Hello"), std::string(70000, 'a')}) {
    ASSERT_TRUE((*client)->Send(Opcode::kText, text, kTimeout).ok());
    const absl::StatusOr<Event> echo = (*client)->Receive(kTimeout);
    ASSERT_TRUE(echo.ok()) << echo.status();
    EXPECT_EQ(echo->payload, text);
  }
  EXPECT_TRUE((*client)->Close(1000, "bye", kTimeout).ok());
  EXPECT_EQ((*client)->info().code, 1000);
}

}  // namespace
}  // namespace course
