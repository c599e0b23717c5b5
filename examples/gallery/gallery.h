// All examples that have a page of their own, in one router.

#ifndef WEFT_EXAMPLES_GALLERY_GALLERY_H_
#define WEFT_EXAMPLES_GALLERY_GALLERY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "examples/chat/chat.h"
#include "examples/cursors/cursors.h"
#include "examples/echo/echo.h"
#include "examples/inspect/inspect.h"
#include "examples/world/world.h"
#include "weft/server/server.h"

namespace examples {

// Owns the state of the examples. Must outlive the server.
//
//   Gallery::Adjust(options);
//   Gallery gallery(options);
//   gallery.AddTo(router);
//   ... Server::Listen(options, router) ...
//   const std::shared_ptr<void> work = gallery.Start(*server);
class Gallery {
 public:
  // `options` are the server's.
  explicit Gallery(const weft::ServerOptions& options);

  // Sets the options that the examples need: of each limit the largest that one of them has.
  static void Adjust(weft::ServerOptions& options);

  // Adds the examples under "/echo/", "/chat/", "/cursors/", "/world/" and "/inspect/", the page
  // that shows them at "/", its endpoint (watcher.h) at "/gallery", and the sources under
  // "/source/".
  void AddTo(weft::Router& router);

  // Publishes digests of the examples to the pages that watch, until the result is destroyed. Call
  // it before the server serves.
  std::shared_ptr<void> Start(weft::Server& server);

 private:
  void Publish(weft::Server& server, unsigned tick);

  Echo echo_;
  weft::chat::Chat chat_;
  weft::cursors::Cursors cursors_;
  weft::world::World world_;
  Inspect inspect_;
  std::string greeting_;  // of pages; set before the server serves
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_GALLERY_GALLERY_H_
