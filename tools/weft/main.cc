// weft: a WebSocket on the command line.
//
//   bazel run //tools/weft -- connect wss://example.com

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/weft/connect.h"
#include "tools/weft/exit_code.h"
#include "weft/core/version.h"
#include "weft/transport/line_writer.h"

namespace weft::cli {
namespace {

constexpr char kUsage[] =
    R"(Usage: weft COMMAND [ARGUMENT...]

Commands:
  connect URL  open a WebSocket, send typed or piped input, show the messages received

weft COMMAND --help describes a command; weft --version prints the version.
)";

int Main(absl::Span<const absl::string_view> words) {
  if (words.empty()) {
    std::fputs(kUsage, stderr);
    return kWrongUsage;
  }
  const absl::string_view command = words[0];
  if (command == "connect") return Connect(words.subspan(1));
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kUsage, stdout);
    return kOrderly;
  }
  if (command == "--version" || command == "-V") {
    std::printf("weft %s\n", std::string(kVersion).c_str());
    return kOrderly;
  }
  std::fprintf(stderr, "weft: unknown command %s; see weft --help\n", std::string(command).c_str());
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
  weft::cli::LeaveBazelsFolder();
  return weft::cli::Main(std::vector<absl::string_view>(argv + 1, argv + argc));
}
