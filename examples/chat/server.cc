// A chat room, and its page: open the printed address in a browser, in two windows. The terminal
// client (client.cc) joins the same room.
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
      argc, argv, "A chat room: sends every text to all members, including its sender.");
  // A chat must not have gaps: a client that cannot follow is disconnected and reconnects
  // (docs/sending.md), and a page then gets the lines it missed. An empty queue has room for a
  // whole history.
  options.sending.when_full = weft::WhenFull::kDisconnect;
  options.sending.max_queue_bytes = 1 << 20;
  // The longest text, with its JSON encoding. Nobody types faster; a page that reconnects sends its
  // waiting lines in a burst.
  options.connection.max_message_bytes = 16 << 10;
  options.rates.messages = {.per_second = 20, .burst = 100};

  weft::chat::RoomThread room([](absl::string_view line) {
    examples::Output().Write(absl::StrCat("Received: ", weft::Escape(line)));
    examples::Output().Write("Data broadcast to all clients");
  });
  weft::Router router;
  router.WebSocket("/*", weft::chat::MemberAcceptor(room));
  router.Get("/*", examples::ServePage(examples::kPageFiles)).ServeStatus();
  return examples::RunServer(std::move(options), router);
}
