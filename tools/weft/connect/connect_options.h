// The command line of `weft connect`.

#ifndef TOOLS_WEFT_CONNECT_CONNECT_OPTIONS_H_
#define TOOLS_WEFT_CONNECT_CONNECT_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tools/weft/client_flags.h"
#include "tools/weft/command_help.h"
#include "tools/weft/piped_input.h"
#include "weft/core/frame/close_code.h"

namespace weft::cli {

struct ConnectOptions : ClientFlags {
  std::string url{};
  std::vector<std::string> messages{};  // to send first

  // Messages.
  bool binary = false;
  bool compress = false;  // offer compression
  Split split = Split::kLines;
  uint64_t max_message_bytes = 64 << 20;
  absl::Duration ping = absl::InfiniteDuration();  // the interval of pings
  bool reconnect = false;
  std::string exec{};  // the command that replaces our input and output

  // The end.
  CloseCode close_code = CloseCode::kNormal;
  std::string close_reason{};
  // for the server's answer to a Close frame; not a flag
  absl::Duration close_timeout = absl::Seconds(5);
  absl::Duration wait = absl::Seconds(1);  // for messages after the end of piped input
  uint64_t receive = 0;                    // end after this number of messages; 0: never

  // Output.
  bool quiet = false;
  bool show_headers = false;
  bool json = false;
  bool timestamps = false;
  bool help = false;
};

// Parses the arguments after `weft connect`. InvalidArgument describes the error.
absl::StatusOr<ConnectOptions> ParseConnectOptions(absl::Span<const absl::string_view> words);

CommandHelp ConnectCommandHelp();

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_CONNECT_OPTIONS_H_
