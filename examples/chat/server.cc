// A chat room: every text goes to everybody, its sender too.
//
//   bazel run //examples/chat:server

#include "weft/server/server.h"

#include <cstdio>
#include <memory>
#include <string>

#include "examples/server_main.h"
#include "fmt/core.h"

namespace {

constexpr char kRoom[] = "room";

class ChatHandler : public weft::Handler {
  void OnOpen(weft::Session& session) override { session.Subscribe(kRoom); }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    if (!message.is_text()) {
      session.Close(weft::CloseCode::kUnsupportedData, "the chat is text").IgnoreError();
      return;
    }
    // One print a line, so that the lines of several threads do not mix.
    fmt::print("Received: {}\nData broadcast to all clients\n", std::string(message.payload));
    std::fflush(stdout);
    session.Publish(kRoom, message.opcode, message.payload).IgnoreError();
  }
};

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "A chat room: sends every text to everybody, its sender too.");
  // A chat with holes is none: who cannot follow is told to come back (docs/sending.md).
  options.when_full = weft::WhenFull::kDisconnect;
  options.max_send_queue_bytes = 1 << 20;
  return examples::RunServer(std::move(options),
                             [](auto&, auto&) { return std::make_unique<ChatHandler>(); });
}
