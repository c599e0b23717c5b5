// A connected stream of bytes.

#ifndef WEFT_TRANSPORT_STREAM_H_
#define WEFT_TRANSPORT_STREAM_H_

#include <cstddef>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"

namespace weft {

// One end of a connected, non-blocking TCP or Unix socket. Owns the descriptor; moves, never
// copies, and costs no more than the descriptor. Nothing here blocks, allocates, or raises SIGPIPE.
//
// Made by ConnectTo() and Accept(). A loop reads when the descriptor is readable:
//
//   const IoResult result = stream.Read(absl::MakeSpan(buffer));
//   if (result.ok()) Consume(buffer, result.bytes);
//   else if (result.status != IoStatus::kWouldBlock) Drop(stream);
//
// Threads: the two directions share no state. One thread may read while another writes; two that
// read, or two that write, need a lock of their own, as does moving, Close() against anything.
class Stream {
 public:
  Stream() = default;

  // `fd` must be connected and non-blocking.
  explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}

  // Reads what is there, up to `buffer`, in one system call: kOk with at least one byte,
  // kWouldBlock or kEof. An empty `buffer` is kOk with none. Resetting a connection is kError with
  // ECONNRESET.
  IoResult Read(absl::Span<char> buffer);

  // Writes as much as the socket takes, in one system call; kOk with fewer bytes than asked for is
  // usual when the peer is slow. When the peer is gone: kError with EPIPE or ECONNRESET.
  IoResult Write(absl::string_view data);

  // The same for several pieces at once, in order, as if they were one. Pieces past the first
  // kMaxPieces are left for the next call.
  static constexpr size_t kMaxPieces = 16;
  IoResult Writev(absl::Span<const absl::string_view> pieces);

  // Tells the peer that no more will be written; reading goes on. kOk, or kError.
  IoResult ShutdownWrite();

  // To wait for; negative when closed.
  int fd() const { return fd_.get(); }
  bool is_open() const { return fd_.is_open(); }
  void Close() { fd_.reset(); }

 private:
  // A TLS session comes beside this: null is plain, one branch in each method above.
  UniqueFd fd_;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_STREAM_H_
