#include "examples/world/bot.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/world/rules.h"
#include "examples/world/state.h"

namespace weft::world {

absl::StatusOr<std::vector<std::string>> Bot::OnMessage(absl::string_view message) {
  const absl::StatusOr<MessageType> type = TypeOf(message);
  if (!type.ok()) return type.status();
  switch (*type) {
    case MessageType::kWelcome: {
      const absl::StatusOr<Welcome> welcome = DecodeWelcome(message);
      if (!welcome.ok()) return welcome.status();
      if (welcome->version != kProtocolVersion) {
        return absl::FailedPreconditionError(absl::StrCat(
            "the server speaks version ", int{welcome->version}, ", not ", int{kProtocolVersion}));
      }
      return std::vector<std::string>();
    }
    case MessageType::kSnapshot: {
      const absl::StatusOr<Acknowledgement> applied = replica_.Apply(message);
      if (!applied.ok()) return applied.status();
      ++snapshots_;
      return std::vector<std::string>{Encode(*applied), Encode(Think())};
    }
    case MessageType::kFigures: {
      const absl::StatusOr<Figures> figures = DecodeFigures(message);
      if (!figures.ok()) return figures.status();
      figures_ = *figures;
      return std::vector<std::string>();
    }
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("a message of type ", static_cast<int>(*type), " was not asked for"));
  }
}

Input Bot::Think() {
  const Vector way = target_ - MetresOf(replica_.head().place);
  const float distance = std::hypot(way.x, way.z);
  // It pushes obstacles; if that takes too long, it chooses another destination.
  if (snapshots_ >= until_ || distance < 1) {
    target_ = SomeSpot();
    until_ = snapshots_ + (3 + random_() % 10) * kSnapshotsPerSecond;
  }
  const auto move = [&](float along) {
    return static_cast<int8_t>(std::lround(127 * along / std::max(distance, 0.1f)));
  };
  const float turns = std::atan2(way.x, way.z) / (2 * std::numbers::pi_v<float>);
  return {.number = ++input_,
          .controls = {.move_x = move(way.x),
                       .move_z = move(way.z),
                       .yaw = static_cast<uint8_t>(std::lround(turns * 256)),
                       .act = random_() % (2 * kSnapshotsPerSecond) == 0}};
}

Vector Bot::SomeSpot() {
  std::uniform_real_distribution<float> anywhere(3 - kHalfSize, kHalfSize - 3);
  const float x = anywhere(random_);
  return {.x = x, .z = anywhere(random_)};
}

}  // namespace weft::world
