#include "examples/world/game.h"

#include <algorithm>
#include <optional>

#include "examples/world/scene.h"

namespace weft::world {

std::string Game::Join(PlayerId player) {
  const int number = LowestFreeNumber();
  const EntityId avatar = simulation_.AddAvatar(ArrivalPlace(number));
  players_.insert_or_assign(player, Player{.number = number, .avatar = avatar});
  return Encode(Welcome{.avatar = avatar});
}

void Game::Leave(PlayerId player) {
  const auto found = players_.find(player);
  if (found == players_.end()) return;
  simulation_.RemoveAvatar(found->second.avatar);
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

void Game::Tick(absl::FunctionRef<void(PlayerId, absl::string_view)> send) {
  for (auto& [id, player] : players_) simulation_.Drive(player.avatar, player.inputs.Next());
  simulation_.Step();
  ++tick_;
  Look();
  for (auto& [id, player] : players_) {
    if (player.number % kTicksPerSnapshot != static_cast<int>(tick_ % kTicksPerSnapshot)) continue;
    near_.clear();
    const Vector position = simulation_.pose(player.avatar).position;
    grid_.ForEachNear(position, kSeenUntil, [&, own = player.avatar](EntityId it, float distance) {
      if (it != own) near_.push_back({it, distance, states_[it]});
    });
    const std::optional<std::string> snapshot = player.viewer.MakeSnapshot(HeadFor(player), near_);
    if (snapshot.has_value()) send(id, *snapshot);
  }
}

Figures Game::figures() const {
  return {
      .bodies = static_cast<uint16_t>(simulation_.bodies()),
      .awake = static_cast<uint16_t>(simulation_.awake()),
      .players = static_cast<uint16_t>(players_.size()),
  };
}

int Game::LowestFreeNumber() const {
  std::vector<bool> taken(players_.size() + 1);
  for (const auto& [id, player] : players_) {
    if (player.number < static_cast<int>(taken.size())) taken[player.number] = true;
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
