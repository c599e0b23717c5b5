#include "weft/core/deflate/message_codec.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"

namespace weft {
namespace {

// The maximum number of bytes inflated before they are checked.
constexpr size_t kMaxPiece = 64 << 10;

// The initial buffer for a message is its compressed size times the average ratio of this
// connection's messages, so that data seldom has to be moved: at least a ratio usual for JSON, at
// most the maximum of DEFLATE.
constexpr uint32_t kMinRatio = 8;
constexpr uint32_t kMaxRatio = 1024;

// The memory level of compressors without takeover, which are shared, so that their memory does not
// grow with the connections.
constexpr int kSharedMemoryLevel = 8;

DeflateSettings SettingsOf(const DeflateAgreement& agreement, const CompressionOptions& options) {
  return {.window_bits = agreement.send_window_bits,
          .memory_level = agreement.send_takeover ? options.memory_level : kSharedMemoryLevel,
          .level = options.level};
}

template <typename Codec>
void Release(std::unique_ptr<Codec>& codec, CodecPool* pool) {
  if (codec != nullptr && pool != nullptr) pool->Return(std::move(codec));
  codec.reset();
}

// The codec between messages, without takeover.
template <typename Codec>
void PutAway(std::unique_ptr<Codec>& codec, CodecPool* pool) {
  if (pool != nullptr) {
    pool->Return(std::move(codec));
  } else {
    codec->Reset();
  }
}

}  // namespace

MessageCodec::MessageCodec(const DeflateAgreement& agreement, const CompressionOptions& options,
                           uint64_t max_message_bytes, BufferPool* buffers, CodecPool* codecs)
    : buffers_(buffers),
      codecs_(codecs),
      settings_(SettingsOf(agreement, options)),
      max_message_bytes_(max_message_bytes),
      min_bytes_(options.min_bytes),
      reserved_bytes_(MemoryBytes(agreement, options)),
      receive_window_bits_(agreement.receive_window_bits),
      receive_takeover_(agreement.receive_takeover),
      send_takeover_(agreement.send_takeover),
      release_when_idle_(options.release_when_idle),
      expected_ratio_(kMinRatio) {}

MessageCodec::~MessageCodec() {
  DropPayload();
  Release(inflater_, codecs_);
  Release(deflater_, codecs_);
}

size_t MessageCodec::MemoryBytes(const DeflateAgreement& agreement,
                                 const CompressionOptions& options) {
  size_t bytes = 0;
  if (agreement.send_takeover) bytes += Deflater::MemoryBytes(SettingsOf(agreement, options));
  if (agreement.receive_takeover) bytes += Inflater::MemoryBytes(agreement.receive_window_bits);
  return bytes;
}

size_t MessageCodec::held_bytes() const {
  size_t bytes = payload_.capacity();
  if (inflater_ != nullptr && !receive_takeover_) {
    bytes += Inflater::MemoryBytes(receive_window_bits_);
  }
  if (deflater_ != nullptr && !send_takeover_) bytes += Deflater::MemoryBytes(settings_);
  return bytes;
}

// ---- Messages in ----

MessageCodec::Result MessageCodec::Inflate(absl::string_view* in, bool last) {
  piece_begin_ = payload_size_;
  if (in->empty() && !last && !more_) return Result::kDone;  // an empty buffer needs no memory
  in_incoming_message_ = inflater_used_ = true;
  if (inflater_ == nullptr) {
    inflater_ = codecs_ != nullptr ? codecs_->TakeInflater(receive_window_bits_)
                                   : std::make_unique<Inflater>(receive_window_bits_);
  }
  // For a message of the maximum size, one more byte is inflated to see whether there is one.
  const uint64_t allowed = max_message_bytes_ - message_bytes_;
  char excess;
  absl::Span<char> room(&excess, 1);
  if (allowed > 0) {
    if (payload_size_ == payload_.capacity()) Grow(in->size(), last);
    room = {payload_.data() + payload_size_,
            std::min<uint64_t>({payload_.capacity() - payload_size_, allowed, kMaxPiece})};
  }
  const size_t offered = room.size();
  const Inflater::Result result = inflater_->Inflate(in, &room, last);
  const size_t written = offered - room.size();
  if (written > allowed) return Result::kTooBig;
  payload_size_ += written;
  message_bytes_ += written;
  if (result == Inflater::Result::kCorrupt) return Result::kCorrupt;
  more_ = result == Inflater::Result::kOutputFull;
  if (more_) return Result::kMore;
  if (last) {
    message_bytes_ = 0;
    in_incoming_message_ = false;
    if (!receive_takeover_) PutAway(inflater_, codecs_);
  }
  return Result::kDone;
}

// More space for the payload, but never more than is allowed.
void MessageCodec::Grow(size_t input_size, bool last) {
  const uint64_t allowed = max_message_bytes_ - message_bytes_;
  if (payload_size_ > 0) {
    expected_ratio_ = std::min<uint32_t>(2 * expected_ratio_, kMaxRatio);
    return payload_.Grow(payload_size_ + std::min<uint64_t>(allowed, payload_size_));
  }
  // Reserves the expected size only if the rest follows at once: a message that was begun and left
  // unfinished then holds little.
  const uint64_t expected = uint64_t{input_size} * (last ? expected_ratio_ : kMinRatio);
  const size_t capacity = std::min(allowed, std::max<uint64_t>(expected, BufferPool::kMinCapacity));
  payload_ = buffers_ != nullptr ? buffers_->Take(capacity) : Buffer(capacity);
}

void MessageCodec::DropPayload() {
  payload_size_ = piece_begin_ = 0;
  if (payload_.capacity() == 0) return;
  Buffer unneeded = std::move(payload_);
  if (buffers_ != nullptr) buffers_->Return(std::move(unneeded));
}

Buffer MessageCodec::TakePayload() {
  payload_size_ = piece_begin_ = 0;
  return std::move(payload_);
}

// ---- Messages out ----

void MessageCodec::TakeDeflater() {
  if (deflater_ != nullptr) return;
  deflater_ =
      codecs_ != nullptr ? codecs_->TakeDeflater(settings_) : std::make_unique<Deflater>(settings_);
}

size_t MessageCodec::Bound(size_t size) {
  TakeDeflater();
  return deflater_->Bound(size);
}

size_t MessageCodec::Deflate(absl::string_view in, bool last, char* out) {
  TakeDeflater();
  const size_t size = deflater_->Deflate(in, last, out);
  in_outgoing_message_ = !last;
  deflater_used_ = true;
  if (last && !send_takeover_) PutAway(deflater_, codecs_);
  return size;
}

void MessageCodec::OtherWasSent() {
  if (deflater_ != nullptr) deflater_->Reset();
}

void MessageCodec::ReleaseIdle() {
  const bool sends = std::exchange(deflater_used_, false) || in_outgoing_message_;
  if (!sends && (release_when_idle_ || !send_takeover_)) Release(deflater_, codecs_);
  const bool receives = std::exchange(inflater_used_, false) || in_incoming_message_;
  if (!receives && !receive_takeover_) Release(inflater_, codecs_);
}

void MessageCodec::ReleaseMemory() {
  payload_ = Buffer();
  payload_size_ = piece_begin_ = 0;
  inflater_.reset();
  deflater_.reset();
}

}  // namespace weft
