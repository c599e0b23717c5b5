#include "weft/transport/tls_context.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "openssl/err.h"
#include "openssl/sha.h"
#include "openssl/ssl.h"
#include "openssl/tls1.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"
#include "weft/transport/tls_certificate.h"
#include "weft/transport/tls_identity.h"
#include "weft/transport/tls_peer.h"
#include "weft/transport/tls_session_cache.h"

namespace weft {
namespace {

// ALPN's name of HTTP/1.1, after its length: the protocol of a WebSocket's handshake (RFC 6455
// knows no other; a server that has a choice must not choose HTTP/2).
constexpr uint8_t kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// The ciphers of TLS 1.2 that are not broken or doubtful (RFC 9325, section 4.2); TLS 1.3 has no
// such ciphers.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

TlsPeer& PeerOf(const SSL* ssl) { return *static_cast<TlsPeer*>(SSL_get_app_data(ssl)); }

uint16_t ProtocolVersion(TlsVersion version) {
  return version == TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

absl::Status CannotMake(absl::string_view what) {
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("BoringSSL cannot make ", what));
}

// Settings common to both sides.
bssl::UniquePtr<SSL_CTX> NewContext() {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (context == nullptr || !SSL_CTX_set_strict_cipher_list(context.get(), kCiphers))
    return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION);
  return context;
}

// Called for each certificate that is accepted and for the first that is not.
int OnVerify(int ok, X509_STORE_CTX* store) {
  const SSL* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsPeer& peer = PeerOf(ssl);
  if (ok == 0 && peer.refusal.ok()) {
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    const bool own = X509_STORE_CTX_get_error_depth(store) == 0;
    peer.refusal = absl::UnauthenticatedError(
        absl::StrCat(peer.name(), "'s ", own ? "certificate (" : "certificate has an issuer (",
                     SubjectOf(certificate), ") ", own ? "" : "that ",
                     WhyRefused(X509_STORE_CTX_get_error(store), certificate, peer.host)));
  }
  return ok;
}

}  // namespace

// ---- Client ----

struct TlsContext::Client {
  bssl::UniquePtr<SSL_CTX> context;
  std::optional<Identity> identity;
  TlsSessionCache sessions;

  static absl::StatusOr<std::unique_ptr<Client>> Make(const TlsClientOptions& options);
  absl::StatusOr<bssl::UniquePtr<SSL>> NewSsl(TlsPeer* peer);

  static Client* Of(const SSL* ssl) {
    return static_cast<Client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  }
  // The server asked for our certificate.
  static int OnCertificateRequest(SSL* ssl, void* self) {
    const std::optional<Identity>& identity = static_cast<Client*>(self)->identity;
    TlsPeer& peer = PeerOf(ssl);
    peer.wants_certificate = true;
    peer.got_certificate = identity.has_value() && !peer.hides_identity;
    return !peer.got_certificate || identity->Use(ssl) ? 1 : 0;
  }
  // A resumed session identifies us to the server: sessions are not used for a stream that hides
  // its identity, and its own sessions are not used for others.
  bool RemembersSessionsOf(const TlsPeer& peer) const {
    return !identity.has_value() || !peer.hides_identity;
  }
  // Returning 1 takes over the reference to `session` that BoringSSL made for it.
  static int OnNewSession(SSL* ssl, SSL_SESSION* session) {
    if (!Of(ssl)->RemembersSessionsOf(PeerOf(ssl))) return 0;
    Of(ssl)->sessions.Put(PeerOf(ssl).host, bssl::UniquePtr<SSL_SESSION>(session));
    return 1;
  }
};

absl::StatusOr<std::unique_ptr<TlsContext::Client>> TlsContext::Client::Make(
    const TlsClientOptions& options) {
  auto client = std::make_unique<Client>();
  client->context = NewContext();
  if (client->context == nullptr) return CannotMake("a TLS client");
  SSL_CTX* context = client->context.get();
  SSL_CTX_set_app_data(context, client.get());
  SSL_CTX_set_min_proto_version(context, ProtocolVersion(options.min_version));
  SSL_CTX_set_alpn_protos(context, kHttp11, sizeof(kHttp11));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, OnNewSession);
  SSL_CTX_set_cert_cb(context, OnCertificateRequest, client.get());

  const TlsIdentity& identity = options.identity;
  if (!identity.certificate_file.empty() || !identity.certificate_pem.empty() ||
      !identity.private_key_file.empty() || !identity.private_key_pem.empty()) {
    absl::StatusOr<Identity> loaded = Identity::Load(identity);
    if (!loaded.ok()) return loaded.status();
    client->identity = *std::move(loaded);
  }

  if (options.dangerously_accept_any_certificate) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return client;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, OnVerify);
  absl::StatusOr<bssl::UniquePtr<X509_STORE>> roots =
      options.ca_file.empty() && options.ca_pem.empty()
          ? LoadSystemRoots()
          : LoadRoots(options.ca_file, options.ca_pem, "ca_pem");
  if (!roots.ok()) return roots.status();
  SSL_CTX_set_cert_store(context, roots->release());
  return client;
}

