#include "weft/server/topics/broker_publishes.h"

#include <utility>

namespace weft {

void BrokerPublishes::Add(AcceptedPublish publish) {
  const size_t bytes = publish.message.bytes();
  const auto [found, is_new] = batch_of_.try_emplace(publish.topic, batches_.size());
  if (is_new) {
    batches_.push_back({.topic = std::move(publish.topic), .history = publish.history});
  } else if (Batch& full = batches_[found->second];
             full.messages.size() == Broker::kMaxPublishMessages ||
             full.bytes + bytes > kMaxBatchBytes) {
    Batch next = {.topic = full.topic, .history = full.history};
    Send(std::exchange(full, std::move(next)));
  }
  Batch& batch = batches_[found->second];
  batch.bytes += bytes;
  batch.messages.push_back(std::move(publish.message));
  batch.done.push_back(std::move(publish.done));
  batch.accepted_ms.push_back(publish.accepted_ms);
}

void BrokerPublishes::Flush() {
  for (Batch& batch : std::exchange(batches_, {})) Send(std::move(batch));
  batch_of_.clear();
}

void BrokerPublishes::Send(Batch batch) {
  const std::string topic = batch.topic;
  const auto history = batch.history;
  std::vector<TopicMessage> messages = std::exchange(batch.messages, {});
  broker_.Publish(topic, history, std::move(messages),
                  [this, batch = std::move(batch)](const absl::StatusOr<Position>& result) mutable {
                    Tell(batch, result);
                  });
}

// The messages of a batch have the positions up to that of the last one.
void BrokerPublishes::Tell(Batch& batch, const absl::StatusOr<Position>& result) {
  user_.OnOutcome(batch.topic, result.status(), batch.accepted_ms);
  const size_t count = batch.done.size();
  for (size_t i = 0; i < count; ++i) {
    if (!batch.done[i]) continue;
    absl::StatusOr<Position> own = result;
    if (own.ok() && own->is_set()) own->offset -= count - 1 - i;
    TellPublished(std::move(own), std::move(batch.done[i]), guard_);
  }
  user_.OnTold(count);
}

}  // namespace weft
