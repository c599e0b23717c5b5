#include "examples/chat/chat.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/chat/login/login.h"
#include "examples/chat/member.h"
#include "examples/chat/page_files.h"
#include "examples/page.h"
#include "nlohmann/json.hpp"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"

namespace weft::chat {
namespace {

constexpr absl::Duration kTimeOfADatabase = absl::Milliseconds(20);

// The addresses in the page are relative, so that it works under any prefix. A room's page is one
// folder deeper than the front page, and is the same otherwise.
std::string RoomPage() {
  for (const EmbeddedFile& file : examples::kChatPage) {
    if (file.name != "index.html") continue;
    return absl::StrReplaceAll(file.content, {{R"(<base href="./">)", R"(<base href="../">)"}});
  }
  return "";
}

// One of the files, whatever the path is.
Pages File(Pages files, absl::string_view name) {
  return [files = std::move(files), name](const PageRequest& request) {
    PageRequest file = request;
    file.subpath = name;
    return files(file);
  };
}

}  // namespace

Chat::Chat(ChatOptions options)
    : options_(std::move(options)), room_page_(RoomPage()), accounts_(kTimeOfADatabase) {}

void Chat::AddTo(Router& router, absl::string_view prefix) {
  const auto at = [prefix](absl::string_view path) { return absl::StrCat(prefix, path); };
  const Acceptor members = MemberAcceptor(rooms_, accounts_, options_.on_line, prefix);
  router.WebSocket(at("/"), members).WebSocket(at("/rooms/{id}"), members);

  const std::string servers = absl::StrJoin(options_.nodes, " ");
  const EmbeddedFile room_page = {"index.html", room_page_};
  const Pages files = examples::ServePage(prefix, examples::kChatPage, servers);
  const Pages rooms = examples::ServePage(prefix, absl::MakeSpan(&room_page, 1), servers);
  router.Get(at("/*"), files);
  router.Get(
      at("/rooms/{id}"),
      [this, page = File(rooms, "")](const PageRequest& request) -> absl::StatusOr<PageResponse> {
        // The page could not say it: a browser does not show why a WebSocket is refused.
        const absl::Status status = rooms_.Check(request.path("id").value_or(""));
        if (!status.ok()) return status;
        return page(request);
      });
  nlohmann::json nodes = nlohmann::json::array();
  for (const std::string& node : options_.nodes) nodes.push_back(absl::StrCat(node, prefix));
  router.Get(at("/nodes"), [nodes = nodes.dump()](const PageRequest&) {
    return Page("application/json", nodes);
  });
  AddLogin(router, accounts_,
           {.page = File(files, "login.html"),
            .secure = options_.secure,
            .prefix = std::string(prefix)});
}

void Adjust(ServerOptions& options) {
  // A chat must not have gaps: a client that cannot follow is disconnected and reconnects
  // (docs/sending.md), and a page then gets the lines it missed. An empty queue has room for a
  // whole history.
  options.sending.when_full = WhenFull::kDisconnect;
  options.sending.max_queue_bytes = 5 << 20;
  // The longest text, of which JSON makes up to twice as many bytes, with its envelope. Nobody
  // types faster; a page that reconnects sends its waiting lines in a burst.
  options.connection.max_message_bytes = 40 << 10;
  options.rates.messages = {.per_second = 20, .burst = kMaxEarly};
  options.hooks.topic_options = OptionsOf;
}

}  // namespace weft::chat
