#include "weft/bench/chat_corpus.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace weft::bench {
namespace {

constexpr absl::string_view kWords[] = {
    "the",     "you",      "to",      "and",       "a",       "it",       "is",       "that",
    "of",      "in",       "what",    "we",        "this",    "have",     "for",      "not",
    "on",      "can",      "with",    "just",      "do",      "so",       "be",       "they",
    "know",    "if",       "about",   "think",     "get",     "when",     "there",    "all",
    "really",  "yes",      "no",      "now",       "time",    "how",      "good",     "would",
    "because", "people",   "here",    "tomorrow",  "meeting", "deploy",   "server",   "message",
    "anyone",  "question", "thanks",  "released",  "version", "problem",  "customer", "morning",
    "office",  "weekend",  "reading", "interface", "ticket",  "somebody", "timeout",  "yesterday",
};

constexpr absl::string_view kUsers[] = {"ada", "grace", "edsger", "barbara", "donald", "hedy"};
constexpr absl::string_view kRooms[] = {"general", "releases", "lunch"};

// xorshift32: the same numbers with every standard library.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed * 2654435761u | 1) {}

  uint32_t Below(uint32_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % bound;
  }

  // The first of `all` often, the last seldom.
  template <size_t N>
  absl::string_view Of(const absl::string_view (&all)[N]) {
    return all[Below(1 + Below(N))];
  }

 private:
  uint32_t state_;
};

std::string Line(Random& random, uint32_t number) {
  std::string text(random.Of(kWords));
  while (text.size() < 60 + random.Below(60)) absl::StrAppend(&text, " ", random.Of(kWords));
  return absl::StrCat("{\"type\":\"message\",\"id\":", 1700000000 + number, ",\"room\":\"",
                      random.Of(kRooms), "\",\"user\":{\"name\":\"", random.Of(kUsers),
                      "\",\"color\":\"#", absl::Hex(random.Below(1 << 24), absl::kZeroPad6),
                      "\"},\"text\":\"", text, "\",\"at\":", 1767225600000 + number * 977, "}");
}

}  // namespace

std::vector<std::string> ChatMessages(size_t count, size_t size, uint32_t seed) {
  Random random(seed);
  std::vector<std::string> messages(count);
  uint32_t number = 0;
  for (std::string& message : messages) {
    message = Line(random, ++number);
    if (message.size() >= size) continue;
    message.insert(message.begin(), '[');
    while (message.size() < size) absl::StrAppend(&message, ",", Line(random, ++number));
    message += "]";
  }
  return messages;
}

}  // namespace weft::bench
