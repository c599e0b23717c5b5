// Where a topic is in its messages.

#ifndef WEFT_SERVER_TOPICS_POSITION_H_
#define WEFT_SERVER_TOPICS_POSITION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft {

// The name of one numbering of a topic's messages: 1 to 8 ASCII letters and digits. A topic gets a
// new epoch whenever its store may have forgotten messages, so the same offset of the same epoch is
// always the same message. The default value is none.
class Epoch {
 public:
  static constexpr size_t kMaxBytes = 8;

  Epoch() = default;

  // InvalidArgument for text that is not an epoch.
  static absl::StatusOr<Epoch> Parse(absl::string_view text);

  // One of 62^8 epochs of 8 characters: different ones for different numbers below 62^8.
  static Epoch FromNumber(uint64_t number);

  bool is_set() const { return text_[0] != '\0'; }
  absl::string_view text() const;

  friend bool operator==(const Epoch&, const Epoch&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Epoch& epoch) {
    return H::combine(std::move(state), epoch.text_);
  }

 private:
  std::array<char, kMaxBytes> text_{};  // zeros after the last character
};

// A message of a topic, or the place after it: "the messages after this position". The first
// message of a new topic has the offset 1. Every topic with history has a position; the default
// value is none, the position of topics without history.
struct Position {
  // Lua and JavaScript compute with larger numbers only approximately.
  static constexpr uint64_t kMaxOffset = (uint64_t{1} << 53) - 1;
  static constexpr size_t kMaxTextBytes = Epoch::kMaxBytes + 1 + 16;

  Epoch epoch{};
  uint64_t offset = 0;

  // The position in the form "k3Jq9xZ2.1042", which clients keep and send back without a look
  // inside. InvalidArgument for all that ToString() does not return.
  static absl::StatusOr<Position> Parse(absl::string_view text);

  // At most kMaxTextBytes bytes of letters, digits and one dot. Empty for none. Parse()
  // takes it back up to kMaxOffset, which no position of a store exceeds.
  std::string ToString() const;

  bool is_set() const { return epoch.is_set(); }

  // Whether a message can have it.
  bool is_message() const { return is_set() && offset > 0 && offset <= kMaxOffset; }

  friend bool operator==(const Position&, const Position&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Position& position) {
    return H::combine(std::move(state), position.epoch, position.offset);
  }
};

}  // namespace weft

#endif  // WEFT_SERVER_TOPICS_POSITION_H_
