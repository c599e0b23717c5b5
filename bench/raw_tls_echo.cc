// A bare TLS echo server on one thread: BoringSSL directly on non-blocking sockets. WebSocket
// servers over TLS are compared with it.
//
//   tools/make_test_ca /tmp/ca
//   bazel run -c opt //bench:raw_tls_echo -- --cert=/tmp/ca/server.pem --key=/tmp/ca/server.key

#include <signal.h>
#include <sys/epoll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "openssl/err.h"
#include "openssl/ssl.h"
#include "weft/bench/raw_server.h"

ABSL_FLAG(std::string, cert, "", "PEM file of the server's certificate chain");
ABSL_FLAG(std::string, key, "", "PEM file of its private key");

namespace weft::bench {
namespace {

class RawTlsEcho final : public RawHandler {
 public:
  absl::Status Start() override {
    signal(SIGPIPE, SIG_IGN);  // BoringSSL's sockets raise it
    context_.reset(SSL_CTX_new(TLS_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_mode(context_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const std::string cert = absl::GetFlag(FLAGS_cert), key = absl::GetFlag(FLAGS_key);
    if (SSL_CTX_use_certificate_chain_file(context_.get(), cert.c_str()) &&
        SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM)) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("cannot use --cert=\"", cert, "\" and --key=\"", key,
                     "\": ", ERR_reason_error_string(ERR_peek_last_error())));
  }

  bool OnReady(int poller, int fd, uint32_t /*events*/) override {
    if (static_cast<size_t>(fd) >= peers_.size()) peers_.resize(fd + 1);
    Peer& peer = peers_[fd];
    if (peer.ssl == nullptr) {
      peer.ssl.reset(SSL_new(context_.get()));
      SSL_set_fd(peer.ssl.get(), fd);
      SSL_set_accept_state(peer.ssl.get());
    }
    if (!peer.unsent.empty()) {
      const int put = Write(peer.ssl.get(), peer.unsent);
      if (put < 0) return false;
      peer.unsent.erase(0, put);
      if (peer.unsent.empty()) WaitFor(EPOLLIN, poller, fd);
      return true;
    }
    const int got = Read(peer.ssl.get());
    if (got < 0) return false;
    const int put = Write(peer.ssl.get(), absl::string_view(buffer_.data(), got));
    if (put < 0) return false;
    if (put < got) {
      peer.unsent.assign(buffer_.data() + put, got - put);
      WaitFor(EPOLLOUT, poller, fd);
    }
    return true;
  }

  void OnClose(int fd) override {
    if (static_cast<size_t>(fd) < peers_.size()) peers_[fd] = Peer();
  }

 private:
  struct Peer {
    bssl::UniquePtr<SSL> ssl;
    std::string unsent;
  };

  static constexpr int kFullRecord = 16384;

  // Reads records, after the handshake, until one is not full: further bytes make the socket
  // readable again. Returns the bytes read, or -1 at the end.
  int Read(SSL* ssl) {
    int size = 0, got = kFullRecord;
    while (got == kFullRecord && buffer_.size() - size >= kFullRecord) {
      got = SSL_read(ssl, buffer_.data() + size, kFullRecord);
      if (got > 0) size += got;
    }
    return got > 0 || Waits(ssl, got) ? size : -1;
  }

  // Writes the bytes that the socket accepts. Returns their number, or -1 if the peer is gone.
  static int Write(SSL* ssl, absl::string_view bytes) {
    int size = 0;
    while (!bytes.empty()) {
      const int put = SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
      if (put <= 0) return Waits(ssl, put) ? size : -1;
      size += put;
      bytes.remove_prefix(put);
    }
    return size;
  }

  static bool Waits(SSL* ssl, int result) {
    const int error = SSL_get_error(ssl, result);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  bssl::UniquePtr<SSL_CTX> context_;
  std::vector<char> buffer_ = std::vector<char>(512 * 1024);
  std::vector<Peer> peers_;  // indexed by descriptor; at most one buffer of unsent bytes each
};

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  weft::bench::RawTlsEcho echo;
  return weft::bench::RunRawServer(argc, argv, echo);
}
