// What a non-blocking read or write says: small enough for two registers, and no allocation.

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
  kOk,          // `bytes` were moved, maybe fewer than were asked for
  kWouldBlock,  // nothing was moved: wait for `wanted`
  kEof,         // the peer will send no more; only reads say so
  kError,       // the stream is of no more use; `error` says why
};

struct IoResult {
  IoStatus status = IoStatus::kOk;
  // With kWouldBlock. A plain read wants kRead and a plain write kWrite; callers ask all the same,
  // because a TLS read may have to write first.
  Interest wanted = Interest::kRead;
  // With kOk, of a TLS read: more can be read that the descriptor does not announce. Who reads once
  // whenever the descriptor is readable reads again at once; who reads until kWouldBlock need not
  // look.
  bool more = false;
  int error = 0;  // with kError: an errno, EPROTO for TLS; Stream::Error() says it in words
  size_t bytes = 0;

  bool ok() const { return status == IoStatus::kOk; }
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_IO_H_