absl::StatusOr<bssl::UniquePtr<SSL>> TlsContext::Client::NewSsl(TlsPeer* peer) {
  bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  if (ssl == nullptr) return CannotMake("a TLS stream");
  SSL_set_connect_state(ssl.get());
  std::string& host = peer->host;
  if (absl::EndsWith(host, ".")) host.pop_back();  // a fully qualified name with a final dot
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  // A subject is not a host name (RFC 9525, section 6.1).
  X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  in6_addr ip;
  const bool is_ip =
      inet_pton(AF_INET, host.c_str(), &ip) == 1 || inet_pton(AF_INET6, host.c_str(), &ip) == 1;
  const bool ok = !host.empty() &&
                  (is_ip ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1
                         : X509_VERIFY_PARAM_set1_host(verify, host.data(), host.size()) == 1 &&
                               SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1);
  if (!ok) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(host), "\" is not a host name or IP address"));
  }
  bssl::UniquePtr<SSL_SESSION> session;
  if (RemembersSessionsOf(*peer)) session = sessions.Get(host);
  if (session != nullptr) SSL_set_session(ssl.get(), session.get());
  return ssl;
}

// ---- Server ----

namespace {

// The server's configuration, which Reload() replaces.
struct ServerConfig {
  std::vector<Identity> identities;
  // null: the server does not ask for client certificates
  bssl::UniquePtr<X509_STORE> client_roots;
  bssl::UniquePtr<STACK_OF(X509_NAME)> client_root_names;  // sent to the client
  int verify_mode = SSL_VERIFY_NONE;
  uint16_t min_version = TLS1_2_VERSION;
  // Identifies the clients that the server accepts: a ticket is valid only while this is the same.
  uint8_t session_context[SHA256_DIGEST_LENGTH] = {};

