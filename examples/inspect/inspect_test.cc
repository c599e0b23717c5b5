// The page and its endpoint under a prefix.

#include "examples/inspect/inspect.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace examples {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(InspectTest, ThePageAndItsEndpointAreUnderThePrefix) {
  weft::ServerOptions options;
  Inspect::Adjust(options);
  const Inspect inspect(options.connection.compression);
  weft::Router router;
  inspect.AddTo(router, "/inspect");
  auto server = weft::Server::Start(std::move(options), router);
  ASSERT_TRUE(server.ok()) << server.status();

  weft::testing::TestClient browser((*server)->address());
  browser.Send("GET /inspect/main.mjs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(browser.ReadToEnd(), StartsWith("HTTP/1.1 200 "));

  weft::testing::TestClient exporter((*server)->address());
  exporter.Send("GET /inspect/tap.pcapng HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(exporter.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("there is no tap")));

  const std::string address = (*server)->address().ToString();
  auto page = weft::Client::Connect(absl::StrCat("ws://", address, "/inspect/wire"));
  ASSERT_TRUE(page.ok()) << page.status();
  const absl::StatusOr<weft::Message> hello = (*page)->Receive(absl::Minutes(1));
  ASSERT_TRUE(hello.ok()) << hello.status();
  EXPECT_THAT(hello->payload, HasSubstr("GET /inspect/wire HTTP/1.1"));
}

}  // namespace
}  // namespace examples
