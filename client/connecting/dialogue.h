// A step to an open connection that exchanges bytes with a peer, without I/O.

#ifndef WEFT_CLIENT_CONNECTING_DIALOGUE_H_
#define WEFT_CLIENT_CONNECTING_DIALOGUE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace weft {

// The maximum number of bytes that a step reads at once.
inline constexpr size_t kMaxReadBytes = 4096;

// One side of an exchange on a stream. Its caller writes and reads:
//
//   while (true) {
//     if (absl::Status s = Write(dialogue.TakeOutput()); !s.ok()) return dialogue.CannotWrite(s);
//     if (dialogue.wanted() == 0) break;
//     absl::StatusOr<std::string> bytes = Read(dialogue.wanted());
//     if (!bytes.ok()) return dialogue.CannotRead(bytes.status());
//     if (absl::Status status = dialogue.Take(*bytes); !status.ok()) return status;
//   }
class Dialogue {
 public:
  virtual ~Dialogue() = default;

  // The bytes to write before more is read. Returns each piece once.
  virtual std::string TakeOutput() = 0;

  // The maximum number of bytes to read next; 0 once no more are needed.
  virtual size_t wanted() const = 0;

  // Takes bytes that were read: at least one, and at most wanted(). After an error the dialogue has
  // ended.
  virtual absl::Status Take(absl::string_view bytes) = 0;

  // The time that the reads from now on may take together. Finite for a dialogue that can end
  // without them: when it is over, CannotRead() returns the outcome.
  virtual absl::Duration patience() const { return absl::InfiniteDuration(); }

  // The dialogue's error if `why` prevents the write or the read that it wants.
  virtual absl::Status CannotWrite(const absl::Status& why) = 0;
  virtual absl::Status CannotRead(const absl::Status& why) = 0;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_DIALOGUE_H_
