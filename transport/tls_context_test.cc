#include "weft/transport/tls_context.h"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using testing::MessageOf;
using testing::ReadTestCaFile;
using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;
using testing::Transfer;

std::string TempFile(absl::string_view name) { return absl::StrCat(::testing::TempDir(), name); }

void WriteFile(const std::string& path, absl::string_view text) {
  std::ofstream(path) << std::string(text);
}

void CopyFile(absl::string_view test_ca_file, const std::string& to) {
  WriteFile(to, ReadTestCaFile(test_ca_file));
}

// ---- Certificates and keys ----

TEST(TlsContextTest, TakesFilesAndText) {
  const TlsIdentity text = {.certificate_pem = ReadTestCaFile("server.pem"),
                            .private_key_pem = ReadTestCaFile("server.key")};
  const TlsIdentity mixed = {.private_key_file = TestCaFile("server.key"),
                             .certificate_pem = ReadTestCaFile("server.pem")};
  for (const TlsIdentity& identity : {TestIdentity("server"), text, mixed}) {
    const auto server = TestTlsServer({.identities = {identity}}),
               client = TestTlsClient({.ca_pem = ReadTestCaFile("ca.pem")});
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server).ok());
    pair.Handshake();
    EXPECT_TRUE(pair.client_status.ok()) << pair.client_status;
  }
}

TEST(TlsContextTest, TrustsTheFileAndTheText) {
  const auto client =
      TestTlsClient({.ca_file = TestCaFile("ca.pem"), .ca_pem = ReadTestCaFile("unknown_ca.pem")});
  for (const char* certificate : {"server", "unknown"}) {
    TlsPair pair;
    ASSERT_TRUE(
        pair.Start(*client, *TestTlsServer({.identities = {TestIdentity(certificate)}})).ok());
    pair.Handshake();
    EXPECT_TRUE(pair.client_status.ok()) << certificate << ": " << pair.client_status;
  }
}

// Invalid certificates and keys, and their errors. They are the same for a server, a client, and a
// reload.
struct BadIdentity {
  TlsIdentity identity;
  absl::StatusCode code;
  std::string error;
};

