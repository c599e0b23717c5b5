#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "course/06_messages/messages.h"
#include "course/09_server/server.h"
#include "gtest/gtest.h"
#include "weft/client.h"

namespace course {
namespace {

TEST(WeftClientTest, IsEchoedAndCloses) {
  const auto server = Server::Listen(0, [](Conversation& conversation, const Event& message) {
    conversation.Send(message.opcode, message.payload);
  });
  ASSERT_TRUE(server.ok()) << server.status();
  std::thread thread([&] { (*server)->Run(); });
  {
    const auto client =
        weft::Client::Connect(absl::StrCat("ws://127.0.0.1:", (*server)->port(), "/chat"));
    ASSERT_TRUE(client.ok()) << client.status();
    for (const std::string& text : {std::string(), std::string("Hello"), std::string(70000, 'a')}) {
      ASSERT_TRUE((*client)->SendText(text).ok());
      const auto echo = (*client)->Receive(absl::Seconds(30));
      ASSERT_TRUE(echo.ok()) << echo.status();
      EXPECT_EQ(echo->payload, text);
    }
    EXPECT_TRUE((*client)->Close().ok());
  }
  (*server)->Stop();
  thread.join();
}

}  // namespace
}  // namespace course
