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
      team_ = welcome->team;
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
    case MessageType::kScore:
    case MessageType::kNames:
      return std::vector<std::string>();
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("a message of type ", static_cast<int>(*type), " was not asked for"));
  }
}

Input Bot::Think() {
  const State* ball = plays_ ? Ball() : nullptr;
  if (ball != nullptr) return Play(MetresOf(ball->place));
  const Vector way = target_ - MetresOf(replica_.head().place);
  // It pushes obstacles; if that takes too long, it chooses another destination.
  if (snapshots_ >= until_ || std::hypot(way.x, way.z) < 1) {
    target_ = SomeSpot();
    until_ = snapshots_ + (3 + random_() % 10) * kSnapshotsPerSecond;
  }
  return GoTo(way, random_() % (2 * kSnapshotsPerSecond) == 0);
}

// It goes to the side of the ball that is away from the other team's goal, and then through it.
Input Bot::Play(Vector ball) {
  const Vector goal{0, ball.y, SideOf(Other(team_)) * (kPitchHalfLength + 1)};
  const Vector direction = (goal - ball) * (1 / std::max(Length(goal - ball), 0.1f));
  const Vector way = ball - MetresOf(replica_.head().place);
  const float before = way.x * direction.x + way.z * direction.z;
  const float beside = std::abs(way.x * direction.z - way.z * direction.x);
  if (before > 0.8f && beside < 0.6f) return GoTo(direction, before < 2);
  return GoTo(way - direction * 2.4f, false);
}

Input Bot::GoTo(Vector way, bool act) {
  const float distance = std::max(std::hypot(way.x, way.z), 0.1f);
  const auto move = [&](float along) {
    return static_cast<int8_t>(std::lround(127 * along / distance));
  };
  const float turns = std::atan2(way.x, way.z) / (2 * std::numbers::pi_v<float>);
  return {.number = ++input_,
          .controls = {.move_x = move(way.x),
                       .move_z = move(way.z),
                       .yaw = static_cast<uint8_t>(std::lround(turns * 256)),
                       .act = act}};
}

const State* Bot::Ball() const {
  const State* ball = nullptr;
  replica_.ForEach([&](EntityId, const State& state) {
    if (state.kind == Kind::kGameBall) ball = &state;
  });
  return ball;
}

Vector Bot::SomeSpot() {
  std::uniform_real_distribution<float> anywhere(3 - kHalfSize, kHalfSize - 3);
  const float x = anywhere(random_);
  return {.x = x, .z = anywhere(random_)};
}

}  // namespace weft::world