std::vector<BadIdentity> BadIdentities() {
  const std::string broken = TempFile("broken.pem"), empty = TempFile("empty.pem"),
                    half = TempFile("half.pem"), locked = TempFile("locked.key"),
                    missing = TempFile("missing.pem");
  const std::string good = ReadTestCaFile("server.pem");
  WriteFile(empty, "");
  WriteFile(broken, good.substr(0, 200) + "?" + good.substr(201));
  WriteFile(half, good + good.substr(0, 300));
  WriteFile(locked,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n");
  const std::string server = TestCaFile("server.pem"), key = TestCaFile("server.key");
  const auto invalid = absl::StatusCode::kInvalidArgument;
  return {
      {{.certificate_file = missing, .private_key_file = key},
       absl::StatusCode::kNotFound,
       absl::StrCat("cannot read ", missing, ": No such file or directory")},
      {{.certificate_file = TempFile(""), .private_key_file = key},
       absl::StatusCode::kFailedPrecondition,
       absl::StrCat("cannot read ", TempFile(""), ": Is a directory")},
      {{.certificate_file = empty, .private_key_file = key},
       invalid,
       absl::StrCat(empty, " holds no PEM certificate")},
      {{.certificate_file = key, .private_key_file = key},
       invalid,
       absl::StrCat(key, " holds no PEM certificate")},
      {{.certificate_file = broken, .private_key_file = key},
       invalid,
       absl::StrCat("certificate 1 in ", broken, " cannot be read (bad base64 decode)")},
      {{.certificate_file = half, .private_key_file = key},
       invalid,
       absl::StrCat("certificate 2 in ", half, " cannot be read (bad end line)")},
      {{.certificate_file = server}, invalid, "no private_key is given"},
      {{.private_key_file = key}, invalid, "no certificate is given"},
      {{.certificate_file = server, .private_key_file = key, .certificate_pem = good},
       invalid,
       "certificate_file and certificate_pem are both set"},
      {{.certificate_file = server, .private_key_file = key, .private_key_pem = good},
       invalid,
       "private_key_file and private_key_pem are both set"},
      {{.certificate_file = server, .private_key_file = server},
       invalid,
       absl::StrCat(server, " holds no PEM private key")},
      {{.certificate_file = server, .private_key_file = locked},
       invalid,
       absl::StrCat("the private key in ", locked, " is locked with a password")},
      {{.certificate_file = server, .private_key_file = TestCaFile("client.key")},
       invalid,
       absl::StrCat("the private key in ", TestCaFile("client.key"),
                    " does not belong to the certificate in ", server, " (CN=localhost)")},
      {{.certificate_file = server, .private_key_file = TestCaFile("server_rsa.key")},
       invalid,
       absl::StrCat("the private key in ", TestCaFile("server_rsa.key"),
                    " does not belong to the certificate in ", server, " (CN=localhost)")},
      {{.private_key_file = key, .certificate_pem = "nonsense"},
       invalid,
       "certificate_pem holds no PEM certificate"},
  };
}

TEST(TlsContextTest, NamesWhatIsWrongWithAnIdentity) {
  const auto server = TestTlsServer();
  for (const BadIdentity& bad : BadIdentities()) {
    for (const absl::Status& status :
         {TlsContext::ForServer({.identities = {TestIdentity("server"), bad.identity}}).status(),
          TlsContext::ForClient({.ca_file = TestCaFile("ca.pem"), .identity = bad.identity})
              .status(),
          server->Reload({.identities = {bad.identity}})}) {
      EXPECT_EQ(status.code(), bad.code) << status;
      EXPECT_EQ(MessageOf(status), bad.error);
    }
  }
}

TEST(TlsContextTest, NamesWhatIsWrongWithTheRoots) {
  EXPECT_EQ(MessageOf(TlsContext::ForClient({.ca_file = "/none/ca.pem"}).status()),
            "cannot read /none/ca.pem: No such file or directory");
  EXPECT_EQ(MessageOf(TlsContext::ForClient({.ca_pem = "nonsense"}).status()),
            "ca_pem holds no PEM certificate");
  EXPECT_EQ(
      MessageOf(TlsContext::ForClient({.ca_file = TestCaFile("ca.pem"), .ca_pem = "x"}).status()),
      "ca_pem holds no PEM certificate");
  EXPECT_EQ(MessageOf(TlsContext::ForServer({.identities = {TestIdentity("server")},
                                             .client_certificates = ClientCertificates::kRequired,
                                             .client_ca_pem = "nonsense"})
                          .status()),
            "client_ca_pem holds no PEM certificate");
}

TEST(TlsContextTest, NamesWhatAServerLacks) {
  EXPECT_EQ(MessageOf(TlsContext::ForServer({}).status()),
            "a TLS server needs a certificate and its private key");
  EXPECT_EQ(MessageOf(TlsContext::ForServer({.identities = {TestIdentity("server")},
                                             .client_certificates = ClientCertificates::kOptional})
                          .status()),
            "client_certificates requires a client_ca");
  EXPECT_EQ(MessageOf(TlsContext::ForServer({.identities = {TestIdentity("server")},
                                             .client_ca_file = TestCaFile("ca.pem")})
                          .status()),
            "client_ca is set, but client_certificates is kNone");
}

// ---- Reload ----

// A server with a certificate in files that the test can change.
class TlsReloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Put("server");
    server_ = TestTlsServer(
        {.identities = {{.certificate_file = certificate_, .private_key_file = key_}}});
  }

  void Put(absl::string_view name) {
    CopyFile(absl::StrCat(name, ".pem"), certificate_);
    CopyFile(absl::StrCat(name, ".key"), key_);
  }

  // Whether the server shows the certificate for `host` to a new client.
  bool Shows(absl::string_view host) {
    TlsPair pair;
    EXPECT_TRUE(pair.Start(*TestTlsClient(), *server_, host).ok());
    pair.Handshake();
    return pair.client_status.ok();
  }

  const std::string certificate_ = TempFile("reload.pem"), key_ = TempFile("reload.key");
  std::shared_ptr<TlsContext> server_;
};

TEST_F(TlsReloadTest, TakesWhatTheFilesHold) {
  EXPECT_TRUE(Shows("localhost"));
  Put("other_host");
  EXPECT_TRUE(Shows("localhost")) << "not before it is told to";
  absl::Status status = server_->Reload();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_FALSE(Shows("localhost"));
  EXPECT_TRUE(Shows("other.example"));
}

TEST_F(TlsReloadTest, TakesOtherOptionsAndKeepsThem) {
  EXPECT_TRUE(server_->Reload({.identities = {TestIdentity("other_host")}}).ok());
  EXPECT_TRUE(Shows("other.example"));
  EXPECT_TRUE(server_->Reload().ok());
  EXPECT_TRUE(Shows("other.example"));
}

