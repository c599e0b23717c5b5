// Input that nobody types, as messages.

#ifndef TOOLS_WEFT_PIPED_INPUT_H_
#define TOOLS_WEFT_PIPED_INPUT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/notification.h"

namespace weft::cli {

// Where one message ends and the next begins.
enum class Split {
  kLines,   // a message is a line, without its newline; the last may have none
  kWhole,   // all is one message
  kStream,  // a message is what one read gives, as soon as it does
};

// Reads a descriptor that is no terminal. Holds at most 64 KiB: a longer message comes in pieces.
//
//   PipedInput input(0, Split::kLines, stop);
//   while (true) {
//     absl::StatusOr<std::optional<PipedInput::Piece>> piece = input.Next();
//     if (!piece.ok() || !piece->has_value()) break;
//     Send((*piece)->bytes, (*piece)->last);
//   }
class PipedInput {
 public:
  // `stop` makes Next() return, also while it waits.
  PipedInput(int fd, Split split, const Notification& stop) : fd_(fd), split_(split), stop_(stop) {}

  struct Piece {
    absl::string_view bytes;  // valid until the next call of Next()
    bool last = true;         // of its message
  };

  // The next piece; none at the end of the input. Cancelled by `stop`; other errors are those of
  // reading.
  absl::StatusOr<std::optional<Piece>> Next();

  static constexpr size_t kMaxPieceBytes = 64 << 10;

 private:
  absl::string_view input() const { return absl::string_view(buffer_).substr(taken_); }
  Piece Take(size_t size, size_t separator, bool last);
  absl::Status Fill();

  const int fd_;
  const Split split_;
  const Notification& stop_;
  std::string buffer_;
  size_t taken_ = 0;      // bytes of buffer_ that were given out
  bool end_ = false;      // of the input
  bool started_ = false;  // a message, of which the last piece is still to come
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_PIPED_INPUT_H_
