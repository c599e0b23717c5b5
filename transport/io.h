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

}  // namespace weft

#endif  // WEFT_TRANSPORT_IO_H_
