#include "examples/inspect/late_page.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/server/http/page.h"
#include "weft/server/router.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace examples {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using weft::testing::TestClient;

void Get(TestClient& client, absl::string_view path) {
  client.Send(
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
}

TEST(LatePageTest, TheLoopServesOthersMeanwhile) {
  std::promise<void> started, end;
  const LatePage late([&, makes = 0]() mutable {
    if (++makes == 1) {
      started.set_value();
      end.get_future().wait();
    }
    return weft::Page("text/plain", absl::StrCat("made ", makes));
  });
  weft::Router router;
  router.Get("/late", late.pages()).Get("/", [](const weft::PageRequest&) {
    return weft::Page("text/plain", "at once");
  });
  auto server = weft::Server::Start({.threads = 1}, router);
  ASSERT_TRUE(server.ok()) << server.status();

  TestClient first((*server)->address()), second((*server)->address());
  Get(first, "/late");
  started.get_future().wait();
  Get(second, "/late");
  // Their loop has read the second's request when it answers this one, or in the same turn.
  TestClient other((*server)->address());
  Get(other, "/");
  EXPECT_THAT(other.ReadToEnd(), HasSubstr("at once"));
  TestClient third((*server)->address());
  Get(third, "/late");
  EXPECT_THAT(third.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("others wait for this file")));

  end.set_value();
  EXPECT_THAT(first.ReadToEnd(), HasSubstr("made 1"));
  EXPECT_THAT(second.ReadToEnd(), HasSubstr("made 2"));
}

}  // namespace
}  // namespace examples
