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

// Who hears what happens on a link, on a thread of the link's: messages, then, once, the end.
class LinkListener {
 public:
  virtual ~LinkListener() = default;
  virtual void OnMessage(absl::string_view text) = 0;
  virtual void OnEnd(const absl::Status& why) = 0;
};

// Makes a link. The listener is called until the link is destroyed.
using Connector = std::function<absl::StatusOr<std::unique_ptr<Link>>(LinkListener& listener)>;

// Reads lines, does what they say and prints what happens. It is off, and lines are commands, or
// on, and lines are messages. Lines come from one thread, the listener's calls from another.
class Session : private LinkListener {
 public:
  // `out` must outlive the session.
  Session(Connector connector, std::ostream& out);

  // All of it, from the greeting to `exit` or the end of the input.
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
      link_;  // of the thread that reads lines; stays behind when the server ends it

  std::mutex mutex_;  // guards all below
  std::ostream& out_;
  bool on_ = false;
  bool at_prompt_ = false;  // the cursor stands behind a prompt
};

}  // namespace weft::chat

#endif  // EXAMPLES_CHAT_SESSION_H_
