#include "examples/inspect/forward.h"

#include <string>
#include <utility>
#include <vector>

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

absl::StatusOr<Forward> Parse(std::vector<std::string> urls,
                              const weft::ServerOptions& server = At8080()) {
  return ParseForward({.forward = std::move(urls), .tap_port = 8081}, server);
}

std::string RefusalOf(const std::string& url, const weft::ServerOptions& server = At8080()) {
  return std::string(Parse({url}, server).status().message());
}

TEST(ForwardTest, UrlsAreWhereToAndTheFirstIsWhatToAskFor) {
  const absl::StatusOr<Forward> forward =
      Parse({"ws://example.com:9000/chat?a=1", "wss://example.com/other"});
  ASSERT_TRUE(forward.ok()) << forward.status();
  const std::vector<TapTarget>& targets = forward->tap.rules.targets;
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].url(), "ws://example.com:9000/");
  EXPECT_EQ(targets[1].url(), "wss://example.com/");
  EXPECT_EQ(forward->tap.listen.ToString(), "127.0.0.1:8081");
  EXPECT_EQ(forward->resource, "/chat?a=1");
  EXPECT_EQ(forward->tap.client_tls, nullptr);
}

TEST(ForwardTest, TheRulesAreThoseOfTheServer) {
  weft::ServerOptions server = At8080();
  server.http.allowed_origins = {"https://a.example"};
  server.http.allowed_hosts = {"tap.example"};
  const absl::StatusOr<Forward> forward = Parse({"ws://a"}, server);
  ASSERT_TRUE(forward.ok()) << forward.status();
  EXPECT_EQ(forward->tap.rules.allowed_origins, server.http.allowed_origins);
  EXPECT_EQ(forward->tap.rules.allowed_hosts, server.http.allowed_hosts);
  EXPECT_TRUE(forward->tap.rules.on_loopback);
  server.address = "0.0.0.0";
  EXPECT_FALSE(Parse({"ws://a"}, server)->tap.rules.on_loopback);
}

TEST(ForwardTest, WhatCannotBeTapped) {
  EXPECT_THAT(RefusalOf("http://a"), HasSubstr("--forward: "));
  EXPECT_EQ(RefusalOf("ws+unix:///run/a.sock"), "--forward: the tap forwards only to TCP");
  for (const char* self : {"ws://127.0.0.1:8080", "ws://localhost:8080/wire"}) {
    EXPECT_THAT(RefusalOf(self), HasSubstr("port 8080 is this server's own")) << self;
  }
  weft::ServerOptions unix_server;
  unix_server.address = "unix:/run/inspect.sock";
  EXPECT_THAT(RefusalOf("ws://a", unix_server), HasSubstr("the tap requires an IP address"));
}

TEST(ForwardTest, CertificatesAreCheckedAtTheStart) {
  const auto refusal = [](TapFlags flags) {
    return std::string(ParseForward(flags, At8080()).status().message());
  };
  EXPECT_EQ(refusal({.forward = {"ws://a"}, .ca = "ca.pem"}), "--ca: no --forward is wss://");
  EXPECT_THAT(refusal({.forward = {"wss://a"}, .ca = "/none.pem"}), HasSubstr("--ca: "));
  EXPECT_EQ(refusal({.forward = {"ws://a"}, .cert = "cert.pem"}),
            "--cert, --key: one needs the other");
  EXPECT_THAT(refusal({.forward = {"ws://a"}, .cert = "/none.pem", .key = "/none.key"}),
              HasSubstr("--cert, --key: "));
}

}  // namespace
}  // namespace examples
