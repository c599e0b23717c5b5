#include "examples/gallery/watcher.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "examples/chat/rooms.h"
#include "weft/core/http/quote.h"

namespace examples {
namespace {

constexpr uint64_t kEarlierLines = 4;

// A list of all words is shorter. The server admits longer messages, for other examples.
constexpr size_t kMaxListBytes = 64;

}  // namespace

void Watcher::OnOpen(weft::Session& session) { session.SendText(greeting_).IgnoreError(); }

void Watcher::OnMessage(weft::Session& session, const weft::Message& message) {
  if (message.payload.size() > kMaxListBytes) {
    session.Close(weft::CloseCode::kMessageTooBig, "the list of what to watch is too long")
        .IgnoreError();
    return;
  }
  std::set<absl::string_view> wanted = absl::StrSplit(message.payload, ' ', absl::SkipEmpty());
  const auto watch = [&](absl::string_view word, const std::string& topic) {
    if (wanted.contains(word)) {
      session.Subscribe(topic).IgnoreError();
    } else {
      session.Unsubscribe(topic);
    }
  };
  const bool watches_chat = wanted.contains("chat");
  goes_back_ = watches_chat && (goes_back_ || !watches_chat_);
  watches_chat_ = watches_chat;
  watch("chat", weft::chat::LinesOf(""));
  watch("chat", weft::chat::PeopleOf(""));
  watch("cursors", kCursorsTopic);
  watch("world", kWorldTopic);
  for (const char* known : {"chat", "cursors", "world"}) wanted.erase(known);
  if (wanted.empty()) return;
  session
      .Close(weft::CloseCode::kPolicyViolation,
             absl::StrCat("nothing is called ", weft::Quote(wanted.begin()->substr(0, 20))))
      .IgnoreError();
}

// A gap is of no importance: the next lines follow.
void Watcher::OnTopic(weft::Session& session, absl::string_view topic,
                      const weft::TopicEvent& event) {
  if (topic != weft::chat::LinesOf("") || !goes_back_) return;
  goes_back_ = false;
  weft::Position from = event.position;
  if (from.offset == 0) return;
  from.offset -= std::min(from.offset, kEarlierLines);
  session.Unsubscribe(topic);
  session.Subscribe(topic, {.since = from.ToString()}).IgnoreError();
}

}  // namespace examples
