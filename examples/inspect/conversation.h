// One tapped connection: parses the bytes of both ends as they pass.

#ifndef WEFT_EXAMPLES_INSPECT_CONVERSATION_H_
#define WEFT_EXAMPLES_INSPECT_CONVERSATION_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
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

// Parses the opening handshake and then the frames of both directions, and logs them, with their
// errors. If it is not a WebSocket, such as a page that is fetched through the tap, only its head
// is logged. It only reads the bytes, so it may misinterpret them, but cannot do harm. Thread-safe:
// each direction may have its own thread. The log must outlive it.
class Conversation {
 public:
  Conversation(int connection, TapLog& log, std::function<absl::Time()> now = absl::Now);

  // The tap has connected to the server `to`. Only what is read after this is recorded.
  void Begin(const std::string& to);

  // `sender` sent these bytes, and the other end did not get them yet: so an answer is never logged
  // before its request.
  void Read(weft::Role sender, absl::string_view bytes);

  // A frame that needs longer than kProgressPause to arrive is shown while it does, as often as
  // that. True: a part of it has not been shown; if no more comes within the pause, call
  // ShowProgress().
  static constexpr absl::Duration kProgressPause = absl::Milliseconds(100);
  bool HasProgress(weft::Role sender);
  void ShowProgress(weft::Role sender);

  // The stream of `sender` has ended; `error` is the reason, if it is an error.
  void End(weft::Role sender, absl::string_view error = "");

  // Both streams are closed.
  void Close() { log_.Forget(connection_); }

  // A note of the tap itself.
  void Note(absl::string_view text, absl::string_view problem = "");

 private:
  struct Side {
    explicit Side(weft::Role sender);

    enum class State : uint8_t { kHead, kFrames, kOpaque };
    const weft::Role sender;
    State state = State::kHead;
    std::string head{};  // the part received so far
    weft::HttpHeadScanner scanner;
    FrameReader reader;
    std::optional<uint64_t> arriving{};            // the position of the frame that arrives,
    absl::Time shown_at = absl::InfiniteFuture();  // when it was shown, or has begun,
    bool has_progress = false;                     // and whether more of it has come since
  };

  Side& SideOf(weft::Role sender) { return sender == weft::Role::kClient ? client_ : server_; }
  void ReadHead(Side& side, absl::string_view bytes);
  void ReadFrames(Side& side, absl::string_view bytes);
  void NoteProgress(Side& side);
  void ShowProgress(Side& side, absl::Time now);
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
  std::vector<std::string> subprotocols_;  // the extensions it offers
  bool deflate_ = false;                   // the agreed ones
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_CONVERSATION_H_
