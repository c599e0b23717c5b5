// Chapter 8: a client whose calls wait, each until a deadline.

#ifndef WEFT_COURSE_08_CLIENT_CLIENT_H_
#define WEFT_COURSE_08_CLIENT_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"

namespace course {

// The largest message that a Client accepts.
inline constexpr uint64_t kMaxMessage = 1 << 20;

// ---- The socket ----

// Connects to `host`, a name or an address, at `port`. The socket does not block (O_NONBLOCK).
// Unavailable if that fails, DeadlineExceeded if it takes longer than until `deadline`.
absl::StatusOr<int> Dial(const std::string& host, int port, absl::Time deadline);

// Writes all of `bytes`. Unavailable if the connection is lost, DeadlineExceeded as above.
absl::Status WriteAll(int fd, absl::string_view bytes, absl::Time deadline);

// Waits for bytes, and returns those that have arrived: at least one, or none at the end of the
// stream. Errors as above.
absl::StatusOr<std::string> ReadSome(int fd, absl::Time deadline);

// ---- The client ----

// Used by one thread at a time.
class Client {
 public:
  // Connects to ws://host:port/target. An error of Dial, or InvalidArgument if the server does not
  // agree to a WebSocket.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& host, int port,
                                                         const std::string& target,
                                                         absl::Duration timeout);
  ~Client();  // ends the TCP connection, without a Close frame

  // Sends a message, kText or kBinary, or a kPing. FailedPrecondition after a Close frame, and
  // after another error, because a part of that frame may have been sent.
  absl::Status Send(Opcode opcode, absl::string_view payload, absl::Duration timeout);

  // Waits for the next message. Answers pings, and ignores pongs. DeadlineExceeded if no message is
  // complete after `timeout`; then the connection stays open, and a later call continues. After the
  // end of the connection FailedPrecondition: info() says why it ended.
  absl::StatusOr<Event> Receive(absl::Duration timeout);

  // Sends a Close frame, and ignores messages until the server has sent its own and has ended the
  // TCP connection. DeadlineExceeded if it has not after `timeout`. OK if the connection was lost.
  // In any case nothing can be sent or received afterwards; the destructor closes the socket.
  absl::Status Close(int code, absl::string_view reason, absl::Duration timeout);

  // As in chapter 7.
  const CloseInfo& info() const;

 private:
  Client();

  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

}  // namespace course

#endif  // WEFT_COURSE_08_CLIENT_CLIENT_H_
