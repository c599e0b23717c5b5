#include "weft/cluster/cluster.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "weft/cluster/subscriber_report.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/quote.h"

namespace weft {
namespace {

// Lines about reports that cannot be read are logged at most once in this number of intervals.
constexpr uint64_t kLogTicks = 60;

Epoch RandomName() {
  std::random_device random;
  return Epoch::FromNumber(uint64_t{random()} << 32 | random());
}

}  // namespace

absl::StatusOr<std::shared_ptr<Cluster>> Cluster::Create(std::shared_ptr<Broker> broker,
                                                         ClusterOptions options) {
  if (broker == nullptr) return absl::InvalidArgumentError("a cluster needs a broker");
  if (options.interval <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "ClusterOptions::interval is ", absl::FormatDuration(options.interval), ": more than 0"));
  }
  return std::shared_ptr<Cluster>(new Cluster(std::move(broker), std::move(options)));
}

Cluster::Cluster(std::shared_ptr<Broker> broker, ClusterOptions options)
    : broker_(std::move(broker)), options_(std::move(options)), counts_(RandomName()) {}

Cluster::~Cluster() { broker_->Stop(); }

absl::Status Cluster::Start(BrokerEvents* events) {
  events_ = events;
  BrokerEvents& own = *this;
  if (absl::Status status = broker_->Start(&own); !status.ok()) return status;
  LogLine(LogLevel::kInfo, absl::StrCat("this node is ", node()));
  const Subscription nodes = {std::string(kNodesTopic), /*has_history=*/false};
  broker_->Subscribe({&nodes, 1});
  TickLater();
  return absl::OkStatus();
}

// A publish without messages fails at the broker, which calls `done` when it has to.
void Cluster::Publish(absl::string_view topic, const TopicHistory& history,
                      std::vector<TopicMessage> messages, PublishDone done) {
  if (topic == kNodesTopic) {
    messages.clear();
    done = [done = std::move(done)](const absl::StatusOr<Position>& /*refused*/) mutable {
      done(absl::InvalidArgumentError(
          absl::StrCat("the topic ", Quote(kNodesTopic), " is that of the nodes of a cluster")));
    };
  }
  broker_->Publish(topic, history, std::move(messages), std::move(done));
}

// ---- Events ----

void Cluster::OnMessages(absl::string_view topic, std::vector<TopicMessage> messages) {
  if (topic != kNodesTopic) return events_->OnMessages(topic, std::move(messages));
  for (const TopicMessage& message : messages) TakeReport(message.message.payload());
}

// The nodes whose reports this one has missed until now are asked.
void Cluster::OnState(absl::string_view topic, const TopicState& state) {
  if (topic != kNodesTopic) return events_->OnState(topic, state);
  counts_.OnLost();
}

void Cluster::OnLost(const absl::Status& reason) {
  counts_.OnLost();
  events_->OnLost(reason);
}

void Cluster::TakeReport(absl::string_view bytes) {
  const absl::StatusOr<SubscriberReport> report = SubscriberReport::Parse(bytes);
  if (report.ok()) return counts_.OnReport(*report);
  if (ticks_ < unreadable_logged_) return;
  unreadable_logged_ = ticks_ + kLogTicks;
  LogLine(LogLevel::kWarning,
          absl::StrCat("topic ", Quote(kNodesTopic),
                       ": the subscribers of a node do not count: ", report.status().message()));
}

// ---- Reports ----

void Cluster::TickLater() {
  broker_->Post(options_.interval, [this] { Tick(); });
}

void Cluster::Tick() {
  ++ticks_;
  SubscriberCounts::Turn turn = counts_.Tick(broker_->state() == BrokerState::kUp, !paused_);
  for (const Epoch& gone : turn.gone) {
    LogLine(LogLevel::kWarning,
            absl::StrCat("node ", gone.text(), " was not heard for ",
                         absl::FormatDuration(SubscriberCounts::kLeaseTicks * options_.interval),
                         ": its subscribers do not count any more"));
  }
  if (const uint64_t uncounted = counts_.uncounted();
      uncounted > uncounted_logged_ && ticks_ >= unreadable_logged_) {
    uncounted_logged_ = uncounted;
    unreadable_logged_ = ticks_ + kLogTicks;
    LogLine(LogLevel::kWarning,
            absl::StrCat("other nodes have more than ", SubscriberCounts::kMaxHeard,
                         " topics: the subscribers of the others do not count"));
  }
  std::vector<TopicMessage> messages;
  for (const SubscriberReport& report : turn.reports) {
    messages.push_back(
        {.message = *EncodedMessage::Make(Opcode::kBinary, report.ToBytes(), Compress::kNo),
         .time = absl::Now()});
  }
  if (!messages.empty()) {
    broker_->Publish(kNodesTopic, {}, std::move(messages),
                     [this](const absl::StatusOr<Position>& sent) {
                       if (!sent.ok()) counts_.OnUnsent();
                     });
  }
  TickLater();
}

void Cluster::LogLine(LogLevel level, absl::string_view text) const {
  Log(options_.log, level, absl::StrCat("cluster: ", text));
}

}  // namespace weft
