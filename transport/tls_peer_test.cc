// TLS with peers that do what our implementation never does: a bare BoringSSL at the other end.

#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/ssl.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

namespace weft {
namespace {

using testing::MessageOf;
using testing::TestCaFile;
using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;

enum class Side { kClient, kServer };

// A connection with our implementation on one side, and a bare BoringSSL on the other.
class BarePeer {
 public:
  // `set_up` configures the peer; a server already has the certificate "server".
  BarePeer(Side ours, TlsContext& context, const std::function<void(SSL_CTX*)>& set_up = nullptr)
      : context_(SSL_CTX_new(TLS_method())) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) std::abort();
    stream = Stream(UniqueFd(fds[0]));
    if (ours == Side::kClient) {
      SSL_CTX_use_certificate_chain_file(context_.get(), TestCaFile("server.pem").c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), TestCaFile("server.key").c_str(),
                                  SSL_FILETYPE_PEM);
    }
    if (set_up != nullptr) set_up(context_.get());
    ssl.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), fds[1]);
    fd_ = UniqueFd(fds[1]);
    absl::Status status = ours == Side::kClient ? stream.StartTlsClient(context, "localhost")
                                                : stream.StartTlsServer(context);
    EXPECT_TRUE(status.ok()) << status;
    if (ours == Side::kClient) {
      SSL_set_accept_state(ssl.get());
    } else {
      SSL_set_connect_state(ssl.get());
    }
  }

  // Runs both handshakes, until both are done or neither progresses. Returns our result.
  absl::Status Handshake() {
    IoResult ours;
    for (int i = 0; i < 10; ++i) {
      ours = stream.Handshake();
      SSL_do_handshake(ssl.get());
      ERR_clear_error();
    }
    EXPECT_NE(ours.status, IoStatus::kWouldBlock);
    return stream.Error(ours);
  }

  // Sends a byte to the peer and back, in pieces that its socket accepts.
  void Echo(absl::string_view data) {
    std::string at_peer, back;
    char buffer[20000];
    absl::string_view to_send = data;
    while (back.size() < data.size()) {
      const IoResult written = stream.Write(to_send);
      ASSERT_NE(written.status, IoStatus::kError) << stream.Error(written);
      to_send.remove_prefix(written.bytes);
      int count = SSL_read(ssl.get(), buffer, sizeof(buffer));
      if (count > 0) at_peer.append(buffer, static_cast<size_t>(count));
      if (!at_peer.empty()) {
        count = SSL_write(ssl.get(), at_peer.data(), static_cast<int>(at_peer.size()));
        if (count > 0) at_peer.erase(0, static_cast<size_t>(count));
      }
      ERR_clear_error();
      const IoResult read = stream.Read(absl::MakeSpan(buffer));
      ASSERT_NE(read.status, IoStatus::kError) << stream.Error(read);
      back.append(buffer, read.bytes);
    }
    EXPECT_TRUE(back == data);
  }

  // Our error for the end of the stream.
  absl::Status ReadError() {
    char buffer[1000];
    IoResult result;
    while ((result = stream.Read(absl::MakeSpan(buffer))).ok()) {
    }
    return stream.Error(result);
  }

  Stream stream;
  bssl::UniquePtr<SSL> ssl;

 private:
  bssl::UniquePtr<SSL_CTX> context_;
  UniqueFd fd_;
};

const std::string kMuch(200000, 'm');

// ---- Versions ----

struct Version {
  Side ours;
  uint16_t version;
};

class TlsVersionTest : public ::testing::TestWithParam<Version> {
 protected:
  static void OnlyThis(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, GetParam().version);
    SSL_CTX_set_max_proto_version(context, GetParam().version);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }

  std::shared_ptr<TlsContext> context_ =
      GetParam().ours == Side::kClient ? TestTlsClient() : TestTlsServer();
};

INSTANTIATE_TEST_SUITE_P(All, TlsVersionTest,
                         ::testing::Values(Version{Side::kClient, TLS1_2_VERSION},
                                           Version{Side::kClient, TLS1_3_VERSION},
                                           Version{Side::kServer, TLS1_2_VERSION},
                                           Version{Side::kServer, TLS1_3_VERSION}),
                         [](const auto& info) {
                           return std::string(info.param.ours == Side::kClient ? "Client"
                                                                               : "Server") +
                                  (info.param.version == TLS1_2_VERSION ? "Tls12" : "Tls13");
                         });

