// Chapter 12: your server, of all chapters together.

#ifndef WEFT_COURSE_12_EXAM_EXAM_H_
#define WEFT_COURSE_12_EXAM_EXAM_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "course/09_server/server.h"
#include "course/10_limits/limits.h"

namespace course {

struct ExamOptions {
  int port = 0;  // of 127.0.0.1; 0 for a free one
  uint64_t max_message_bytes = kMaxServedMessage;
  Limits limits;
  std::function<absl::Time()> clock = absl::Now;
};

// A server that echoes every message as it came, text as text and binary as binary; with the limits
// of chapter 10 and the compression of chapter 11.
absl::StatusOr<std::unique_ptr<GuardedServer>> ListenForExam(const ExamOptions& options);

}  // namespace course

#endif  // WEFT_COURSE_12_EXAM_EXAM_H_
