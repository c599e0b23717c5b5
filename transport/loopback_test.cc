#include "weft/transport/loopback.h"

#include <string>

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(LoopbackTest, Names) {
  for (const char* host :
       {"localhost", "localhost.", "LocalHost", "a.localhost", "a.b.LOCALHOST."}) {
    EXPECT_TRUE(IsLoopbackName(host)) << host;
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host :
       {"", ".", "localhost..", ".localhost", "a..localhost", "..localhost", "notlocalhost",
        "localhost.example", "localhost.localdomain", "localhost:80", "[localhost]", "local"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(LoopbackTest, Addresses) {
  for (const char* host :
       {"127.0.0.1", "127.1.2.3", "127.255.255.255", "::1", "[::1]", "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1", "[::FFFF:127.9.9.9]", "::ffff:7f00:1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
    EXPECT_FALSE(IsLoopbackName(host)) << host;
  }
  for (const char* host : {"128.0.0.1", "126.255.255.255", "0.0.0.0", "127.1", "127.0.0.1.",
                           "[127.0.0.1]", "::", "::2", "::127.0.0.1", "::ffff:128.0.0.1", "[::1",
                           "::1]", "[]", "fe80::1", "::1:80"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(LoopbackTest, TextThatIsNotAHost) {
  EXPECT_FALSE(IsLoopbackHost(absl::string_view("127.0.0.1\0.example", 18)));
  EXPECT_FALSE(IsLoopbackHost(std::string(1000, '1')));
}

}  // namespace
}  // namespace weft
