// Pages that are files, in the program itself.

#ifndef WEFT_SERVER_HTTP_EMBEDDED_FILES_H_
#define WEFT_SERVER_HTTP_EMBEDDED_FILES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/server/http/page.h"

namespace weft {

// A file that was made a part of the program. Views of what lives as long as the program.
struct EmbeddedFile {
  absl::string_view name;  // "index.html", "images/logo.svg": as PageRequest::subpath
  absl::string_view content;
};

// Serves them as StaticFiles does those of a folder, index.html also as the empty name: GET and
// HEAD, the type by the name's ending, and a tag by which clients ask each time whether the file
// has changed (ETag and If-None-Match, 304). The program runs from anywhere, and no file is
// forgotten. `headers` are sent with each file, such as a Content-Security-Policy.
//
//   constexpr EmbeddedFile kFiles[] = {{"index.html", "<!DOCTYPE html><h1>Hello</h1>"}};
//   router.Get("/*", EmbeddedFiles(kFiles));
Pages EmbeddedFiles(absl::Span<const EmbeddedFile> files,
                    std::vector<std::pair<std::string, std::string>> headers = {});

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_EMBEDDED_FILES_H_
