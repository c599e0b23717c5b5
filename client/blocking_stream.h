// A blocking stream for the steps of Connect().

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

// Owns a stream and blocks until an operation is done, a deadline passes, or another thread
// notifies `cancel`. Every step gets the same object, so that all share the time. Not thread-safe.
//
// Errors have only the reason; the caller adds the operation: Unavailable "the peer closed the
// connection", DeadlineExceeded "deadline exceeded", Cancelled, or as in Stream::Error().
class BlockingStream {
 public:
  // `cancel` may be null; it must outlive this object.
  BlockingStream(Stream stream, Deadline deadline, const Notification* cancel)
      : stream_(std::move(stream)), deadline_(deadline), cancel_(cancel) {}

  // Begins TLS, like Stream::StartTlsClient(), and waits until the peer's certificate is verified.
  absl::Status StartTls(TlsContext& context, absl::string_view host, Stream::Identity identity);

  // Writes all of `bytes`.
  absl::Status Write(absl::string_view bytes);

  // The maximum number of bytes that one Read() returns.
  static constexpr size_t kMaxReadBytes = 4096;

  // Appends the next bytes: at least one, at most `max_bytes`, and never more than kMaxReadBytes.
  absl::Status Read(std::string* bytes, size_t max_bytes = kMaxReadBytes);

  // Sets the deadline of the following operations. An earlier one stays in effect.
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
