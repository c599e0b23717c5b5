// A server with TLS, tested over loopback.

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/fd.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadTestCaFile;
using testing::TestCaFile;
using testing::TestClient;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;

class TlsTest : public testing::ServerFixture {
 protected:
  void StartTls(ServerOptions options = {}, std::shared_ptr<TlsContext> tls = TestTlsServer()) {
    options.tls = std::move(tls);
    Start(std::move(options));
  }

  // A client after its TLS handshake, at the endpoint with that index.
  TestClient ConnectTls(size_t endpoint = 0) {
    TestClient client(server_->addresses()[endpoint]);
    EXPECT_EQ(client.StartTls(*client_context_), "");
    return client;
  }

  TestClient OpenTls(size_t endpoint = 0) {
    TestClient client = ConnectTls(endpoint);
    EXPECT_EQ(client.Upgrade(), "HTTP/1.1 101 Switching Protocols");
    return client;
  }

  std::shared_ptr<TlsContext> client_context_ = TestTlsClient();
};

// The files of one identity, which change while a server uses them.
class IdentityFiles {
 public:
  explicit IdentityFiles(absl::string_view name)
      : certificate_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/reload.pem")),
        key_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/reload.key")) {
    Write(name, name);
  }

  void Write(absl::string_view certificate, absl::string_view key) {
    std::ofstream(certificate_) << ReadTestCaFile(absl::StrCat(certificate, ".pem"));
    std::ofstream(key_) << ReadTestCaFile(absl::StrCat(key, ".key"));
  }

  TlsIdentity identity() const {
    return {.certificate_file = certificate_, .private_key_file = key_};
  }

 private:
  const std::string certificate_, key_;
};

TEST_F(TlsTest, EchoesAndClosesWithCloseNotify) {
  StartTls();
  TestClient client = OpenTls();
  client.SendText("Hello");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello");
  client.Send(ClientFrame(Opcode::kPing, "p"));
  EXPECT_EQ(client.ReadFrame(), "fin pong p");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");  // without a close_notify this would be an error
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", "message Hello", "close 1000 ", "destroyed"));
}

// Records, frames and reads end at different places.
TEST_F(TlsTest, MessagesOfEverySize) {
  ServerOptions options;
  options.connection.max_message_bytes = 16 << 20;
  options.sending.max_queue_bytes = 64 << 20;
  StartTls(std::move(options));
  TestClient client = OpenTls();
  for (const size_t size : {0, 1, 125, 126, 16383, 16384, 16385, 65535, 65536, 100000, 1 << 20,
                            (4 << 20) + 12345, 16 << 20}) {
    std::string payload(size, 'a');
    for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>('a' + i * 7 % 26);
    client.Send(ClientFrame(Opcode::kBinary, payload));
    const size_t header = size < 126 ? 2 : size < 65536 ? 4 : 10;
    EXPECT_TRUE(client.ReadBytes(header + size).substr(header) == payload) << size;
  }
}

TEST_F(TlsTest, ManyMessagesAtOnceWhileTheQueueIsFull) {
  ServerOptions options;
  options.sending.pause_reading_bytes = 4096;
  StartTls(std::move(options));
  TestClient client = OpenTls();
  constexpr int kMessages = 3000;
  std::string frames;
  for (int i = 0; i < kMessages; ++i) {
    frames += ClientFrame(Opcode::kText, absl::StrCat(i, std::string(1000, '.')));
  }
  client.Send(frames);
  for (int i = 0; i < kMessages; ++i) {
    ASSERT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i, std::string(1000, '.')));
  }
}

TEST_F(TlsTest, OneServerSpeaksPlainAndTls) {
  ServerOptions options;
  options.more_endpoints = {{.tls = TestTlsServer()}, {}};
  Start(std::move(options));
  ASSERT_EQ(server_->addresses().size(), 3u);
  TestClient plain = ConnectAndUpgrade();
  TestClient secure = OpenTls(1);
  TestClient third(server_->addresses()[2]);
  EXPECT_EQ(third.Upgrade(), "HTTP/1.1 101 Switching Protocols");
  for (TestClient* client : {&plain, &secure, &third}) {
    client->SendText("Hello");
    EXPECT_EQ(client->ReadFrame(), "fin text Hello");
  }
  EXPECT_EQ(server_->connections(), 3u);
}

