// Pages from files that are embedded in the program.

#ifndef WEFT_SERVER_HTTP_EMBEDDED_FILES_H_
#define WEFT_SERVER_HTTP_EMBEDDED_FILES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/server/http/page.h"

namespace weft {

// A file embedded in the program. The views must be valid as long as the program runs.
struct EmbeddedFile {
  absl::string_view name;  // "index.html", "images/logo.svg": as in PageRequest::subpath
  absl::string_view content;
};

// Serves the files like StaticFiles serves a folder, index.html also for the empty name: GET and
// HEAD, the type by file extension, and a tag with which clients ask each time whether the file has
// changed (ETag and If-None-Match, 304). The program runs from any folder, and no file can be
// missing. `headers` are sent with each file, such as a Content-Security-Policy.
//
//   constexpr EmbeddedFile kFiles[] = {{"index.html", "<!DOCTYPE html><h1>Hello</h1>"}};
//   router.Get("/*", EmbeddedFiles(kFiles));
Pages EmbeddedFiles(absl::Span<const EmbeddedFile> files,
                    std::vector<std::pair<std::string, std::string>> headers = {});

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_EMBEDDED_FILES_H_
