#include "examples/cursors/cursors.h"

#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/cursors/messages.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"

namespace weft::cursors {
namespace {

TEST(CursorsTest, OneRouterServesTwoRooms) {
  Cursors first, second;
  Router router;
  first.AddTo(router, "");
  second.AddTo(router, "/second");
  ASSERT_TRUE(router.status().ok()) << router.status();
  const auto server = Server::Start({}, router);
  ASSERT_TRUE(server.ok()) << server.status();
  for (const char* path : {"/", "/second/"}) {
    const auto client =
        Client::Connect(absl::StrCat("ws://", (*server)->address().ToString(), path));
    ASSERT_TRUE(client.ok()) << client.status();
    const auto message = (*client)->Receive(absl::Minutes(1));
    ASSERT_TRUE(message.ok()) << message.status();
    const auto welcome = DecodeServerMessage(message->payload);
    ASSERT_TRUE(welcome.ok()) << welcome.status();
    EXPECT_EQ(std::get<Welcome>(*welcome).own, 1) << "not the first of its room";
    for (const char* file : {"", "main.mjs", "cursors.css"}) {
      const std::string target = absl::StrCat(path, file);
      PageRequest request;
      request.method = "GET";
      request.target = target;
      EXPECT_TRUE(router.pages()(request).ok()) << target;
    }
  }
}

TEST(CursorsTest, AnObserverSeesTheCursorsAndIsNone) {
  Cursors cursors;
  Router router;
  cursors.AddTo(router, "");
  const auto server = Server::Start({}, router);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto client = Client::Connect(absl::StrCat("ws://", (*server)->address().ToString()));
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE((*client)->SendBinary(Encode(Move{.place = {100, 200}})).ok());
  const auto is_seen = [&cursors] {
    const std::vector<Change> all = cursors.Look();
    EXPECT_LE(all.size(), 1u) << "bots, who come to one that is alone, do not count";
    return !all.empty() && all[0].place == Place{100, 200} && !all[0].name.has_value();
  };
  while (!is_seen()) std::this_thread::yield();
}

}  // namespace
}  // namespace weft::cursors
