#include "examples/inspect/forward.h"

#include <string>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace examples {
namespace {

using ::testing::HasSubstr;

weft::ServerOptions At8080() {
  weft::ServerOptions options;
  options.port = 8080;
  return options;
}

std::string ErrorOf(absl::string_view url, const weft::ServerOptions& server = At8080()) {
  return std::string(ParseForward(url, 8081, server).status().message());
}

TEST(ForwardTest, AUrlIsWhereToAndWhatToAskFor) {
  const absl::StatusOr<Forward> forward =
      ParseForward("ws://example.com:9000/chat?a=1", 8081, At8080());
  ASSERT_TRUE(forward.ok()) << forward.status();
  EXPECT_EQ(forward->tap.host, "example.com");
  EXPECT_EQ(forward->tap.port, 9000);
  EXPECT_EQ(forward->tap.listen.ToString(), "127.0.0.1:8081");
  EXPECT_EQ(forward->resource, "/chat?a=1");
}

TEST(ForwardTest, WhatCannotBeTapped) {
  EXPECT_THAT(ErrorOf("http://a"), HasSubstr("--forward: "));
  EXPECT_EQ(
      ErrorOf("wss://a"),
      "--forward: wss:// is encrypted, so the tap cannot read it: use the server's ws:// URL");
  EXPECT_EQ(ErrorOf("ws+unix:///run/a.sock"), "--forward: the tap forwards only to TCP");
  for (const char* self : {"ws://127.0.0.1:8080", "ws://localhost:8080/wire"}) {
    EXPECT_THAT(ErrorOf(self), HasSubstr("port 8080 is this server's own")) << self;
  }
  weft::ServerOptions unix_server;
  unix_server.address = "unix:/run/inspect.sock";
  EXPECT_THAT(ErrorOf("ws://a", unix_server), HasSubstr("the tap requires an IP address"));
}

}  // namespace
}  // namespace examples
