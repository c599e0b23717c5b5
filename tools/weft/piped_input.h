// Input from a pipe or file, divided into messages.

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

// How the input is divided into messages.
enum class Split {
  kLines,   // one message per line, without its newline; the last line may have none
  kWhole,   // all input is one message
  kStream,  // one message per read, as soon as it returns
};

// Reads a descriptor that is not a terminal. Holds at most 64 KiB: a longer message is returned in
// pieces.
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
    bool last = true;         // the last piece of its message
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
  size_t taken_ = 0;      // bytes of buffer_ that were returned
  bool end_ = false;      // of the input
  bool started_ = false;  // a message is in progress, and its last piece is still to come
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_PIPED_INPUT_H_
