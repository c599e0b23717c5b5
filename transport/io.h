// The result of a non-blocking read or write: fits in two registers, and needs no allocation.

#ifndef WEFT_TRANSPORT_IO_H_
#define WEFT_TRANSPORT_IO_H_

#include <cstddef>
#include <cstdint>

namespace weft {

// What to wait for before trying again.
enum class Interest : uint8_t {
  kRead = 1,
  kWrite = 2,
  kReadWrite = 3,  // whichever comes first
};

enum class IoStatus : uint8_t {
  kOk,          // `bytes` were moved, perhaps fewer than requested
  kWouldBlock,  // nothing was moved: wait for `wanted`
  kEof,         // the peer will send no more; only reads return this
  kError,       // the stream cannot be used any more; `error` has the cause
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  // With kWouldBlock. A plain read wants kRead and a plain write kWrite. Callers must still check,
  // because a TLS read may have to write first.
  Interest wanted = Interest::kRead;
  // With kOk, of a TLS read: perhaps more can be read that the descriptor does not report. A caller
  // that reads once whenever the descriptor is readable must read again at once; one that reads
  // until kWouldBlock can ignore this.
  bool more = false;
  int error = 0;  // with kError: an errno, EPROTO for TLS; Stream::Error() describes it
  size_t bytes = 0;

  bool ok() const { return status == IoStatus::kOk; }
};

// When a loop reads a stream again.
enum class StreamInput : uint8_t {
  kAwaited,     // when the descriptor is readable
  kMore,        // at once
  kNeedsWrite,  // when the descriptor is writable: a TLS read has to write first
  kEnded,       // never
};

inline StreamInput InputAfterRead(const IoResult& result) {
  switch (result.status) {
    case IoStatus::kOk:
      return result.more ? StreamInput::kMore : StreamInput::kAwaited;
    case IoStatus::kWouldBlock:
      return result.wanted == Interest::kRead ? StreamInput::kAwaited : StreamInput::kNeedsWrite;
    case IoStatus::kEof:
    case IoStatus::kError:
      break;
  }
  return StreamInput::kEnded;
}

}  // namespace weft

#endif  // WEFT_TRANSPORT_IO_H_
