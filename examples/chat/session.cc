#include "examples/chat/session.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "examples/chat/commands.h"
#include "weft/core/http/quote.h"

namespace weft::chat {

using Lock = std::lock_guard<std::mutex>;

Session::Session(Connector connector, std::ostream& out)
    : connector_(std::move(connector)), out_(out) {}

void Session::Run(std::istream& in) {
  {
    Lock lock(mutex_);
    out_ << "---<Command Line Chat Initialized!>---\n";
    Prompt();
  }
  std::string line;
  while (std::getline(in, line)) {
    {
      Lock lock(mutex_);
      at_prompt_ = false;  // the line's own newline has ended the prompt's line
    }
    if (!HandleLine(absl::StripAsciiWhitespace(line))) return;
  }
  Exit();
}

// False when the program should end.
bool Session::HandleLine(absl::string_view line) {
  bool on;
  {
    Lock lock(mutex_);
    on = on_;
    if (line.empty()) Prompt();
  }
  if (line.empty()) return true;
  if (!on) return HandleCommand(line);
  if (FindCommand(line) == CommandId::kDisconnect) {
    Disconnect();
  } else {
    Send(line);
  }
  return true;
}

bool Session::HandleCommand(absl::string_view line) {
  const std::optional<CommandId> command = FindCommand(line);
  if (command == CommandId::kExit) {
    Exit();
    return false;
  }
  if (command == CommandId::kConnect) {
    Connect();
    return true;
  }
  Lock lock(mutex_);
  if (command == CommandId::kHelp) {
    out_ << Usage();
  } else {
    out_ << "Command not recognized!\n" << Usage() << "\n";
  }
  Prompt();
  return true;
}

void Session::Connect() {
  link_.reset();      // one that the server ended
  Lock lock(mutex_);  // a message that arrives at once waits until the line "connected" is printed
  absl::StatusOr<std::unique_ptr<Link>> link = connector_(*this);
  if (link.ok()) {
    link_ = *std::move(link);
    on_ = true;
    out_ << "Connected successfully.\n";
  } else {
    out_ << "Connection failed: (" << Escape(link.status().message()) << ")\n";
  }
  Prompt();
}

void Session::Disconnect() {
  {
    Lock lock(mutex_);
    on_ = false;
  }
  // Not under the lock: these calls wait for the thread that calls the listener. Whether the server
  // answered no longer matters.
  link_->Close().IgnoreError();
  link_.reset();
  Lock lock(mutex_);
  out_ << "Disconnected successfully!\n";
  Prompt();
}

void Session::Exit() {
  if (link_ != nullptr) {
    {
      Lock lock(mutex_);
      on_ = false;
    }
    link_->Close().IgnoreError();
    link_.reset();
  }
  Lock lock(mutex_);
  BeginLine();
  out_ << "Exiting Program!\n" << std::flush;
}

void Session::Send(absl::string_view text) {
  const absl::Status status = link_->Send(text);
  if (status.ok()) return;  // its broadcast prints the prompt
  Lock lock(mutex_);
  BeginLine();
  out_ << "Error while sending: " << Escape(status.message()) << "\n";
  Prompt();
}

void Session::OnMessage(absl::string_view text) {
  Lock lock(mutex_);
  if (!on_) return;
  BeginLine();
  out_ << "rcv=> " << Escape(text) << "\n";
  Prompt();
}

void Session::OnEnd(const absl::Status& why) {
  Lock lock(mutex_);
  if (!on_) return;  // we ended it
  on_ = false;
  BeginLine();
  out_ << "Connection closed by server: (" << Escape(why.message()) << ")\n";
  Prompt();
}

void Session::BeginLine() {
  if (at_prompt_) out_ << "\n";
  at_prompt_ = false;
}

void Session::Prompt() {
  out_ << (on_ ? "msg> " : "> ") << std::flush;
  at_prompt_ = true;
}

}  // namespace weft::chat
