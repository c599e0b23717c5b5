// How a connection receives and sends, on either side.

#ifndef WEFT_CORE_CONNECTION_OPTIONS_H_
#define WEFT_CORE_CONNECTION_OPTIONS_H_

#include <cstdint>

#include "weft/core/deflate/compression.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/mask.h"

namespace weft {

class BufferPool;
class CodecPool;

struct ConnectionOptions {
  // The maximum size of a received message, in bytes. A larger one closes the connection with 1009.
  // For a compressed message this limits the inflated size, and inflating stops there. A message is
  // gathered in memory, so this is also how much memory one peer can make a connection hold (twice
  // that while the buffer grows).
  uint64_t max_message_bytes = 1 << 20;

  // The maximum number of frames in one message; more close the connection with 1008. Each frame
  // costs a little time, however small it is.
  uint32_t max_fragments = 131072;

  // Deliver messages in pieces as they arrive instead of whole: Event::first and Event::last mark
  // the first and the last piece. Memory then does not grow with the message. max_message_bytes
  // still applies, so set it to the largest message that the application accepts.
  bool stream_messages = false;

  // Whether and how to compress: used by the handshake and by Connection::UseDeflate.
  CompressionOptions compression{};

  // The source of a client's masking keys. Replace it only in tests: predictable keys defeat the
  // purpose of masking (section 5.3).
  MaskingKey (*masking_key)() = RandomMaskingKey;

  // If set, buffers are taken from this pool and returned to it; it must outlive the connection.
  BufferPool* pool = nullptr;

  // The same for compressors.
  CodecPool* codecs = nullptr;

  bool operator==(const ConnectionOptions&) const = default;
};

}  // namespace weft

#endif  // WEFT_CORE_CONNECTION_OPTIONS_H_
