#include "weft/server/served_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/log.h"
#include "weft/server/lingering_stream.h"
#include "weft/server/worker.h"

namespace weft {

ServedStream::ServedStream(Worker& worker, Client client)
    : worker_(worker),
      stream_(std::move(client.stream)),
      refusal_(client.refusal),
      id_(client.id),
      peer_(client.peer) {}

void ServedStream::Drop(const char* why, absl::string_view detail) {
  if (!holds_stream()) return;
  if (*why != '\0') {
    Log(worker_.options().log, LogLevel::kInfo,
        absl::StrCat("dropped ", peer_.ToString(), ": ", why, detail.empty() ? "" : ": ", detail));
  }
  drop_reason_ = why;
  worker_.loop().Unwatch(stream_.fd());
  worker_.loop().DisarmTimer(this);
  stream_.Close();
  OnGone();
  ReleaseBuffers();
  worker_.DestroyLater(this);
}

void ServedStream::OutOfMemory() {
  Drop("all sessions together hold more than max_buffered_bytes");
}

bool ServedStream::Account(size_t bytes) {
  const uint32_t now = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  if (!worker_.Account(std::exchange(buffered_bytes_, now), now)) worker_.DropLargest(this);
  return holds_stream();
}

// The buffers themselves are freed at the end of the turn.
void ServedStream::ReleaseBuffers() { worker_.Account(std::exchange(buffered_bytes_, 0), 0); }

void ServedStream::Linger() {
  stream_.ShutdownWrite();
  HandTo<LingeringStream>();
}

void ServedStream::SetInterest(Poller::Interest interest) {
  if (interest == interest_) return;
  interest_ = interest;
  worker_.loop().Modify(stream_.fd(), interest, this);
}

void ServedStream::ReplaceBy(std::unique_ptr<ServedStream> next) {
  worker_.loop().DisarmTimer(this);
  worker_.loop().Modify(next->stream_.fd(), Poller::kRead, next.get());
  OnGone();
  ReleaseBuffers();
  worker_.Replace(this, std::move(next));
}

}  // namespace weft
