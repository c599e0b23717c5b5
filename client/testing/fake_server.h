// A server that does what a test tells it, right or wrong, to one client.

#ifndef WEFT_CLIENT_TESTING_FAKE_SERVER_H_
#define WEFT_CLIENT_TESTING_FAKE_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/peer_certificate.h"
#include "weft/transport/stream.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

namespace weft::testing {

// The server's end of one connection, with its script's steps. Each blocks until it is done, or the
// client or the FakeServer is gone.
class FakePeer {
 public:
  FakePeer(Stream stream, const Notification& stop);

  // ---- Bytes ----

  // From here on TLS, with a server's context; the handshake is done on the way.
  void StartTls(TlsContext& context);

  // The client's, which it showed.
  std::optional<PeerCertificate> certificate() const { return stream_.peer_certificate(); }

  // The head of the client's request.
  std::string ReadRequest();

  // The next `size` bytes, or fewer at the end of the client's stream.
  std::string ReadBytes(size_t size);

  // The answer that accepts `request`.
  static std::string Accept(absl::string_view request, absl::string_view subprotocol = "",
                            absl::string_view extensions = "");

  // False when the client is gone.
  bool Write(absl::string_view bytes);

  // Reads and drops all up to the end of the client's stream.
  void ReadToEnd();

  // The same. OK where the stream ended in order: with TLS, by a close_notify.
  absl::Status AwaitEnd();

  // Whether the end of the client's stream has arrived, with nothing before it that was not read.
  bool HasEnded();

  // Reads nothing, until the FakeServer is gone.
  void AwaitStop();

  // Ends the stream: with its end; with the end of TCP alone, without the one of TLS; or as a crash
  // would.
  void Shutdown();
  void ShutdownTcp();
  void Reset();

  // ---- Frames, once AcceptUpgrade() is done ----

  // Reads the request and accepts it; `frames` go in the same write as the answer.
  void AcceptUpgrade(absl::string_view frames = "");

  // The same, and accepts permessage-deflate as a server with these options.
  void AcceptCompressed(const CompressionOptions& options, absl::string_view frames = "");

  // What the client sent next, as testing::Describe has it ("text Hello"). Nothing is answered:
  // pongs and the echo of a Close wait for Answer().
  std::string Next();
  void Answer();

  // Answers and echoes messages, until the client closes or ends the stream. Returns what it did.
  std::string EchoToEnd();

 private:
  bool Read(std::string* bytes, size_t max_bytes);
  bool FillConnection();

  Stream stream_;
  const Notification& stop_;
  Connection connection_;
  std::string scratch_;
};

// Listens on a free port of the loopback address, or at `address`, and runs `script` for the first
// that connects, in a thread of its own; or `scripts`, one after the other, for as many. Declare it
// before the client, so that the client goes first.
class FakeServer {
 public:
  using Script = std::function<void(FakePeer&)>;

  explicit FakeServer(Script script);
  explicit FakeServer(std::vector<Script> scripts);
  FakeServer(const SocketAddress& address, Script script);
  ~FakeServer();

  // Runs `script` for every client, one after the other, on one port: a server for each of many
  // thousands of clients would use up the ports that the system has.
  static std::unique_ptr<FakeServer> ForEveryClient(Script script);

  // From here on every FakeServer speaks TLS, as "server" of the test CA, from the first byte on.
  static void SpeakTls();

  // Waits until all has run to its end. What it wrote can be read then.
  void Join();

  std::string url(absl::string_view resource = "/") const;
  uint16_t port() const { return port_; }

 private:
  // How many clients a script is run for.
  enum class Clients { kOne, kAll };

  FakeServer(const SocketAddress& address, std::vector<Script> scripts, Clients clients);

  UniqueFd listener_;
  uint16_t port_;
  Notification stop_;
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_CLIENT_TESTING_FAKE_SERVER_H_
