// The flags of the commands that connect to a server.

#ifndef TOOLS_WEFT_CLIENT_FLAGS_H_
#define TOOLS_WEFT_CLIENT_FLAGS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/weft/command_line.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/http/basic_auth.h"
#include "weft/transport/tls_options.h"

namespace weft::cli {

struct ClientFlags {
  // The opening handshake.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::vector<std::string> subprotocols{};
  std::string origin{};
  std::optional<BasicCredentials> auth{};
  std::string bearer{};
  std::vector<std::pair<std::string, std::string>> cookies{};

  // The connection.
  TlsClientOptions tls{};
  std::string connect_to{};  // as ClientOptions::connect_to
  std::string proxy{};       // as ClientOptions::proxy
  int max_redirects = 0;
  absl::Duration timeout = absl::Seconds(30);
};

// The flags that set `to`, with their headings.
std::vector<Flag> FlagsOfClients(ClientFlags* to);

// Completes and checks the combination of flags, after all were parsed.
absl::Status FinishClientFlags(ClientFlags* flags);

// InvalidArgument, or an error of a file, for certificates that cannot be used.
absl::StatusOr<ClientOptions> ToClientOptions(const ClientFlags& flags);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CLIENT_FLAGS_H_
