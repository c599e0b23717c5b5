// Your code of chapter 5: README.md says what to write.

#include "course/05_text/text.h"
#include "course/not_written_yet.h"

namespace course {

bool Utf8Checker::Append(absl::string_view piece) { NotWrittenYet(); }

bool Utf8Checker::AtEnd() const { NotWrittenYet(); }

}  // namespace course
