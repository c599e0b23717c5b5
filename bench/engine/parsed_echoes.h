// The echoes of a connection whose frames have to be parsed.

#ifndef WEFT_BENCH_ENGINE_PARSED_ECHOES_H_
#define WEFT_BENCH_ENGINE_PARSED_ECHOES_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/bench/engine/echo_stream.h"
#include "weft/core/connection.h"
#include "weft/core/connection_options.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/event.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"

namespace weft::bench {

// A client's end of a WebSocket, for a server that compresses, or sends more than one plain frame
// for each message: pings, fragments, a Close frame. Where EchoStream compares bytes, this compares
// payloads. Not thread-safe.
class ParsedEchoes {
 public:
  // `echoes` must outlive this object.
  explicit ParsedEchoes(const EchoStream& echoes);

  void UseDeflate(const DeflateAgreement& agreement);

  // Takes bytes of the server. `*completed` is the number of echoes received, which it counts
  // further, and `started` that of the messages sent. DataLoss for a message that is not the next
  // echo, Aborted for a Close frame, InvalidArgument if the server broke a rule.
  absl::Status Take(absl::string_view bytes, uint64_t started, uint64_t* completed);

  // Queues a message, if fewer than about a megabyte wait to be written; false if not.
  bool Send(uint64_t message);

  // Writes to `stream` as much as it accepts.
  IoResult Write(Stream& stream);
  bool has_output() const { return connection_.queued_bytes() > 0; }

  // Queues a Close frame.
  void Close() { connection_.SendClose(CloseCode::kNormal).IgnoreError(); }

 private:
  absl::Status Check(const Event& event, uint64_t started, uint64_t* completed) const;

  const EchoStream& echoes_;
  const ConnectionOptions options_;
  Connection connection_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_ENGINE_PARSED_ECHOES_H_
