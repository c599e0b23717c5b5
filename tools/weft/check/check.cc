#include "tools/weft/check/check.h"

#include <csignal>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/weft/check/check_options.h"
#include "tools/weft/check/checker.h"
#include "tools/weft/check/report.h"
#include "tools/weft/command_help.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/format.h"
#include "tools/weft/write_all.h"

namespace weft::cli {

int Check(absl::Span<const absl::string_view> words) {
  const ConsoleOptions console_options = ConsoleOptions::Detect();
  Console console(console_options, nullptr);
  const absl::StatusOr<CheckOptions> options = ParseCheckOptions(words);
  if (!options.ok()) {
    console.Complain(absl::StrCat(options.status().message(), "; see weft check --help"));
    return kWrongUsage;
  }
  if (options->help) return Print(HelpText(CheckCommandHelp()));
  std::signal(SIGPIPE, SIG_IGN);
  Report report(stdout, Style(console_options.colors && console_options.out_is_terminal));
  const int code = Checker(*options, report).Run();
  if (report.status().ok() || absl::IsCancelled(report.status())) return code;
  console.Complain(report.status().message());
  return kWrongUsage;
}

}  // namespace weft::cli
