#include "examples/inspect/recording.h"

#include <algorithm>
#include <utility>

#include "examples/inspect/pcapng.h"

namespace examples {

using Lock = std::lock_guard<std::mutex>;

void Recording::Open(int connection, absl::Time at, std::string comment) {
  const Lock lock(mutex_);
  Keep(connections_[connection],
       {++events_, connection, What::kOpen, weft::Role::kClient, at, std::move(comment)});
}

void Recording::Add(int connection, weft::Role sender, absl::Time at, absl::string_view bytes) {
  const Lock lock(mutex_);
  const auto found = connections_.find(connection);
  if (found == connections_.end() || found->second.is_full) return;
  Connection& kept = found->second;
  const size_t room =
      kMaxConnectionBytes - std::min(kMaxConnectionBytes, kept.bytes + sizeof(Event));
  kept.is_full = bytes.size() >= room;
  // The last bytes are one at least: a packet needs some to have a comment.
  Keep(kept, {++events_, connection, kept.is_full ? What::kLastBytes : What::kBytes, sender, at,
              std::string(bytes.substr(0, std::max<size_t>(room, 1)))});
}

void Recording::End(int connection, weft::Role sender, absl::Time at) {
  const Lock lock(mutex_);
  const auto found = connections_.find(connection);
  if (found == connections_.end() || found->second.is_full) return;
  Keep(found->second, {++events_, connection, What::kEnd, sender, at, ""});
}

// If there is too much then, the oldest connections are dropped. One that is open is no longer
// kept.
void Recording::Keep(Connection& connection, Event event) {
  const size_t bytes = sizeof(Event) + event.text.size();
  connection.events.push_back(std::make_shared<const Event>(std::move(event)));
  connection.bytes += bytes;
  bytes_ += bytes;
  while (bytes_ > kMaxBytes && connections_.size() > 1) {
    bytes_ -= connections_.begin()->second.bytes;
    connections_.erase(connections_.begin());
  }
}

std::string Recording::Pcapng() const {
  std::vector<std::shared_ptr<const Event>> events;
  {
    const Lock lock(mutex_);
    for (const auto& [number, connection] : connections_) {
      events.insert(events.end(), connection.events.begin(), connection.events.end());
    }
  }
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return a->number < b->number; });
  PcapngWriter writer;
  for (const auto& event : events) {
    switch (event->what) {
      case What::kOpen:
        writer.Open(event->connection, event->at, event->text);
        break;
      case What::kBytes:
        writer.Data(event->connection, event->sender, event->at, event->text);
        break;
      case What::kLastBytes:
        writer.Data(event->connection, event->sender, event->at, event->text,
                    "further bytes of this connection are not recorded");
        break;
      case What::kEnd:
        writer.End(event->connection, event->sender, event->at);
        break;
    }
  }
  return writer.file();
}

}  // namespace examples
