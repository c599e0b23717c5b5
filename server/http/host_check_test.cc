#include "weft/server/http/host_check.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"

namespace weft {
namespace {

bool Passes(absl::string_view host, bool on_loopback, const std::vector<std::string>& allowed) {
  const absl::Status status = CheckHost(host, on_loopback, allowed);
  EXPECT_TRUE(status.ok() || HttpStatusOf(status) == 421) << status;
  return status.ok();
}

TEST(HostCheckTest, R20_ALoopbackEndpointAnswersForLoopbackHostsOnly) {
  for (const absl::string_view host :
       {"localhost", "LOCALHOST:8080", "localhost.", "app.localhost:80", "127.0.0.1:8080",
        "127.1.2.3", "[::1]", "[::1]:8080", "[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(Passes(host, true, {})) << host;
  }
  for (const absl::string_view host :
       {"attacker.example", "attacker.example:8080", "localhost.attacker.example", "notlocalhost",
        "128.0.0.1", "0.0.0.0", "[::2]", "192.168.1.1:8080"}) {
    EXPECT_FALSE(Passes(host, true, {})) << host;
    EXPECT_TRUE(Passes(host, false, {})) << host;
  }
}

TEST(HostCheckTest, R20_AListIsAllThatIsAnsweredFor) {
  const std::vector<std::string> allowed = {"Example.com", "10.0.0.1", "[2001:db8::1]"};
  for (const bool on_loopback : {false, true}) {
    for (const absl::string_view host :
         {"example.com", "EXAMPLE.COM:8443", "example.com.", "10.0.0.1:80", "[2001:DB8::1]:8080"}) {
      EXPECT_TRUE(Passes(host, on_loopback, allowed)) << host;
    }
    for (const absl::string_view host : {"www.example.com", "example.com.attacker.example",
                                         "localhost", "127.0.0.1", "10.0.0.2", "[2001:db8::2]"}) {
      EXPECT_FALSE(Passes(host, on_loopback, allowed)) << host;
    }
    EXPECT_TRUE(Passes("attacker.example", on_loopback, {"*"}));
  }
}

TEST(HostCheckTest, ARequestThatNamesNoHostPasses) {
  EXPECT_TRUE(Passes("", true, {}));
  EXPECT_TRUE(Passes("", true, {"example.com"}));
}

TEST(HostCheckTest, SaysWhichHostAndWhichOption) {
  EXPECT_EQ(
      CheckHost("attacker.example:8080", true, {}).message(),
      "this server does not answer for the host \"attacker.example:8080\": "
      "ServerOptions::http.allowed_hosts lists those it answers for, by default only loopback "
      "names");
  EXPECT_EQ(
      CheckHost("a", false, {"b"}).message(),
      "this server does not answer for the host \"a\": ServerOptions::http.allowed_hosts lists "
      "those it answers for");
}

TEST(HostCheckTest, AnEntryIsAHostWithoutAPort) {
  EXPECT_TRUE(CheckAllowedHosts({"*", "example.com", "127.0.0.1", "[::1]"}).ok());
  EXPECT_EQ(
      CheckAllowedHosts({"a", "https://b"}).message(),
      "allowed_hosts has \"https://b\", expected a host: the port \"//b\" is not a number from 1 "
      "to 65535");
  EXPECT_EQ(CheckAllowedHosts({"a:8080"}).message(),
            "allowed_hosts has \"a:8080\", expected a host without a port");
  for (const char* entry : {"", "a:", "::1", "*.example.com", "a/b", "a, b"}) {
    EXPECT_FALSE(CheckAllowedHosts({entry}).ok()) << entry;
  }
}

}  // namespace
}  // namespace weft
