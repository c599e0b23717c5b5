// The chat under a prefix, beside another one.

#include "examples/chat/chat.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/chat/rooms.h"
#include "examples/chat/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace weft::chat {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using weft::testing::TestClient;

class ChatTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    Adjust(options);
    Router router;
    chat_.AddTo(router, "/chat");
    other_.AddTo(router, "");
    auto server = Server::Start(std::move(options), router);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The whole answer.
  std::string Ask(absl::string_view method, absl::string_view path, absl::string_view body = "") {
    TestClient client(server_->address());
    client.Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n",
                             "Connection: close\r\nContent-Length: ", body.size(), "\r\n\r\n",
                             body));
    return client.ReadToEnd();
  }

  std::string StatusOfUpgrade(absl::string_view path) {
    TestClient client(server_->address());
    return client.Upgrade(path).substr(9, 3);
  }

  Chat chat_{{.nodes = {"ws://a.example"}}};
  Chat other_{{}};
  std::unique_ptr<Server> server_;
};

TEST_F(ChatTest, PagesAndTheirFilesAreUnderThePrefix) {
  // A page finds its files by addresses relative to its base.
  EXPECT_THAT(Ask("GET", "/chat/"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"(<base href="./">)"),
                    HasSubstr("connect-src 'self' ws://a.example")));
  EXPECT_THAT(Ask("GET", "/chat/rooms/tea"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr(R"(<base href="../">)"),
                    Not(HasSubstr(R"(<base href="./">)"))));
  EXPECT_THAT(Ask("GET", "/chat/main.mjs"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET", "/chat/nodes"), HasSubstr(R"(["ws://a.example/chat"])"));
  EXPECT_THAT(Ask("GET", "/chat/me"), HasSubstr(R"({"name":null})"));
  EXPECT_THAT(Ask("GET", "/nodes"), HasSubstr("[]"));
}

// The page would show no more than that it has no connection.
TEST_F(ChatTest, APageSaysWhyThereIsNoSuchRoom) {
  EXPECT_THAT(Ask("GET", "/chat/rooms/%20tea"),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("has spaces at an end")));
  // A look at its page does not make a room.
  for (size_t i = 0; i < Rooms::kMaxRooms; ++i) Ask("GET", absl::StrCat("/chat/rooms/seen", i));
  for (size_t i = 0; i < Rooms::kMaxRooms; ++i) {
    EXPECT_EQ(StatusOfUpgrade(absl::StrCat("/chat/rooms/room", i)), "101");
  }
  EXPECT_THAT(Ask("GET", "/chat/rooms/one-more"),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("there are 16 rooms already")));
  EXPECT_THAT(Ask("GET", "/chat/rooms/room1"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET", "/chat/"), StartsWith("HTTP/1.1 200 "));
}

// The longest line as JSON, also if each of its characters takes two bytes there.
TEST_F(ChatTest, AMessageHasRoomForTheLongestLine) {
  ServerOptions options;
  Adjust(options);
  EXPECT_GT(options.connection.max_message_bytes, 2 * kMaxTextBytes + 1024);
  EXPECT_GT(options.sending.max_queue_bytes, kShownLines * options.connection.max_message_bytes);
}

TEST_F(ChatTest, RoomsAreUnderThePrefix) {
  for (const char* path : {"/chat/", "/chat/rooms/tea", "/", "/rooms/tea"}) {
    EXPECT_EQ(StatusOfUpgrade(path), "101") << path;
  }
  EXPECT_EQ(StatusOfUpgrade("/chat"), "404");
}

TEST_F(ChatTest, ALoginIsForThePathsOfItsOwnChat) {
  EXPECT_THAT(Ask("POST", "/chat/login", "name=Ann"),
              AllOf(StartsWith("HTTP/1.1 303 "), HasSubstr("Location: /chat/\r\n"),
                    HasSubstr("; Path=/chat/;")));
  EXPECT_THAT(Ask("POST", "/chat/login", "name="), HasSubstr("Location: /chat/login#refused\r\n"));
  EXPECT_THAT(Ask("POST", "/chat/logout"),
              AllOf(HasSubstr("Location: /chat/\r\n"), HasSubstr("=; Path=/chat/;")));

  TestClient client(server_->address());  // with a cookie that the chat does not know
  client.Send(TestClient::UpgradeRequest(
      "/chat/", "Cookie: chat_session=old\r\nSec-WebSocket-Protocol: chat.weft.v1\r\n"));
  EXPECT_THAT(client.ReadHead(), HasSubstr("Set-Cookie: chat_session=; Path=/chat/;"));
}

}  // namespace
}  // namespace weft::chat
