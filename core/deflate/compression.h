// What an application says about compression (permessage-deflate, RFC 7692).

#ifndef WEFT_CORE_DEFLATE_COMPRESSION_H_
#define WEFT_CORE_DEFLATE_COMPRESSION_H_

#include <cstddef>
#include <cstdint>

namespace weft {

// Whether a message that is sent may be compressed, where the connection compresses at all. Not to
// be: what is compressed already, such as pictures; and a secret beside text that a stranger chose,
// because the size of the two together tells whether they are alike.
enum class Compress : bool { kNo, kYes };

// For either side. "Takeover" (of the context, as RFC 7692 has it) is memory of earlier messages:
// it makes small messages that resemble each other much smaller, and costs that memory for as long
// as the connection lives. docs/compression.md says how much.
struct CompressionOptions {
  enum class Use : uint8_t {
    kOff,       // a client does not offer it, a server accepts no offer
    kOn,        // where the peer can
    kRequired,  // a server refuses clients that do not offer it, a client servers that do not
                // accept
  };
  Use use = Use::kOff;

  // Of the messages that this end sends. Turned off, or made smaller, where the peer asks for it.
  bool send_takeover = true;
  int send_window_bits = 15;  // 8 to 15: messages refer to the last 2^bits bytes

  // Of the messages that the peer sends, which is asked not to go beyond. A client that cannot be
  // asked for a smaller window has to do without takeover instead.
  bool receive_takeover = true;
  int receive_window_bits = 15;

  // The compressor's: 1 to 9. More memory, and a higher level, make smaller messages and take
  // longer.
  int memory_level = 8;
  int level = 6;

  // A message that is smaller, in bytes, is sent as it is. The first fragment of several counts as
  // large enough.
  size_t min_bytes = 64;

  // On a server: give back the memory of a compressor with takeover that was not used for a
  // ServerOptions::ping_interval or two. The next message that is sent refers to none before it.
  bool release_when_idle = false;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_COMPRESSION_H_
