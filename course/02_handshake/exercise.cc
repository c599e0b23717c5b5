// Your code of chapter 2: README.md says what to write.

#include "course/02_handshake/handshake.h"
#include "course/not_written_yet.h"

namespace course {

bool IsToken(absl::string_view text) { NotWrittenYet(); }

size_t HeadSize(absl::string_view bytes) { NotWrittenYet(); }

absl::StatusOr<Head> ParseHead(absl::string_view text) { NotWrittenYet(); }

std::string ValueOf(const Head& head, absl::string_view name) { NotWrittenYet(); }

bool HasToken(absl::string_view list, absl::string_view token) { NotWrittenYet(); }

std::string AcceptKey(absl::string_view key) { NotWrittenYet(); }

std::string AnswerTo(const Head& request) { NotWrittenYet(); }

std::string RequestFor(absl::string_view host, absl::string_view target, absl::string_view key) {
  NotWrittenYet();
}

absl::Status CheckResponse(const Head& response, absl::string_view key) { NotWrittenYet(); }

}  // namespace course
