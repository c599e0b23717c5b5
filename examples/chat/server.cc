// A chat room, and its page: open the address that it prints in a browser, in two windows. The
// client for terminals (client.cc) joins the same room.
//
//   bazel run //examples/chat:server

#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/chat/member.h"
#include "examples/chat/page_files.h"
#include "examples/chat/room_thread.h"
#include "examples/output.h"
#include "examples/page.h"
#include "examples/server_main.h"
#include "weft/core/http/quote.h"
#include "weft/server/router.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "A chat room: sends every text to everybody, its sender too.");
  // A chat with holes is none: who cannot follow is told to come back (docs/sending.md), and a page
  // then gets what it missed. A whole history has room in an empty queue.
  options.when_full = weft::WhenFull::kDisconnect;
  options.max_send_queue_bytes = 1 << 20;
  // The longest text, and what JSON makes of it. Nobody types faster; a page that comes back says
  // in a burst what it could not say before.
  options.connection.max_message_bytes = 16 << 10;
  options.message_rate = {.per_second = 20, .burst = 100};

  weft::chat::RoomThread room([](absl::string_view line) {
    examples::Output().Write(absl::StrCat("Received: ", weft::Escape(line)));
    examples::Output().Write("Data broadcast to all clients");
  });
  weft::Router router;
  router.WebSocket("/*", weft::chat::MemberAcceptor(room));
  router.Get("/*", examples::ServePage(examples::kPageFiles)).Status();
  return examples::RunServer(std::move(options), router);
}
