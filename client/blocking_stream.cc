#include "weft/client/blocking_stream.h"

#include <algorithm>

#include "absl/types/span.h"

namespace weft {

absl::Status BlockingStream::StartTls(TlsContext& context, absl::string_view host,
                                      Stream::Identity identity) {
  absl::Status status = stream_.StartTlsClient(context, host, identity);
  for (bool done = false; status.ok() && !done;) {
    const IoResult result = stream_.Handshake();
    done = result.ok();
    status = Await(result);
  }
  return status;
}

absl::Status BlockingStream::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = stream_.Write(bytes);
    bytes.remove_prefix(result.bytes);
    if (absl::Status status = Await(result); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BlockingStream::Read(std::string* bytes, size_t max_bytes) {
  char buffer[kMaxReadBytes];
  while (true) {
    const IoResult result =
        stream_.Read(absl::MakeSpan(buffer, std::min(max_bytes, sizeof(buffer))));
    bytes->append(buffer, result.bytes);
    if (absl::Status status = Await(result); !status.ok() || result.ok()) return status;
  }
}

void BlockingStream::LimitTo(Deadline deadline) { deadline_ = std::min(deadline_, deadline); }

// Waits until trying again is worthwhile, if necessary.
absl::Status BlockingStream::Await(const IoResult& result) {
  switch (result.status) {
    case IoStatus::kOk:
      return absl::OkStatus();
    case IoStatus::kEof:
      return absl::UnavailableError("the peer closed the connection");
    case IoStatus::kError:
      return stream_.Error(result);
    case IoStatus::kWouldBlock:
      break;
  }
  absl::Status status = Wait(stream_.fd(), result.wanted, deadline_, cancel_);
  return absl::IsDeadlineExceeded(status) ? absl::DeadlineExceededError("deadline exceeded")
                                          : status;
}

}  // namespace weft
