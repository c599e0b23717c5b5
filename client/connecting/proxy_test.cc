#include "weft/client/connecting/proxy.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// "http://host:port user password", or the error's message.
std::string Parse(absl::string_view text) {
  const absl::StatusOr<Proxy> proxy = ParseProxy(text);
  if (!proxy.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(proxy.status()));
    return std::string(proxy.status().message());
  }
  std::string result = proxy->ToString();
  if (proxy->credentials.has_value()) {
    absl::StrAppend(&result, " ", proxy->credentials->user, " ", proxy->credentials->password);
  }
  return result;
}

TEST(ProxyTest, Kinds) {
  EXPECT_EQ(Parse("http://proxy.example:3128"), "http://proxy.example:3128");
  EXPECT_EQ(Parse("socks5://127.0.0.1:1081"), "socks5://127.0.0.1:1081");
  EXPECT_EQ(Parse("Socks5H://h:1"), "socks5://h:1");
  EXPECT_EQ(Parse("socks://h:1/"), "socks5://h:1");  // as in GNOME's settings
  EXPECT_EQ(Parse("socks://joe:secret@h"), "socks5://h:1080 joe secret");
  EXPECT_EQ(Parse("proxy.example:3128"), "http://proxy.example:3128");
  EXPECT_EQ(Parse("https://proxy.example:3128"), "https://proxy.example:3128");
  EXPECT_EQ(Parse("SOCKS5S://joe:secret@h:1"), "socks5s://h:1 joe secret");
}

TEST(ProxyTest, WhichOfThemUseTls) {
  for (const char* text : {"http://h", "h", "socks5://h", "socks5h://h", "socks://h"}) {
    EXPECT_FALSE(ParseProxy(text)->tls) << text;
  }
  for (const char* text : {"https://h", "socks5s://h"}) EXPECT_TRUE(ParseProxy(text)->tls) << text;
}

TEST(ProxyTest, PortsHaveDefaults) {
  EXPECT_EQ(Parse("http://h"), "http://h:80");
  EXPECT_EQ(Parse("h"), "http://h:80");
  EXPECT_EQ(Parse("socks5://[::1]"), "socks5://[::1]:1080");
  EXPECT_EQ(Parse("https://h"), "https://h:443");
  EXPECT_EQ(Parse("socks5s://h"), "socks5s://h:1080");
}

TEST(ProxyTest, Credentials) {
  EXPECT_EQ(Parse("http://joe:secret@h:1/"), "http://h:1 joe secret");
  EXPECT_EQ(Parse("joe:secret@h:1"), "http://h:1 joe secret");
  EXPECT_EQ(Parse("socks5://joe@h:1"), "socks5://h:1 joe ");
  EXPECT_EQ(Parse("http://j%40e:s%3Ac%25@h:1"), "http://h:1 j@e s:c%");
  EXPECT_EQ(Parse("http://joe:a:b@c/d#e@h:1"), "http://h:1 joe a:b@c/d#e");
  EXPECT_EQ(Parse("http://:secret@h:1"), "http://h:1  secret");
}

TEST(ProxyTest, OtherSchemesAreNamed) {
  EXPECT_EQ(Parse("ftp://h:1"),
            "the proxy's scheme \"ftp\" is not http, https, socks5, socks5h or socks5s");
  for (const char* scheme : {"socks4", "SOCKS4a"}) {
    EXPECT_EQ(Parse(absl::StrCat(scheme, "://h:1")),
              absl::StrCat("the proxy's scheme \"", scheme,
                           "\" is not supported: the only version of SOCKS is socks5"));
  }
  EXPECT_THAT(Parse("socks6://h:1"), HasSubstr("\"socks6\" is not http, https, socks5, "));
  EXPECT_THAT(Parse("://h:1"), HasSubstr("\"\""));
}

TEST(ProxyTest, WhatIsNoProxyIsRefused) {
  EXPECT_THAT(Parse(""), HasSubstr("the host is missing"));
  EXPECT_THAT(Parse("http://"), HasSubstr("the host is missing"));
  EXPECT_THAT(Parse("http://h:1/path"), HasSubstr("in the proxy's URL "));
  EXPECT_THAT(Parse("http://h:1?x"), HasSubstr("in the proxy's URL "));
  EXPECT_THAT(Parse("http://h:65536"), HasSubstr("\"65536\""));
  EXPECT_THAT(Parse("http://h\r\nX:1"), HasSubstr("\\r\\n"));
}

TEST(ProxyTest, ErrorsDoNotShowThePassword) {
  for (const char* text : {"ftp://joe:secret@h", "https://joe:secret%@h", "http://joe:secret%@h",
                           "http://joe:secret@", "joe:secret://x@h:x", "http://joe:secret@h:x"}) {
    EXPECT_THAT(Parse(text), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace weft
