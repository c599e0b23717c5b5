// What the load generator sends, and what must come back for it.

#ifndef WEFT_BENCH_ECHO_STREAM_H_
#define WEFT_BENCH_ECHO_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace weft::bench {

enum class PayloadKind {
  kBinary,     // random bytes
  kText,       // random printable ASCII
  kMixedText,  // random words of one to four bytes a character, valid UTF-8
};

// `size` bytes. The same seed gives the same bytes.
std::string MakePayload(PayloadKind kind, size_t size, uint32_t seed);

struct EchoStreamOptions {
  PayloadKind kind = PayloadKind::kBinary;
  size_t payload = 20;  // bytes a message
  size_t depth = 1;     // messages on their way at once, at least 1: how far Sent() must reach
  bool raw = false;     // the server is no WebSocket server and returns the very bytes it got
};

// An endless stream of messages of one size, and the endless stream of their echoes. Both repeat a
// cycle of a few different messages that are made once: sending costs no work, and to check every
// byte that a server returns is one memcmp. A client's stream may begin at any message of the
// cycle; offsets count from the cycle's first byte. Immutable: one serves all connections.
//
//   EchoStream stream({.payload = 1024});
//   send(fd, stream.Sent(offset, stream.sent_size()));      // the message number offset /
//   sent_size size_t wrong = stream.Mismatch(echo_offset, received);  // npos: all bytes are right
class EchoStream {
 public:
  explicit EchoStream(const EchoStreamOptions& options);

  size_t sent_size() const { return sent_size_; }  // bytes of one message: a masked frame
  size_t echo_size() const { return echo_size_; }  // bytes of its echo: an unmasked frame
  size_t cycle() const { return cycle_; }          // messages until the stream repeats itself

  // The bytes to send from `offset` on: `size` of them, which may reach to the end of the
  // depth - 1st message behind the one that `offset` is in.
  absl::string_view Sent(uint64_t offset, size_t size) const;

  // The index in `received`, which came at `offset` of the echoes, of the first byte that is not
  // what it must be, or npos.
  size_t Mismatch(uint64_t offset, absl::string_view received) const;

  // For a person: where `received[index]` stands, and what was due there.
  std::string Describe(uint64_t offset, absl::string_view received, size_t index) const;

 private:
  size_t cycle_;
  size_t sent_size_ = 0;
  size_t echo_size_ = 0;
  std::string sent_;  // a cycle, and depth - 1 messages more
  std::string echo_;  // a cycle
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ECHO_STREAM_H_
