// The messages that the load generator sends, and the echoes that must come back.

#ifndef WEFT_BENCH_ENGINE_ECHO_STREAM_H_
#define WEFT_BENCH_ENGINE_ECHO_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/core/frame/opcode.h"

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

  // If set, the payload of every message, instead of `payload` random bytes. UTF-8, unless binary.
  std::optional<std::string> content{};
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

  // The number of different messages of this size.
  static size_t CycleOf(size_t payload);

  size_t sent_size() const { return sent_size_; }  // bytes of one message: a masked frame
  size_t echo_size() const { return echo_size_; }  // bytes of its echo: an unmasked frame
  size_t cycle() const { return cycle_; }          // messages in the cycle

  Opcode opcode() const { return opcode_; }
  bool raw() const { return raw_; }

  // The payload of a message, counted from the first one of the cycle.
  absl::string_view Payload(uint64_t message) const {
    return absl::string_view(echo_).substr((message % cycle_ + 1) * echo_size_ - payload_,
                                           payload_);
  }

  // The `size` bytes to send from `offset` on. They may reach to the end of the depth - 1st message
  // after the one that contains `offset`.
  absl::string_view Sent(uint64_t offset, size_t size) const;

  // The rest, up to `size` bytes, of the cycle of echoes from `offset` on.
  absl::string_view Echo(uint64_t offset, size_t size) const {
    return absl::string_view(echo_).substr(offset % echo_.size(), size);
  }

  // The index of the first wrong byte in `received`, which begins at `offset` of the echoes, or
  // npos.
  size_t Mismatch(uint64_t offset, absl::string_view received) const;

  // A description for people: the position of `received[index]`, and the expected byte.
  std::string Describe(uint64_t offset, absl::string_view received, size_t index) const;

 private:
  const size_t payload_;
  const bool raw_;
  const Opcode opcode_;
  size_t cycle_;
  size_t sent_size_ = 0;
  size_t echo_size_ = 0;
  std::string sent_;  // a cycle, and depth - 1 further messages
  std::string echo_;  // a cycle
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_ECHO_STREAM_H_
