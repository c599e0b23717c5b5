#include "weft/server/lingering_stream.h"

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
  Account();
}

bool LingeringStream::Account() {
  const size_t buffered = stream_.buffered_bytes();
  return worker_.Account(std::exchange(buffered_bytes_, buffered), buffered);
}

bool LingeringStream::End() {
  worker_.Account(buffered_bytes_, 0);
  return true;
}

void LingeringStream::OnReadable() {
  IoResult result;
  do {
    if (!holds_stream()) return;
    result = stream_.Read(worker_.loop().scratch());
  } while (result.more);
  const bool ended = !result.ok() && result.status != IoStatus::kWouldBlock;
  if (ended || !Account()) Drop("");
}

}  // namespace weft
