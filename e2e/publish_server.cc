// Answers every text with the same text, and publishes it to all, so that messages compressed by
// the connection alternate with messages compressed once for all.

#include <memory>

#include "absl/strings/str_cat.h"
#include "examples/server_main.h"
#include "weft/server/server.h"

namespace {

class PublishHandler : public weft::Handler {
  void OnOpen(weft::Session& session) override { session.Subscribe("all").IgnoreError(); }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
    session.Publish("all", message.opcode, absl::StrCat("for all: ", message.payload))
        .IgnoreError();
  }
};

}  // namespace

int main(int argc, char** argv) {
  return examples::RunServer(
      examples::ServerOptionsFromFlags(argc, argv,
                                       "Answers each message, and publishes it to all clients."),
      [](auto&, auto&) { return std::make_unique<PublishHandler>(); });
}
