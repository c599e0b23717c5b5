#include "weft/cluster/redis/redis_broker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/client/connecting/backoff.h"
#include "weft/cluster/redis/engine.h"
#include "weft/cluster/redis/redis_address.h"
#include "weft/cluster/redis/resp.h"
#include "weft/core/http/quote.h"
#include "weft/loop/event_loop.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

absl::Status WrongOption(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("RedisOptions::", field, " ", what));
}

absl::Status CheckOptions(const RedisOptions& options) {
  if (options.prefix.empty() || options.prefix.find_first_of("{}") != std::string::npos) {
    return WrongOption(
        "prefix", absl::StrCat("is ", Quote(options.prefix), ": at least 1 byte, without braces"));
  }
  if (options.max_outbound_bytes == 0) return WrongOption("max_outbound_bytes", "is 0");
  const RedisTimeouts& timeouts = options.timeouts;
  for (const auto& [field, time] :
       {std::pair("connect", timeouts.connect), std::pair("call", timeouts.call),
        std::pair("ping_interval", timeouts.ping_interval), std::pair("answer", timeouts.answer),
        std::pair("probe", timeouts.probe)}) {
    if (time > absl::ZeroDuration()) continue;
    return WrongOption(absl::StrCat("timeouts.", field),
                       absl::StrCat("is ", absl::FormatDuration(time), ": more than 0"));
  }
  if (absl::Status status = CheckBackoff(timeouts.backoff); !status.ok()) {
    return WrongOption(absl::StrCat("timeouts.", "backoff"), status.message());
  }
  return absl::OkStatus();
}

// Options that would have no effect: the node would be another user than the one that is named, or
// would send its messages in the clear.
absl::Status CheckIsUsed(const RedisOptions& options, const RedisAddress& address) {
  if (!address.user.empty() && options.password_file.empty()) {
    return WrongOption("password_file", "is empty, but the address names a user");
  }
  if (!address.tls && options.tls != TlsClientOptions()) {
    return WrongOption("tls", "is set, but the address is redis://: rediss:// is for TLS");
  }
  if (options.sentinels.empty() && !options.sentinel_password_file.empty()) {
    return WrongOption("sentinel_password_file", "is set, but there are no sentinels");
  }
  return absl::OkStatus();
}

// The size of a call without its names: the command, and the state that waits for its answer.
constexpr size_t kCallBytes = 512;

size_t BytesOf(const std::vector<TopicMessage>& messages) {
  size_t bytes = 0;
  for (const TopicMessage& message : messages) bytes += message.bytes();
  return bytes;
}

// A reply of Redis with more would end the connections of all that read it.
absl::Status CheckSize(size_t bytes) {
  constexpr size_t kMaxPublishBytes = RespReader::kMaxReplyBytes / 4;
  if (bytes <= kMaxPublishBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "messages of ", bytes, " bytes are published at once: at most ", kMaxPublishBytes));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisBroker>> RedisBroker::Create(RedisOptions options,
                                                                 const Clock& clock) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<RedisAddress> address = ParseRedisAddress(options.address);
  if (!address.ok()) return WrongOption("address", address.status().message());
  if (absl::Status status = CheckIsUsed(options, *address); !status.ok()) return status;
  std::vector<RedisAddress> sentinels;
  for (const std::string& text : options.sentinels) {
    absl::StatusOr<RedisAddress> sentinel = ParseSentinelAddress(text);
    if (!sentinel.ok()) return WrongOption("sentinels", sentinel.status().message());
    sentinels.push_back(*std::move(sentinel));
  }
  if (address->tls) {
    const auto tls = TlsContext::ForClient(options.tls);
    if (!tls.ok()) return tls.status();
  }
  auto broker = std::unique_ptr<RedisBroker>(new RedisBroker(std::move(options), clock));
  if (broker->loop_->error() != 0) {
    return absl::ErrnoToStatus(broker->loop_->error(), "cannot create an event loop");
  }
  broker->engine_ =
      std::make_unique<RedisEngine>(*broker->loop_, broker->options_, *address, sentinels);
  return broker;
}

RedisBroker::RedisBroker(RedisOptions options, const Clock& clock)
    : options_(std::move(options)), loop_(std::make_unique<EventLoop>(clock)) {
  loop_->mailbox()->budget().set_limit(options_.max_outbound_bytes);
}

RedisBroker::~RedisBroker() { Stop(); }

absl::Status RedisBroker::Start(BrokerEvents* events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(started_, true)) {
    return absl::FailedPreconditionError("a broker is started once");
  }
  absl::StatusOr<std::unique_ptr<ThreadPool>> thread = ThreadPool::Make(1);
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  // In a turn of the loop, whose time is that of the turn.
  loop_->mailbox()->Post([this, events] { engine_->Start(events); });
  thread_->Schedule([this] {
    loop_->Run();
    EndCalls();
  });
  return absl::OkStatus();
}