TEST_P(TlsVersionTest, Works) {
  BarePeer peer(GetParam().ours, *context_, OnlyThis);
  absl::Status status = peer.Handshake();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(SSL_version(peer.ssl.get()), GetParam().version);
  peer.Echo("hello");
  peer.Echo(kMuch);
}

TEST_P(TlsVersionTest, EndsInOrder) {
  BarePeer peer(GetParam().ours, *context_, OnlyThis);
  ASSERT_TRUE(peer.Handshake().ok());
  peer.Echo("hello");
  SSL_shutdown(peer.ssl.get());
  char buffer[10];
  EXPECT_EQ(peer.stream.Read(absl::MakeSpan(buffer)).status, IoStatus::kEof);
  EXPECT_TRUE(peer.stream.ShutdownWrite().ok());
  EXPECT_EQ(SSL_shutdown(peer.ssl.get()), 1) << "it has our close_notify";
}

TEST_P(TlsVersionTest, IsRefusedWhenItIsTooOld) {
  const auto context =
      GetParam().ours == Side::kClient
          ? TestTlsClient({.ca_file = TestCaFile("ca.pem"), .min_version = TlsVersion::kTls13})
          : TestTlsServer(
                {.identities = {TestIdentity("server")}, .min_version = TlsVersion::kTls13});
  BarePeer peer(GetParam().ours, *context, OnlyThis);
  absl::Status status = peer.Handshake();
  if (GetParam().version == TLS1_3_VERSION) {
    EXPECT_TRUE(status.ok()) << status;
  } else {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(MessageOf(status), GetParam().ours == Side::kClient
                                     ? "the server supports no version of TLS that we support"
                                     : "the client supports no version of TLS that we support");
  }
}

TEST(TlsPeerTest, Tls11IsRefused) {
  const auto only_tls11 = [](SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  };
  BarePeer server(Side::kClient, *TestTlsClient(), only_tls11);
  EXPECT_EQ(MessageOf(server.Handshake()), "the server supports no version of TLS that we support");
  BarePeer client(Side::kServer, *TestTlsServer(), only_tls11);
  EXPECT_EQ(MessageOf(client.Handshake()), "the client supports no version of TLS that we support");
}

TEST(TlsPeerTest, WeakCiphersOfTls12AreRefused) {
  const auto cbc = [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-SHA");
  };
  BarePeer server(Side::kClient, *TestTlsClient(), cbc);
  EXPECT_EQ(MessageOf(server.Handshake()),
            "the server refused the handshake: it accepts none of our ciphers or keys");
  BarePeer client(Side::kServer, *TestTlsServer(), cbc);
  EXPECT_EQ(MessageOf(client.Handshake()), "the client accepts none of our ciphers or keys");
}

// Sessions of TLS 1.2 may be resumed more than once.
TEST(TlsPeerTest, Tls12Resumes) {
  const auto tls12 = [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    static uint8_t keys[48] = {1, 2, 3};
    SSL_CTX_set_tlsext_ticket_keys(context, keys, sizeof(keys));
  };
  const auto client = TestTlsClient();
  for (bool again : {false, true, true}) {
    BarePeer peer(Side::kClient, *client, tls12);
    ASSERT_TRUE(peer.Handshake().ok());
    EXPECT_EQ(peer.stream.resumed(), again);
  }
}

// ---- Negotiation ----

