// A message as the frame that a server sends, made once for all who receive it.

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

// Bytes that any number of servers' connections can send as they are: a server does not mask, so
// all its clients get the same. (What a client sends differs each time.) A handle on them: copies
// share the bytes, and the compressed ones. Thread-safe.
class EncodedMessage {
 public:
  // `opcode` is kText or kBinary. InvalidArgument for another, and for text that is not UTF-8.
  static absl::StatusOr<EncodedMessage> Make(Opcode opcode, absl::string_view payload,
                                             Compress compress = Compress::kYes);

  // Header and payload, and the payload alone.
  absl::string_view frame() const;
  absl::string_view payload() const;

  // The same with its payload compressed, referring to no earlier message; or frame(), where that
  // is not smaller or was not to be compressed. Made by the first who asks, for all who ask with
  // the same window; it then has that one's other settings. The pool, which may be null, is the
  // caller's own.
  absl::string_view CompressedFrame(const DeflateSettings& settings, CodecPool* codecs) const;

  // Bytes of the payload, not compressed.
  size_t size() const;

  // What keeps the frames as they are, as the message itself does.
  std::shared_ptr<const void> owner() const;

 private:
  struct Shared;
  explicit EncodedMessage(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace weft

#endif  // WEFT_CORE_ENCODED_MESSAGE_H_
