// permessage-deflate for one connection, after the negotiation (RFC 7692, section 7.2).

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

// Inflates the payloads that a connection receives and deflates those that it sends. Compressor and
// decompressor are created when first needed; without takeover they are borrowed from the pool for
// the duration of a message. Not thread-safe.
class MessageCodec {
 public:
  // The pools may be null, and must outlive the codec.
  MessageCodec(const DeflateAgreement& agreement, const CompressionOptions& options,
               uint64_t max_message_bytes, BufferPool* buffers, CodecPool* codecs);
  ~MessageCodec();
  MessageCodec(const MessageCodec&) = delete;
  MessageCodec& operator=(const MessageCodec&) = delete;

  // The most memory, in bytes, that compressor and decompressor hold as long as the connection
  // lives: those with takeover.
  static size_t MemoryBytes(const DeflateAgreement& agreement, const CompressionOptions& options);
  size_t reserved_bytes() const { return reserved_bytes_; }

  // Further bytes held for a message that is incomplete or not delivered.
  size_t held_bytes() const;

  // ---- Messages in

  enum class Result : uint8_t {
    kDone,    // all input is inflated; if it was the last part, the message is complete
    kMore,    // call again, even if no input is left
    kTooBig,  // the message is larger than max_message_bytes
    kCorrupt,
  };

  // Inflates from `*in`, a compressed message or the next part of it, and removes the used part;
  // `last`: the message ends with it. Appends at most 64 KiB, the piece, to payload().
  Result Inflate(absl::string_view* in, bool last);

  // The bytes inflated since DropPayload, and those that the last Inflate added. Valid until the
  // next call of either.
  absl::string_view payload() const { return {payload_.data(), payload_size_}; }
  absl::string_view piece() const { return payload().substr(piece_begin_); }
  void DropPayload();

  // Like DropPayload, but returns the memory that holds payload().
  Buffer TakePayload();

  // A description of the error, after kCorrupt.
  const char* error() const { return inflater_->error(); }

  // ---- Messages out

  // Whether a message of `size` bytes is worth compressing.
  bool IsWorthIt(size_t size) const { return size >= min_bytes_; }

  // As in Deflater.
  size_t Bound(size_t size);
  size_t Deflate(absl::string_view in, bool last, char* out);

  // To be called when a compressed message of another compressor was sent: this codec's next
  // message must not refer to earlier ones, which are now further back in the receiver's window.
  void OtherWasSent();

  // The settings for a message that is compressed once for many connections, including this one.
  const DeflateSettings& settings() const { return settings_; }
  CodecPool* codecs() const { return codecs_; }

  // Frees codecs that were not used since the last call and are not inside a message: those without
  // takeover, because the next message does not need their content, and the compressor with
  // takeover if CompressionOptions::release_when_idle is set. A decompressor with takeover stays:
  // the peer may refer to its content.
  void ReleaseIdle();

  // Whether nothing of it is needed by a later message: another codec of the same agreement, with
  // its expected_ratio, would do the same. Only without takeover, and with pools.
  bool is_replaceable() const {
    return !send_takeover_ && !receive_takeover_ && inflater_ == nullptr && deflater_ == nullptr &&
           !in_incoming_message_ && !in_outgoing_message_ && payload_.capacity() == 0;
  }
  int receive_window_bits() const { return receive_window_bits_; }

  // How many times larger inflated messages are expected to be: grows with the messages received.
  uint32_t expected_ratio() const { return expected_ratio_; }
  void set_expected_ratio(uint32_t ratio) { expected_ratio_ = ratio; }

  // Frees all memory. The codec must not be used afterwards.
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
  bool in_incoming_message_ = false;
  bool deflater_used_ = false;  // since the last ReleaseIdle
  bool inflater_used_ = false;

  std::unique_ptr<Inflater> inflater_;  // null: currently not needed
  std::unique_ptr<Deflater> deflater_;
  uint64_t message_bytes_ = 0;  // inflated, of the message being received
  bool more_ = false;           // the inflater has output that did not fit
  Buffer payload_;
  size_t payload_size_ = 0;
  size_t piece_begin_ = 0;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_MESSAGE_CODEC_H_
