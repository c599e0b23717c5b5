#include "examples/command_line.h"

#include <cstddef>
#include <cstdlib>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "examples/output.h"
#include "weft/transport/line_writer.h"

namespace examples {
namespace {

// Ends the program at a flag that it does not have: Abseil's message would not say where to look.
void CheckFlags(const std::vector<absl::string_view>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    absl::string_view name = words[i];
    if (!absl::ConsumePrefix(&name, "-") || name.empty()) continue;
    absl::ConsumePrefix(&name, "-");
    const bool has_value = absl::StrContains(name, '=');
    name = name.substr(0, name.find('='));
    if (absl::StartsWith(name, "help") || name == "version") continue;  // Abseil's, and no flags
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    if (flag == nullptr && absl::ConsumePrefix(&name, "no")) {
      flag = absl::FindCommandLineFlag(name);
      if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
    }
    if (flag == nullptr) {
      ErrorOutput().Write(absl::StrCat("unknown flag: ", words[i], " (try --help)"));
      std::exit(2);
    }
    if (!has_value && !flag->IsOfType<bool>()) ++i;  // the next word is the value
  }
}

}  // namespace

std::vector<std::string> ParseCommandLine(int argc, char** argv, const char* usage) {
  weft::OpenStandardStreams();
  absl::FlagsUsageConfig config;
  config.contains_help_flags = [](absl::string_view file) {
    return absl::StrContains(file, "examples/");
  };
  absl::SetFlagsUsageConfig(config);
  absl::SetProgramUsageMessage(usage);
  CheckFlags({argv + 1, argv + argc});
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  return {words.begin() + 1, words.end()};
}

}  // namespace examples
