// TLS inside of TLS: with a server, through a proxy that is itself reached with TLS.

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;
using testing::Transfer;

// A pair whose outer handshake is done, and whose inner one has been started with this certificate.
class TlsInnerTest : public ::testing::Test {
 protected:
  void StartBoth(const char* identity = "server") {
    ASSERT_TRUE(pair_.Start(*client_, *outer_).ok());
    pair_.Handshake();
    ASSERT_TRUE(pair_.client_status.ok()) << pair_.client_status;
    const auto inner = TestTlsServer({.identities = {TestIdentity(identity)}});
    ASSERT_TRUE(pair_.server.StartInnerTlsServer(*inner).ok());
    ASSERT_TRUE(pair_.client.StartInnerTlsClient(*client_, "localhost").ok());
  }

  const std::shared_ptr<TlsContext> client_ = TestTlsClient(), outer_ = TestTlsServer();
  TlsPair pair_;
};

TEST_F(TlsInnerTest, MovesBytesBothWays) {
  StartBoth();
  pair_.Handshake();
  ASSERT_TRUE(pair_.client_status.ok()) << pair_.client_status;
  for (const size_t size : {size_t{1}, size_t{100}, size_t{70000}, size_t{3} << 20}) {
    std::string data(size, 'x');
    for (size_t i = 0; i < size; i += 7) data[i] = static_cast<char>(i);
    EXPECT_EQ(Transfer(pair_.client, pair_.server, data), data);
    EXPECT_EQ(Transfer(pair_.server, pair_.client, data), data);
  }
}

// A reader that reads once whenever the socket is readable, and again if there is `more`, gets all:
// neither session keeps bytes that the socket does not announce.
TEST_F(TlsInnerTest, AReadSaysWhenThereIsMore) {
  for (const size_t size : {size_t{1}, size_t{1000}, size_t{200} << 10}) {
    pair_ = TlsPair();
    StartBoth();
    pair_.Handshake();
    const std::string data(50000, 'x');
    EXPECT_EQ(pair_.server.Write(data).bytes, data.size());
    std::string buffer(size, 0);
    for (size_t received = 0; received < data.size();) {
      ASSERT_TRUE(Wait(pair_.client.fd(), Interest::kRead, Deadline::After(absl::Seconds(20))).ok())
          << received;
      IoResult result;
      do {
        result = pair_.client.Read(absl::MakeSpan(buffer));
        ASSERT_TRUE(result.ok() || result.status == IoStatus::kWouldBlock);
        received += result.bytes;
      } while (result.ok() && result.more);
    }
  }
}

// The session outside then holds a record of the one inside, which the socket does not announce.
TEST_F(TlsInnerTest, AReadSaysWhenTheProxyHasJoinedRecords) {
  ASSERT_TRUE(pair_.Start(*client_, *outer_).ok());
  pair_.Handshake();
  Stream &client = pair_.client, &proxy = pair_.server;
  TlsPair behind;  // of the proxy and the server
  Stream& server = behind.server;
  const auto inner = TestTlsServer();
  ASSERT_TRUE(server.StartTlsServer(*inner).ok());
  ASSERT_TRUE(client.StartInnerTlsClient(*client_, "localhost").ok());
  const auto relay = [](Stream& from, Stream& to) {
    char buffer[16000];
    const size_t size = from.Read(absl::MakeSpan(buffer)).bytes;
    if (size == 0) return;
    EXPECT_EQ(to.Write({buffer, size}).bytes, size);
  };
  for (bool client_done = false, server_done = false; !client_done || !server_done;) {
    client_done = client.Handshake().ok();
    relay(proxy, behind.client);
    server_done = server.Handshake().ok();
    relay(behind.client, proxy);
  }
  EXPECT_EQ(server.Write("a").bytes, 1u);
  EXPECT_EQ(server.Write("b").bytes, 1u);
  relay(behind.client, proxy);
  for (const char expected : {'a', 'b'}) {
    char byte = 0;
    const IoResult result = client.Read(absl::MakeSpan(&byte, 1));
    EXPECT_EQ(byte, expected);
    EXPECT_TRUE(result.more || expected == 'b');
  }
}

TEST_F(TlsInnerTest, TheCertificateIsTheServersAndNotTheProxys) {
  StartBoth("other_host");
  pair_.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair_.client_status)) << pair_.client_status;
}

// The reason of the failure is known before the alert is sent, by the session outside.
TEST_F(TlsInnerTest, AMissingCertificateOfTheClientIsNamed) {
  ASSERT_TRUE(pair_.Start(*client_, *outer_).ok());
  pair_.Handshake();
  const auto inner = TestTlsServer({.identities = {TestIdentity("server")},
                                    .client_certificates = ClientCertificates::kRequired,
                                    .client_ca_file = testing::TestCaFile("ca.pem")});
  ASSERT_TRUE(pair_.server.StartInnerTlsServer(*inner).ok());
  ASSERT_TRUE(pair_.client.StartInnerTlsClient(*client_, "localhost").ok());
  pair_.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair_.server_status)) << pair_.server_status;
  EXPECT_THAT(std::string(pair_.server_status.message()), HasSubstr("has no certificate"));
}

TEST_F(TlsInnerTest, EndsProperly) {
  StartBoth();
  pair_.Handshake();
  EXPECT_TRUE(pair_.server.ShutdownWrite().ok());
  char byte;
  EXPECT_EQ(pair_.client.Read(absl::MakeSpan(&byte, 1)).status, IoStatus::kEof);
}

TEST_F(TlsInnerTest, AnEndWithoutCloseNotifyIsAnError) {
  StartBoth();
  pair_.Handshake();
  pair_.server.Close();
  char byte;
  const IoResult result = pair_.client.Read(absl::MakeSpan(&byte, 1));
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_THAT(std::string(pair_.client.Error(result).message()), HasSubstr("without"));
}

TEST_F(TlsInnerTest, NeedsTlsAroundItAndIsTheLast) {
  EXPECT_TRUE(absl::IsFailedPrecondition(pair_.client.StartInnerTlsClient(*client_, "localhost")));
  StartBoth();
  pair_.Handshake();
  EXPECT_TRUE(absl::IsFailedPrecondition(pair_.client.StartInnerTlsClient(*client_, "localhost")));
}

}  // namespace
}  // namespace weft