void RedisBroker::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  started_ = true;
  if (stopped_.exchange(true)) return;
  if (thread_ == nullptr) {
    engine_->Stop();
    return EndCalls();
  }
  loop_->mailbox()->Post([this] {
    engine_->Stop();
    loop_->Stop();
  });
  thread_ = nullptr;  // joins it
}

// The engine has stopped: calls that came too late, and those that their outcomes make, fail.
void RedisBroker::EndCalls() {
  while (!loop_->mailbox()->CloseIfEmpty()) loop_->mailbox()->RunTasks();
}

// In the order of the calls of each thread; on the loop's thread at once.
void RedisBroker::OnLoop(absl::AnyInvocable<void()> call) {
  if (loop_->mailbox()->OnLoopThread()) return call();
  loop_->mailbox()->Post(std::move(call));
}

void RedisBroker::Post(absl::Duration delay, absl::AnyInvocable<void()> task) {
  if (stopped_) return;
  if (delay <= absl::ZeroDuration()) {
    loop_->mailbox()->Post([this, task = std::move(task)]() mutable {
      if (!engine_->stopped()) task();
    });
    return;
  }
  const int64_t at_ms = EventLoop::DeadlineAfter(delay, loop_->clock().NowMs());
  OnLoop(
      [this, at_ms, task = std::move(task)]() mutable { engine_->Post(at_ms, std::move(task)); });
}

void RedisBroker::Subscribe(absl::Span<const Subscription> subscriptions) {
  if (stopped_) return;
  if (loop_->mailbox()->OnLoopThread()) return engine_->Subscribe(subscriptions);
  OnLoop([this, copy = std::vector<Subscription>(subscriptions.begin(), subscriptions.end())] {
    engine_->Subscribe(copy);
  });
}

void RedisBroker::Unsubscribe(absl::Span<const std::string> topics) {
  if (stopped_) return;
  OnLoop([this, copy = std::vector<std::string>(topics.begin(), topics.end())] {
    engine_->Unsubscribe(copy);
  });
}

absl::Status RedisBroker::NoRoom(size_t bytes) const {
  return absl::ResourceExhaustedError(absl::StrCat(loop_->mailbox()->budget().taken(),
                                                   " bytes wait for Redis: there is no room for ",
                                                   bytes, " more"));
}

void RedisBroker::Publish(absl::string_view topic, const TopicHistory& history,
                          std::vector<TopicMessage> messages, PublishDone done) {
  const size_t bytes = BytesOf(messages);
  absl::Status status = CheckMessages(messages);
  if (status.ok()) status = CheckSize(bytes);
  std::optional<Reservation> memory = status.ok() ? loop_->mailbox()->Reserve(bytes) : std::nullopt;
  if (status.ok() && !memory.has_value()) status = NoRoom(bytes);
  if (!status.ok()) {
    return OnLoop([this, status, done = std::move(done)]() mutable {
      engine_->CallLater([status, done = std::move(done)]() mutable { done(status); });
    });
  }
  OnLoop([this, call = RedisEngine::PublishCall{std::string(topic), history, std::move(messages),
                                                std::move(done), std::move(memory)}]() mutable {
    engine_->Publish(std::move(call));
  });
}

void RedisBroker::Read(absl::string_view topic, Position since, size_t limit, ReadDone done) {
  const size_t bytes = kCallBytes + 2 * topic.size();
  std::optional<Reservation> memory = loop_->mailbox()->Reserve(bytes);
  if (!memory.has_value()) {
    return OnLoop([this, status = NoRoom(bytes), done = std::move(done)]() mutable {
      engine_->CallLater([status, done = std::move(done)]() mutable { done(status); });
    });
  }
  OnLoop([this, call = RedisEngine::ReadCall{std::string(topic), since, limit, std::move(done),
                                             std::move(memory)}]() mutable {
    engine_->Read(std::move(call));
  });
}

void RedisBroker::CheckPositions(absl::Span<const std::string> topics) {
  if (stopped_) return;
  OnLoop([this, copy = std::vector<std::string>(topics.begin(), topics.end())] {
    engine_->CheckPositions(copy);
  });
}

void RedisBroker::SetPaused(bool paused) {
  if (stopped_) return;
  OnLoop([this, paused] { engine_->SetPaused(paused); });
}

BrokerState RedisBroker::state() const { return engine_->state(); }

BrokerCounts RedisBroker::counts() const {
  const RedisCounters& counters = engine_->counters();
  BrokerCounts counts = {.connects = counters.connects,
                         .overdue = counters.overdue,
                         .received_bytes = counters.received_bytes,
                         .sent_bytes = counters.sent_bytes,
                         .unreadable = counters.unreadable,
                         .messages_up = engine_->messages_up(),
                         .commands_up = engine_->commands_up(),
                         .outbound_bytes = loop_->mailbox()->budget().taken(),
                         .probe = absl::Nanoseconds(uint64_t{counters.probe_ns})};
  std::copy(counters.reconnects.begin(), counters.reconnects.end(), counts.reconnects.begin());
  return counts;
}

}  // namespace weft
