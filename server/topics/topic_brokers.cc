#include "weft/server/topics/topic_brokers.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/http/quote.h"
#include "weft/loop/clock.h"
#include "weft/loop/event_loop.h"
#include "weft/server/topics/local_broker.h"

namespace weft {
namespace {

// Sessions that end at the deadline of a shutdown publish too.
constexpr int64_t kLeastGraceMs = 1000;

}  // namespace

TopicBrokers::TopicBrokers(TopicOptionsFunction options, std::shared_ptr<Broker> broker,
                           const SharedTopics::Options& for_each)
    : options_(std::move(options)), guard_(*for_each.guard) {
  if (broker != nullptr) shared_ = std::make_unique<SharedTopics>(std::move(broker), for_each);
  local_ = std::make_unique<SharedTopics>(std::make_shared<LocalBroker>(*for_each.clock), for_each);
}

void TopicBrokers::AddLoop(TopicLoop& loop) {
  if (shared_ != nullptr) shared_->AddLoop(loop);
  local_->AddLoop(loop);
}

absl::Status TopicBrokers::Start() {
  absl::Status status = local_->Start();
  return status.ok() && shared_ != nullptr ? shared_->Start() : status;
}

void TopicBrokers::Stop() {
  if (shared_ != nullptr) shared_->Stop();
  local_->Stop();
}

void TopicBrokers::SetGrace(absl::Duration grace) {
  grace_until_ms_ =
      grace > absl::ZeroDuration() ? EventLoop::DeadlineAfter(grace, Clock::Steady().NowMs()) : 0;
}

void TopicBrokers::AwaitOutcomes() {
  if (grace_until_ms_ == 0) return;
  for (SharedTopics* const topics : {local_.get(), shared_.get()}) {
    const int64_t left_ms = std::max(grace_until_ms_ - Clock::Steady().NowMs(), kLeastGraceMs);
    if (topics != nullptr) topics->AwaitOutcomes(absl::Milliseconds(left_ms));
  }
}

absl::StatusOr<TopicOptions> TopicBrokers::OptionsOf(absl::string_view topic) const {
  TopicOptions options;
  if (guard_.Run("hooks.topic_options", [&] { options = options_(topic); })) return options;
  return absl::InternalError(
      absl::StrCat("hooks.topic_options threw an exception for topic ", Quote(topic)));
}

std::optional<absl::Status> TopicBrokers::Publish(absl::string_view topic,
                                                  const EncodedMessage& message,
                                                  absl::string_view key, PublishCallback& done) {
  const absl::StatusOr<TopicOptions> options = OptionsOf(topic);
  if (!options.ok()) {
    TellPublished(options.status(), std::move(done), guard_);
    return options.status();
  }
  SharedTopics* const carrier = CarrierOf(*options);
  if (carrier == nullptr) return std::nullopt;
  return carrier->Publish(topic, options->kept(), message, key, std::move(done));
}

SharedTopics* TopicBrokers::CarrierOf(const TopicOptions& options) {
  if (!options.is_carried()) return nullptr;
  return options.shared && shared_ != nullptr ? shared_.get() : local_.get();
}

TopicCountersOf<uint64_t> TopicBrokers::counts() const {
  TopicCountersOf<uint64_t> sum;
  local_->AddCounts(sum);
  if (shared_ != nullptr) {
    sum.publish_time = {};
    sum.lag = {};
    shared_->AddCounts(sum);
  }
  sum.gaps[static_cast<size_t>(GapReason::kRefused)] += refused_.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace weft
