#include "course/testing/expect.h"

#include <cstddef>
#include <exception>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace course::testing {
namespace {

constexpr size_t kWholeHex = 40;
constexpr size_t kShownHex = 32;

// Lines after the first are indented as deep as the first.
std::string Indented(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\n", "\n             "}});
}

}  // namespace

void Expect(const Case& the_case, absl::FunctionRef<std::string()> result, const char* file,
            int line) {
  std::string back;
  try {
    back = result();
    if (back == the_case.expected) return;
  } catch (const std::exception& error) {
    back = error.what();
  }
  ADD_FAILURE_AT(file, line) << "  sent:      " << Indented(the_case.sent)
                             << "\n  came back: " << Indented(back)
                             << "\n  expected:  " << Indented(the_case.expected)
                             << "\n  rule:      " << the_case.section
                             << "\n  hint:      " << Indented(the_case.hint) << "\n";
}

std::string Hex(absl::string_view bytes) {
  if (bytes.empty()) return "no bytes";
  const bool whole = bytes.size() <= kWholeHex;
  std::vector<std::string> pairs;
  for (const char byte : whole ? bytes : bytes.substr(0, kShownHex)) {
    pairs.push_back(absl::BytesToHexString({&byte, 1}));
  }
  return absl::StrCat(absl::StrJoin(pairs, " "),
                      whole ? "" : absl::StrCat(" ... (", bytes.size(), " bytes)"));
}

std::string Bytes(absl::string_view hex) {
  return absl::HexStringToBytes(absl::StrReplaceAll(hex, {{" ", ""}}));
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

}  // namespace course::testing
