#include "examples/gallery/digest.h"

#include <algorithm>
#include <utility>

#include "examples/bytes.h"
#include "examples/world/rules.h"

namespace examples {
namespace {

ByteWriter Begin(DigestType type) {
  ByteWriter out;
  out.U8(static_cast<uint8_t>(type));
  return out;
}

uint8_t OnGround(int16_t units) {
  constexpr int kHalf = static_cast<int>(weft::world::kHalfSize * weft::world::kUnitsPerMetre);
  return static_cast<uint8_t>(std::clamp((units + kHalf) * 255 / (2 * kHalf), 0, 255));
}

}  // namespace

std::string DigestOf(absl::Span<const weft::cursors::Change> cursors) {
  ByteWriter out = Begin(DigestType::kCursors);
  out.U16(static_cast<uint16_t>(cursors.size()));
  for (const weft::cursors::Change& each : cursors.subspan(0, kMaxDigestCursors)) {
    out.U16(each.id);
    out.U16(each.place.x);
    out.U16(each.place.y);
  }
  return std::move(out).Take();
}

std::string DigestOf(absl::Span<const weft::world::State> world) {
  ByteWriter out = Begin(DigestType::kWorld);
  for (const weft::world::State& each : world) {
    out.U8(static_cast<uint8_t>(each.kind));
    out.U8(OnGround(each.place.x));
    out.U8(OnGround(each.place.z));
  }
  return std::move(out).Take();
}

}  // namespace examples
