// The chat client without a terminal and without a network.

#ifndef EXAMPLES_CHAT_SESSION_H_
#define EXAMPLES_CHAT_SESSION_H_

#include <functional>
#include <istream>
#include <memory>
#include <mutex>
#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace weft::chat {

// A connection to the chat server.
class Link {
 public:
  virtual ~Link() = default;
  virtual absl::Status Send(absl::string_view text) = 0;
  virtual absl::Status Close() = 0;
};

// Receives the events of a link, on a thread of the link's: messages, then, once, the end.
class LinkListener {
 public:
  virtual ~LinkListener() = default;
  virtual void OnMessage(absl::string_view text) = 0;
  virtual void OnEnd(const absl::Status& why) = 0;
};

// Creates a link. The listener is called until the link is destroyed.
using Connector = std::function<absl::StatusOr<std::unique_ptr<Link>>(LinkListener& listener)>;

// Reads lines, executes them and prints the results. When it is off, lines are commands; when it is
// on, lines are messages. Lines come from one thread, the listener's calls from another.
class Session : private LinkListener {
 public:
  // `out` must outlive the session.
  Session(Connector connector, std::ostream& out);

  // Runs the whole client, from the greeting to `exit` or the end of the input.
  void Run(std::istream& in);

 private:
  void OnMessage(absl::string_view text) override;
  void OnEnd(const absl::Status& why) override;

  bool HandleLine(absl::string_view line);
  bool HandleCommand(absl::string_view line);
  void Connect();
  void Disconnect();
  void Exit();
  void Send(absl::string_view text);
  void BeginLine();
  void Prompt();

  const Connector connector_;
  std::unique_ptr<Link>
      link_;  // used by the thread that reads lines; stays set when the server ends it

  std::mutex mutex_;  // guards all members below
  std::ostream& out_;
  bool on_ = false;
  bool at_prompt_ = false;  // the cursor is after a prompt
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_SESSION_H_
