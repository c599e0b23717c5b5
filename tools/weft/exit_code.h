// The exit codes of weft.

#ifndef TOOLS_WEFT_EXIT_CODE_H_
#define TOOLS_WEFT_EXIT_CODE_H_

namespace weft::cli {

// Described in `weft connect --help` and `weft bench --help`.
enum ExitCode : int {
  kOrderly = 0,
  kWrongUsage = 1,
  kCannotConnect = 2,
  kRefused = 3,
  kClosedOtherwise = 4,
  kConditionHolds = 5,  // of weft bench --fail-if
  kSignal = 128,        // plus the signal's number
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_EXIT_CODE_H_
