// wss:// URLs. TLS itself is tested in transport.

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/address.h"
#include "weft/transport/notification.h"
#include "weft/transport/testing/socket_path.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Quiet;
using testing::SocketPath;
using ::testing::StartsWith;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::Text;
using testing::Wss;

// Trusts the test CA.
ClientOptions Trusting() {
  ClientOptions options = Quiet();
  options.tls = TestTlsClient();
  return options;
}

TEST(ClientTls, SendsAndReceives) {
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    peer.AcceptUpgrade(Text("one"));
    EXPECT_EQ(peer.Next(), "text two");
    peer.Write(Text("three"));
    peer.EchoToEnd();
  });
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(Wss(server), Trusting());
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "one");
  EXPECT_TRUE((*client)->SendText("two").ok());
  EXPECT_RECEIVES(*client, "three");
  EXPECT_TRUE((*client)->Close().ok());
}

TEST(ClientTls, OverAUnixSocketTheServerIsLocalhost) {
  const SocketPath socket;
  {
    FakeServer server(*SocketAddress::FromUnixPath(socket.path()), [](FakePeer& peer) {
      peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade(Text("hi"));
      peer.ReadToEnd();
    });
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect(absl::StrCat("wss+unix://", socket.path()), Trusting());
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_RECEIVES(*client, "hi");
  }
}

// The error of Connect() for a server with this certificate, which must see no request.
absl::Status ConnectOverTls(absl::string_view identity, absl::string_view host = "localhost",
                            const ClientOptions& options = Trusting()) {
  std::string request;
  FakeServer server([&](FakePeer& peer) {
    peer.StartTls(*TestTlsServer({.identities = {TestIdentity(identity)}}));
    request = peer.ReadRequest();
  });
  const absl::Status status = Client::Connect(Wss(server, host), options).status();
  server.Join();
  EXPECT_EQ(request, "") << identity;
  EXPECT_THAT(std::string(status.message()),
              StartsWith(absl::StrCat(Wss(server, host), ": no TLS with \"", host, "\": ")));
  return status;
}

TEST(ClientTls, R19_NothingIsSaidToAServerWhoseCertificateIsNotGood) {
  for (const char* identity :
       {"other_host", "wildcard", "expired", "not_yet_valid", "self_signed", "unknown"}) {
    EXPECT_CODE(ConnectOverTls(identity), kUnauthenticated);
  }
  EXPECT_CODE(ConnectOverTls("wildcard", "127.0.0.1"), kUnauthenticated);
}

TEST(ClientTls, R19_ErrorsSayWhatIsWrong) {
  EXPECT_THAT(std::string(ConnectOverTls("other_host").message()),
              AllOf(HasSubstr("other.example"), HasSubstr("not for localhost")));
  EXPECT_THAT(std::string(ConnectOverTls("expired").message()), HasSubstr("expired"));
}

// Without options.tls.
TEST(ClientTls, R19_OnlyTheSystemsRootsAreTrustedByDefault) {
  EXPECT_CODE(ConnectOverTls("server", "localhost", {}), kUnauthenticated);
}

TEST(ClientTls, AServerWithoutTls) {
  FakeServer server([](FakePeer& peer) {
    peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.ReadToEnd();
  });
  const absl::Status status = Client::Connect(Wss(server), Trusting()).status();
  EXPECT_CODE(status, kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              StartsWith(absl::StrCat(Wss(server), ": no TLS with \"127.0.0.1\": ")));
}

TEST(ClientTls, AServerWithTlsOnly) {
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    peer.ReadRequest();
  });
  const absl::Status status = Client::Connect(server.url(), Trusting()).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), StartsWith(server.url()));
}

TEST(ClientTls, AServerThatWantsACertificate) {
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer({.identities = {TestIdentity("server")},
                                  .client_certificates = ClientCertificates::kRequired,
                                  .client_ca_file = testing::TestCaFile("ca.pem")}));
    peer.ReadRequest();
  });
  const absl::Status status = Client::Connect(Wss(server), Trusting()).status();
  EXPECT_CODE(status, kUnauthenticated);
  EXPECT_THAT(std::string(status.message()),
              AllOf(StartsWith(Wss(server)), HasSubstr("certificate")));
}

// ---- The open connection. Its other tests run over TLS as well: see BUILD.bazel ----

// The connection is cut: data that has arrived counts, and the end is an error.
TEST(ClientTls, AStreamThatIsCutOff) {
  for (const size_t size : {0, 1, 4}) {
    FakeServer server([size](FakePeer& peer) {
      peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade(Text("one") + Text("cut off").substr(0, size));
    });
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(Wss(server), Trusting());
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_RECEIVES(*client, "one");
    const absl::Status status = (*client)->Receive().status();
    EXPECT_CODE(status, kUnavailable);
    EXPECT_THAT(std::string(status.message()),
                AllOf(StartsWith("cannot receive from 127.0.0.1:"), HasSubstr("close_notify")));
    EXPECT_EQ((*client)->close_info().code, CloseCode::kAbnormal);
  }
}

// After a Close frame nothing can be missing.
TEST(ClientTls, AStreamThatIsCutOffAfterTheCloseFrame) {
  for (const bool close_here : {true, false}) {
    FakeServer server([close_here](FakePeer& peer) {
      peer.StartTls(*TestTlsServer());
      peer.AcceptUpgrade(close_here ? "" : testing::CloseFrame(CloseCode::kGoingAway));
      EXPECT_THAT(peer.Next(), StartsWith("close"));
      peer.Answer();
    });
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(Wss(server), Trusting());
    ASSERT_TRUE(client.ok()) << client.status();
    if (!close_here) {
      EXPECT_CODE((*client)->Receive().status(), kUnavailable);
    }
    EXPECT_TRUE((*client)->Close().ok());
    EXPECT_EQ((*client)->close_info().code,
              close_here ? CloseCode::kNormal : CloseCode::kGoingAway);
    server.Join();
  }
}

// Both send more than the network between them buffers, and read meanwhile.
TEST(ClientTls, LargeMessagesBothWaysAtOnce) {
  constexpr size_t kSize = 12 << 20;
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    peer.AcceptUpgrade();
    peer.Write(testing::ServerFrame(Opcode::kBinary, std::string(kSize, 's')));
    EXPECT_TRUE(peer.Next() == "binary " + std::string(kSize, 'c'));
    peer.EchoToEnd();
  });
  ClientOptions options = Trusting();
  options.connection.max_message_bytes = kSize;
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(Wss(server), options);
  ASSERT_TRUE(client.ok()) << client.status();
  std::thread sender([&] { EXPECT_TRUE((*client)->SendBinary(std::string(kSize, 'c')).ok()); });
  EXPECT_RECEIVES(*client, std::string(kSize, 's'));
  sender.join();
  EXPECT_TRUE((*client)->Close().ok());
}

}  // namespace
}  // namespace weft
