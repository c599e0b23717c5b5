#include "weft/bench/cluster/soak_store.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/bench/cluster/soak_node.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft::bench {

Observer::Observer(World& world, const std::string& address) : world_(world) {
  auto broker = RedisBroker::Create({.address = address,
                                     .timeouts = {.call = absl::Seconds(20),
                                                  .probe = absl::Milliseconds(200),
                                                  .backoff = {.first = absl::Milliseconds(5),
                                                              .longest = absl::Milliseconds(50)}}});
  if (!broker.ok()) Die(broker.status());
  broker_ = *std::move(broker);
  if (absl::Status status = broker_->Start(this); !status.ok()) Die(status);
}

HistoryPage Observer::Read(absl::string_view topic, Position since) {
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (true) {
    std::promise<absl::StatusOr<HistoryPage>> page;
    broker_->Read(topic, since, HistoryPage::kMaxMessages,
                  [&](absl::StatusOr<HistoryPage> read) { page.set_value(std::move(read)); });
    absl::StatusOr<HistoryPage> read = page.get_future().get();
    if (read.ok()) {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      world_.topics[std::string(topic)].See(read->state);
      return *std::move(read);
    }
    if (absl::Now() > end) Die(read.status());
    absl::SleepFor(absl::Milliseconds(5));
  }
}

TopicState Observer::ReadAll(absl::string_view topic) {
  const TopicState state = Read(topic, {}).state;
  Position since = {state.position.epoch, 0};
  while (since.offset < state.position.offset) {
    const HistoryPage page = Read(topic, since);
    if (page.messages.empty()) break;  // the stream was deleted
    const std::lock_guard<std::mutex> lock(world_.mutex);
    for (const TopicMessage& message : page.messages) {
      world_.topics[std::string(topic)].kept.emplace_back(message.position,
                                                          message.message.payload());
    }
    since = page.messages.back().position;
  }
  return state;
}

// Each hundredth of a second a part, to one topic after the other.
uint64_t Observer::Flood(int per_second, absl::Duration duration) {
  static uint64_t floods = 0;
  const uint64_t flood = ++floods;
  std::atomic<uint64_t> due{0}, acknowledged{0};
  uint64_t number = 0;
  const std::string padding(200, '.');
  const absl::Time start = absl::Now();
  for (int part = 0; part < duration / absl::Milliseconds(10); ++part) {
    absl::SleepFor(start + part * absl::Milliseconds(10) - absl::Now());
    const absl::string_view topic = kSoakTopics[part % std::size(kSoakTopics)];
    for (int left = per_second / 100; left > 0;) {
      const int count = std::min(left, 64);
      left -= count;
      std::vector<std::string> payloads;
      std::vector<TopicMessage> messages;
      for (int i = 0; i < count; ++i) {
        payloads.push_back(absl::StrCat(topic, ":flood.", flood, "-", ++number, "-", padding));
        messages.push_back({.message = *EncodedMessage::Make(Opcode::kText, payloads.back())});
      }
      ++due;
      broker_->Publish(topic, kSoakHistory, std::move(messages),
                       [&, payloads = std::move(payloads)](const absl::StatusOr<Position>& last) {
                         if (last.ok()) {
                           const std::lock_guard<std::mutex> lock(world_.mutex);
                           Position position = *last;
                           position.offset -= payloads.size();
                           for (const std::string& payload : payloads) {
                             ++position.offset;
                             world_.Acknowledge(payload, position);
                           }
                           acknowledged += payloads.size();
                         }
                         --due;
                       });
    }
  }
  while (due > 0) absl::SleepFor(absl::Milliseconds(1));
  return acknowledged;
}

}  // namespace weft::bench
