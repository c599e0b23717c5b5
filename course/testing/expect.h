// The comparison that the tests of the course use. Its failure is what a learner reads.

#ifndef WEFT_COURSE_TESTING_EXPECT_H_
#define WEFT_COURSE_TESTING_EXPECT_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace course::testing {

// The text of a failure, except the result.
struct Case {
  std::string sent;      // the input: bytes in hex, or text
  std::string expected;  // the right result, in the words of the result that is compared
  std::string section;   // "RFC 6455, section 5.2"
  std::string hint;      // where to look; one sentence or two
};

// Calls `result`, and reports a failure of the running test unless it returns `expected`. A
// function that is not written yet, or that throws, is a failure with that as the result.
// `file` and `line` are of the caller.
void Expect(const Case& the_case, absl::FunctionRef<std::string()> result,
            const char* file = __builtin_FILE(), int line = __builtin_LINE());

// "81 05 48": bytes as the README shows them. Of more than 40 bytes, the first 32 and the number.
std::string Hex(absl::string_view bytes);

// The bytes of "81 05 48".
std::string Bytes(absl::string_view hex);

// "\"a\\r\\n\"": text with its control characters and bytes above 0x7E visible, in quotes.
std::string Quoted(absl::string_view text);

}  // namespace course::testing

#endif  // WEFT_COURSE_TESTING_EXPECT_H_
