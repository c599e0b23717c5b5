// A page that watches the examples, and is a visitor of none.

#ifndef WEFT_EXAMPLES_GALLERY_WATCHER_H_
#define WEFT_EXAMPLES_GALLERY_WATCHER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/server/server.h"

namespace examples {

// Topics of the gallery's own, to which Gallery publishes digests (digest.h).
inline constexpr char kCursorsTopic[] = "gallery/cursors";
inline constexpr char kWorldTopic[] = "gallery/world";

// First gets `greeting`. Each of its messages is the list of what it wants to watch from now on,
// separated by spaces: "chat cursors world" all, "" nothing, as when its tab is hidden. Of the chat
// it gets the messages that a member of the front room gets, from a few lines before on; of the
// others digests. Another word ends the session with 1008, and a list of more than 64 bytes with
// 1009.
class Watcher : public weft::Handler {
 public:
  explicit Watcher(std::string greeting) : greeting_(std::move(greeting)) {}

  void OnOpen(weft::Session& session) override;
  void OnMessage(weft::Session& session, const weft::Message& message) override;
  void OnTopic(weft::Session& session, absl::string_view topic,
               const weft::TopicEvent& event) override;

 private:
  const std::string greeting_;
  bool watches_chat_ = false;
  bool goes_back_ = false;  // the next event of the chat's lines is where to go back from
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_GALLERY_WATCHER_H_
