// A message as the frame that a server sends, encoded once for all its receivers.

#ifndef WEFT_CORE_ENCODED_MESSAGE_H_
#define WEFT_CORE_ENCODED_MESSAGE_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/codec_pool.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/frame/opcode.h"

namespace weft {

// A frame that any number of a server's connections can send unchanged: a server does not mask, so
// all its clients receive the same bytes. (A client masks each frame differently.) A handle: copies
// share the frame, plain and compressed. Thread-safe.
class EncodedMessage {
 public:
  // `opcode` is kText or kBinary. InvalidArgument for another, and for text that is not UTF-8.
  static absl::StatusOr<EncodedMessage> Make(Opcode opcode, absl::string_view payload,
                                             Compress compress = Compress::kYes);

  // The frame, which is header and payload, and the payload alone.
  absl::string_view frame() const;
  absl::string_view payload() const;

  // The frame with a compressed payload, which refers to no earlier message; frame() if compression
  // does not make it smaller, or `compress` was kNo. The first call for each window size
  // compresses, with its other settings. `codecs` is the caller's pool, and may be null.
  absl::string_view CompressedFrame(const DeflateSettings& settings, CodecPool* codecs) const;

  // The size of the uncompressed payload, in bytes.
  size_t size() const;

  Opcode opcode() const;
  Compress compress() const;

  // Keeps the frames alive, as the message itself does.
  std::shared_ptr<const void> owner() const;

 private:
  struct Shared;
  explicit EncodedMessage(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_CORE_ENCODED_MESSAGE_H_
