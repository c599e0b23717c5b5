// Pages that are files.

#ifndef WEFT_SERVER_HTTP_STATIC_FILES_H_
#define WEFT_SERVER_HTTP_STATIC_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "weft/server/http/page.h"

namespace weft {

// Serves the files below `folder`: PageRequest::subpath is the name of one. A name that ends in '/'
// is that folder's index.html, and a folder's name without it leads there. The type goes by the
// name's ending. Clients may keep a file, and ask each time whether it has changed (ETag and
// If-None-Match, 304); there are no ranges.
//
// Nothing leads out of the folder: no "..", however it is written, and no symbolic link. What
// begins with a dot is not served, but for ".well-known". Whatever is not there, is no plain file
// or may not be read is 404 alike.
//
// Files of any size are sent in pieces of 64 KiB, read on the loop's thread: the folder should be
// on a disk of this machine. Replace a file by renaming another over it; one that is cut while it
// is sent ends its connection.
//
//   absl::StatusOr<Pages> files = StaticFiles("/srv/www");
//   if (!files.ok()) return files.status();      // no such folder
//   options.http = *files;
absl::StatusOr<Pages> StaticFiles(const std::string& folder);

// The Content-Type for a file of this name.
absl::string_view ContentTypeOf(absl::string_view name);

// ---- For files that are elsewhere, such as EmbeddedFiles ----

// 405 unless the file is only to be got.
absl::Status CheckFileRequest(const PageRequest& request);

// 404, which names what was asked for.
absl::Status FileNotFound(const PageRequest& request);

// The answer for the file of this name and tag, quotes and all, but for its content: 304 where the
// client has it, which is then left out.
PageResponse FilePage(const PageRequest& request, absl::string_view name, std::string etag);

}  // namespace weft

#endif  // WEFT_SERVER_HTTP_STATIC_FILES_H_
