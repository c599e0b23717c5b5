#include "weft/client/connecting/no_proxy.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(NoProxyTest, Names) {
  for (const char* list : {"example.com", ".example.com", "*.example.com", "example.com.",
                           "Example.COM", "other.example, example.com", "a b,example.com\tc", "*",
                           "example.com:80", ".example.com:80"}) {
    EXPECT_TRUE(NamedByNoProxy(list, "example.com", 80)) << list;
    EXPECT_TRUE(NamedByNoProxy(list, "example.com.", 80)) << list;
    EXPECT_TRUE(NamedByNoProxy(list, "a.b.example.com", 80)) << list;
  }
  for (const char* list :
       {"", ",", " ", "other.example", "ample.com", "xexample.com", "a.example.com",
        "example.com:81", "example.com:80x", ".", "*.", "1.2.3.4", "0.0.0.0/0", "example.com/8"}) {
    EXPECT_FALSE(NamedByNoProxy(list, "example.com", 80)) << list;
  }
}

TEST(NoProxyTest, ANameEndsAtADot) {
  EXPECT_FALSE(NamedByNoProxy("example.com", "badexample.com", 80));
  EXPECT_FALSE(NamedByNoProxy("com", "example.community", 80));
  EXPECT_TRUE(NamedByNoProxy("com", "example.com", 80));
}

TEST(NoProxyTest, Addresses) {
  for (const char* list : {"10.1.2.3", "10.1.2.3:80", "10.1.2.3/32", "10.0.0.0/8", "10.1.2.0/23",
                           "0.0.0.0/0", "::ffff:10.1.2.3", "*"}) {
    EXPECT_TRUE(NamedByNoProxy(list, "10.1.2.3", 80)) << list;
    EXPECT_TRUE(NamedByNoProxy(list, "::ffff:10.1.2.3", 80)) << list;
  }
  for (const char* list : {"10.1.2.4", "10.1.2.3:81", "10.1.0.0/24", "10.0.0.0/33", "10.0.0.0/-1",
                           "10.0.0.0/", "10.0.0.0/8x", "/8", "2.3", ".2.3", "::/0", "10"}) {
    EXPECT_FALSE(NamedByNoProxy(list, "10.1.2.3", 80)) << list;
  }
}

TEST(NoProxyTest, Ipv6Addresses) {
  for (const char* list : {"2001:db8::1", "[2001:db8::1]", "[2001:DB8::1]:80", "2001:db8:0::0:1",
                           "2001:db8::/32", "2001:db8::/127", "::/0"}) {
    EXPECT_TRUE(NamedByNoProxy(list, "2001:db8::1", 80)) << list;
  }
  for (const char* list : {"2001:db8::2", "[2001:db8::1]:81", "2001:db9::/32", "2001:db8::/129",
                           "0.0.0.0/0", ":", "]:80", ":80"}) {
    EXPECT_FALSE(NamedByNoProxy(list, "2001:db8::1", 80)) << list;
  }
}

}  // namespace
}  // namespace weft
