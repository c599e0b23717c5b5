// The files of the page.

#ifndef WEFT_EXAMPLES_WORLD_FILES_H_
#define WEFT_EXAMPLES_WORLD_FILES_H_

#include "absl/status/statusor.h"
#include "weft/server/page.h"

namespace weft::world {

// Answers with the file of this path, "/" being /index.html. The files are in the program. Browsers
// keep them, and ask whether they are still the same (ETag, 304). For Router::Get.
absl::StatusOr<PageResponse> ServeFile(const PageRequest& request);

}  // namespace weft::world

#endif  // WEFT_EXAMPLES_WORLD_FILES_H_
