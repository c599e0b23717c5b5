#include "examples/client_flags.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "examples/compression_flag.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/tls_options.h"

ABSL_FLAG(std::string, ca, "",
          "wss://: a PEM file with the roots to trust instead of the system's");
ABSL_FLAG(std::string, cert, "",
          "wss://: a PEM file with our certificate, for servers that ask for one; with --key");
ABSL_FLAG(std::string, key, "", "wss://: a PEM file with the private key of --cert");
ABSL_FLAG(std::string, proxy, "",
          "connect through http://user:password@host:port or socks5://..., or \"direct\"; "
          "default: from the environment (https_proxy, http_proxy, all_proxy, no_proxy)");

namespace examples {

absl::StatusOr<weft::ClientOptions> ClientOptionsFromFlags(absl::string_view url) {
  weft::TlsClientOptions tls = {.ca_file = absl::GetFlag(FLAGS_ca),
                                .identity = {.certificate_file = absl::GetFlag(FLAGS_cert),
                                             .private_key_file = absl::GetFlag(FLAGS_key)}};
  if (tls.identity.certificate_file.empty() != tls.identity.private_key_file.empty()) {
    return absl::InvalidArgumentError("--cert and --key must be given together");
  }
  weft::ClientOptions options;
  options.proxy = absl::GetFlag(FLAGS_proxy);
  options.connection.compression = CompressionFromFlag();
  if (tls.ca_file.empty() && tls.identity.certificate_file.empty()) return options;
  if (!absl::StartsWithIgnoreCase(url, "wss")) {
    return absl::InvalidArgumentError(
        absl::StrCat("--ca, --cert and --key require wss://, but ", url, " is not encrypted"));
  }
  absl::StatusOr<std::shared_ptr<weft::TlsContext>> context =
      weft::TlsContext::ForClient(std::move(tls));
  if (!context.ok()) return context.status();
  options.tls = *std::move(context);
  return options;
}

}  // namespace examples
