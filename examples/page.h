// Shared by the pages of the examples.

#ifndef WEFT_EXAMPLES_PAGE_H_
#define WEFT_EXAMPLES_PAGE_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"
#include "weft/server/router.h"

namespace examples {

// Serves the files that page_files of page.bzl embedded in the program, for a route that ends with
// "/*". `prefix` is that of the example: "" if it is alone in its server. If it is not empty, as in
// the gallery, the page shows its link to the page above; its HTML has this link, hidden:
//
//   <a class="home" hidden href="../"><span>All examples</span></a>
//
// The Content-Security-Policy lets a page load nothing from other servers, and run no script in its
// HTML, so that a mistake in the page does not let others run scripts. `more_servers`, separated by
// spaces, are those to which it may connect besides its own.
weft::Pages ServePage(absl::string_view prefix, absl::Span<const weft::EmbeddedFile> files,
                      absl::string_view more_servers = "");

// Adds the same to `router`, each file at a path of its own: "/echo/main.mjs" if `prefix` is
// "/echo", and index.html at "/echo/". Other paths below the prefix stay free.
void AddPage(weft::Router& router, absl::string_view prefix,
             absl::Span<const weft::EmbeddedFile> files, absl::string_view more_servers = "");

}  // namespace examples

#endif  // WEFT_EXAMPLES_PAGE_H_
