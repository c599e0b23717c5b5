// A pool of compressors and decompressors that no connection needs at the moment.

#ifndef WEFT_CORE_DEFLATE_CODEC_POOL_H_
#define WEFT_CORE_DEFLATE_CODEC_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "weft/core/deflate/deflate.h"

namespace weft {

// Lends codecs to connections. Connections without takeover need one only during a message, so they
// share one of each kind and allocate none. One pool serves the connections of one thread; not
// thread-safe. It must outlive them.
class CodecPool {
 public:
  // A codec that refers to no earlier message: an unused one with these settings, otherwise a new
  // one.
  std::unique_ptr<Deflater> TakeDeflater(const DeflateSettings& settings);
  std::unique_ptr<Inflater> TakeInflater(int window_bits);

  // Frees the codec instead if kMaxUnused of its kind are held.
  void Return(std::unique_ptr<Deflater> deflater) { deflaters_.Return(std::move(deflater)); }
  void Return(std::unique_ptr<Inflater> inflater) { inflaters_.Return(std::move(inflater)); }

  // Frees the codecs that have not been used since the last call. Call it every few seconds.
  void Trim();

  // The maximum number of unused codecs of each kind: about 32 MiB of deflaters, 6 MiB of
  // inflaters. Without this limit, hundreds of ending sessions would leave behind the memory that
  // max_compression_bytes allowed.
  static constexpr size_t kMaxUnused = 128;

  // The number of unused codecs held.
  size_t unused_deflaters() const { return deflaters_.unused.size(); }
  size_t unused_inflaters() const { return inflaters_.unused.size(); }

 private:
  template <typename Codec>
  struct Shelf {
    std::vector<std::unique_ptr<Codec>> unused;  // the one returned last is at the back
    size_t least_unused = 0;  // since the last Trim: this number at the front was never needed

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
