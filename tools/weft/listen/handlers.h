// The sessions of `weft listen`.

#ifndef TOOLS_WEFT_LISTEN_HANDLERS_H_
#define TOOLS_WEFT_LISTEN_HANDLERS_H_

#include <functional>
#include <memory>
#include <string>

#include "tools/weft/listen/listen_options.h"
#include "tools/weft/listen/process_link.h"
#include "weft/server/acceptor.h"
#include "weft/server/server_options.h"

namespace weft::cli {

// Where the server writes. Called from any thread.
struct ListenOutput {
  std::function<void(absl::string_view line)> access{};    // a line for each session; may be empty
  std::function<void(absl::string_view text)> complain{};  // for the operator
};

// Accepts every request, and makes an echo, a member of the chat or a process of it. For a server
// with the options below.
Acceptor MakeAcceptor(const ListenOptions& options, const ListenOutput& output,
                      const std::shared_ptr<LinkCount>& processes);

// InvalidArgument, or an error of a file, for certificates that cannot be used.
absl::StatusOr<ServerOptions> ToServerOptions(const ListenOptions& options,
                                              const ListenOutput& output);

}  // namespace weft::cli

#endif  // TOOLS_WEFT_LISTEN_HANDLERS_H_
