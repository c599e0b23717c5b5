// Chapter 10: a server that slow, silent, greedy and many clients cannot take down.

#ifndef WEFT_COURSE_10_LIMITS_LIMITS_H_
#define WEFT_COURSE_10_LIMITS_LIMITS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "course/07_closing/closing.h"
#include "course/09_server/server.h"

namespace course {

struct Limits {
  size_t connections = 10000;     // a further one is closed at once
  size_t head_bytes = 16384;      // with more, and not the whole request, the answer is 431
  size_t output_bytes = 1 << 20;  // with this much output, the client's bytes are not read

  absl::Duration request = absl::Seconds(10);  // from connecting to the end of the request
  absl::Duration silence =
      absl::Seconds(30);                     // without a byte of the client: a ping; again: the end
  absl::Duration stall = absl::Seconds(10);  // with output, of which the socket takes no byte
  absl::Duration closing = absl::Seconds(5);  // from the last byte taken to the end of TCP
};

// ---- One connection, without its socket and without a clock ----

// A conversation within limits. The owner of the socket tells it what happens, and when.
class Guard {
 public:
  Guard(const Limits& limits, Conversation::OnMessage on_message, std::unique_ptr<Wire> wire,
        absl::Time now);
  ~Guard();

  // Bytes of the client.
  void Take(absl::string_view bytes, absl::Time now);
  // The socket took the first `size` bytes of output(): removes them. An output that becomes empty
  // keeps no memory.
  void Wrote(size_t size, absl::Time now);
  // The client has ended the TCP connection, or it is lost.
  void TakeEnd();
  // Before deadline() nothing. Then a ping to a silent client, or the end: socket() is kClose.
  void TakeTime(absl::Time now);

  // When the next limit of time is reached: the README has the table. Never (InfiniteFuture) if
  // socket() is kClose.
  absl::Time deadline() const;

  const std::string& output() const;
  // Whether to read the client's bytes: false if there is too much output.
  bool wants_bytes() const;
  // As of Conversation, and after a request that is too large kHalfClose. kClose is for now, also
  // if output is left: after a stall there is some, which nobody takes.
  Socket socket() const;

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

// ---- All connections ----

struct ServerOptions {
  int port = 0;  // of 127.0.0.1; 0 for a free one
  Limits limits;
  std::function<absl::Time()> clock = absl::Now;
  std::function<std::unique_ptr<Wire>()> make_wire = [] { return std::make_unique<Wire>(); };
};

// The server of chapter 9 with a Guard for each connection.
class GuardedServer {
 public:
  static absl::StatusOr<std::unique_ptr<GuardedServer>> Listen(ServerOptions options,
                                                               Conversation::OnMessage on_message);
  ~GuardedServer();  // closes all sockets; not while Run() runs

  int port() const;
  void Run();
  void Stop();

 private:
  GuardedServer();

  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

}  // namespace course

#endif  // WEFT_COURSE_10_LIMITS_LIMITS_H_
