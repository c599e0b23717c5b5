// Our TLS client and our TLS server: identities, and refusals.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::MessageOf;
using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;
using testing::Transfer;

// A server that asks clients for certificates of the test CA.
TlsServerOptions Asking(ClientCertificates how) {
  return {.identities = {TestIdentity("server")},
          .client_certificates = how,
          .client_ca_file = TestCaFile("ca.pem")};
}

TlsClientOptions Showing(absl::string_view certificate) {
  return {.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity(certificate)};
}

TEST(TlsStreamTest, APlainStreamHasNothingToShake) {
  TlsPair pair;
  EXPECT_TRUE(pair.client.Handshake().ok());
  EXPECT_FALSE(pair.client.is_tls());
  EXPECT_FALSE(pair.client.resumed());
  EXPECT_FALSE(pair.client.peer_certificate().has_value());
}

TEST(TlsStreamTest, HandshakesAndMovesBytesBothWays) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  ASSERT_TRUE(pair.client_status.ok()) << pair.client_status;
  ASSERT_TRUE(pair.server_status.ok()) << pair.server_status;
  EXPECT_TRUE(pair.client.is_tls());
  EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
  EXPECT_EQ(Transfer(pair.server, pair.client, "answer"), "answer");
}

TEST(TlsStreamTest, ReadsAndWritesShakeHandsByThemselves) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
  EXPECT_EQ(Transfer(pair.server, pair.client, "answer"), "answer");
}

TEST(TlsStreamTest, StartsOnceAndInItsRole) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  EXPECT_TRUE(absl::IsFailedPrecondition(pair.client.StartTlsClient(*server, "localhost")));
  EXPECT_TRUE(absl::IsFailedPrecondition(pair.client.StartTlsServer(*client)));
  EXPECT_FALSE(pair.client.is_tls());
  ASSERT_TRUE(pair.client.StartTlsClient(*client, "localhost").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(pair.client.StartTlsClient(*client, "localhost")));
  pair.client.Close();
  EXPECT_TRUE(absl::IsFailedPrecondition(pair.client.StartTlsClient(*client, "localhost")));
}

TEST(TlsStreamTest, StreamsKeepTheirContextAlive) {
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*TestTlsClient(), *TestTlsServer()).ok());
  EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
  EXPECT_EQ(Transfer(pair.server, pair.client, "answer"), "answer");
}

TEST(TlsStreamTest, AHostThatIsNoneIsRefusedAtOnce) {
  const auto client = TestTlsClient();
  for (const std::string& host : {std::string(), std::string("a\0b", 3), std::string(300, 'a')}) {
    TlsPair pair;
    EXPECT_TRUE(absl::IsInvalidArgument(pair.client.StartTlsClient(*client, host))) << host;
    EXPECT_FALSE(pair.client.is_tls());
  }
}

// ---- The server's certificate ----

class TlsHostTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TlsHostTest, IsWhatTheCertificateIsFor) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server, GetParam()).ok());
  pair.Handshake();
  EXPECT_TRUE(pair.client_status.ok()) << pair.client_status;
}

INSTANTIATE_TEST_SUITE_P(All, TlsHostTest,
                         ::testing::Values("localhost", "LocalHost", "localhost.", "127.0.0.1",
                                           "::1", "0:0:0:0:0:0:0:1"));

TEST(TlsStreamTest, KeysOfRsaAndChainsAreTakenToo) {
  for (const char* certificate : {"server_rsa", "server_chain"}) {
    const auto client = TestTlsClient(),
               server = TestTlsServer({.identities = {TestIdentity(certificate)}});
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server).ok());
    pair.Handshake();
    EXPECT_TRUE(pair.client_status.ok()) << certificate << ": " << pair.client_status;
  }
}

// R19: by default the client refuses every certificate that is not the host's own, and says why.
struct Refusal {
  std::string name;
  std::string certificate;
  std::string host;
  std::string error;
};

class TlsRefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(TlsRefusalTest, R19_NamesWhatIsWrong) {
  const auto client = TestTlsClient(),
             server = TestTlsServer({.identities = {TestIdentity(GetParam().certificate)}});
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server, GetParam().host).ok());
  pair.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair.client_status)) << pair.client_status;
  EXPECT_EQ(MessageOf(pair.client_status), GetParam().error);
  EXPECT_FALSE(pair.client.peer_certificate().has_value());
  EXPECT_TRUE(absl::IsUnauthenticated(pair.server_status)) << pair.server_status;
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
        Refusal{"NameForAnIp", "other_host", "::1",
                "the server's certificate (CN=other.example) is for other.example, not for ::1"},
        Refusal{"WildcardOfAnotherDepth", "wildcard", "a.b.wild.example",
                "the server's certificate (CN=wild.example) is for *.wild.example, not for "
                "a.b.wild.example"},
        Refusal{"WildcardsOwnDomain", "wildcard", "wild.example",
                "the server's certificate (CN=wild.example) is for *.wild.example, not for "
                "wild.example"},
        // The subject is not a host name (RFC 9525, section 6.1).
        Refusal{"SubjectOnly", "subject_only", "localhost",
                "the server's certificate (CN=localhost) has no alternative names, so it is not "
                "for localhost"},
        Refusal{"Expired", "expired", "localhost",
                "the server's certificate (CN=localhost) expired on Jan  1 00:00:00 2010 GMT"},
        Refusal{"NotYetValid", "not_yet_valid", "localhost",
                "the server's certificate (CN=localhost) is not valid before Jan  1 00:00:00 2090 "
                "GMT"},
        Refusal{"SelfSigned", "self_signed", "localhost",
                "the server's certificate (CN=localhost) is self-signed and not "
                "trusted"},
        Refusal{"UnknownCa", "unknown", "localhost",
                "the server's certificate (CN=localhost) was issued by CN=Unknown Test CA, which "
                "is not trusted"},
        Refusal{"ForClientsOnly", "client", "client.example",
                "the server's certificate (CN=client,O=Weft) is not for servers"}),
    [](const auto& info) { return info.param.name; });

TEST(TlsStreamTest, ASelfSignedCertificateCanBeTrusted) {
  const auto client = TestTlsClient({.ca_file = TestCaFile("self_signed.pem")}),
             server = TestTlsServer({.identities = {TestIdentity("self_signed")}});
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  EXPECT_TRUE(pair.client_status.ok()) << pair.client_status;
}

TEST(TlsStreamTest, TheSystemsRootsAreNotTheTestsRoots) {
  const auto client = TlsContext::SystemClient();
  if (absl::IsNotFound(client.status())) GTEST_SKIP() << client.status();
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ(*client, *TlsContext::SystemClient());
  TlsPair pair;
  ASSERT_TRUE(pair.Start(**client, *TestTlsServer()).ok());
  pair.Handshake();
  EXPECT_EQ(MessageOf(pair.client_status),
            "the server's certificate (CN=localhost) was issued by CN=Weft Test CA, which is not "
            "trusted");
}

TEST(TlsStreamTest, AnyCertificateIsTakenByWhoWantsThatDanger) {
  const auto client = TestTlsClient({.dangerously_accept_any_certificate = true}),
             server = TestTlsServer({.identities = {TestIdentity("expired")}});
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server, "other.example").ok());
  pair.Handshake();
  EXPECT_TRUE(pair.client_status.ok()) << pair.client_status;
  EXPECT_FALSE(pair.client.peer_certificate().has_value()) << "it was not verified";
}

TEST(TlsStreamTest, TheServersCertificateCanBeSeen) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  EXPECT_FALSE(pair.client.peer_certificate().has_value()) << "too early";
  pair.Handshake();
  const auto certificate = pair.client.peer_certificate();
  ASSERT_TRUE(certificate.has_value());
  EXPECT_EQ(certificate->subject, "CN=localhost");
  EXPECT_THAT(certificate->dns_names, ElementsAre("localhost"));
  EXPECT_THAT(certificate->ip_addresses, ElementsAre("127.0.0.1", "::1"));
}

// ---- Names ----

// The subject of the certificate that a server with several shows for `host`.
std::string Shown(TlsContext& server, absl::string_view host) {
  const auto client = TestTlsClient();
  TlsPair pair;
  EXPECT_TRUE(pair.Start(*client, server, host).ok());
  pair.Handshake();
  const auto certificate = pair.client.peer_certificate();
  return certificate.has_value() ? certificate->subject : MessageOf(pair.client_status);
}

