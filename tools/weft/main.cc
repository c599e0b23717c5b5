// weft: WebSockets on the command line.
//
//   bazel run //tools/weft -- connect wss://example.com

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/weft/bench/bench.h"
#include "tools/weft/bench/bench_options.h"
#include "tools/weft/check/check.h"
#include "tools/weft/check/check_options.h"
#include "tools/weft/command_help.h"
#include "tools/weft/connect/connect.h"
#include "tools/weft/connect/connect_options.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/listen/listen.h"
#include "tools/weft/listen/listen_options.h"
#include "tools/weft/write_all.h"
#include "weft/core/version.h"
#include "weft/transport/line_writer.h"

namespace weft::cli {
namespace {

struct Command {
  int (*run)(absl::Span<const absl::string_view> words);
  CommandHelp (*help)();
};

constexpr Command kCommands[] = {
    {Connect, ConnectCommandHelp},
    {Check, CheckCommandHelp},
    {Bench, BenchCommandHelp},
    {Listen, ListenCommandHelp},
};

std::vector<CommandHelp> Helps() {
  std::vector<CommandHelp> helps;
  for (const Command& command : kCommands) helps.push_back(command.help());
  return helps;
}

int Main(absl::Span<const absl::string_view> words) {
  if (words.empty()) {
    std::fputs(UsageText(Helps()).c_str(), stderr);
    return kWrongUsage;
  }
  for (const Command& command : kCommands) {
    if (words[0] == command.help().name) return command.run(words.subspan(1));
  }
  const absl::string_view word = words[0];
  if (word == "--help" || word == "-h" || word == "help") return Print(UsageText(Helps()));
  if (word == "--version" || word == "-V") return Print(absl::StrCat("weft ", kVersion, "\n"));
  if (word == "--man") return Print(ManPage(Helps()));
  if (word == "--completion") return Print(BashCompletion(Helps()));
  std::fprintf(stderr, "weft: unknown command %s; see weft --help\n", std::string(word).c_str());
  return kWrongUsage;
}

// `bazel run` starts programs in another folder; file names are relative to the caller's folder.
void LeaveBazelsFolder() {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (folder != nullptr && chdir(folder) != 0) std::perror(folder);
}

}  // namespace
}  // namespace weft::cli

int main(int argc, char** argv) {
  weft::OpenStandardStreams();
  std::signal(SIGCHLD, SIG_DFL);  // if it is ignored, nobody learns how a child process ended
  weft::cli::LeaveBazelsFolder();
  return weft::cli::Main(std::vector<absl::string_view>(argv + 1, argv + argc));
}
