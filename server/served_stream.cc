#include "weft/server/served_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/close_code.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// How long input is discarded.
constexpr int64_t kLingerMs = 2000;

// A connection whose last bytes were written.
class LingeringStream final : public ServedStream {
 public:
  void OnReadable() override;
  void OnWritable() override {}
  void GoAway(CloseCode /*code*/, absl::string_view /*reason*/) override {}  // ends soon anyway

 private:
  friend class ServedStream;

  LingeringStream(LoopContext& context, Client client) : ServedStream(context, std::move(client)) {
    context_.loop().ArmTimer(this, context_.loop().now_ms() + kLingerMs);
    // Only counted, without a search for the largest stream: the same bytes were counted before.
    buffered_bytes_ = static_cast<uint32_t>(stream_.buffered_bytes());
    context_.account().Change(0, buffered_bytes_);
  }

  void OnTimer() override { Drop(""); }
};

void LingeringStream::OnReadable() {
  IoResult result;
  do {
    if (!holds_stream()) return;
    result = stream_.Read(context_.pools().scratch());
  } while (result.more);
  if (!result.ok() && result.status != IoStatus::kWouldBlock) return Drop("");
  Account(stream_.buffered_bytes());
}

}  // namespace

ServedStream::ServedStream(LoopContext& context, Client client)
    : context_(context),
      stream_(std::move(client.stream)),
      refusal_(client.refusal),
      id_(client.id),
      peer_(client.peer) {}

void ServedStream::Drop(const char* why, absl::string_view detail, LogLevel level) {
  if (!holds_stream()) return;
  if (*why != '\0' && LogsDrop() && context_.Logs(level)) {
    Log(context_.options().hooks.log, level,
        absl::StrCat("dropped ", peer_.ToString(), ": ", why, detail.empty() ? "" : ": ", detail));
  }
  context_.loop().Unwatch(stream_.fd());
  context_.loop().DisarmTimer(this);
  stream_.Close();
  OnGone(why);
  ReleaseBuffers();
  context_.owner().DestroyLater(this);
}

void ServedStream::Linger() {
  stream_.ShutdownWrite();
  HandTo<LingeringStream>();
}

void ServedStream::OutOfMemory() {
  Drop("all sessions together hold more than limits.max_buffered_bytes", "", LogLevel::kWarning);
}

bool ServedStream::Account(size_t bytes) {
  const uint32_t now = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  if (!context_.account().Change(std::exchange(buffered_bytes_, now), now))
    context_.owner().DropLargest(this, 0);
  return holds_stream();
}

// The buffers themselves are freed at the end of the turn.
void ServedStream::ReleaseBuffers() {
  context_.account().Change(std::exchange(buffered_bytes_, 0), 0);
}

// The count follows from peer_ and refusal_ alone, as Worker::Release reads them.
bool ServedStream::SetPeer(const SocketAddress& client) {
  const bool counts = client != peer_ && refusal_ == Refusal::kNone;
  const bool entered = !counts || context_.Enter(client);
  if (counts) context_.Leave(peer_);
  peer_ = client;
  if (entered) return true;
  refusal_ = Refusal::kAddressFull;
  if (++context_.group().refusing() > kRefusedAtOnce) Drop("its address has too many connections");
  return false;
}

void ServedStream::SetInterest(Poller::Interest interest) {
  if (interest == interest_) return;
  interest_ = interest;
  context_.loop().Modify(stream_.fd(), interest);
}

void ServedStream::ReplaceBy(std::unique_ptr<ServedStream> next) {
  context_.loop().DisarmTimer(this);
  context_.loop().PassTo(next->stream_.fd(), next.get());
  next->interest_ = interest_;
  next->SetInterest(Poller::kRead);
  OnGone("");
  ReleaseBuffers();
  context_.owner().Replace(this, std::move(next));
}

}  // namespace weft