TEST(TlsStreamTest, TheNameChoosesTheCertificate) {
  const auto server =
      TestTlsServer({.identities = {TestIdentity("server"), TestIdentity("wildcard"),
                                    TestIdentity("other_host"), TestIdentity("in_wildcard")}});
  EXPECT_EQ(Shown(*server, "other.example"), "CN=other.example");
  EXPECT_EQ(Shown(*server, "OTHER.Example"), "CN=other.example");
  EXPECT_EQ(Shown(*server, "a.wild.example"), "CN=wild.example");
  EXPECT_EQ(Shown(*server, "in.wild.example"), "CN=in.wild.example") << "rather than the wildcard";
  EXPECT_EQ(Shown(*server, "localhost"), "CN=localhost");
  // No name is sent for an address (RFC 6066, section 3): the first is used.
  EXPECT_EQ(Shown(*server, "127.0.0.1"), "CN=localhost");
}

TEST(TlsStreamTest, ANameThatNoCertificateIsForGetsTheFirst) {
  const auto server =
      TestTlsServer({.identities = {TestIdentity("other_host"), TestIdentity("wildcard")}});
  for (const char* host : {"localhost", "a.b.wild.example", "wild.example", ".wild.example"}) {
    EXPECT_THAT(Shown(*server, host), ::testing::HasSubstr("(CN=other.example) is for other.exam"))
        << host;
  }
}

// ---- The client's certificate ----

TEST(TlsMutualTest, TheClientsCertificateCanBeSeen) {
  for (auto how : {ClientCertificates::kOptional, ClientCertificates::kRequired}) {
    const auto client = TestTlsClient(Showing("client")), server = TestTlsServer(Asking(how));
    for (bool again : {false, true}) {
      TlsPair pair;
      ASSERT_TRUE(pair.Start(*client, *server).ok());
      EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
      EXPECT_EQ(Transfer(pair.server, pair.client, "answer"), "answer");
      EXPECT_EQ(pair.server.resumed(), again);
      const auto certificate = pair.server.peer_certificate();
      ASSERT_TRUE(certificate.has_value());
      EXPECT_EQ(certificate->subject, "CN=client,O=Weft");
      EXPECT_THAT(certificate->dns_names, ElementsAre("client.example"));
      EXPECT_THAT(certificate->email_addresses, ElementsAre("client@example.com"));
      EXPECT_THAT(certificate->uris, ElementsAre("urn:weft:client"));
      EXPECT_THAT(certificate->ip_addresses, ElementsAre());
    }
  }
}

TEST(TlsMutualTest, AClientThatIsNotAskedShowsNothing) {
  const auto client = TestTlsClient(Showing("client")), server = TestTlsServer();
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  EXPECT_TRUE(pair.server_status.ok()) << pair.server_status;
  EXPECT_FALSE(pair.server.peer_certificate().has_value());
}

TEST(TlsMutualTest, AClientWithoutACertificateIsTakenWhereItIsOptional) {
  const auto client = TestTlsClient(),
             server = TestTlsServer(Asking(ClientCertificates::kOptional));
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
  EXPECT_FALSE(pair.server.peer_certificate().has_value());
}

// In TLS 1.3 the client finishes its handshake before the server checks its certificate: the
// client's first read reports the refusal.
struct ClientRefusal {
  std::string name;
  std::string certificate;
  std::string server_error;
  std::string client_error;
};

class TlsMutualRefusalTest : public ::testing::TestWithParam<ClientRefusal> {};

TEST_P(TlsMutualRefusalTest, BothSidesNameWhatIsWrong) {
  const std::string& shown = GetParam().certificate;
  const auto client = shown.empty() ? TestTlsClient() : TestTlsClient(Showing(shown)),
             server = TestTlsServer(Asking(ClientCertificates::kRequired));
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair.server_status)) << pair.server_status;
  EXPECT_EQ(MessageOf(pair.server_status), GetParam().server_error);
  EXPECT_TRUE(pair.client_status.ok()) << pair.client_status;
  char buffer[16];
  const absl::Status error = pair.client.Error(pair.client.Read(absl::MakeSpan(buffer)));
  EXPECT_TRUE(absl::IsUnauthenticated(error)) << error;
  EXPECT_EQ(MessageOf(error), GetParam().client_error);
}

