// The server's side of one client that speaks HTTP: from its first byte to the upgrade.

#ifndef WEFT_SERVER_HTTP_CONNECTION_H_
#define WEFT_SERVER_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/metrics.h"
#include "weft/server/served_stream.h"

namespace weft {

class UpgradeReader;

// Reads a request. Accepted as an upgrade, it hands the stream, and what came behind the head, to
// a Session; everything else gets an HTTP answer.
class HttpConnection final : public ServedStream {
 public:
  HttpConnection(Worker& worker, Stream stream, const SocketAddress& peer, uint64_t id,
                 Refusal refusal);
  ~HttpConnection() override;

  void OnReadable() override;
  void OnWritable() override;
  void GoAway(CloseCode code, absl::string_view reason) override;

 private:
  void OnTimer() override;
  void ReadOnce();
  void OnBytes(absl::string_view bytes);

  // When the request, if no more of it came, would have come too slowly.
  int64_t TooSlowAtMs() const;
  void Upgrade(absl::string_view head, absl::string_view rest);

  // Answers with an HTTP error, and waits a little for the client to read it.
  void Refuse(HandshakeFailure reason, const absl::Status& why);

  // Counts, and drops.
  void Fail(HandshakeFailure reason, const char* why, absl::string_view detail = "");

  // Writes what waits, and lingers when it is written.
  void Write();

  const int64_t deadline_ms_;               // of the handshake
  int64_t begun_ms_ = 0;                    // when the first bytes of the request came
  size_t request_bytes_ = 0;                // that came
  bool refusing_ = false;                   // `out_` is the last that is said
  bool more_ = false;                       // TLS: more can be read than the socket announces
  std::unique_ptr<UpgradeReader> request_;  // while a head comes in pieces
  std::string out_;                         // what the socket has not taken yet
};

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_CONNECTION_H_
