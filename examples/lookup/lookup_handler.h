// A session that answers host names by addresses.

#ifndef WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_
#define WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "weft/server/server.h"

namespace examples {

// The longest name that DNS has, in bytes: what ConnectionOptions::max_message_bytes should be.
inline constexpr size_t kLongestName = 253;

// Each text is a name, and is answered by what `look_up` makes of it. That may block: this is a
// handler for ServerOptions::handler_threads, and written as any other is.
class LookupHandler : public weft::Handler {
 public:
  using LookUpFunction = std::function<std::string(const std::string& name)>;

  // Called by many threads at once.
  explicit LookupHandler(LookUpFunction look_up) : look_up_(std::move(look_up)) {}

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    if (!message.is_text()) {
      session.Close(weft::CloseCode::kUnsupportedData, "names are text").IgnoreError();
      return;
    }
    // However long this takes, the loop goes on with all else: it answers pings, and reads what
    // this client asks next, up to a mark.
    session.SendText(look_up_(std::string(message.payload))).IgnoreError();
  }

 private:
  const LookUpFunction look_up_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_LOOKUP_LOOKUP_HANDLER_H_
