// Compresses and decompresses messages in the form of permessage-deflate: DEFLATE without a header,
// each message ending at a byte boundary (RFC 1951; RFC 7692, sections 7.2.1 and 7.2.2).

#ifndef WEFT_CORE_DEFLATE_DEFLATE_H_
#define WEFT_CORE_DEFLATE_DEFLATE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/cxx20.h"
#include "zlib.h"

namespace weft {

// The compression effort of a Deflater, and its memory.
struct DeflateSettings {
  int window_bits = 15;  // 8 to 15: the window is 2^window_bits bytes
  int memory_level = 8;  // 1 to 9: hash table and symbol buffer take 2^(memory_level + 9) bytes
  int level = 6;         // 1, fastest, to 9, smallest

  friend bool operator==(const DeflateSettings&, const DeflateSettings&) = default;
};

// Compresses successive messages. Until Reset, a message may refer to earlier ones, all of which
// the receiver must have inflated in order. Not thread-safe. Allocates when it is constructed and
// never again; throws std::bad_alloc if that fails.
//
//   Deflater deflater({.window_bits = 12});
//   std::vector<char> out(deflater.Bound(text.size()));
//   const size_t size = deflater.Deflate(text, /*last=*/true, out.data());
class Deflater {
 public:
  explicit Deflater(const DeflateSettings& settings);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  const DeflateSettings& settings() const { return settings_; }

  // The maximum size of Deflate's output for `size` bytes of input.
  size_t Bound(size_t size) const;

  // Compresses `in`, a message or one part of it (`last`: the final part), and writes the complete
  // output to `out`, which has space for Bound(in.size()) bytes. Returns the number of bytes
  // written. A receiver of all parts so far can inflate all of `in`. The last part omits the final
  // 00 00 FF FF, as section 7.2.1 requires.
  size_t Deflate(absl::string_view in, bool last, char* out);

  // Makes the next message refer to no earlier one. Call it only between messages. Costs nothing
  // until there is a next message.
  void Reset() { forget_ = true; }

  // The most memory, in bytes, that a Deflater with these settings allocates.
  static size_t MemoryBytes(const DeflateSettings& settings);

 private:
  const DeflateSettings settings_;
  mutable z_stream stream_{};  // mutable, because deflateBound takes a non-const pointer
  bool forget_ = false;        // the next message must not refer to earlier ones
};

// Inflates successive messages and, until Reset, remembers earlier ones. Not thread-safe. Allocates
// when it is constructed and in its first message, and never again; throws std::bad_alloc if that
// fails.
//
//   Inflater inflater(15);
//   do {
//     char chunk[4096];
//     absl::Span<char> room = absl::MakeSpan(chunk);
//     result = inflater.Inflate(&payload, &room, /*last=*/true);
//     Use(chunk, sizeof chunk - room.size());
//   } while (result == Inflater::Result::kOutputFull);
class Inflater {
 public:
  enum class Result : uint8_t {
    kDone,  // all input is inflated; if it was the last part, the message is complete
    // call again with more output space, even if no input is left: there may be more output
    kOutputFull,
    kCorrupt,  // not DEFLATE data, or it does not end where the message ends
  };

  // `window_bits`, 8 to 15: the peer's messages refer back at most 2^window_bits bytes. A reference
  // beyond that is corrupt, unless the bytes happen to be available.
  explicit Inflater(int window_bits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  int window_bits() const { return window_bits_; }

  // Inflates from `*in`, a message or one part of it, to `*out`, and removes the used part from
  // both. `last`: the message ends with `*in`. After kCorrupt only Reset may be called.
  Result Inflate(absl::string_view* in, absl::Span<char>* out, bool last);

  // Forgets all state: the next input is a message that refers to no earlier one.
  void Reset();

  // A description of the error, after kCorrupt.
  const char* error() const;

  // The most memory, in bytes, that an Inflater with this window allocates.
  static size_t MemoryBytes(int window_bits);

 private:
  bool Run(absl::string_view* in, absl::Span<char>* out);

  const int window_bits_;
  z_stream stream_{};
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_DEFLATE_H_
