// The examples in one server, as its clients see them.

#include "examples/gallery/gallery.h"

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/chat/chat.h"
#include "examples/chat/rooms.h"
#include "examples/cursors/cursors.h"
#include "examples/echo/echo.h"
#include "examples/inspect/inspect.h"
#include "examples/world/world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/testing/test_client.h"

namespace examples {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using weft::testing::TestClient;

TEST(GalleryAdjustTest, EachExampleGetsWhatItNeeds) {
  weft::ServerOptions all;
  Gallery::Adjust(all);
  EXPECT_EQ(all.sending.when_full, weft::WhenFull::kDisconnect);
  ASSERT_TRUE(all.hooks.topic_options);
  EXPECT_TRUE(all.hooks.topic_options(weft::chat::LinesOf("")).shared);
  for (void (*adjust)(weft::ServerOptions&) :
       {Echo::Adjust, weft::chat::Adjust, weft::cursors::Adjust, weft::world::Adjust,
        Inspect::Adjust}) {
    weft::ServerOptions one;
    one.connection.max_message_bytes = 0;
    one.sending.max_queue_bytes = 0;
    one.rates.messages = {.per_second = 0};
    adjust(one);
    EXPECT_GE(all.connection.max_message_bytes, one.connection.max_message_bytes);
    EXPECT_GE(all.sending.max_queue_bytes, one.sending.max_queue_bytes);
    EXPECT_GE(all.rates.messages.per_second, one.rates.messages.per_second);
    EXPECT_GE(all.rates.messages.burst, one.rates.messages.burst);
  }
}

class GalleryTest : public ::testing::Test {
 protected:
  GalleryTest() {
    weft::ServerOptions options;
    Gallery::Adjust(options);
    gallery_ = std::make_unique<Gallery>(options);
    weft::Router router;
    gallery_->AddTo(router);
    EXPECT_TRUE(router.status().ok()) << router.status();
    auto server = weft::Server::Listen(options, router);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    work_ = gallery_->Start(*server_);
    loop_ = std::thread([this] { EXPECT_TRUE(server_->Run().ok()); });
  }

  ~GalleryTest() override {
    server_->Shutdown();
    loop_.join();
  }

  // The head of the response.
  std::string Get(absl::string_view path) {
    TestClient client(server_->address());
    client.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    return client.ReadHead();
  }

  std::unique_ptr<weft::Client> Connect(absl::string_view path) {
    auto client = weft::Client::Connect(absl::StrCat("ws://", server_->address().ToString(), path));
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  // The next message, or why there is none.
  static std::string Receive(weft::Client& client) {
    const auto message = client.Receive(absl::Minutes(1));
    return message.ok() ? std::string(message->payload) : message.status().ToString();
  }

  std::unique_ptr<Gallery> gallery_;
  std::unique_ptr<weft::Server> server_;
  std::shared_ptr<void> work_;  // ends before the server
  std::thread loop_;
};

TEST_F(GalleryTest, EachExampleHasItsPageUnderItsName) {
  for (const char* path : {"/", "/echo/", "/chat/", "/cursors/", "/world/", "/inspect/"}) {
    EXPECT_THAT(Get(path), StartsWith("HTTP/1.1 200 ")) << path;
    EXPECT_THAT(Get(absl::StrCat(path, "theme.css")), StartsWith("HTTP/1.1 200 ")) << path;
  }
  EXPECT_THAT(Get("/nothing"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(GalleryTest, SourcesAreShownAsText) {
  for (const char* path : {"examples/echo/echo.cc", "course/03_frames/README.md"}) {
    const std::string head = Get(absl::StrCat("/source/", path));
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 ")) << path;
    EXPECT_THAT(head, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n")) << path;
  }
  EXPECT_THAT(Get("/source/README.md"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(GalleryTest, APathWithoutItsSlashLeadsToThePage) {
  const std::string head = Get("/chat");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 308 "));
  EXPECT_THAT(head, HasSubstr("Location: chat/\r\n"));
}

TEST_F(GalleryTest, EachExampleHasItsEndpoint) {
  const auto echo = Connect("/echo/");
  ASSERT_TRUE(echo->SendText("Hello").ok());
  EXPECT_EQ(Receive(*echo), "Hello");
  const auto inspect = Connect("/inspect/wire");
  EXPECT_THAT(Receive(*inspect), HasSubstr(R"("type":"hello")"));
  EXPECT_THAT(Receive(*Connect("/cursors/")), StartsWith("\1"));
  EXPECT_THAT(Receive(*Connect("/world/")), StartsWith("\1"));
}

TEST_F(GalleryTest, AWatcherIsGreetedWithTheAddressesForOthers) {
  EXPECT_EQ(Receive(*Connect("/gallery")), R"({"type":"hello","urls":[]})");
}

TEST_F(GalleryTest, AWatcherGetsWhatItWantsToWatch) {
  const auto watcher = Connect("/gallery");
  Receive(*watcher);
  ASSERT_TRUE(watcher->SendText("world").ok());
  EXPECT_EQ(Receive(*watcher)[0], 2);
  ASSERT_TRUE(watcher->SendText("cursors").ok());
  std::string next = Receive(*watcher);
  while (next[0] == 2) next = Receive(*watcher);  // on its way before
  EXPECT_EQ(next, std::string("\1\0\0", 3)) << "the watcher has no cursor";
}

TEST_F(GalleryTest, AWatcherSeesTheLastLinesOfTheChatAndIsNotInTheRoom) {
  const auto member = Connect("/chat/");
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(member->SendText(absl::StrCat("line ", i)).ok());
    EXPECT_EQ(Receive(*member), absl::StrCat("line ", i));
  }
  const auto watcher = Connect("/gallery");
  Receive(*watcher);
  ASSERT_TRUE(watcher->SendText("chat").ok());
  const auto next = [&watcher] {  // without the lists of people, which come at any time
    std::string message = Receive(*watcher);
    while (message.find(R"("type":"people")") != std::string::npos) {
      EXPECT_EQ(message.find("guest 2"), std::string::npos) << "the watcher is a guest";
      message = Receive(*watcher);
    }
    return message;
  };
  // The topic of pages may get the last line after its author has it.
  const std::string first = next();
  const int from = first.find("line 1") != std::string::npos ? 1 : 2;
  EXPECT_THAT(first, HasSubstr(absl::StrCat("line ", from)));
  for (int i = from + 1; i < 6; ++i) EXPECT_THAT(next(), HasSubstr(absl::StrCat("line ", i)));
  ASSERT_TRUE(member->SendText("and a new one").ok());
  EXPECT_THAT(next(), HasSubstr("and a new one"));
}

TEST_F(GalleryTest, AnUnknownWordEndsTheWatcher) {
  const auto watcher = Connect("/gallery");
  Receive(*watcher);
  ASSERT_TRUE(watcher->SendText("chat weather").ok());
  std::string last = Receive(*watcher);
  while (last.find("people") != std::string::npos) last = Receive(*watcher);
  EXPECT_THAT(last, HasSubstr("1008"));
  EXPECT_THAT(last, HasSubstr("nothing is called"));
}

TEST_F(GalleryTest, AListThatIsLongerThanAllWordsEndsTheWatcher) {
  const auto watcher = Connect("/gallery");
  Receive(*watcher);
  ASSERT_TRUE(watcher->SendText(std::string(65, ' ')).ok());
  EXPECT_THAT(Receive(*watcher), HasSubstr("1009"));
}

}  // namespace
}  // namespace examples
