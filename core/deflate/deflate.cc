#include "weft/core/deflate/deflate.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "weft/core/memory/bad_alloc.h"

namespace weft {
namespace {

// The bytes that end the output of Z_SYNC_FLUSH and that a message on the wire omits (section
// 7.2.1): the length 0 of a stored block, and its complement. The block's header precedes them.
constexpr absl::string_view kTail("\x00\x00\xFF\xFF", 4);

// zlib uses unsigned int for sizes.
constexpr size_t kMaxStep = std::numeric_limits<uInt>::max();

// Beyond the bytes that zlib promises to be enough for Z_FINISH: twice the stored block that
// Z_SYNC_FLUSH adds.
constexpr size_t kFlushBytes = 12;

// The size of zlib's own state besides window and tables, with a reserve for other versions.
constexpr size_t kDeflateStateBytes = 8 << 10;
constexpr size_t kInflateStateBytes = 10 << 10;

// zlib refuses to deflate with a window of 2^8. With 2^9 it refers back at most 250 bytes (it keeps
// 262 of the window for lookahead), which is within 2^8.
int ZlibDeflateBits(int window_bits) { return -std::max(window_bits, 9); }

Bytef* In(absl::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

void CheckInit(int result) {
  if (result == Z_MEM_ERROR) FailToAllocate();
  assert(result == Z_OK);  // settings out of range, or a zlib other than the one compiled with
}

}  // namespace

Deflater::Deflater(const DeflateSettings& settings) : settings_(settings) {
  CheckInit(deflateInit2(&stream_, settings.level, Z_DEFLATED,
                         ZlibDeflateBits(settings.window_bits), settings.memory_level,
                         Z_DEFAULT_STRATEGY));
}

Deflater::~Deflater() { deflateEnd(&stream_); }

size_t Deflater::Bound(size_t size) const { return deflateBound(&stream_, size) + kFlushBytes; }

size_t Deflater::Deflate(absl::string_view in, bool last, char* out) {
  if (forget_) {
    deflateReset(&stream_);
    forget_ = false;
  }
  if (in.empty()) {
    // zlib treats two flushes with nothing between them as one. An empty message consists of the
    // header of a stored block, which the tail completes (section 7.2.3.6).
    if (!last) return 0;
    *out = 0;
    return 1;
  }
  char* const begin = out;
  const char* const end = out + Bound(in.size());
  do {
    const size_t step = std::min(in.size(), kMaxStep);
    const size_t room = std::min<size_t>(end - out, kMaxStep);
    stream_.next_in = In(in);
    stream_.avail_in = static_cast<uInt>(step);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    deflate(&stream_, step == in.size() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    in.remove_prefix(step - stream_.avail_in);
    out += room - stream_.avail_out;
  } while (!in.empty() || (stream_.avail_out == 0 && out != end));
  assert(out != end);  // otherwise there could be more
  const size_t size = out - begin;
  if (!last) return size;
  assert(absl::string_view(out - kTail.size(), kTail.size()) == kTail);
  return size - kTail.size();
}

size_t Deflater::MemoryBytes(const DeflateSettings& settings) {
  return (size_t{4} << std::max(settings.window_bits, 9)) + (size_t{512} << settings.memory_level) +
         kDeflateStateBytes;
}

Inflater::Inflater(int window_bits) : window_bits_(window_bits) {
  CheckInit(inflateInit2(&stream_, -window_bits));
}

Inflater::~Inflater() { inflateEnd(&stream_); }

// Inflates until the input is consumed or the output is full. Returns false if the data is corrupt.
bool Inflater::Run(absl::string_view* in, absl::Span<char>* out) {
  while (!out->empty()) {
    const size_t step = std::min(in->size(), kMaxStep);
    const size_t room = std::min(out->size(), kMaxStep);
    stream_.next_in = In(*in);
    stream_.avail_in = static_cast<uInt>(step);
    stream_.next_out = reinterpret_cast<Bytef*>(out->data());
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    in->remove_prefix(step - stream_.avail_in);
    out->remove_prefix(room - stream_.avail_out);
    if (result == Z_STREAM_END) {
      // A final block ends zlib's stream, but not the message (section 7.2.3.4): later blocks may
      // refer to earlier ones. So the window must be kept, as inflateGetDictionary and
      // inflateSetDictionary would do; but with those, a message that consists only of final blocks
      // of 2 bytes each would make us copy the window half a million times per MiB.
      inflateResetKeep(&stream_);
    } else if (result == Z_MEM_ERROR) {
      FailToAllocate();
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return false;
    } else if (in->empty() && stream_.avail_out > 0) {
      return true;
    }
  }
  return true;
}

Inflater::Result Inflater::Inflate(absl::string_view* in, absl::Span<char>* out, bool last) {
  if (!Run(in, out)) return Result::kCorrupt;
  if (out->empty()) return Result::kOutputFull;
  if (!last) return Result::kDone;

  // The bytes that the sender omitted end an empty block whose header ends the message. The state
  // in which exactly these bytes are missing is a sync point; treating them as read is enough to
  // continue.
  if (inflateSyncPoint(&stream_) == 0) return Result::kCorrupt;
  inflateResetKeep(&stream_);
  return Result::kDone;
}

void Inflater::Reset() { inflateReset(&stream_); }

const char* Inflater::error() const {
  return stream_.msg != nullptr ? stream_.msg : "the data ends inside a block";
}

size_t Inflater::MemoryBytes(int window_bits) {
  return (size_t{1} << window_bits) + kInflateStateBytes;
}

}  // namespace weft
