// The command line of `weft listen`.

#ifndef TOOLS_WEFT_LISTEN_LISTEN_OPTIONS_H_
#define TOOLS_WEFT_LISTEN_LISTEN_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/weft/command_help.h"
#include "weft/transport/tls_options.h"

namespace weft::cli {

struct ListenOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 8080;
  TlsIdentity tls{};  // no files: none

  // The work of a session; with neither it is an echo.
  bool chat = false;
  std::string exec{};   // a command
  bool binary = false;  // of exec: its input and output are bytes, not lines

  bool compress = false;  // accept compression
  std::vector<std::string> allowed_origins{};
  std::vector<std::string> allowed_hosts{};
  uint64_t max_message_bytes = 16 << 20;
  size_t max_connections = 1000;

  bool quiet = false;
  bool help = false;
};

// Parses the arguments after `weft listen`. InvalidArgument describes the error.
absl::StatusOr<ListenOptions> ParseListenOptions(absl::Span<const absl::string_view> words);

CommandHelp ListenCommandHelp();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_LISTEN_LISTEN_OPTIONS_H_
