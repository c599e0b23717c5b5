#include "weft/client/connecting/proxy_choice.h"

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/http/url.h"

namespace weft {
namespace {

using Environment = std::map<std::string, std::string>;

// The proxy, "direct", or the error's message.
std::string Choose(absl::string_view url, absl::string_view option,
                   const Environment& environment) {
  const absl::StatusOr<std::optional<Proxy>> proxy =
      ChooseProxy(*ParseUrl(url), option, [&](const char* name) -> const char* {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      });
  if (!proxy.ok()) return std::string(proxy.status().message());
  return proxy->has_value() ? (*proxy)->ToString() : "direct";
}

const Environment& All() {
  static const auto* const all = new Environment{{"http_proxy", "http://plain:1"},
                                                 {"https_proxy", "http://secure:2"},
                                                 {"all_proxy", "socks5://all:3"},
                                                 {"no_proxy", "exempt.example"}};
  return *all;
}

TEST(ProxyChoiceTest, FromTheEnvironment) {
  EXPECT_EQ(Choose("ws://example.com", "", All()), "http://plain:1");
  EXPECT_EQ(Choose("wss://example.com", "", All()), "http://secure:2");
  EXPECT_EQ(Choose("ws://a.exempt.example", "", All()), "direct");
  EXPECT_EQ(Choose("wss://exempt.example", "", All()), "direct");
  EXPECT_EQ(Choose("ws://example.com", "", {{"all_proxy", "socks5://all:3"}}), "socks5://all:3");
  EXPECT_EQ(Choose("wss://example.com", "", {{"all_proxy", "socks5://all:3"}}), "socks5://all:3");
  EXPECT_EQ(Choose("wss://example.com", "", {}), "direct");
}

TEST(ProxyChoiceTest, InCapitals) {
  const Environment capitals = {{"HTTPS_PROXY", "http://secure:2"}, {"NO_PROXY", "exempt.example"}};
  EXPECT_EQ(Choose("wss://example.com", "", capitals), "http://secure:2");
  EXPECT_EQ(Choose("wss://exempt.example", "", capitals), "direct");
  EXPECT_EQ(Choose("ws://example.com", "", {{"ALL_PROXY", "http://all:3"}}), "http://all:3");
  EXPECT_EQ(Choose("wss://x", "", {{"https_proxy", "http://a"}, {"HTTPS_PROXY", "http://b"}}),
            "http://a:80");
}

// "httpoxy", CVE-2016-5385.
TEST(ProxyChoiceTest, HttpProxyInCapitalsIsAStrangersHeader) {
  EXPECT_EQ(Choose("ws://example.com", "", {{"HTTP_PROXY", "http://evil:1"}}), "direct");
}

TEST(ProxyChoiceTest, AnEmptyVariableIsNone) {
  EXPECT_EQ(Choose("wss://x", "", {{"https_proxy", ""}, {"HTTPS_PROXY", "http://b"}}),
            "http://b:80");
  EXPECT_EQ(Choose("wss://x", "", {{"https_proxy", ""}}), "direct");
}

TEST(ProxyChoiceTest, TheEnvironmentsIsNotForThisMachine) {
  for (const char* url :
       {"ws://localhost", "wss://a.LocalHost.", "wss://127.0.0.1", "ws://[::1]:8080"}) {
    EXPECT_EQ(Choose(url, "", All()), "direct");
  }
}

// The interface is this machine's: no proxy can use it.
TEST(ProxyChoiceTest, NoneIsForAnAddressWithAZone) {
  EXPECT_EQ(Choose("ws://[fe80::1%25eth0]/", "", All()), "direct");
  EXPECT_EQ(Choose("ws://[fe80::1%25eth0]/", "socks5://mine:4", All()), "direct");
}

TEST(ProxyChoiceTest, AsDesktopsSetIt) {
  EXPECT_EQ(Choose("ws://example.com", "", {{"ALL_PROXY", "socks://h:1080/"}}), "socks5://h:1080");
}

TEST(ProxyChoiceTest, TheOptionsIsForAll) {
  for (const char* url : {"ws://localhost", "wss://example.com", "ws://exempt.example"}) {
    EXPECT_EQ(Choose(url, "socks5://mine:4", All()), "socks5://mine:4");
    EXPECT_EQ(Choose(url, "direct", All()), "direct");
  }
}

TEST(ProxyChoiceTest, UnixSocketsNeedNone) {
  EXPECT_EQ(Choose("ws+unix:///run/s", "", All()), "direct");
  EXPECT_EQ(Choose("ws+unix:///run/s", "http://mine:4", All()), "direct");
}

TEST(ProxyChoiceTest, ErrorsSayWhereItStands) {
  EXPECT_EQ(
      Choose("ws://x", "ftp://joe:secret@h", {}),
      "ClientOptions::proxy: the proxy's scheme \"ftp\" is not http, https, socks5, socks5h or "
      "socks5s");
  EXPECT_EQ(Choose("wss://x", "", {{"https_proxy", "gopher://h"}}),
            "the environment's https_proxy: the proxy's scheme \"gopher\" is not http, https, "
            "socks5, socks5h or socks5s");
}

}  // namespace
}  // namespace weft
