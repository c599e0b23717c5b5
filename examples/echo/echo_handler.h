// What the echo servers do with a message.

#ifndef WEFT_EXAMPLES_ECHO_ECHO_HANDLER_H_
#define WEFT_EXAMPLES_ECHO_ECHO_HANDLER_H_

#include "weft/server/server.h"

namespace examples {

class EchoHandler : public weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    // A full queue closes the session: an echo that leaves messages out is none.
    if (!session.Send(message).ok()) {
      session.Close(weft::CloseCode::kTryAgainLater, "you do not read").IgnoreError();
    }
  }
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_ECHO_ECHO_HANDLER_H_
