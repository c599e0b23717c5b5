// Compressors and decompressors that no connection needs at the moment.

#ifndef WEFT_CORE_DEFLATE_CODEC_POOL_H_
#define WEFT_CORE_DEFLATE_CODEC_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "weft/core/deflate/deflate.h"

namespace weft {

// Lends them to connections, so that those without takeover, which need one for the time of a
// message only, share one of each kind and allocate none. One pool serves the connections of one
// thread; not thread-safe. It must outlive them.
class CodecPool {
 public:
  // One that refers to no earlier message: an unused one of these settings, else a new one.
  std::unique_ptr<Deflater> TakeDeflater(const DeflateSettings& settings);
  std::unique_ptr<Inflater> TakeInflater(int window_bits);

  // Past kMaxUnused of a kind the codec is freed.
  void Return(std::unique_ptr<Deflater> deflater) { deflaters_.Return(std::move(deflater)); }
  void Return(std::unique_ptr<Inflater> inflater) { inflaters_.Return(std::move(inflater)); }

  // Frees what has not been used since the last call. Call it every few seconds.
  void Trim();

  // The most of each kind that are held unused: some 32 MiB of deflaters, 6 MiB of inflaters.
  // Sessions that end by the hundred would else leave what max_compression_bytes was for.
  static constexpr size_t kMaxUnused = 128;

  // How many are held unused.
  size_t unused_deflaters() const { return deflaters_.unused.size(); }
  size_t unused_inflaters() const { return inflaters_.unused.size(); }

 private:
  template <typename Codec>
  struct Shelf {
    std::vector<std::unique_ptr<Codec>> unused;  // the one returned last is at the back
    size_t least_unused = 0;  // since the last Trim: so many at the front were never needed

    void Return(std::unique_ptr<Codec> codec) {
      if (unused.size() < kMaxUnused) unused.push_back(std::move(codec));
    }
    void Trim();
  };

  Shelf<Deflater> deflaters_;
  Shelf<Inflater> inflaters_;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_CODEC_POOL_H_
