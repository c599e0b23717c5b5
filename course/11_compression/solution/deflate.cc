#include <zlib.h>

#include <algorithm>
#include <cstdlib>

#include "course/11_compression/compression.h"

namespace course {
namespace {

// The end of a flushed block, which is not sent (section 7.2.1).
constexpr absl::string_view kTail("\x00\x00\xFF\xFF", 4);

void SetInput(z_stream* stream, absl::string_view bytes) {
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<uInt>(bytes.size());
}

// Makes room for `size` more bytes at the end of `output`.
void SetOutput(z_stream* stream, size_t size, std::string* output) {
  output->resize(output->size() + size);
  stream->next_out = reinterpret_cast<Bytef*>(output->data() + output->size() - size);
  stream->avail_out = static_cast<uInt>(size);
}

}  // namespace

struct Deflater::State {
  bool takeover;
  z_stream stream = {};
};

// A negative number of bits is data without a header of zlib. zlib has no window of 2^8 to compress
// with; that of 2^9 refers back 250 bytes at most.
Deflater::Deflater(int bits, bool takeover) : state_(new State{.takeover = takeover}) {
  if (deflateInit2(&state_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -std::max(bits, 9), 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    std::abort();
  }
}

Deflater::~Deflater() { deflateEnd(&state_->stream); }

std::string Deflater::Deflate(absl::string_view message) {
  // zlib makes nothing of nothing. This is the header of an empty block (section 7.2.3.6).
  if (message.empty()) return std::string(1, '\0');
  z_stream* stream = &state_->stream;
  std::string output;
  SetInput(stream, message);
  do {
    SetOutput(stream, Inflater::kMaxOutput, &output);
    deflate(stream, Z_SYNC_FLUSH);
  } while (stream->avail_out == 0);
  output.resize(output.size() - stream->avail_out - kTail.size());
  if (!state_->takeover) deflateReset(stream);
  return output;
}

struct Inflater::State {
  bool takeover;
  z_stream stream = {};
};

Inflater::Inflater(int bits, bool takeover) : state_(new State{.takeover = takeover}) {
  if (inflateInit2(&state_->stream, -bits) != Z_OK) std::abort();
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

Inflater::Result Inflater::Inflate(absl::string_view* bytes, bool last, std::string* output) {
  z_stream* stream = &state_->stream;
  SetInput(stream, *bytes);
  output->clear();
  SetOutput(stream, kMaxOutput, output);
  do {
    const int result = inflate(stream, Z_SYNC_FLUSH);
    if (result == Z_STREAM_END) {
      inflateResetKeep(stream);  // a final block ends no message (section 7.2.3.4): keep the window
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return Result::kCorrupt;
    }
  } while (stream->avail_in > 0 && stream->avail_out > 0);
  bytes->remove_prefix(bytes->size() - stream->avail_in);
  output->resize(output->size() - stream->avail_out);
  if (stream->avail_out == 0) return Result::kMore;
  if (!last) return Result::kDone;

  // The message must end in the header of the empty block whose other bytes are the tail.
  if (inflateSyncPoint(stream) == 0) return Result::kCorrupt;
  SetInput(stream, kTail);
  inflate(stream, Z_SYNC_FLUSH);
  if (!state_->takeover) inflateReset(stream);
  return Result::kDone;
}

}  // namespace course
