#include "weft/core/deflate/codec_pool.h"

#include <algorithm>
#include <utility>

namespace weft {
namespace {

// Takes a codec that `fits` from the shelf, the one returned last first: it may be in the cache.
// Null if none fits.
template <typename Shelf, typename Fits>
auto Take(Shelf& shelf, Fits fits) -> typename decltype(shelf.unused)::value_type {
  for (auto it = shelf.unused.rbegin(); it != shelf.unused.rend(); ++it) {
    if (!fits(**it)) continue;
    auto codec = std::move(*it);
    shelf.unused.erase(std::next(it).base());
    shelf.least_unused = std::min(shelf.least_unused, shelf.unused.size());
    codec->Reset();
    return codec;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<Deflater> CodecPool::TakeDeflater(const DeflateSettings& settings) {
  auto unused =
      Take(deflaters_, [&](const Deflater& deflater) { return deflater.settings() == settings; });
  return unused != nullptr ? std::move(unused) : std::make_unique<Deflater>(settings);
}

std::unique_ptr<Inflater> CodecPool::TakeInflater(int window_bits) {
  auto unused = Take(
      inflaters_, [&](const Inflater& inflater) { return inflater.window_bits() == window_bits; });
  return unused != nullptr ? std::move(unused) : std::make_unique<Inflater>(window_bits);
}

void CodecPool::Trim() {
  deflaters_.Trim();
  inflaters_.Trim();
}

template <typename Codec>
void CodecPool::Shelf<Codec>::Trim() {
  unused.erase(unused.begin(), unused.begin() + least_unused);
  least_unused = unused.size();
}

}  // namespace weft