TEST_F(TlsTest, RefusesAClientsContext) {
  ServerOptions options;
  options.tls = TestTlsClient();
  const absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(std::move(options), [](auto&, auto&) { return nullptr; });
  EXPECT_EQ(server.status(), absl::InvalidArgumentError(
                                 "a server needs a TlsContext made by ForServer, not ForClient"));
}

// ---- Client certificates ----

TEST_F(TlsTest, TheAcceptorAndTheSessionSeeTheClientsCertificate) {
  accept_ = [](const SessionRequest& request, UpgradeResponse& response) {
    const std::optional<PeerCertificate>& peer = request.peer_certificate;
    if (!peer.has_value()) return absl::PermissionDeniedError("who are you?");
    response.keep_request = true;
    response.headers = {{"X-Subject", peer->subject},
                        {"X-Names", absl::StrCat(absl::StrJoin(peer->dns_names, ","), " ",
                                                 absl::StrJoin(peer->email_addresses, ","), " ",
                                                 absl::StrJoin(peer->uris, ","))}};
    return absl::OkStatus();
  };
  script_.on_message = [](Session& session, const Message&) {
    ASSERT_NE(session.request(), nullptr);
    session.SendText(session.request()->peer_certificate->subject, {}).IgnoreError();
  };
  StartTls({}, TestTlsServer({.identities = {TestIdentity("server")},
                              .client_certificates = ClientCertificates::kOptional,
                              .client_ca_file = TestCaFile("ca.pem")}));
  EXPECT_EQ(ConnectTls().Upgrade(), "HTTP/1.1 403 Forbidden");

  client_context_ =
      TestTlsClient({.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")});
  for (int i = 0; i < 2; ++i) {  // the second time with a session ticket
    TestClient client = ConnectTls();
    client.Send(TestClient::UpgradeRequest());
    const std::string head = client.ReadHead();
    EXPECT_THAT(head, HasSubstr("X-Subject: CN=client,O=Weft\r\n"));
    EXPECT_THAT(head, HasSubstr("X-Names: client.example client@example.com urn:weft:client\r\n"));
    EXPECT_EQ(client.stream().resumed(), i == 1);
    client.SendText("who am I?");
    EXPECT_EQ(client.ReadFrame(), "fin text CN=client,O=Weft");
  }
}

TEST_F(TlsTest, AClientWithoutItsCertificateGetsAnAlert) {
  StartTls({}, TestTlsServer({.identities = {TestIdentity("server")},
                              .client_certificates = ClientCertificates::kRequired,
                              .client_ca_file = TestCaFile("ca.pem")}));
  TestClient client(server_->address());
  client.StartTls(*client_context_);  // with TLS 1.3 a client reads the alert later
  client.Send(TestClient::UpgradeRequest());
  EXPECT_THAT(client.ReadHead(), HasSubstr("certificate"));
  log_.WaitForPart("the handshake failed: the client has no certificate");
}

// Sends the bytes that `act` makes `client` write in one segment, which the server reads at once.
void SendAtOnce(TestClient& client, const std::function<void()>& act) {
  const int fd = client.stream().fd();
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const UniqueFd tcp(dup(fd)), ours(pair[0]), theirs(pair[1]);
  ASSERT_EQ(dup2(theirs.get(), fd), fd);
  act();
  ASSERT_EQ(dup2(tcp.get(), fd), fd);
  char bytes[4096];
  const ssize_t size = recv(ours.get(), bytes, sizeof(bytes), 0);
  ASSERT_GT(size, 0);
  ASSERT_EQ(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

// The session ends, although the socket announces no end: TCP's stream is still open.
TEST_F(TlsTest, ACloseNotifyInTheReadOfTheUpgradeEndsTheSession) {
  StartTls();
  TestClient client = ConnectTls();
  SendAtOnce(client, [&] {
    client.Send(TestClient::UpgradeRequest());
    client.stream().ShutdownWrite();
  });
  LetTheLoopTurn();
  EXPECT_EQ(server_->metrics().closes_with(CloseCode::kAbnormal), 1u);
}

// ---- The wrong protocol ----

TEST_F(TlsTest, PlainHttpOnATlsPortIsNamedOnBothSides) {
  StartTls();
  TestClient client = Connect();
  EXPECT_EQ(client.Upgrade(), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(client.ReadToEnd(),
            "this port speaks HTTP over TLS only: use https:// or wss://, not http:// or ws://\n");
  log_.WaitForPart("use https:// or wss://, not http:// or ws://");
}

TEST_F(TlsTest, TlsOnAPlainPortIsNamedOnBothSides) {
  Start();
  TestClient client = Connect();
  EXPECT_THAT(client.StartTls(*client_context_), HasSubstr("does not speak TLS"));
  log_.WaitForPart("use http:// or ws://, not https:// or wss://");
}

TEST_F(TlsTest, AStreamThatEndsWithoutCloseNotifyIsNamedInTheLog) {
  StartTls();
  TestClient client = OpenTls();
  client.SendText("Hello");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello");
  client.Close();  // only the socket, without close_notify
  log_.WaitForPart("close_notify");
  journal_.WaitFor("close 1006 ");
}

TEST_F(TlsTest, ASlowTlsHandshakeIsDropped) {
  StartTls();
  TestClient client = Connect();
  client.Send("\x16\x03\x01");  // the start of a record
  while (server_->connections() == 0) std::this_thread::yield();
  clock_.AdvanceMs(11000);
  log_.WaitForPart("the handshake took too long");
}

// ---- Reloading ----

TEST_F(TlsTest, ReloadsCertificatesWhileSessionsGoOn) {
  IdentityFiles files("server");
  StartTls({}, TestTlsServer({.identities = {files.identity()}}));
  TestClient before = OpenTls();

  files.Write("other_host", "other_host");
  ASSERT_EQ(server_->ReloadCertificates(), absl::OkStatus());
  client_context_ =
      TestTlsClient();  // without tickets, which would resume with the old certificate
  TestClient after(server_->address());
  EXPECT_THAT(after.StartTls(*client_context_), HasSubstr("other.example"));
  before.SendText("still here");
  EXPECT_EQ(before.ReadFrame(), "fin text still here");

  // Invalid files change nothing.
  files.Write("server", "other_host");
  EXPECT_THAT(server_->ReloadCertificates().message(), HasSubstr("reload.key"));
  files.Write("expired", "expired");
  EXPECT_THAT(server_->ReloadCertificates().message(), HasSubstr("expired"));
  client_context_ = TestTlsClient();
  TestClient still(server_->address());
  EXPECT_THAT(still.StartTls(*client_context_), HasSubstr("other.example"));

  files.Write("server", "server");
  ASSERT_EQ(server_->ReloadCertificates(), absl::OkStatus());
  client_context_ = TestTlsClient();
  OpenTls();
}

TEST_F(TlsTest, ReloadsUnderLoad) {
  IdentityFiles files("server");
  ServerOptions options;
  options.threads = 2;
  StartTls(std::move(options), TestTlsServer({.identities = {files.identity()}}));
  TestClient survivor = OpenTls();
  std::atomic<bool> done = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      do {
        TestClient client = OpenTls();
        client.SendText("Hello");
        EXPECT_EQ(client.ReadFrame(), "fin text Hello");
      } while (!done);
    });
  }
  for (int i = 0; i < 20; ++i) {
    files.Write(i % 2 == 0 ? "server_rsa" : "server", i % 2 == 0 ? "server_rsa" : "server");
    EXPECT_EQ(server_->ReloadCertificates(), absl::OkStatus());
    survivor.SendText("still here");
    EXPECT_EQ(survivor.ReadFrame(), "fin text still here");
  }
  done = true;
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace weft
