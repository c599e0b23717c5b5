// Chapter 9: a server for many connections, on one thread.

#ifndef WEFT_COURSE_09_SERVER_SERVER_H_
#define WEFT_COURSE_09_SERVER_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"

namespace course {

// The largest message that a server accepts.
inline constexpr uint64_t kMaxServedMessage = 1 << 20;

// How a conversation answers the request, reads frames and writes them: your chapters 2, 3 and 6.
// Chapter 11 has another one, which compresses.
class Wire {
 public:
  explicit Wire(uint64_t max_message_bytes = kMaxServedMessage)
      : reader_(Role::kServer, max_message_bytes) {}
  virtual ~Wire() = default;

  virtual std::string Answer(const Head& request) { return AnswerTo(request); }

  // As of MessageReader.
  virtual std::vector<Event> Read(absl::string_view bytes) { return reader_.Read(bytes); }
  virtual const std::optional<Failure>& failure() const { return reader_.failure(); }

  // A whole message or a control frame. A server does not mask: the header and the payload.
  virtual std::string Frame(Opcode opcode, absl::string_view payload) {
    return absl::StrCat(EncodeHeader({.opcode = opcode, .length = payload.size()}), payload);
  }

 private:
  MessageReader reader_;
};

// ---- One connection, without its socket ----

enum class Phase {
  kRequest,  // the request is not complete
  kOpen,     // messages may be sent
  kEnding,   // after a refusal, a Close frame that was sent, or the end of TCP
};

class Conversation {
 public:
  // Called for each text and each binary message. It may call Send() and Close().
  using OnMessage = std::function<void(Conversation& conversation, const Event& message)>;

  explicit Conversation(OnMessage on_message,
                        std::unique_ptr<Wire> wire = std::make_unique<Wire>());
  ~Conversation();

  // Takes bytes of the client: its request, and after that its frames. Answers with output().
  void Take(absl::string_view bytes);

  // The client has ended the TCP connection, or it is lost.
  void TakeEnd();

  // Sends a message, kText or kBinary, or a kPing. Ignored unless the phase is kOpen.
  void Send(Opcode opcode, absl::string_view payload);

  // Begins the closing handshake. Ignored before the handshake and after a Close frame.
  void Close(int code, absl::string_view reason);

  // The bytes to write to the socket. The owner removes those that it has written.
  std::string& output();

  // The next step for the socket (chapter 7): kClose at once, also if output is left; the others
  // once all output is written. After a refused request it is kHalfClose.
  Socket socket() const;

  Phase phase() const;

 private:
  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

// ---- All connections ----

// A socket that listens on a port of 127.0.0.1, which does not block. 0 is a free port; `*bound` is
// the one that it got. Unavailable if that fails.
absl::StatusOr<int> ListenOn(int port, int* bound);

class Server {
 public:
  // Listens on a port of 127.0.0.1; 0 for a free one. Unavailable if that fails.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(int port,
                                                        Conversation::OnMessage on_message);
  ~Server();  // closes all sockets; not while Run() runs

  int port() const;

  // Serves all clients on the calling thread, which also calls on_message, until Stop().
  void Run();

  // Ends Run(), which may run on another thread. Callable from any thread, also before Run().
  void Stop();

 private:
  Server();

  struct State;  // yours, in exercise.cc
  std::unique_ptr<State> state_;
};

}  // namespace course

#endif  // WEFT_COURSE_09_SERVER_SERVER_H_
