// The bytes that have passed the tap, for a capture file.

#ifndef WEFT_EXAMPLES_INSPECT_RECORDING_H_
#define WEFT_EXAMPLES_INSPECT_RECORDING_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "weft/core/frame/frame_rules.h"

namespace examples {

// Keeps the first bytes of each connection, since a reader of a WebSocket needs the handshake and
// every frame after it, and of too many connections the latest. Thread-safe.
class Recording {
 public:
  // The bytes kept of a connection, and of all; each event counts with its other fields, too.
  static constexpr size_t kMaxConnectionBytes = 4 << 20;
  static constexpr size_t kMaxBytes = 16 << 20;

  // `connection` counts from 1; `comment` is shown with its first packet.
  void Open(int connection, absl::Time at, std::string comment);

  // Bytes of one end, and the end of its stream. Ignored for a connection that is not kept.
  void Add(int connection, weft::Role sender, absl::Time at, absl::string_view bytes);
  void End(int connection, weft::Role sender, absl::Time at);

  // All connections that are kept, as a file for Wireshark (pcapng.h), in the order of the calls:
  // the clock may have been set back. Does not keep other calls waiting while it writes.
  std::string Pcapng() const;

 private:
  enum class What : uint8_t {
    kOpen,       // with the comment
    kBytes,      // of the sender
    kLastBytes,  // further ones of the connection are not kept
    kEnd,        // of the sender's stream
  };
  struct Event {
    uint64_t number;  // the order
    int connection;
    What what;
    weft::Role sender;
    absl::Time at;
    std::string text;
  };
  struct Connection {
    std::vector<std::shared_ptr<const Event>> events{};
    size_t bytes = 0;
    bool is_full = false;
  };

  void Keep(Connection& connection, Event event);

  mutable std::mutex mutex_;
  uint64_t events_ = 0;  // so far
  std::map<int, Connection> connections_;
  size_t bytes_ = 0;  // of all
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_RECORDING_H_