TEST(TlsPeerTest, TheClientNamesTheHostAndItsProtocol) {
  BarePeer peer(Side::kClient, *TestTlsClient(), [](SSL_CTX* context) {
    SSL_CTX_set_alpn_select_cb(
        context,
        [](SSL*, const uint8_t** out, uint8_t* out_size, const uint8_t* in, unsigned size, void*) {
          EXPECT_EQ(absl::string_view(reinterpret_cast<const char*>(in), size),
                    absl::string_view("\x08http/1.1"));
          *out = in + 1;
          *out_size = in[0];
          return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
  });
  ASSERT_TRUE(peer.Handshake().ok());
  EXPECT_STREQ(SSL_get_servername(peer.ssl.get(), TLSEXT_NAMETYPE_host_name), "localhost");
}

void OfferHttp2(SSL_CTX* context) {
  static constexpr uint8_t kProtocols[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context, kProtocols, sizeof(kProtocols));
}

TEST(TlsPeerTest, TheServerChoosesHttp11) {
  BarePeer peer(Side::kServer, *TestTlsServer(), [](SSL_CTX* context) {
    static constexpr uint8_t kProtocols[] = {2,   'h', '2', 8,   'h', 't',
                                             't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, kProtocols, sizeof(kProtocols));
  });
  ASSERT_TRUE(peer.Handshake().ok());
  const uint8_t* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(peer.ssl.get(), &chosen, &size);
  EXPECT_EQ(absl::string_view(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST(TlsPeerTest, AClientThatOffersOnlyHttp2IsRefused) {
  BarePeer peer(Side::kServer, *TestTlsServer(), OfferHttp2);
  absl::Status status = peer.Handshake();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(MessageOf(status), "the client does not offer HTTP/1.1 (ALPN)");
}

TEST(TlsPeerTest, AServerThatRefusesHttp11IsNamed) {
  BarePeer peer(Side::kClient, *TestTlsClient(), [](SSL_CTX* context) {
    SSL_CTX_set_alpn_select_cb(
        context,
        [](SSL*, const uint8_t**, uint8_t*, const uint8_t*, unsigned, void*) {
          return SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        nullptr);
  });
  absl::Status status = peer.Handshake();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(MessageOf(status), "the server does not speak HTTP/1.1 (ALPN)");
}

// ---- Client certificates in TLS 1.2 ----

TEST(TlsPeerTest, ATls12ServerThatRequiresACertificate) {
  const auto requiring = [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_load_verify_locations(context, TestCaFile("ca.pem").c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  };
  BarePeer without(Side::kClient, *TestTlsClient(), requiring);
  absl::Status status = without.Handshake();
  EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
  EXPECT_EQ(MessageOf(status),
            "the server refused the handshake: it asks for a certificate, but none is configured");
  BarePeer with(
      Side::kClient,
      *TestTlsClient({.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")}),
      requiring);
  EXPECT_TRUE(with.Handshake().ok());
}

// ---- After the handshake ----

class TlsKeyUpdateTest : public ::testing::TestWithParam<Side> {};

INSTANTIATE_TEST_SUITE_P(All, TlsKeyUpdateTest, ::testing::Values(Side::kClient, Side::kServer));

// RFC 8446, section 4.6.3.
TEST_P(TlsKeyUpdateTest, KeysCanBeUpdatedAtAnyTime) {
  BarePeer peer(GetParam(), GetParam() == Side::kClient ? *TestTlsClient() : *TestTlsServer());
  ASSERT_TRUE(peer.Handshake().ok());
  for (int how : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(SSL_key_update(peer.ssl.get(), how), 1);
      peer.Echo("with new keys");
    }
  }
  SSL_key_update(peer.ssl.get(), SSL_KEY_UPDATE_REQUESTED);
  peer.Echo(kMuch);
}

TEST_P(TlsKeyUpdateTest, AnAlertIsNamed) {
  BarePeer peer(GetParam(), GetParam() == Side::kClient ? *TestTlsClient() : *TestTlsServer());
  ASSERT_TRUE(peer.Handshake().ok());
  peer.Echo("hello");
  SSL_send_fatal_alert(peer.ssl.get(), SSL_AD_INTERNAL_ERROR);
  absl::Status error = peer.ReadError();
  EXPECT_TRUE(absl::IsUnavailable(error));
  EXPECT_EQ(MessageOf(error), GetParam() == Side::kClient
                                  ? "the server ended TLS with the alert \"internal error\""
                                  : "the client ended TLS with the alert \"internal error\"");
  EXPECT_EQ(MessageOf(peer.ReadError()), MessageOf(error)) << "it stays";
}

}  // namespace
}  // namespace weft
