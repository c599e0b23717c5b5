#include "examples/world/game.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "examples/names/names.h"
#include "examples/world/scene.h"

namespace weft::world {

namespace {

// Snapshots are due at ticks that differ between players. Both teams have players of each number.
int TurnOf(Team team, int number) { return number * kTeams + static_cast<int>(team); }

EntityId FindBall(absl::Span<const Placement> bodies) {
  const auto ball = std::find_if(bodies.begin(), bodies.end(), [](const Placement& body) {
    return body.kind == Kind::kGameBall;
  });
  return ball == bodies.end() ? kNoEntity : static_cast<EntityId>(ball - bodies.begin());
}

}  // namespace

Game::Game(absl::Span<const Placement> bodies) : simulation_(bodies), ball_(FindBall(bodies)) {}

std::string Game::Join(PlayerId player) {
  const Team team = SmallerTeam();
  const int number = LowestFreeNumber(team);
  const EntityId avatar = simulation_.AddAvatar(ArrivalPlace(team, number));
  players_.insert_or_assign(player, Player{.team = team, .number = number, .avatar = avatar});
  roster_.Set({avatar, team, examples::FriendlyName(joined_++)});
  return Encode(Welcome{.avatar = avatar, .team = team});
}

void Game::Leave(PlayerId player) {
  const auto found = players_.find(player);
  if (found == players_.end()) return;
  const EntityId avatar = found->second.avatar;
  simulation_.RemoveAvatar(avatar);
  roster_.Remove(avatar);
  match_.Forget(avatar);
  players_.erase(found);
}

void Game::OnInput(PlayerId player, const Input& input) {
  const auto found = players_.find(player);
  if (found != players_.end()) found->second.inputs.Push(input);
}

void Game::OnAcknowledgement(PlayerId player, const Acknowledgement& acknowledgement) {
  const auto found = players_.find(player);
  if (found != players_.end()) found->second.viewer.Acknowledge(acknowledgement.snapshot);
}

void Game::OnName(PlayerId player, const Name& name) {
  const auto found = players_.find(player);
  std::string clean = examples::CleanName(name.name);
  if (found == players_.end() || clean.empty()) return;
  roster_.Set({found->second.avatar, found->second.team, std::move(clean)});
}

void Game::Tick(Send send) {
  EntityId touching = kNoEntity;
  for (auto& [id, player] : players_) {
    if (simulation_.Drive(player.avatar, player.inputs.Next())) touching = player.avatar;
  }
  simulation_.Step();
  ++tick_;
  Look();
  const bool news = Referee(touching);
  for (auto& [id, player] : players_) {
    const auto turn = static_cast<uint32_t>(TurnOf(player.team, player.number));
    if (news || !player.knows_score) send(id, Encode(match_.score()));
    player.knows_score = true;
    SendNames(id, player, send);
    if (turn % kTicksPerSnapshot == tick_ % kTicksPerSnapshot) SendSnapshot(id, player, send);
  }
}

void Game::SendNames(PlayerId id, Player& player, Send send) {
  if (tick_ < player.names_at) return;
  const std::vector<PlayerName> names = roster_.ChangesAfter(&player.known_names);
  if (names.empty()) return;
  player.names_at = tick_ + kTicksPerSecond;
  send(id, EncodeNames(names));
}

// Returns whether the score, or what it says about a goal, has changed.
bool Game::Referee(EntityId touching) {
  if (ball_ == kNoEntity) return false;
  if (touching == kNoEntity) touching = AvatarAtBall();
  const Match::Event event = match_.Tick(simulation_.pose(ball_).position, touching);
  if (event == Match::Event::kKickOff) PutBall(kKickOffPlace);
  return event != Match::Event::kNone;
}

EntityId Game::AvatarAtBall() const {
  constexpr float kTouching = InfoOf(Kind::kGameBall).half.x + kAvatarRadius + 0.15f;
  const Vector ball = simulation_.pose(ball_).position;
  for (const auto& [id, player] : players_) {
    if (Length(simulation_.pose(player.avatar).position - ball) < kTouching) return player.avatar;
  }
  return kNoEntity;
}

void Game::SendSnapshot(PlayerId id, Player& player, Send send) {
  near_.clear();
  bool sees_ball = ball_ == kNoEntity;
  const Vector position = simulation_.pose(player.avatar).position;
  grid_.ForEachNear(position, kSeenUntil, [&](EntityId it, float distance) {
    // All players know where the ball is.
    if (it == ball_) distance = std::min(distance, kSeenFrom);
    if (it != player.avatar) near_.push_back({it, distance, states_[it]});
    sees_ball |= it == ball_;
  });
  if (!sees_ball) near_.push_back({ball_, kSeenFrom, states_[ball_]});
  const std::optional<std::string> snapshot = player.viewer.MakeSnapshot(HeadFor(player), near_);
  if (snapshot.has_value()) send(id, *snapshot);
}

std::vector<State> Game::All() const {
  std::vector<State> all;
  for (EntityId id = 0; id < states_.size(); ++id) {
    if (simulation_.Exists(id)) all.push_back(states_[id]);
  }
  return all;
}

Figures Game::figures() const {
  return {
      .bodies = static_cast<uint16_t>(simulation_.bodies()),
      .awake = static_cast<uint16_t>(simulation_.awake()),
      .players = static_cast<uint16_t>(players_.size()),
  };
}

Team Game::SmallerTeam() const {
  const auto in_sun = std::count_if(players_.begin(), players_.end(), [](const auto& player) {
    return player.second.team == Team::kSun;
  });
  return 2 * static_cast<size_t>(in_sun) > players_.size() ? Team::kMoon : Team::kSun;
}

int Game::LowestFreeNumber(Team team) const {
  std::vector<bool> taken(players_.size() + 1);
  for (const auto& [id, player] : players_) {
    if (player.team == team && player.number < static_cast<int>(taken.size())) {
      taken[player.number] = true;
    }
  }
  return static_cast<int>(std::find(taken.begin(), taken.end(), false) - taken.begin());
}

void Game::Look() {
  grid_.Clear();
  states_.resize(simulation_.end());
  for (EntityId id = 0; id < simulation_.end(); ++id) {
    if (!simulation_.Exists(id)) continue;
    const Pose pose = simulation_.pose(id);
    const Kind kind = simulation_.kind(id);
    states_[id] = {kind, Quantise(pose.position),
                   kind == Kind::kAvatar ? simulation_.yaw(id) : PackRotation(pose.rotation)};
    grid_.Add(id, pose.position);
  }
}

SnapshotHead Game::HeadFor(const Player& player) const {
  return {
      .tick = static_cast<uint16_t>(tick_),
      .input = player.inputs.number(),
      .input_ticks = player.inputs.ticks(),
      .place = states_[player.avatar].place,
      .velocity = Quantise(simulation_.velocity(player.avatar)),
      .carried = simulation_.carried(player.avatar),
  };
}

}  // namespace weft::world
