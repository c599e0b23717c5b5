// Echoes every message, over TLS.
//
//   bazel run //examples/tls:server
//   bazel run //examples/tls:server -- --cert=cert.pem --key=key.pem --client_ca=ca.pem

#include "weft/server/server.h"

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/echo/echo.h"
#include "examples/echo/echo_flags.h"
#include "examples/output.h"
#include "examples/server_main.h"

ABSL_FLAG(std::string, cert, "", "the certificate, followed by its chain: a PEM file");
ABSL_FLAG(std::string, key, "", "its private key: a PEM file");
ABSL_FLAG(std::string, client_ca, "",
          "only clients with a certificate signed by a CA of this PEM file may connect");

namespace {

// Made by tools/make_test_ca, at its path relative to where `bazel run` starts a program.
constexpr char kTestCertificate[] = "examples/tls/test_ca/server.pem";
constexpr char kTestKey[] = "examples/tls/test_ca/server.key";
constexpr char kTestCa[] = "examples/tls/test_ca/ca.pem";

void SayWhatToTrust() {
  std::unique_ptr<char, decltype(&std::free)> path(realpath(kTestCa, nullptr), &std::free);
  examples::ErrorOutput().Write(
      "No --cert: using a test certificate for localhost. Clients trust it with");
  examples::ErrorOutput().Write(absl::StrCat("  --ca=", path == nullptr ? kTestCa : path.get()));
}

absl::StatusOr<std::shared_ptr<weft::TlsContext>> TlsFromFlags() {
  weft::TlsServerOptions tls;
  tls.identities = {{.certificate_file = absl::GetFlag(FLAGS_cert),
                     .private_key_file = absl::GetFlag(FLAGS_key)}};
  if (absl::GetFlag(FLAGS_cert).empty() && absl::GetFlag(FLAGS_key).empty()) {
    if (access(kTestCertificate, R_OK) != 0) {
      return absl::NotFoundError(absl::StrCat(
          "--cert is not set, and there is no ", kTestCertificate,
          " here: give --cert and --key, or start ",
          "the server with `bazel run //examples/tls:server`, which has a certificate for tests"));
    }
    tls.identities = {{.certificate_file = kTestCertificate, .private_key_file = kTestKey}};
    SayWhatToTrust();
  }
  tls.client_ca_file = absl::GetFlag(FLAGS_client_ca);
  if (!tls.client_ca_file.empty()) {
    tls.client_certificates = weft::ClientCertificates::kRequired;
  }
  return weft::TlsContext::ForServer(std::move(tls));
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::EchoOptionsFromFlags(
      argc, argv, "Sends every message back to its sender, over TLS (wss://).");
  absl::StatusOr<std::shared_ptr<weft::TlsContext>> tls = TlsFromFlags();
  if (!tls.ok()) {
    examples::ErrorOutput().Write(absl::StrCat("Error: ", tls.status().message()));
    return 1;
  }
  options.tls = *std::move(tls);
  weft::Router router;
  examples::Echo().AddTo(router, "");
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
