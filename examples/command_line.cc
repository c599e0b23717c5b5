#include "examples/command_line.h"

#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "weft/transport/line_writer.h"

namespace examples {

std::vector<std::string> ParseCommandLine(int argc, char** argv, const char* usage) {
  weft::OpenStandardStreams();
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [](absl::string_view file) {
    return absl::StrContains(file, "examples/");
  };
  absl::SetFlagsUsageConfig(config);
  absl::SetProgramUsageMessage(usage);
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  return {words.begin() + 1, words.end()};
}

}  // namespace examples
