// The example as a part of a server: the endpoint and its page.

#ifndef WEFT_EXAMPLES_CURSORS_CURSORS_H_
#define WEFT_EXAMPLES_CURSORS_CURSORS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "examples/cursors/messages.h"
#include "examples/cursors/room.h"
#include "examples/cursors/shared_room.h"
#include "examples/ticker.h"
#include "weft/server/router.h"
#include "weft/server/server.h"

namespace weft::cursors {

// One room of cursors, whose ticks run on a thread of their own. It must outlive the servers of its
// routers.
//
//   weft::cursors::Cursors cursors;
//   weft::Router router;
//   cursors.AddTo(router, "/cursors");  // open http://127.0.0.1:8080/cursors/
class Cursors {
 public:
  // Adds the endpoint, at `prefix` and a slash, and the page with its files below it. `prefix` is
  // empty or starts with a slash. The endpoint answers 503 while the room is full.
  void AddTo(Router& router, absl::string_view prefix);

  // The cursors that are present, but for bots, for an observer that is not a client. Thread-safe.
  std::vector<Change> Look() { return room_.All(); }

 private:
  SharedRoom room_;
  examples::Ticker ticker_{kTicksPerSecond, [this] { room_.Tick(); }};
};

// The limits of a server that serves cursors only.
void Adjust(ServerOptions& options);

}  // namespace weft::cursors

#endif  // WEFT_EXAMPLES_CURSORS_CURSORS_H_