  const Identity& For(absl::string_view host) const {
    const Identity* wildcard = nullptr;
    for (const Identity& identity : identities) {
      const Identity::Match match = identity.Matches(host);
      if (match == Identity::Match::kExact) return identity;
      if (match == Identity::Match::kWildcard && wildcard == nullptr) wildcard = &identity;
    }
    return wildcard != nullptr ? *wildcard : identities.front();
  }
};

// Clients must show a certificate that one of `roots` issued.
absl::Status SetClientRoots(ServerConfig* config, bssl::UniquePtr<X509_STORE> roots,
                            ClientCertificates wanted) {
  config->verify_mode = SSL_VERIFY_PEER;
  if (wanted == ClientCertificates::kRequired) {
    config->verify_mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  config->client_root_names.reset(sk_X509_NAME_new_null());
  SHA256_CTX digest;
  SHA256_Init(&digest);
  SHA256_Update(&digest, &config->verify_mode, sizeof(config->verify_mode));
  const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(roots.get());
  for (size_t i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    X509* root = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (root == nullptr) continue;  // a revocation list
    uint8_t fingerprint[SHA256_DIGEST_LENGTH];
    bssl::UniquePtr<X509_NAME> name(X509_NAME_dup(X509_get_subject_name(root)));
    if (name == nullptr || !X509_digest(root, EVP_sha256(), fingerprint, nullptr) ||
        !bssl::PushToStack(config->client_root_names.get(), std::move(name))) {
      return CannotMake("a list of client CAs");
    }
    SHA256_Update(&digest, fingerprint, sizeof(fingerprint));
  }
  SHA256_Final(config->session_context, &digest);
  config->client_roots = std::move(roots);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const ServerConfig>> LoadConfig(const TlsServerOptions& options) {
  auto config = std::make_shared<ServerConfig>();
  if (options.identities.empty()) {
    return absl::InvalidArgumentError("a TLS server needs a certificate and its private key");
  }
  for (const TlsIdentity& source : options.identities) {
    absl::StatusOr<Identity> identity = Identity::Load(source);
    if (!identity.ok()) return identity.status();
    config->identities.push_back(*std::move(identity));
  }
  config->min_version = ProtocolVersion(options.min_version);
  const bool has_roots = !options.client_ca_file.empty() || !options.client_ca_pem.empty();
  if (has_roots != (options.client_certificates != ClientCertificates::kNone)) {
    return absl::InvalidArgumentError(has_roots
                                          ? "client_ca is set, but client_certificates is kNone"
                                          : "client_certificates requires a client_ca");
  }
  if (has_roots) {
    auto roots = LoadRoots(options.client_ca_file, options.client_ca_pem, "client_ca_pem");
    if (!roots.ok()) return roots.status();
    absl::Status status =
        SetClientRoots(config.get(), *std::move(roots), options.client_certificates);
    if (!status.ok()) return status;
  }
  return config;
}

}  // namespace

struct TlsContext::Server {
  bssl::UniquePtr<SSL_CTX> context;
  std::mutex mutex;
  TlsServerOptions options;                    // guarded by mutex
  std::shared_ptr<const ServerConfig> config;  // guarded by mutex

  static absl::StatusOr<std::unique_ptr<Server>> Make(TlsServerOptions options);
  absl::Status Reload(TlsServerOptions options);
  absl::StatusOr<bssl::UniquePtr<SSL>> NewSsl();

  std::shared_ptr<const ServerConfig> Config() {
    const std::lock_guard<std::mutex> lock(mutex);
    return config;
  }
  // A client's hello was read.
  static int OnClientHello(SSL* ssl, void* self) {
    const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const std::shared_ptr<const ServerConfig> config = static_cast<Server*>(self)->Config();
    return config->For(host != nullptr ? host : "").Use(ssl) ? 1 : 0;
  }
  static int OnAlpn(SSL* ssl, const uint8_t** out, uint8_t* out_size, const uint8_t* in,
                    unsigned in_size, void* arg);
};

// A client that offers only other protocols is refused (RFC 7301, section 3.2).
int TlsContext::Server::OnAlpn(SSL*, const uint8_t** out, uint8_t* out_size, const uint8_t* in,
                               unsigned in_size, void*) {
  const int found = SSL_select_next_proto(const_cast<uint8_t**>(out), out_size, kHttp11,
                                          sizeof(kHttp11), in, in_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::StatusOr<std::unique_ptr<TlsContext::Server>> TlsContext::Server::Make(
    TlsServerOptions options) {
  absl::StatusOr<std::shared_ptr<const ServerConfig>> config = LoadConfig(options);
  if (!config.ok()) return config.status();
  auto server = std::make_unique<Server>();
  server->context = NewContext();
  if (server->context == nullptr) return CannotMake("a TLS server");
  server->options = std::move(options);
  server->config = *std::move(config);
  SSL_CTX* context = server->context.get();
  // Sessions are stored in tickets, by the clients.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_cert_cb(context, OnClientHello, server.get());
  SSL_CTX_set_alpn_select_cb(context, OnAlpn, nullptr);
  return server;
}

absl::Status TlsContext::Server::Reload(TlsServerOptions new_options) {
  absl::StatusOr<std::shared_ptr<const ServerConfig>> new_config = LoadConfig(new_options);
  if (!new_config.ok()) return new_config.status();
  for (const Identity& identity : (*new_config)->identities) {
    if (absl::Status status = identity.CheckExpiry(); !status.ok()) return status;
  }
  const std::lock_guard<std::mutex> lock(mutex);
  options = std::move(new_options);
  config = *std::move(new_config);
  return absl::OkStatus();
}

absl::StatusOr<bssl::UniquePtr<SSL>> TlsContext::Server::NewSsl() {
  const std::shared_ptr<const ServerConfig> now = Config();
  bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  if (ssl == nullptr) return CannotMake("a TLS stream");
  SSL_set_accept_state(ssl.get());
  SSL_set_min_proto_version(ssl.get(), now->min_version);
  SSL_set_session_id_context(ssl.get(), now->session_context, sizeof(now->session_context));
  if (now->client_roots != nullptr) {
    SSL_set_verify(ssl.get(), now->verify_mode, OnVerify);
    SSL_set1_verify_cert_store(ssl.get(), now->client_roots.get());
    SSL_set_client_CA_list(ssl.get(), SSL_dup_CA_list(now->client_root_names.get()));
  }
  return ssl;
}

// ---- Both ----

TlsContext::TlsContext() = default;
TlsContext::~TlsContext() = default;

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::ForClient(const TlsClientOptions& options) {
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Make(options);
  if (!client.ok()) return client.status();
  std::shared_ptr<TlsContext> context(new TlsContext);
  context->client_ = *std::move(client);
  return context;
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::ForServer(TlsServerOptions options) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Make(std::move(options));
  if (!server.ok()) return server.status();
  std::shared_ptr<TlsContext> context(new TlsContext);
  context->server_ = *std::move(server);
  return context;
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::SystemClient() {
  static const auto& context = *new absl::StatusOr<std::shared_ptr<TlsContext>>(ForClient());
  return context;
}

absl::Status TlsContext::Reload() {
  if (server_ == nullptr) return Reload(TlsServerOptions());
  std::unique_lock<std::mutex> lock(server_->mutex);
  TlsServerOptions options = server_->options;
  lock.unlock();
  return Reload(std::move(options));
}

absl::Status TlsContext::Reload(TlsServerOptions options) {
  if (server_ == nullptr) {
    return absl::FailedPreconditionError("only a server's certificates can be reloaded");
  }
  return server_->Reload(std::move(options));
}

absl::StatusOr<ssl_st*> TlsContext::NewSsl(TlsPeer* peer) {
  if (peer->is_server != (client_ != nullptr)) {
    return absl::FailedPreconditionError(peer->is_server
                                             ? "a TLS client was given a server's TlsContext"
                                             : "a TLS server was given a client's TlsContext");
  }
  absl::StatusOr<bssl::UniquePtr<SSL>> ssl =
      peer->is_server ? client_->NewSsl(peer) : server_->NewSsl();
  if (!ssl.ok()) return ssl.status();
  SSL_set_app_data(ssl->get(), peer);
  SSL_set_shed_handshake_config(ssl->get(), 1);
  return ssl->release();
}

}  // namespace weft
