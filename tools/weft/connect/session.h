// `weft connect` between the opening and the closing handshake.

#ifndef TOOLS_WEFT_CONNECT_SESSION_H_
#define TOOLS_WEFT_CONNECT_SESSION_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/weft/connect/connect_options.h"
#include "tools/weft/connect/link.h"
#include "tools/weft/console.h"
#include "tools/weft/line_editor.h"
#include "tools/weft/piped_input.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/transport/notification.h"

namespace weft::cli {

// Sends typed or piped input and shows the messages received, until one side closes:
//
//   Session session(options, link, console, editor, input_fd, stop);
//   return session.Run();
//
// The thread in Run() reads the input and sends; an internal thread receives. Signal() is for a
// third thread.
class Session {
 public:
  // `editor` is null if the input is piped; it is then read from `input_fd`. All must outlive the
  // session. `stop` must not have been notified.
  Session(const ConnectOptions& options, Link& link, Console& console, LineEditor* editor,
          int input_fd, const Notification& stop);

  // Returns the exit code.
  int Run();

  // Ctrl-C discards the line being typed. Other signals close the connection with a closing
  // handshake; a second one closes it at once.
  void Signal(int signal);

 private:
  void ReceiveAll();
  bool Received(const Message& message);

  absl::Status SendInput();
  absl::Status SendLines();
  bool SendTyped(absl::string_view line);
  absl::Status SendPiped();
  absl::Status Send(absl::string_view payload);
  absl::Status Send(Opcode opcode, absl::string_view payload);
  absl::Status SendPiece(const PipedInput::Piece& piece, bool first);
  bool AwaitConnection();

  void AwaitSilence();
  void Stop();
  void Close();
  int Finish(const absl::Status& input);
  void TellClose();

  const ConnectOptions& options_;
  Link& link_;
  Console& console_;
  LineEditor* const editor_;
  const int input_fd_;
  const Notification& stop_;  // no more input
  CloseCode close_code_;
  std::string close_reason_;

  std::mutex mutex_;  // guards all members below
  std::condition_variable changed_;
  uint64_t received_ = 0;  // messages
  bool stopped_ = false;   // stop_ was notified
  bool receiver_done_ = false;
  int signal_ = 0;         // the signal that stopped it
  absl::Status output_{};  // why no more output can be written
};

}  // namespace weft::cli

#endif  // TOOLS_WEFT_CONNECT_SESSION_H_
