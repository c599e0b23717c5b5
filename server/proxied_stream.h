// The server's side of a connection that begins with a header of the PROXY protocol.

#ifndef WEFT_SERVER_PROXIED_STREAM_H_
#define WEFT_SERVER_PROXIED_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "weft/server/served_stream.h"
#include "weft/server/worker_group.h"
#include "weft/transport/tls_context.h"

namespace weft {

// Waits for the header of a trusted proxy, takes its client for the peer, starts TLS if the
// endpoint has it, and hands the stream to an HttpConnection. An error is answered with 400; with
// TLS, which has not started yet, the connection is dropped. Either is logged. The header and
// the handshake after it must be complete within ServerTimeouts::handshake.
class ProxiedStream final : public ServedStream {
 public:
  ProxiedStream(LoopContext& context, Arrival arrival, uint64_t id, Refusal refusal);

  void OnReadable() override;
  void OnWritable() override {}
  void GoAway(CloseCode code, absl::string_view reason) override;

 private:
  void OnTimer() override;

  // `client` is that of a ProxyHeader.
  void TakeHeader(const SocketAddress& client);

  // Whether the peer, which may be a proxy, is believed in the fields of its requests: not if the
  // connection is that of a client without an address.
  void HandOver(bool believes_headers);
  void Refuse(absl::Status why);

  const std::shared_ptr<TlsContext> tls_;  // null: none
  const int64_t deadline_ms_;              // of the handshake
  std::string in_;                         // the header as far as it was read
};

}  // namespace weft

#endif  // WEFT_SERVER_PROXIED_STREAM_H_
