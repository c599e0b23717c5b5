#include "examples/gallery/gallery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/addresses.h"
#include "examples/gallery/digest.h"
#include "examples/gallery/page_files.h"
#include "examples/gallery/source_files.h"
#include "examples/gallery/watcher.h"
#include "examples/page.h"
#include "examples/ticker.h"
#include "nlohmann/json.hpp"
#include "weft/transport/loopback.h"

namespace examples {
namespace {

constexpr int kBodies = 400;  // fewer than the world has alone: it also runs unoptimized
constexpr int kDigestsPerSecond = 10;

// A page that reads slowly misses digests, and gets later ones.
constexpr weft::SendOptions kMayBeLost = {
    .compress = weft::Compress::kNo,
    .when_full = weft::WhenFull::kDropNewest,
    .max_queue_bytes = 64 << 10,
};

// "/chat" leads to "/chat/", where the addresses in the page are right.
weft::PageResponse WithSlash(absl::string_view name) {
  return {.status = 308, .headers = {{"Location", absl::StrCat(name, "/")}}};
}

// Files of the repository, as text: a browser would save some of them.
weft::Pages Sources() {
  return [files = weft::EmbeddedFiles(kSourceFiles)](
             const weft::PageRequest& request) -> absl::StatusOr<weft::PageResponse> {
    absl::StatusOr<weft::PageResponse> page = files(request);
    if (!page.ok()) return page;
    for (auto& [name, value] : page->headers) {
      if (name == "Content-Type") value = "text/plain; charset=utf-8";
    }
    return page;
  };
}

// The URLs for phones and friends; empty if the server listens on this machine only.
std::vector<std::string> UrlsForOthers(const weft::SocketAddress& listening) {
  std::vector<std::string> urls;
  for (const weft::SocketAddress& each : ReachableAt(listening, InterfaceAddresses())) {
    if (!each.is_ip() || weft::IsLoopbackHost(each.ip())) continue;
    urls.push_back(absl::StrCat("http://", each.ToString(), "/"));
  }
  return urls;
}

}  // namespace

Gallery::Gallery(const weft::ServerOptions& options)
    : chat_(weft::chat::ChatOptions{}), world_(kBodies), inspect_(options.connection.compression) {}

void Gallery::Adjust(weft::ServerOptions& options) {
  constexpr void (*kAdjust[])(weft::ServerOptions&) = {Echo::Adjust, weft::chat::Adjust,
                                                       weft::cursors::Adjust, weft::world::Adjust,
                                                       Inspect::Adjust};
  const weft::ServerOptions given = options;
  for (const auto adjust : kAdjust) adjust(options);
  // Of a limit that several examples set, the largest.
  const auto enlarge = [&](const auto& limit_of) {
    for (const auto adjust : kAdjust) {
      weft::ServerOptions one = given;
      limit_of(one) = 0;
      adjust(one);
      limit_of(options) = std::max(limit_of(options), limit_of(one));
    }
  };
  enlarge([](auto& one) -> auto& { return one.connection.max_message_bytes; });
  enlarge([](auto& one) -> auto& { return one.sending.max_queue_bytes; });
  enlarge([](auto& one) -> auto& { return one.rates.messages.per_second; });
  enlarge([](auto& one) -> auto& { return one.rates.messages.burst; });
}

void Gallery::AddTo(weft::Router& router) {
  echo_.AddTo(router, "/echo");
  chat_.AddTo(router, "/chat");
  cursors_.AddTo(router, "/cursors");
  world_.AddTo(router, "/world");
  inspect_.AddTo(router, "/inspect");
  for (const char* name : {"echo", "chat", "cursors", "world", "inspect"}) {
    router.Get(absl::StrCat("/", name),
               [name](const weft::PageRequest&) { return WithSlash(name); });
  }
  AddPage(router, "", kGalleryPage);
  router.Get("/source/*", Sources());
  router.WebSocket("/gallery",
                   [this](auto&, auto&) { return std::make_unique<Watcher>(greeting_); });
}

std::shared_ptr<void> Gallery::Start(weft::Server& server) {
  greeting_ = nlohmann::json{{"type", "hello"}, {"urls", UrlsForOthers(server.address())}}.dump();
  return std::make_shared<Ticker>(
      kDigestsPerSecond, [this, &server, tick = 0u]() mutable { Publish(server, ++tick); });
}

// Only for pages that watch: otherwise nobody pays for it.
void Gallery::Publish(weft::Server& server, unsigned tick) {
  const auto publish = [&server](const char* topic, const auto& look) {
    if (server.subscribers(topic) == 0) return;
    server.Publish(topic, weft::Opcode::kBinary, DigestOf(look()), kMayBeLost).IgnoreError();
  };
  publish(kCursorsTopic, [this] { return cursors_.Look(); });
  if (tick % 2 == 0) publish(kWorldTopic, [this] { return world_.Look(); });
}

}  // namespace examples
