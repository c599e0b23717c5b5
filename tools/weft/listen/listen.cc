#include "tools/weft/listen/listen.h"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/weft/child_process.h"
#include "tools/weft/command_help.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/listen/handlers.h"
#include "tools/weft/listen/listen_options.h"
#include "tools/weft/listen/process_link.h"
#include "tools/weft/write_all.h"
#include "weft/core/http/quote.h"
#include "weft/loop/signals.h"
#include "weft/server.h"
#include "weft/transport/address.h"
#include "weft/transport/line_writer.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

// A terminal that is closed ends the processes of sessions as well, which have groups of their own.
std::vector<int> SignalsToHandle() {
  std::vector<int> signals = {SIGINT, SIGTERM};
  if (!SignalWaiter::IsIgnored(SIGHUP)) signals.push_back(SIGHUP);  // ignored under nohup
  return signals;
}

std::string UrlOf(const SocketAddress& address, bool tls) {
  const absl::string_view scheme = tls ? "wss" : "ws";
  if (address.family() == AF_UNIX) return absl::StrCat(scheme, "+unix://", address.path());
  return absl::StrCat(scheme, "://", address.ToString(), "/");
}

}  // namespace

int Listen(absl::Span<const absl::string_view> words) {
  Console console(ConsoleOptions::Detect(), nullptr);
  const absl::StatusOr<ListenOptions> options = ParseListenOptions(words);
  if (!options.ok()) {
    console.Complain(absl::StrCat(options.status().message(), "; see weft listen --help"));
    return kWrongUsage;
  }
  if (options->help) return Print(HelpText(ListenCommandHelp()));
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit().IgnoreError();  // with fewer descriptors it serves fewer connections
  if (!options->exec.empty()) {
    if (absl::Status status = CheckCommand(options->exec); !status.ok()) {
      console.Complain(status.message());
      return kWrongUsage;
    }
  }
  absl::StatusOr<SignalWaiter> signals = SignalWaiter::Create(SignalsToHandle());
  if (!signals.ok()) {
    console.Complain(signals.status().message());
    return kCannotConnect;
  }

  // They wait for nobody who reads them.
  LineWriter out(STDOUT_FILENO);
  LineWriter err(STDERR_FILENO);
  ListenOutput output;
  output.complain = [&err](absl::string_view text) {
    err.Write(absl::StrCat("weft: ", Escape(text)));
  };
  if (!options->quiet) output.access = [&out](absl::string_view line) { out.Write(line); };

  absl::StatusOr<ServerOptions> server_options = ToServerOptions(*options, output);
  if (!server_options.ok()) {
    const bool one_file = options->tls.private_key_file == options->tls.certificate_file;
    const bool no_key = one_file && absl::IsInvalidArgument(server_options.status());
    console.Complain(absl::StrCat(server_options.status().message(), no_key ? "; see --key" : ""));
    return kWrongUsage;
  }
  const bool tls = server_options->tls != nullptr;
  const absl::StatusOr<Notification> hurry = Notification::Create();
  if (!hurry.ok()) {
    console.Complain(hurry.status().message());
    return kCannotConnect;
  }
  // For each connection one, and one of an earlier connection that has not ended yet.
  const auto processes = std::make_shared<LinkCount>(2 * options->max_connections, &*hurry);
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Listen(*std::move(server_options), MakeAcceptor(*options, output, processes));
  if (!server.ok()) {
    console.Complain(server.status().message());
    return kCannotConnect;
  }
  out.Write(absl::StrCat("Listening on ", UrlOf((*server)->address(), tls)));
  const absl::Status status = (*server)->Run(*signals, [&](int) { (*server)->Shutdown(); });
  std::thread second_signal([&] {
    if (signals->Wait().has_value()) hurry->Notify();
  });
  processes->AwaitNone();
  signals->Cancel();
  second_signal.join();
  if (!status.ok()) console.Complain(status.message());
  return status.ok() ? kOrderly : kCannotConnect;
}

}  // namespace weft::cli
