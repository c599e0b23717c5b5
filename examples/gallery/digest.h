// The state of an example as the gallery's page shows it, as bytes. Numbers are little-endian.

#ifndef WEFT_EXAMPLES_GALLERY_DIGEST_H_
#define WEFT_EXAMPLES_GALLERY_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "examples/cursors/messages.h"
#include "examples/world/state.h"

namespace examples {

// The first byte of each.
enum class DigestType : uint8_t { kCursors = 1, kWorld = 2 };

// Of more cursors a digest has only the first ones, since a small picture shows no more.
inline constexpr size_t kMaxDigestCursors = 200;

// The number of all cursors (U16), and for each one its id (U16), and its place (2 U16) in 65536ths
// of the space.
std::string DigestOf(absl::Span<const weft::cursors::Change> cursors);

// For each body and avatar its kind (U8, weft::world::Kind), and its place on the ground (2 U8, x
// and z), in 255ths of the way from wall to wall.
std::string DigestOf(absl::Span<const weft::world::State> world);

}  // namespace examples

#endif  // WEFT_EXAMPLES_GALLERY_DIGEST_H_
