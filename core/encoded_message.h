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

// Bytes that any number of servers' connections can send unchanged: a server does not mask, so all
// its clients receive the same. (A client's frame differs each time.) A handle: copies share the
// bytes, and the compressed ones. Thread-safe.
class EncodedMessage {
 public:
  // `opcode` is kText or kBinary. InvalidArgument for another, and for text that is not UTF-8.
  static absl::StatusOr<EncodedMessage> Make(Opcode opcode, absl::string_view payload,
                                             Compress compress = Compress::kYes);

  // Header and payload, and the payload alone.
  absl::string_view frame() const;
  absl::string_view payload() const;

  // The same with a compressed payload that refers to no earlier message; or frame(), if that is
  // not larger or `compress` was no. Compressed at the first call for each window size, with that
  // call's other settings. The pool, which may be null, belongs to the caller.
  absl::string_view CompressedFrame(const DeflateSettings& settings, CodecPool* codecs) const;

  // The size of the payload in bytes, not compressed.
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
