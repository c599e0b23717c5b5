// Pages from files.

#ifndef WEFT_SERVER_HTTP_STATIC_FILES_H_
#define WEFT_SERVER_HTTP_STATIC_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/http/page.h"

namespace weft {

// Serves the files below `folder`: PageRequest::subpath is the name of one. A name that ends in '/'
// is that folder's index.html, and a folder's name without the '/' redirects there. The type
// depends on the file extension. Clients may cache a file, and ask each time whether it has changed
// (ETag and If-None-Match, 304); ranges are not supported.
//
// No path leads out of the folder: no "..", in any encoding, and no symbolic link. Names that begin
// with a dot are not served, except ".well-known". Files that do not exist, are not regular or
// cannot be read all get 404.
//
// Files of any size are sent in pieces of 64 KiB, read on the loop's thread: the folder should be
// on a local disk. Replace a file by renaming another over it; truncating a file while it is sent
// ends the connection.
//
//   absl::StatusOr<Pages> files = StaticFiles("/srv/www");
//   if (!files.ok()) return files.status();      // no such folder
//   options.http.pages = *files;
absl::StatusOr<Pages> StaticFiles(const std::string& folder);

// The Content-Type for a file of this name.
absl::string_view ContentTypeOf(absl::string_view name);

// ---- For files from other sources, such as EmbeddedFiles ----

// 405 unless the method only reads the file.
absl::Status CheckFileRequest(const PageRequest& request);

// 404, with the requested path in the message.
absl::Status FileNotFound(const PageRequest& request);

// The response for the file of this name and tag, including the tag's quotes, without the content:
// 304 if the client already has it; the content must then be omitted.
PageResponse FilePage(const PageRequest& request, absl::string_view name, std::string etag);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_STATIC_FILES_H_
