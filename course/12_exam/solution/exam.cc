#include "course/12_exam/exam.h"

#include "course/11_compression/compression.h"

namespace course {

absl::StatusOr<std::unique_ptr<GuardedServer>> ListenForExam(const ExamOptions& options) {
  return GuardedServer::Listen(
      {.port = options.port,
       .limits = options.limits,
       .clock = options.clock,
       .make_wire =
           [bytes = options.max_message_bytes] { return std::make_unique<DeflateWire>(bytes); }},
      [](Conversation& conversation, const Event& message) {
        conversation.Send(message.opcode, message.payload);
      });
}

}  // namespace course
