// A session that answers host names with addresses.

#ifndef WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_
#define WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "weft/server/server.h"

namespace examples {

// The longest DNS name in bytes: set ConnectionOptions::max_message_bytes to this.
inline constexpr size_t kLongestName = 253;

// Each text is a name; the answer is the result of `look_up`, which may block: this handler is for
// ServerOptions::handler_threads, and is written like any other.
class LookupHandler : public weft::Handler {
 public:
  using LookUpFunction = std::function<std::string(const std::string& name)>;

  // Called by several threads at once.
  explicit LookupHandler(LookUpFunction look_up) : look_up_(std::move(look_up)) {}

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    if (!message.is_text()) {
      session.Close(weft::CloseCode::kUnsupportedData, "names are text").IgnoreError();
      return;
    }
    // However long this takes, the loop continues: it answers pings, and reads this client's next
    // requests, up to a limit.
    session.SendText(look_up_(std::string(message.payload))).IgnoreError();
  }

 private:
  const LookUpFunction look_up_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_
