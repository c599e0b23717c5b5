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

// A client's first message, and the answer that it waits for.
class Greeting {
 public:
  // Nothing: for raw_echo.
  static Greeting None() { return Greeting(Kind::kNone, ""); }
  // Sends 200 bytes and waits for 150: for raw_accept.
  static Greeting Bare();
  // The opening handshake (RFC 6455, section 4.1), with the nonce of the RFC's own example.
  static Greeting WebSocket(absl::string_view host, absl::string_view path);

  const std::string& request() const { return request_; }

  // Whether `answer` is complete; false if it is still too short. An error with the reason if it is
  // wrong.
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
  std::shared_ptr<TlsContext> tls{};  // null: no TLS
  std::string tls_name{};             // the expected name in the server's certificate
  size_t connections = 1;
  size_t concurrency = 64;  // greetings that wait for an answer at the same time
  bool keep = true;         // false: close each connection once it is answered
};

// Opens all connections and returns them in order, TLS handshakes done; returns none if they are
// not kept. Connections to a loopback server come from several source addresses, because one
// address has too few ports. An error names the connection and the reason. Blocks.
absl::StatusOr<std::vector<Stream>> Open(const OpenOptions& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_OPEN_H_
