// Opens the load generator's connections, each with the greeting that its server expects.

#ifndef WEFT_BENCH_OPEN_H_
#define WEFT_BENCH_OPEN_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/transport/address.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"

namespace weft::bench {

// What a client says before anything else, and what it waits for.
class Greeting {
 public:
  // Nothing: for raw_echo.
  static Greeting None() { return Greeting(Kind::kNone, ""); }
  // 200 bytes, for 150: for raw_accept.
  static Greeting Bare();
  // The opening handshake (RFC 6455, section 4.1), with the nonce of the RFC's own example.
  static Greeting WebSocket(absl::string_view host, absl::string_view path);

  const std::string& request() const { return request_; }

  // Whether `answer` is all that was waited for; false when it is too short yet. An error that says
  // what is wrong when it can no longer become right.
  absl::StatusOr<bool> Answered(absl::string_view answer) const;

 private:
  enum class Kind { kNone, kBare, kWebSocket };
  Greeting(Kind kind, std::string request) : kind_(kind), request_(std::move(request)) {}

  Kind kind_;
  std::string request_;
};

struct OpenOptions {
  SocketAddress server{};
  Greeting greeting = Greeting::None();
  std::shared_ptr<TlsContext> tls{};  // null: plain
  std::string tls_name{};             // what the server's certificate must be for
  size_t connections = 1;
  size_t concurrency = 64;  // greetings without an answer at one time
  bool keep = true;         // false: close each connection as soon as it is answered
};

// Opens all of them and returns them in order, TLS handshakes done; none when they are not kept. To
// a loopback server they come from several source addresses, since one has too few ports for many
// connections. An error names the connection and its reason. Blocks.
absl::StatusOr<std::vector<Stream>> Open(const OpenOptions& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_OPEN_H_
