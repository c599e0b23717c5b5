// A stream for the steps of Connect(), which have nothing to do but wait.

#ifndef WEFT_CLIENT_BLOCKING_STREAM_H_
#define WEFT_CLIENT_BLOCKING_STREAM_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

namespace weft {

// Owns a stream and waits for it: until it is done, a deadline passes, or another thread notifies
// `cancel`. Every step is given the same one, so that they share the time. Not thread-safe.
//
// Errors are a reason alone, to which the caller says what it was doing: Unavailable "the peer
// closed the connection", DeadlineExceeded "the time is over", Cancelled, or as Stream::Error().
class BlockingStream {
 public:
  // `cancel` may be null; it must live as long as this.
  BlockingStream(Stream stream, Deadline deadline, const Notification* cancel)
      : stream_(std::move(stream)), deadline_(deadline), cancel_(cancel) {}

  // Begins TLS, as Stream::StartTlsClient(), and waits until the peer has shown who it is.
  absl::Status StartTls(TlsContext& context, absl::string_view host, Stream::Identity identity);

  // Writes all of `bytes`.
  absl::Status Write(absl::string_view bytes);

  // The most that one Read() takes.
  static constexpr size_t kMaxReadBytes = 4096;

  // Appends what comes next: at least one byte, at most `max_bytes`, and never more than
  // kMaxReadBytes.
  absl::Status Read(std::string* bytes, size_t max_bytes = kMaxReadBytes);

  // Of what follows. An earlier one that was set before stays.
  void LimitTo(Deadline deadline);

  Stream TakeStream() { return std::move(stream_); }

 private:
  absl::Status Await(const IoResult& result);

  Stream stream_;
  Deadline deadline_;
  const Notification* cancel_;
};

}  // namespace weft

#endif  // WEFT_CLIENT_BLOCKING_STREAM_H_
