// A server whose every byte a test writes itself.

#ifndef WEFT_COURSE_TESTING_SCRIPTED_SERVER_H_
#define WEFT_COURSE_TESTING_SCRIPTED_SERVER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"

namespace course::testing {

// The server's side of a connection. A wait of more than 10 seconds throws std::runtime_error, as
// the loss of the connection does: it ends the script.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(int fd) : fd_(fd) {}
  ~ScriptedPeer();

  // Bytes until `end`, with it.
  std::string ReadUntil(absl::string_view end);
  std::string Read(size_t size);
  // All bytes until the client ends the stream.
  std::string ReadToEnd();
  void Write(absl::string_view bytes);
  void Close();

 private:
  bool ReadMore();  // false at the end of the stream

  int fd_;
  std::string read_;  // and not returned yet
};

// Listens on a free port of loopback, and runs a script with the first connection, on a thread of
// its own.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(ScriptedPeer&)> script);
  ~ScriptedServer();  // waits for the script, or ends the wait for a connection

  int port() const { return port_; }

  // Waits for the script. Empty, or why it ended early.
  std::string Finish();

 private:
  int listener_;
  int port_;
  std::string trouble_;
  std::thread thread_;
};

// A port of loopback on which nobody listens, as long as this exists.
class ClosedPort {
 public:
  ClosedPort();
  ~ClosedPort();
  int port() const { return port_; }

 private:
  int fd_;
  int port_;
};

}  // namespace course::testing

#endif  // WEFT_COURSE_TESTING_SCRIPTED_SERVER_H_
