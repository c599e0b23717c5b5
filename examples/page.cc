#include "examples/page.h"

namespace examples {

weft::Pages ServePage(absl::Span<const weft::EmbeddedFile> files) {
  return weft::EmbeddedFiles(
      files, {{"Content-Security-Policy", "default-src 'self'; img-src 'self' data:"}});
}

}  // namespace examples
