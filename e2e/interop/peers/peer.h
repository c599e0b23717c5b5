// The commands of every C++ peer, as peer.js has them for JavaScript: `serve --port=0` and
// `exchange URL`, the latter with the argument `no_empty` for a library that cannot receive empty
// messages. Messages have up to 16 MiB. Errors are exceptions, as in these libraries, and end the
// program. C++17, as long as one of the libraries does not compile as C++20.

#ifndef WEFT_E2E_INTEROP_PEERS_PEER_H_
#define WEFT_E2E_INTEROP_PEERS_PEER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace peer {

inline constexpr size_t kMaxMessageBytes = 16 << 20;

// A library's limit for a handshake, if it has one: longer than a slow machine needs.
inline constexpr int kPatienceMs = 60'000;

struct Message {
  bool text = true;
  std::string data{};

  bool operator==(const Message& other) const { return text == other.text && data == other.data; }
};

// An open connection to an echo server.
class Socket {
 public:
  virtual ~Socket() = default;
  virtual void Send(const Message& message) = 0;
  virtual Message Receive() = 0;
  // The whole closing handshake.
  virtual void Close(uint16_t code, const std::string& reason) = 0;
};

// Serves on a port of 127.0.0.1, 0 for a free one; never returns. Calls Listening().
using Serve = std::function<void(uint16_t port)>;

using Connect = std::function<std::unique_ptr<Socket>(const std::string& host, uint16_t port)>;

// Prints where a server listens, for the program that waits for it.
void Listening(uint16_t port);

// Runs the command line and returns main's result.
int Main(int argc, char** argv, const Serve& serve, const Connect& connect);

}  // namespace peer

#endif  // WEFT_E2E_INTEROP_PEERS_PEER_H_
