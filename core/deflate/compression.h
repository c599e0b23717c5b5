// The compression options of an application (permessage-deflate, RFC 7692).

#ifndef WEFT_CORE_DEFLATE_COMPRESSION_H_
#define WEFT_CORE_DEFLATE_COMPRESSION_H_

#include <cstddef>
#include <cstdint>

namespace weft {

// Whether a message may be compressed, if the connection compresses at all. Do not compress data
// that is already compressed, such as pictures, or a secret next to text that an attacker chose:
// the compressed size tells whether the two are alike. The default, also of an argument {}, is
// kYes.
enum class Compress : bool { kYes, kNo };

// For either side. "Takeover" (context takeover in RFC 7692) lets a message refer to earlier ones:
// messages that resemble each other become much smaller, and each connection holds memory as long
// as it lives. The defaults hold 42 kB for a connection; docs/compression.md has the numbers.
struct CompressionOptions {
  enum class Use : uint8_t {
    kOff,  // a client does not offer it, a server accepts no offer
    kOn,   // if the peer supports it
    // a server refuses clients that do not offer it, a client refuses servers that do not accept it
    kRequired,
  };
  Use use = Use::kOff;

  // For the messages that this end sends. Turned off, or reduced, if the peer asks for it.
  bool send_takeover = true;

  // 8 to 15: with takeover, messages refer to the last 2^bits bytes. Without it the connections of
  // a thread share their compressors, which use 15 unless the peer asks for less.
  int send_window_bits = 12;

  // For the messages that the peer sends: this end asks the peer to stay within these. Some peers,
  // such as Firefox, cannot be asked for a smaller window: they use 15, with takeover.
  bool receive_takeover = true;
  int receive_window_bits = 12;

  // The compressor's settings: 1 to 9. More memory (with takeover; shared compressors use 8) and a
  // higher level make messages smaller and take longer.
  int memory_level = 4;
  int level = 1;

  // A message smaller than this, in bytes, is sent uncompressed. The first of several fragments
  // counts as large enough.
  size_t min_bytes = 64;

  // Free a compressor with takeover that was not used for one to two ping intervals
  // (timeouts.ping_interval). The next message then refers to no earlier one.
  bool release_when_idle = false;

  bool operator==(const CompressionOptions&) const = default;
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_COMPRESSION_H_
