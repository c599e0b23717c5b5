// A server that does what a test tells it, valid or not, to one client.

#ifndef WEFT_TESTING_FAKE_SERVER_H_
#define WEFT_TESTING_FAKE_SERVER_H_

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

// The server's end of one connection, with the steps of its script. Each blocks until it is done,
// or the client or the FakeServer has ended.
class FakePeer {
 public:
  FakePeer(Stream stream, const Notification& stop);

  // ---- Bytes ----

  // Uses TLS from now on, with a server's context; performs the handshake. If it uses TLS already,
  // another inside of it.
  void StartTls(TlsContext& context);

  // The certificate that the client showed.
  std::optional<PeerCertificate> certificate() const { return stream_.peer_certificate(); }

  // The head of the client's request.
  std::string ReadRequest();

  // The next `size` bytes, or fewer at the end of the client's stream.
  std::string ReadBytes(size_t size);

  // The response that accepts `request`.
  static std::string Accept(absl::string_view request, absl::string_view subprotocol = "",
                            absl::string_view extensions = "");

  // False if the client has closed.
  bool Write(absl::string_view bytes);

  // Reads and drops everything up to the end of the client's stream.
  void ReadToEnd();

  // The same. OK if the stream ended properly: with TLS, by a close_notify.
  absl::Status AwaitEnd();

  // Whether the end of the client's stream has arrived, without unread data before it.
  bool HasEnded();

  // Reads nothing, until the FakeServer ends.
  void AwaitStop();

  // Ends the stream: properly; only TCP, without TLS's close_notify; or like a crash.
  void Shutdown();
  void ShutdownTcp();
  void Reset();

  // ---- Frames, after AcceptUpgrade() ----

  // Reads the request and accepts it; `frames` are sent in the same write as the response.
  void AcceptUpgrade(absl::string_view frames = "");

  // The same, and accepts permessage-deflate as a server with these options.
  void AcceptCompressed(const CompressionOptions& options, absl::string_view frames = "");

  // The client's next event, in the form of testing::Describe ("text Hello"). Nothing is answered:
  // pongs and the echo of a Close wait for Answer().
  std::string Next();
  void Answer();

  // Answers and echoes messages, until the client closes or ends the stream. Returns how it ended.
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
// client, in another thread; or `scripts`, one after the other, for as many clients. Declare it
// before the client, so that the client is destroyed first.
class FakeServer {
 public:
  using Script = std::function<void(FakePeer&)>;

  explicit FakeServer(Script script);
  explicit FakeServer(std::vector<Script> scripts);
  FakeServer(const SocketAddress& address, Script script);
  ~FakeServer();

  // Runs `script` for every client, one after the other, on one port: one server per client would
  // use up the system's ports if there are many thousands.
  static std::unique_ptr<FakeServer> ForEveryClient(Script script);

  // From here on every FakeServer speaks TLS from the first byte, with a server's context.
  static void SpeakTls(std::shared_ptr<TlsContext> context);

  // Waits until all scripts have ended. Their results can be read then.
  void Join();

  std::string url(absl::string_view resource = "/") const;
  uint16_t port() const { return port_; }

 private:
  // The number of clients for which a script is run.
  enum class Clients { kOne, kAll };

  FakeServer(const SocketAddress& address, std::vector<Script> scripts, Clients clients);

  UniqueFd listener_;
  uint16_t port_;
  Notification stop_;
  std::thread thread_;
};

}  // namespace weft::testing

#endif  // WEFT_TESTING_FAKE_SERVER_H_
