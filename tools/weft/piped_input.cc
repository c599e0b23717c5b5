#include "tools/weft/piped_input.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft::cli {

absl::StatusOr<std::optional<PipedInput::Piece>> PipedInput::Next() {
  size_t searched = 0;  // bytes of input() that are known to contain no newline
  while (true) {
    const absl::string_view bytes = input();
    if (split_ == Split::kLines) {
      const size_t newline = bytes.find('\n', searched);
      if (newline != absl::string_view::npos) return Take(newline, 1, true);
      searched = bytes.size();
    }
    if (end_ && bytes.empty() && !started_) return std::nullopt;
    if (end_ || (split_ == Split::kStream && !bytes.empty())) return Take(bytes.size(), 0, true);
    if (bytes.size() == kMaxPieceBytes) return Take(bytes.size(), 0, false);
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
}

PipedInput::Piece PipedInput::Take(size_t size, size_t separator, bool last) {
  const Piece piece = {.bytes = input().substr(0, size), .last = last};
  taken_ += size + separator;
  started_ = !last;
  return piece;
}

// Appends the bytes of one read.
absl::Status PipedInput::Fill() {
  absl::Status status = Wait(fd_, Interest::kRead, Deadline::Never(), &stop_);
  if (!status.ok()) return status;
  buffer_.erase(0, std::exchange(taken_, 0));
  const size_t old_size = buffer_.size();
  buffer_.resize(kMaxPieceBytes);
  const ssize_t size = read(fd_, buffer_.data() + old_size, kMaxPieceBytes - old_size);
  buffer_.resize(old_size + (size > 0 ? size : 0));
  if (size < 0 && errno != EINTR && errno != EAGAIN) {
    return absl::ErrnoToStatus(errno, "cannot read the input");
  }
  end_ = size == 0;
  return absl::OkStatus();
}

}  // namespace weft::cli
