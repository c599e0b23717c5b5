// One tapped connection: what both ends say, understood on the way.

#ifndef WEFT_EXAMPLES_INSPECT_CONVERSATION_H_
#define WEFT_EXAMPLES_INSPECT_CONVERSATION_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/inspect/frame_reader.h"
#include "examples/inspect/tap_entry.h"
#include "examples/inspect/tap_log.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/handshake/extension_header.h"
#include "weft/core/http/http.h"

namespace examples {

// Reads the opening handshake and then frames, of both directions, and logs them, with what is
// wrong with each. What is no WebSocket, such as a page that is fetched through the tap, is logged
// by its head and not looked at any further. Bytes are only looked at, so it can be wrong about
// them, but not do harm. Thread-safe: each direction may have a thread of its own. The log must
// outlive it.
class Conversation {
 public:
  Conversation(int connection, TapLog& log, std::function<absl::Time()> now = absl::Now);

  // `sender` said this, and the other end did not get it yet: so an answer is never logged before
  // what it answers.
  void Read(weft::Role sender, absl::string_view bytes);

  // The stream of `sender` has ended; `error` says how, if it should not have.
  void End(weft::Role sender, absl::string_view error = "");

  // Something that the tap itself has to say.
  void Note(absl::string_view text, absl::string_view problem = "");

 private:
  struct Side {
    explicit Side(weft::Role sender);

    enum class State : uint8_t { kHead, kFrames, kOpaque };
    const weft::Role sender;
    State state = State::kHead;
    std::string head{};  // as far as it has come
    weft::HttpHeadScanner scanner;
    FrameReader reader;
  };

  Side& SideOf(weft::Role sender) { return sender == weft::Role::kClient ? client_ : server_; }
  void ReadHead(Side& side, absl::string_view bytes);
  void ReadFrames(Side& side, absl::string_view bytes);
  void Request(Side& side, absl::string_view head, TapEntry* entry);
  void Response(Side& side, absl::string_view head, TapEntry* entry);
  void UseDeflate(const weft::ExtensionList& extensions, TapEntry* entry);
  TapEntry NewEntry(TapEntry::Kind kind, weft::Role sender) const;

  const int connection_;
  TapLog& log_;
  const std::function<absl::Time()> now_;
  const absl::Time opened_;

  std::mutex mutex_;
  Side client_, server_;
  std::string key_;                        // of the request
  std::vector<std::string> subprotocols_;  // that it offers
  bool deflate_ = false;                   // was agreed on
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_CONVERSATION_H_
