#include "weft/transport/testing/tls_pair.h"

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"

namespace weft::testing {
namespace {

std::shared_ptr<TlsContext> OrDie(absl::StatusOr<std::shared_ptr<TlsContext>> context) {
  if (context.ok()) return *std::move(context);
  std::fprintf(stderr, "cannot make a TLS context: %s\n", context.status().ToString().c_str());
  std::abort();
}

}  // namespace

std::string TestCaFile(absl::string_view name) {
  return absl::StrCat("transport/testing/test_ca/", name);
}

std::string ReadTestCaFile(absl::string_view name) {
  std::ifstream file(TestCaFile(name));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TlsIdentity TestIdentity(absl::string_view name) {
  return {.certificate_file = TestCaFile(absl::StrCat(name, ".pem")),
          .private_key_file = TestCaFile(absl::StrCat(name, ".key"))};
}

std::shared_ptr<TlsContext> TestTlsServer(TlsServerOptions options) {
  return OrDie(TlsContext::ForServer(std::move(options)));
}

std::shared_ptr<TlsContext> TestTlsClient(const TlsClientOptions& options) {
  return OrDie(TlsContext::ForClient(options));
}

TlsPair::TlsPair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) std::abort();
  client = Stream(UniqueFd(fds[0]));
  server = Stream(UniqueFd(fds[1]));
}

absl::Status TlsPair::Start(TlsContext& client_context, TlsContext& server_context,
                            absl::string_view host) {
  absl::Status status = client.StartTlsClient(client_context, host);
  if (status.ok()) status = server.StartTlsServer(server_context);
  return status;
}

void TlsPair::Handshake() {
  bool client_done = false, server_done = false;
  const auto step = [](Stream& stream, bool* done, absl::Status* status) {
    if (*done) return;
    const IoResult result = stream.Handshake();
    if (result.status == IoStatus::kWouldBlock) return;
    *done = true;
    *status = stream.Error(result);
    if (!status->ok()) stream.ShutdownWrite();
  };
  while (!client_done || !server_done) {
    step(client, &client_done, &client_status);
    step(server, &server_done, &server_status);
  }
}

std::string Transfer(Stream& from, Stream& to, absl::string_view data) {
  std::string got;
  char buffer[100000];
  const size_t size = data.size();
  while (got.size() < size) {
    if (!data.empty()) {
      const IoResult written = from.Write(data);
      if (written.status == IoStatus::kError) break;
      data.remove_prefix(written.bytes);
    }
    const IoResult read = to.Read(absl::MakeSpan(buffer));
    got.append(buffer, read.bytes);
    if (!read.ok() && read.status != IoStatus::kWouldBlock) break;
  }
  return got;
}

}  // namespace weft::testing
