// What the pages of the examples have in common.

#ifndef WEFT_EXAMPLES_PAGE_H_
#define WEFT_EXAMPLES_PAGE_H_

#include "absl/types/span.h"
#include "weft/server/http/embedded_files.h"
#include "weft/server/http/page.h"

namespace examples {

// Serves the files that page_files of page.bzl put into the program, for Router::Get("/*", ...).
// A page gets nothing from elsewhere, and runs nothing that is written into its HTML: a mistake in
// it is not yet somebody else's script.
weft::Pages ServePage(absl::Span<const weft::EmbeddedFile> files);

}  // namespace examples

#endif  // WEFT_EXAMPLES_PAGE_H_
