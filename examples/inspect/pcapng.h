// Capture files that Wireshark opens, of streams of bytes that were not captured from a network.

#ifndef WEFT_EXAMPLES_INSPECT_PCAPNG_H_
#define WEFT_EXAMPLES_INSPECT_PCAPNG_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/frame/frame_rules.h"

namespace examples {

// Writes pcapng (draft-ietf-opsawg-pcapng) with packets of IPv4 and TCP around the bytes of
// connections: the handshake of TCP, data, and its end, with the sequence numbers and checksums
// that they would have. The bytes and times are the caller's; addresses and ports are not those of
// the connection: clients are 192.0.2.1 and servers 192.0.2.2 (RFC 5737), whose port is 80, so that
// Wireshark reads HTTP and WebSocket there. Not thread-safe.
//
//   PcapngWriter writer;
//   writer.Open(1, now, "to ws://example.com");
//   writer.Data(1, weft::Role::kClient, now, "GET / HTTP/1.1\r\n...");
//   Save(writer.file());
class PcapngWriter {
 public:
  PcapngWriter();

  // A connection begins. `connection` counts from 1; `comment` is shown with its first packet.
  void Open(int connection, absl::Time at, absl::string_view comment);

  // Bytes of one end, as one packet or more, the last with `comment`. The connection must be open.
  void Data(int connection, weft::Role sender, absl::Time at, absl::string_view bytes,
            absl::string_view comment = "");

  // The stream of one end has ended.
  void End(int connection, weft::Role sender, absl::Time at);

  const std::string& file() const { return file_; }

 private:
  struct Ends {
    uint32_t client = 0, server = 0;  // the next sequence number of each
  };

  void Packet(int connection, weft::Role sender, uint8_t flags, absl::Time at,
              absl::string_view payload, absl::string_view comment = "");

  std::string file_;
  std::map<int, Ends> connections_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_PCAPNG_H_
