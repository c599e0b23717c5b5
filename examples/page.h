// Shared by the pages of the examples.

#ifndef WEFT_EXAMPLES_PAGE_H_
#define WEFT_EXAMPLES_PAGE_H_

#include "absl/types/span.h"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"

namespace examples {

// Serves the files that page_files of page.bzl embedded in the program, for Router::Get("/*", ...).
// The Content-Security-Policy lets a page load nothing from other servers, and run no script in its
// HTML, so that a mistake in the page does not let others run scripts.
weft::Pages ServePage(absl::Span<const weft::EmbeddedFile> files);

}  // namespace examples

#endif  // WEFT_EXAMPLES_PAGE_H_
