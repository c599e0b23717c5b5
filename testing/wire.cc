#include "weft/testing/wire.h"

#include <algorithm>

namespace weft::testing {

void Wire::Write(absl::string_view bytes) {
  if (ended_ || reset_ || bytes.empty()) return;
  const int64_t due_ms = NowMs() + delay_ms_;
  const int64_t last_ms = in_flight_.empty() ? due_ms : in_flight_.back().due_ms;
  in_flight_.push_back({std::max(due_ms, last_ms), std::string(bytes)});
}

std::string Wire::Read() {
  std::string read;
  while (!stalled_ && !in_flight_.empty() && in_flight_.front().due_ms <= NowMs() &&
         read.size() < piece_bytes_) {
    std::string& bytes = in_flight_.front().bytes;
    const size_t size = std::min(bytes.size(), piece_bytes_ - read.size());
    read.append(bytes, 0, size);
    bytes.erase(0, size);
    if (bytes.empty()) in_flight_.pop_front();
  }
  return read;
}

void Wire::Reset() {
  reset_ = true;
  in_flight_.clear();
}

size_t Wire::in_flight() const {
  size_t size = 0;
  for (const Piece& piece : in_flight_) size += piece.bytes.size();
  return size;
}

}  // namespace weft::testing
