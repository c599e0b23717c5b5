// The page that shows bytes on the wire, as a part of a server.

#ifndef WEFT_EXAMPLES_INSPECT_INSPECT_H_
#define WEFT_EXAMPLES_INSPECT_INSPECT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "examples/inspect/late_page.h"
#include "examples/inspect/visitor.h"
#include "weft/core/deflate/compression.h"
#include "weft/server/router.h"
#include "weft/server/server_options.h"

namespace examples {

// Its endpoint is "/inspect/wire", and its page "/inspect/"; "/inspect/tap.pcapng" is what the tap
// has recorded. Must outlive the server.
//
//   Inspect inspect(options.connection.compression);
//   inspect.AddTo(router, "/inspect");
//   Inspect::Adjust(options);
class Inspect {
 public:
  // `compression` is the server's. `tap` is the tap that the page shows, if there is one.
  explicit Inspect(weft::CompressionOptions compression, TapView tap = {});

  // `prefix` is "" for the root of the server, or "/inspect".
  void AddTo(weft::Router& router, absl::string_view prefix) const;

  // Sets the options that it needs: the size of messages, and room in the queues.
  static void Adjust(weft::ServerOptions& options);

 private:
  const weft::CompressionOptions compression_;
  const TapView tap_;
  std::optional<LatePage> export_;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_INSPECT_H_
