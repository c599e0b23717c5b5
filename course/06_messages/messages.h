// Chapter 6: from the bytes of a connection to messages.

#ifndef WEFT_COURSE_06_MESSAGES_MESSAGES_H_
#define WEFT_COURSE_06_MESSAGES_MESSAGES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "course/03_frames/frames.h"

namespace course {

// ---- The state machine ----

// The message that has begun and whose last frame has not arrived.
enum class Inside { kNothing, kText, kBinary };

// The meaning of a frame in such a state.
enum class Meaning {
  kControl,    // a close, ping or pong: it does not touch the message
  kFirst,      // the first frame of a message
  kNext,       // a further frame of the message
  kForbidden,  // it must not come now (section 5.4)
};

struct Transition {
  Meaning meaning;
  Inside after;  // the state after the frame; after a forbidden one it does not matter
};

// The table of the README.
Transition Next(Inside inside, Opcode opcode, bool fin);

// ---- The reader ----

// The end that reads: a server must get masked frames, and a client unmasked ones (section 5.1).
enum class Role { kClient, kServer };

// A whole message: kText or kBinary. Or a control frame: kClose, kPing or kPong.
struct Event {
  Opcode opcode;
  std::string payload;  // unmasked
};

// Why a connection failed: the code of the Close frame that tells the peer (section 7.4.1).
struct Failure {
  int code;            // 1002: the peer broke a rule; 1007: not UTF-8; 1009: too large
  std::string reason;  // for people
};

class MessageReader {
 public:
  MessageReader(Role role, uint64_t max_message_bytes);
  ~MessageReader();

  // Takes the next bytes of the connection, cut anywhere, and returns the events that they
  // complete. At the first byte that breaks a rule, reading ends: failure() has the reason, and
  // Read() returns the events before it, and later nothing. Reading also ends after a Close frame.
  std::vector<Event> Read(absl::string_view bytes);

  const std::optional<Failure>& failure() const;

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

}  // namespace course

#endif  // WEFT_COURSE_06_MESSAGES_MESSAGES_H_
