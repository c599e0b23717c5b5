// Messages <-> DEFLATE as permessage-deflate carries it: no header, each message ends at a byte
// (RFC 1951; RFC 7692, sections 7.2.1 and 7.2.2).

#ifndef WEFT_CORE_DEFLATE_DEFLATE_H_
#define WEFT_CORE_DEFLATE_DEFLATE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/cxx20.h"
#include "zlib.h"

namespace weft {

// How hard a Deflater tries, and in how much memory.
struct DeflateSettings {
  int window_bits = 15;  // 8 to 15: it looks back 2^window_bits bytes
  int memory_level = 8;  // 1 to 9: hash table and symbols take 2^(memory_level + 9) bytes
  int level = 6;         // 1, fastest, to 9, smallest

  friend bool operator==(const DeflateSettings&, const DeflateSettings&) = default;
};

// Compresses one message after the other. A message may refer to those before it, which the
// receiver must have inflated, all of them and in order, until Reset. Not thread-safe. Allocates
// when it is made and never again; std::bad_alloc where there is no memory.
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

  // The most bytes that Deflate makes of `size` bytes.
  size_t Bound(size_t size) const;

  // Compresses `in`, a message or one part of it, `last` its end, and writes all that becomes of it
  // to `out`, which has room for Bound(in.size()) bytes. Returns how many were written. A receiver
  // of all parts so far can inflate all of `in`. Of the last part the final 00 00 FF FF is left
  // out, as section 7.2.1 has it.
  size_t Deflate(absl::string_view in, bool last, char* out);

  // The next message refers to none before it. Only between messages. Costs nothing until there is
  // a next message.
  void Reset() { forget_ = true; }

  // Bytes that a Deflater of these settings allocates, at the most.
  static size_t MemoryBytes(const DeflateSettings& settings);

 private:
  const DeflateSettings settings_;
  mutable z_stream stream_{};  // deflateBound wants one it could change
  bool forget_ = false;        // what was compressed before must not be referred to
};

// Inflates one message after the other, with a memory of those before it until Reset. Not
// thread-safe. Allocates when it is made and in its first message, and never again; std::bad_alloc
// where there is no memory.
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
    kDone,        // all of the input is inflated, and if it was the last, the message is complete
    kOutputFull,  // call again with more room, also where no input is left: there may be more
    kCorrupt,     // no DEFLATE data, or it does not end where the message does
  };

  // `window_bits`, 8 to 15: the peer's messages refer to the last 2^window_bits bytes at the most.
  // What refers to more is corrupt, unless that happens to be at hand.
  explicit Inflater(int window_bits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  int window_bits() const { return window_bits_; }

  // Inflates from `*in`, a message or one part of it, to `*out`, and takes off both what was used.
  // `last`: the message ends with `*in`. After kCorrupt only Reset is of use.
  Result Inflate(absl::string_view* in, absl::Span<char>* out, bool last);

  // Forgets everything: what comes next is a message that refers to none before it.
  void Reset();

  // What was wrong, after kCorrupt.
  const char* error() const;

  // Bytes that an Inflater with such a window allocates, at the most.
  static size_t MemoryBytes(int window_bits);

 private:
  bool Run(absl::string_view* in, absl::Span<char>* out);

  const int window_bits_;
  z_stream stream_{};
};

}  // namespace weft

#endif  // WEFT_CORE_DEFLATE_DEFLATE_H_
