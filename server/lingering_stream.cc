#include "weft/server/lingering_stream.h"

#include <cstdint>
#include <utility>

#include "weft/server/worker.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// How long to read what a peer still sends.
constexpr int64_t kLingerMs = 2000;

}  // namespace

LingeringStream::LingeringStream(Worker& worker, Client client)
    : ServedStream(worker, std::move(client)) {
  worker_.loop().ArmTimer(this, worker_.loop().now_ms() + kLingerMs);
  // Only counted: what the stream held before was counted as well.
  buffered_bytes_ = static_cast<uint32_t>(stream_.buffered_bytes());
  worker_.Account(0, buffered_bytes_);
}

void LingeringStream::OnReadable() {
  IoResult result;
  do {
    if (!holds_stream()) return;
    result = stream_.Read(worker_.pools().scratch());
  } while (result.more);
  if (!result.ok() && result.status != IoStatus::kWouldBlock) return Drop("");
  Account(stream_.buffered_bytes());
}

}  // namespace weft