TEST_F(TlsReloadTest, KeepsTheOldWhenTheNewIsBad) {
  const std::function<void()> mistakes[] = {
      [&] { CopyFile("other_host.pem", certificate_); },  // the key is still the old one
      [&] { WriteFile(certificate_, ""); },
      [&] { WriteFile(certificate_, ReadTestCaFile("other_host.pem").substr(0, 300)); },
      [&] { std::remove(certificate_.c_str()); },
      [&] {
        Put("other_host");
        WriteFile(key_, "nonsense");
      },
      [&] { Put("expired"); },
  };
  for (const auto& make_mistake : mistakes) {
    make_mistake();
    absl::Status status = server_->Reload();
    EXPECT_FALSE(status.ok());
    const std::string text = MessageOf(status);
    EXPECT_TRUE(absl::StrContains(text, certificate_) || absl::StrContains(text, key_)) << text;
    EXPECT_TRUE(Shows("localhost"));
    Put("server");
    EXPECT_TRUE(server_->Reload().ok());
  }
}

TEST_F(TlsReloadTest, RefusesACertificateThatHasExpired) {
  Put("expired");
  EXPECT_EQ(MessageOf(server_->Reload()),
            absl::StrCat("the certificate in ", certificate_,
                         " (CN=localhost) expired on Jan  1 00:00:00 2010 GMT"));
}

TEST_F(TlsReloadTest, StreamsThatHaveBegunGoOn) {
  const auto client = TestTlsClient();
  TlsPair open, opening;
  ASSERT_TRUE(open.Start(*client, *server_).ok());
  EXPECT_EQ(Transfer(open.client, open.server, "before"), "before");
  ASSERT_TRUE(opening.Start(*client, *server_).ok());
  opening.client.Handshake();
  opening.server.Handshake();
  Put("other_host");
  ASSERT_TRUE(server_->Reload().ok());
  EXPECT_EQ(Transfer(open.client, open.server, "after"), "after");
  EXPECT_EQ(Transfer(open.server, open.client, "after"), "after");
  EXPECT_EQ(Transfer(opening.client, opening.server, "after"), "after");
}

TEST_F(TlsReloadTest, TicketsOfBeforeStayGood) {
  const auto client = TestTlsClient();
  for (bool again : {false, true}) {
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server_).ok());
    EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x");
    EXPECT_EQ(pair.client.resumed(), again);
    Put("server_chain");
    ASSERT_TRUE(server_->Reload().ok());
  }
}

// A client that was accepted because of a CA must not come back with its ticket after that CA was
// removed.
TEST_F(TlsReloadTest, TicketsOfClientsThatAreNoMoreTakenAreNot) {
  TlsServerOptions options = {.identities = {TestIdentity("server")},
                              .client_certificates = ClientCertificates::kRequired,
                              .client_ca_file = TestCaFile("ca.pem")};
  server_ = TestTlsServer(options);
  const auto client =
      TestTlsClient({.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")});
  for (bool again : {false, true}) {
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server_).ok());
    EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x");
    EXPECT_EQ(pair.server.resumed(), again);
    ASSERT_TRUE(server_->Reload().ok());
  }
  options.client_ca_file = TestCaFile("unknown_ca.pem");
  ASSERT_TRUE(server_->Reload(options).ok());
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server_).ok());
  pair.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair.server_status)) << pair.server_status;
}

TEST_F(TlsReloadTest, AClientHasNothingToReload) {
  EXPECT_TRUE(absl::IsFailedPrecondition(TestTlsClient()->Reload()));
}

// Run under ThreadSanitizer, too.
TEST_F(TlsReloadTest, HandshakesOfOtherThreadsGoOnMeanwhile) {
  constexpr int kThreads = 3;
  std::atomic<bool> done = false;
  std::atomic<int> handshakes = 0;
  std::vector<std::thread> threads;
  const auto client = TestTlsClient();
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        TlsPair pair;
        ASSERT_TRUE(pair.Start(*client, *server_).ok());
        ASSERT_EQ(Transfer(pair.server, pair.client, "x"), "x") << pair.client_status;
        ++handshakes;
      }
    });
  }
  for (int i = 0; handshakes < 100; ++i) {
    Put(i % 2 == 0 ? "server_chain" : "server");
    if (i % 5 == 4) WriteFile(key_, "");
    EXPECT_EQ(server_->Reload().ok(), i % 5 != 4);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace weft
