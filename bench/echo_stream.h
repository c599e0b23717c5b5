// The messages that the load generator sends, and the echoes that must come back.

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
  kMixedText,  // random words of one to four bytes per character, valid UTF-8
};

// `size` bytes. The same seed gives the same bytes.
std::string MakePayload(PayloadKind kind, size_t size, uint32_t seed);

struct EchoStreamOptions {
  PayloadKind kind = PayloadKind::kBinary;
  size_t payload = 20;  // bytes per message
  size_t depth = 1;     // messages in flight, at least 1: how far Sent() must reach
  bool raw = false;     // the server is not a WebSocket server and returns the bytes unchanged
};

// An endless stream of messages of one size, and the endless stream of their echoes. Both repeat a
// cycle of a few different messages that are generated once: sending costs no work, and checking
// every returned byte is one memcmp. A client's stream may begin at any message of the cycle;
// offsets count from the cycle's first byte. Immutable: one object serves all connections.
//
//   EchoStream stream({.payload = 1024});
//   send(fd, stream.Sent(offset, stream.sent_size()));      // the message number offset /
//   sent_size size_t wrong = stream.Mismatch(echo_offset, received);  // npos: all bytes are right
class EchoStream {
 public:
  explicit EchoStream(const EchoStreamOptions& options);

  size_t sent_size() const { return sent_size_; }  // bytes of one message: a masked frame
  size_t echo_size() const { return echo_size_; }  // bytes of its echo: an unmasked frame
  size_t cycle() const { return cycle_; }          // messages in the cycle

  // The `size` bytes to send from `offset` on. They may reach to the end of the depth - 1st message
  // after the one that contains `offset`.
  absl::string_view Sent(uint64_t offset, size_t size) const;

  // The index of the first wrong byte in `received`, which begins at `offset` of the echoes, or
  // npos.
  size_t Mismatch(uint64_t offset, absl::string_view received) const;

  // A description for people: the position of `received[index]`, and the expected byte.
  std::string Describe(uint64_t offset, absl::string_view received, size_t index) const;

 private:
  size_t cycle_;
  size_t sent_size_ = 0;
  size_t echo_size_ = 0;
  std::string sent_;  // a cycle, and depth - 1 further messages
  std::string echo_;  // a cycle
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ECHO_STREAM_H_
