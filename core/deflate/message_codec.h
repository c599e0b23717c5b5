// permessage-deflate of one connection, once it is agreed on (RFC 7692, section 7.2).

#ifndef WEFT_CORE_DEFLATE_MESSAGE_CODEC_H_
#define WEFT_CORE_DEFLATE_MESSAGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "weft/core/deflate/codec_pool.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/memory/buffer.h"

namespace weft {

// Inflates the payloads that a connection receives and deflates those it sends. Compressor and
// decompressor are made when they are first needed; without takeover they are borrowed from the
// pool for the time of a message. Not thread-safe.
class MessageCodec {
 public:
  // The pools may be null, and must outlive the codec.
  MessageCodec(const DeflateAgreement& agreement, const CompressionOptions& options,
               uint64_t max_message_bytes, BufferPool* buffers, CodecPool* codecs);
  ~MessageCodec();
  MessageCodec(const MessageCodec&) = delete;
  MessageCodec& operator=(const MessageCodec&) = delete;

  // Bytes that compressor and decompressor of a connection take for as long as it lives, at the
  // most: those with takeover.
  static size_t MemoryBytes(const DeflateAgreement& agreement, const CompressionOptions& options);
  size_t reserved_bytes() const { return reserved_bytes_; }

  // Bytes held beside those: for a message that is not complete, or not delivered.
  size_t held_bytes() const;

  // ---- Messages in

  enum class Result : uint8_t {
    kDone,    // all of the input is inflated, and if it was the last, the message is complete
    kMore,    // call again, also where no input is left
    kTooBig,  // the message is larger than max_message_bytes
    kCorrupt,
  };

  // Inflates from `*in`, a compressed message or the next part of it, and takes off what was used;
  // `last`: the message ends with it. Appends at most 64 KiB to payload(), the piece.
  Result Inflate(absl::string_view* in, bool last);

  // What was inflated since DropPayload, and what the last Inflate added to it. Valid until the
  // next call of either.
  absl::string_view payload() const { return {payload_.data(), payload_size_}; }
  absl::string_view piece() const { return payload().substr(piece_begin_); }
  void DropPayload();

  // The same, and returns the memory that payload() lies in.
  Buffer TakePayload();

  // What was wrong, after kCorrupt.
  const char* error() const { return inflater_->error(); }

  // ---- Messages out

  // Whether a message of that many bytes is worth it.
  bool IsWorthIt(size_t size) const { return size >= min_bytes_; }

  // As Deflater has them.
  size_t Bound(size_t size);
  size_t Deflate(absl::string_view in, bool last, char* out);

  // A compressed message was sent that is not this codec's: the next of its own must not refer to
  // those before, which the receiver now has further back.
  void OtherWasSent();

  // How a message for many connections, this one among them, is compressed.
  const DeflateSettings& settings() const { return settings_; }
  CodecPool* codecs() const { return codecs_; }

  // If the options say so, gives the compressor back if it was not used since the last call.
  void ReleaseIdle();

  // Frees what the codec holds. It is not used again.
  void ReleaseMemory();

 private:
  void Grow(size_t input_size, bool last);
  void TakeDeflater();

  BufferPool* const buffers_;
  CodecPool* const codecs_;
  const DeflateSettings settings_;
  const uint64_t max_message_bytes_;
  const size_t min_bytes_;
  const size_t reserved_bytes_;
  const uint8_t receive_window_bits_;
  const bool receive_takeover_;
  const bool send_takeover_;
  const bool release_when_idle_;
  uint32_t expected_ratio_;
  bool in_outgoing_message_ = false;
  bool deflater_used_ = false;  // since ReleaseIdle

  std::unique_ptr<Inflater> inflater_;  // null: not needed at the moment
  std::unique_ptr<Deflater> deflater_;
  uint64_t message_bytes_ = 0;  // inflated, of the message that is being received
  bool more_ = false;           // the inflater has some of it that there was no room for
  Buffer payload_;
  size_t payload_size_ = 0;
  size_t piece_begin_ = 0;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_MESSAGE_CODEC_H_