INSTANTIATE_TEST_SUITE_P(
    All, TlsMutualRefusalTest,
    ::testing::Values(
        ClientRefusal{"Missing", "", "the client has no certificate, but one is required",
                      "the server requires a certificate, but none is configured"},
        ClientRefusal{"Expired", "client_expired",
                      "the client's certificate (CN=client,O=Weft) expired on Jan  1 00:00:00 2010 "
                      "GMT",
                      "the server refuses our certificate: it has expired"},
        ClientRefusal{"UnknownCa", "client_unknown",
                      "the client's certificate (CN=client,O=Weft) was issued by CN=Unknown Test "
                      "CA, which is not trusted",
                      "the server does not trust the issuer of our certificate"},
        ClientRefusal{"ForServersOnly", "server",
                      "the client's certificate (CN=localhost) is not for clients",
                      "the server refuses our certificate (unsupported certificate)"}),
    [](const auto& info) { return info.param.name; });

TEST(TlsMutualTest, AClientThatCannotBeVerifiedIsRefusedWhereItIsOptionalToo) {
  const auto client = TestTlsClient(Showing("client_unknown")),
             server = TestTlsServer(Asking(ClientCertificates::kOptional));
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(pair.server_status)) << pair.server_status;
}

// ---- Sessions ----

// A connection of `client` and `server`, and a byte from the server, with which its tickets arrive.
bool Resumed(TlsContext& client, TlsContext& server, absl::string_view host = "localhost") {
  TlsPair pair;
  EXPECT_TRUE(pair.Start(client, server, host).ok());
  EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x") << pair.client_status;
  EXPECT_EQ(pair.client.resumed(), pair.server.resumed());
  return pair.client.resumed();
}

TEST(TlsSessionTest, TheSecondConnectionResumesTheFirst) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  EXPECT_FALSE(Resumed(*client, *server));
  EXPECT_TRUE(Resumed(*client, *server));
  EXPECT_TRUE(Resumed(*client, *server));
}

TEST(TlsSessionTest, EachHostHasItsOwn) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  EXPECT_FALSE(Resumed(*client, *server, "localhost"));
  EXPECT_FALSE(Resumed(*client, *server, "127.0.0.1"));
  EXPECT_TRUE(Resumed(*client, *server, "127.0.0.1"));
  EXPECT_TRUE(Resumed(*client, *server, "localhost"));
}

TEST(TlsSessionTest, EachContextHasItsOwn) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  EXPECT_FALSE(Resumed(*client, *server));
  EXPECT_FALSE(Resumed(*TestTlsClient(), *server));
  EXPECT_FALSE(Resumed(*client, *TestTlsServer())) << "another server's keys";
}

// A session made with a certificate identifies the client to a server that resumes it, and one made
// without does not identify it to a server that requires a certificate.
TEST(TlsSessionTest, AHiddenIdentityHasNoPartInSessions) {
  const auto client = TestTlsClient(Showing("client")),
             server = TestTlsServer(Asking(ClientCertificates::kOptional));
  EXPECT_FALSE(Resumed(*client, *server));
  for (int i = 0; i < 2; ++i) {
    TlsPair pair;
    ASSERT_TRUE(pair.client.StartTlsClient(*client, "localhost", Stream::Identity::kHidden).ok());
    ASSERT_TRUE(pair.server.StartTlsServer(*server).ok());
    EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x");
    EXPECT_FALSE(pair.client.resumed());
    EXPECT_FALSE(pair.server.peer_certificate().has_value());
  }
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x");
  EXPECT_TRUE(pair.client.resumed());
  EXPECT_TRUE(pair.server.peer_certificate().has_value());
}

TEST(TlsSessionTest, AResumedServerIsStillKnown) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  Resumed(*client, *server);
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  pair.Handshake();
  ASSERT_TRUE(pair.client.resumed());
  ASSERT_TRUE(pair.client.peer_certificate().has_value());
  EXPECT_EQ(pair.client.peer_certificate()->subject, "CN=localhost");
}

}  // namespace
}  // namespace weft
