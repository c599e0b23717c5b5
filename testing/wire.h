// One direction of a connection in memory.

#ifndef WEFT_TESTING_WIRE_H_
#define WEFT_TESTING_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/loop/clock.h"

namespace weft::testing {

// Carries bytes from one end to the other, and fails as a network does when the test says so. Not
// thread-safe.
//
//   Wire wire;
//   wire.SplitInto(1);
//   wire.Write("Hello");
//   wire.Read();           // "H"
class Wire {
 public:
  // `clock` is needed for DelayBy only, and must outlive the wire.
  explicit Wire(const Clock* clock = nullptr) : clock_(clock) {}

  // ---- The ends

  // Sends bytes. They are lost after End or Reset.
  void Write(absl::string_view bytes);

  // The stream ends after what was written.
  void End() { ended_ = true; }

  // The bytes that have arrived, at most one piece; empty if none have.
  std::string Read();

  // Whether the reader has come to the end of the stream, or the connection was reset.
  bool at_end() const { return reset_ || (ended_ && in_flight_.empty()); }

  // ---- The network

  // Each Read returns at most `bytes` from now on: 1 is byte by byte.
  void SplitInto(size_t bytes) { piece_bytes_ = bytes; }

  // Bytes that are written from now on arrive `ms` later. They never overtake earlier ones.
  void DelayBy(int64_t ms) { delay_ms_ = ms; }

  // Nothing arrives until Resume, and then everything does.
  void Stall() { stalled_ = true; }
  void Resume() { stalled_ = false; }

  // Loses what has not been read. The reader comes to the end at once.
  void Reset();

  // Bytes that were written and not read.
  size_t in_flight() const;

 private:
  struct Piece {
    int64_t due_ms;
    std::string bytes;
  };

  int64_t NowMs() const { return clock_ != nullptr ? clock_->NowMs() : 0; }

  const Clock* const clock_;
  std::deque<Piece> in_flight_;
  size_t piece_bytes_ = std::numeric_limits<size_t>::max();
  int64_t delay_ms_ = 0;
  bool stalled_ = false;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_WIRE_H_
