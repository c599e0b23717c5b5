// Our client against our server.

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;
using testing::Transfer;

std::string Pattern(size_t size) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 + (i >> 8));
  return data;
}

TEST(TlsStreamTest, HandshakesAndMovesBytesBothWays) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  ASSERT_TRUE(pair.client_status.ok()) << pair.client_status;
  ASSERT_TRUE(pair.server_status.ok()) << pair.server_status;
  for (size_t size : {1, 1000, 16384, 16385, 65536, 1000000}) {
    const std::string data = Pattern(size);
    EXPECT_TRUE(Transfer(pair.client, pair.server, data) == data) << size;
    EXPECT_TRUE(Transfer(pair.server, pair.client, data) == data) << size;
  }
}

TEST(TlsStreamTest, TheSecondConnectionResumesTheFirst) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  for (bool again : {false, true, true}) {
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server).ok());
    pair.Handshake();
    EXPECT_EQ(Transfer(pair.server, pair.client, "hello"), "hello");
    EXPECT_EQ(pair.client.resumed(), again);
    EXPECT_EQ(pair.server.resumed(), again);
  }
}

struct Refusal {
  std::string name;
  std::string certificate;
  std::string host;
  std::string error;
};

class TlsRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(TlsRefusalTest, NamesWhatIsWrong) {
  const auto client = TestTlsClient(),
             server = TestTlsServer({.identities = {TestIdentity(GetParam().certificate)}});
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server, GetParam().host).ok());
  pair.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair.client_status));
  EXPECT_EQ(std::string(pair.client_status.message()), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, TlsRefusalTest,
    ::testing::Values(
        Refusal{"WrongHost", "server", "other.example",
                "the server's certificate (CN=localhost) is for localhost, 127.0.0.1 and ::1, not "
                "for other.example"},
        Refusal{"WrongIp", "server", "127.0.0.2",
                "the server's certificate (CN=localhost) is for localhost, 127.0.0.1 and ::1, not "
                "for 127.0.0.2"},
        Refusal{"Expired", "expired", "localhost",
                "the server's certificate (CN=localhost) expired on Jan  1 00:00:00 2010 GMT"},
        Refusal{"NotYetValid", "not_yet_valid", "localhost",
                "the server's certificate (CN=localhost) is not valid before Jan  1 00:00:00 2090 "
                "GMT"},
        Refusal{"SelfSigned", "self_signed", "localhost",
                "the server's certificate (CN=localhost) is self-signed, and is not among those "
                "that are trusted"},
        Refusal{"UnknownCa", "unknown", "localhost",
                "the server's certificate (CN=localhost) was issued by CN=Unknown Test CA, which "
                "is not among those that are trusted"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weft
