#include "weft/client/async/host_turns.h"

namespace weft {

HostTurns::Turn& HostTurns::Turn::operator=(Turn&& other) noexcept {
  if (this == &other) return *this;
  Return();
  turns_ = std::exchange(other.turns_, nullptr);
  host_ = std::move(other.host_);
  return *this;
}

void HostTurns::Turn::Return() {
  if (HostTurns* const turns = std::exchange(turns_, nullptr)) turns->Release(host_);
}

HostTurns::Place::~Place() { turns_->Leave(*this); }

std::unique_ptr<HostTurns::Place> HostTurns::Wait(std::string host,
                                                  std::shared_ptr<Mailbox> mailbox, Start start) {
  std::unique_ptr<Place> place(new Place(this, std::move(host)));
  place->start_ = std::make_shared<Start>(std::move(start));
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    place->ticket_ = ++last_ticket_;
    hosts_[place->host_].order.emplace(place->ticket_, Waiting{std::move(mailbox), place->start_});
  }
  GiveNext(place->host_);
  return place;
}

// Gives a turn to the first in the order, if there is one left. Posts without the lock: a task that
// does not reach its loop is destroyed in the call, and its turn with it.
void HostTurns::GiveNext(const std::string& host) {
  Waiting next;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = hosts_.find(host);
    if (found == hosts_.end()) return;
    auto& [under_way, order] = found->second;
    if (under_way >= max_ || order.empty()) return;
    ++under_way;
    next = std::move(order.begin()->second);
    order.erase(order.begin());
  }
  next.mailbox->Post([turn = Turn(this, host), start = std::move(next.start)]() mutable {
    if (const std::shared_ptr<Start> waits = start.lock()) (*waits)(std::move(turn));
  });
}

void HostTurns::Release(const std::string& host) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --hosts_[host].under_way;
    EraseIfUnused(host);
  }
  GiveNext(host);
}

void HostTurns::Leave(const Place& place) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = hosts_.find(place.host_);
  if (found == hosts_.end()) return;
  found->second.order.erase(place.ticket_);
  EraseIfUnused(place.host_);
}

void HostTurns::EraseIfUnused(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found->second.under_way == 0 && found->second.order.empty()) hosts_.erase(found);
}

}  // namespace weft
