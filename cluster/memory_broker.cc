#include "weft/cluster/memory_broker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

size_t BytesOf(const std::vector<TopicMessage>& messages) {
  size_t bytes = 0;
  for (const TopicMessage& message : messages) bytes += message.bytes();
  return bytes;
}

}  // namespace

MemoryBroker::MemoryBroker(MemoryHub& hub) : hub_(hub) {
  const std::lock_guard<std::mutex> lock(hub_.mutex_);
  hub_.nodes_.push_back(this);
}

MemoryBroker::~MemoryBroker() {
  Stop();
  const std::lock_guard<std::mutex> lock(hub_.mutex_);
  hub_.nodes_.erase(std::find(hub_.nodes_.begin(), hub_.nodes_.end(), this));
}

absl::Status MemoryBroker::Start(BrokerEvents* events) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (started_) return absl::FailedPreconditionError("a broker is started once");
    started_ = true;
    events_ = events;
    Connect();
  }
  hub_.Notify();
  return absl::OkStatus();
}

void MemoryBroker::Stop() {
  const std::lock_guard<std::mutex> run_lock(hub_.run_mutex_);
  std::multimap<int64_t, Callback> tasks;  // destroyed without the lock
  std::deque<Entry> due;
  std::unique_lock<std::mutex> lock(hub_.mutex_);
  if (std::exchange(stopped_, true)) return;
  Disconnect("the broker was stopped");
  subscriptions_.clear();
  tasks.swap(tasks_);
  due.swap(due_);
  // Those of calls only: no event follows any more. They may make further calls.
  while (!own_.empty()) {
    std::vector<Callback> callbacks;
    for (Entry& entry : std::exchange(own_, {})) callbacks.push_back(entry.step());
    lock.unlock();
    for (Callback& callback : callbacks) {
      if (callback) callback();
    }
    callbacks.clear();
    lock.lock();
  }
  ended_ = true;
}

void MemoryBroker::Post(absl::Duration delay, absl::AnyInvocable<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (stopped_) return;
    const int64_t now_ms = hub_.options_.clock->NowMs();
    tasks_.emplace(delay > absl::ZeroDuration() ? EventLoop::DeadlineAfter(delay, now_ms) : now_ms,
                   std::move(task));
    CollectDue();
  }
  hub_.Notify();
}

void MemoryBroker::Subscribe(absl::Span<const Subscription> subscriptions) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (stopped_) return;
    for (const auto& [topic, has_history] : subscriptions) {
      const bool is_new =
          subscriptions_.try_emplace(topic, Subscribed{has_history, ++hub_.entries_}).second;
      if (is_new && connected_) BeginSubscription(topic);
    }
  }
  hub_.Notify();
}

void MemoryBroker::Unsubscribe(absl::Span<const std::string> topics) {
  const std::lock_guard<std::mutex> lock(hub_.mutex_);
  for (const std::string& topic : topics) {
    subscriptions_.erase(topic);
    const auto found = messages_.find(topic);
    if (found == messages_.end()) continue;
    for (const Messages& entry : found->second) inbound_bytes_ -= BytesOf(entry.messages);
    messages_.erase(found);
  }
}

void MemoryBroker::Publish(absl::string_view topic, const TopicHistory& history,
                           std::vector<TopicMessage> messages, PublishDone done) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (ended_) return;
    auto call = std::make_shared<Call>(Call{.publish = std::move(done)});
    if (absl::Status status = CheckMessages(messages); !status.ok()) {
      Fail(*call, std::move(status));
    } else {
      call->bytes = BytesOf(messages);
      Submit(call,
             [this, call, topic = std::string(topic), history,
              messages = std::move(messages)]() mutable -> Callback {
               absl::StatusOr<Position> result = Position();
               if (refusal_.ok()) {
                 result = hub_.Store(topic, history, std::move(messages));
               } else {
                 result = refusal_;
               }
               Answer(call, [call, result = std::move(result)] { call->publish(result); });
               return nullptr;
             });
    }
  }
  hub_.Notify();
}

void MemoryBroker::Read(absl::string_view topic, Position since, size_t limit, ReadDone done) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (ended_) return;
    auto call = std::make_shared<Call>(Call{.read = std::move(done), .bytes = topic.size()});
    Submit(call, [this, call, topic = std::string(topic), since, limit]() -> Callback {
      absl::StatusOr<HistoryPage> result = HistoryPage();
      if (refusal_.ok()) {
        result = hub_.store_.Read(topic, since, limit);
      } else {
        result = refusal_;
      }
      Answer(call, [call, result = std::move(result)]() mutable { call->read(std::move(result)); });
      return nullptr;
    });
  }
  hub_.Notify();
}

void MemoryBroker::CheckPositions(absl::Span<const std::string> topics) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    if (!connected_) return;
    for (const std::string& topic : topics) {
      const auto found = subscriptions_.find(topic);
      if (found != subscriptions_.end() && found->second.has_history) Check(topic);
    }
  }
  hub_.Notify();
}

void MemoryBroker::SetPaused(bool paused) {
  {
    const std::lock_guard<std::mutex> lock(hub_.mutex_);
    paused_ = paused;
  }
  hub_.Notify();
}

BrokerState MemoryBroker::state() const {
  const std::lock_guard<std::mutex> lock(hub_.mutex_);
  return connected_ ? BrokerState::kUp : BrokerState::kAway;
}

// ---- The connection of a node ----

void MemoryBroker::Connect() {
  if (!started_ || stopped_ || cut_ || connected_) return;
  connected_ = true;
  PostStateChange(BrokerState::kUp);
  for (const auto& [topic, subscription] : subscriptions_) BeginSubscription(topic);
}

void MemoryBroker::Disconnect(absl::string_view reason) {
  if (connected_) {
    connected_ = false;
    Enqueue(own_, [this, status = absl::UnavailableError(reason)]() -> Callback {
      if (stopped_) return nullptr;
      return [events = events_, status] { events->OnLost(status); };
    });
    PostStateChange(BrokerState::kAway);
  }
  messages_.clear();
  inbound_bytes_ = 0;
  calls_.clear();
  answers_.clear();
  for (auto& [topic, subscription] : subscriptions_) subscription.is_live = false;
  for (const std::shared_ptr<Call>& call : std::exchange(waiting_, {})) {
    Fail(*call, absl::DeadlineExceededError(absl::StrCat(reason, ", and the outcome is unknown")));
  }
}

void MemoryBroker::Enqueue(std::deque<Entry>& queue, Step step) {
  queue.push_back({++hub_.entries_, std::move(step)});
}

void MemoryBroker::PostStateChange(BrokerState state) {
  Enqueue(own_, [this, state]() -> Callback {
    if (stopped_) return nullptr;
    return [events = events_, state] { events->OnStateChange(state); };
  });
}

// The store sends messages from now on; with history it is asked for the position after that.
void MemoryBroker::BeginSubscription(absl::string_view topic) {
  const uint64_t number = subscriptions_.find(topic)->second.number;
  Enqueue(calls_, [this, topic = std::string(topic), number]() -> Callback {
    const auto found = subscriptions_.find(topic);
    if (found == subscriptions_.end() || found->second.number != number) return nullptr;
    found->second.is_live = true;
    found->second.has_history ? Check(topic) : PostState(topic, TopicState());
    return nullptr;
  });
}

void MemoryBroker::Check(absl::string_view topic) {
  Enqueue(calls_, [this, topic = std::string(topic)]() -> Callback {
    PostState(topic, hub_.store_.state(topic));
    return nullptr;
  });
}

void MemoryBroker::PostState(absl::string_view topic, const TopicState& state) {
  const auto now = subscriptions_.find(topic);
  if (now == subscriptions_.end() || !now->second.is_live) return;
  Enqueue(answers_,
          [this, topic = std::string(topic), state, number = now->second.number]() -> Callback {
            const auto found = subscriptions_.find(topic);
            if (found == subscriptions_.end() || found->second.number != number) return nullptr;
            return [events = events_, topic, state] { events->OnState(topic, state); };
          });
}

void MemoryBroker::Receive(absl::string_view topic, const std::vector<TopicMessage>& messages) {
  const auto found = subscriptions_.find(topic);
  if (found == subscriptions_.end() || !found->second.is_live) return;
  inbound_bytes_ += BytesOf(messages);
  if (inbound_bytes_ > hub_.options_.max_inbound_bytes) {
    Disconnect("more messages wait for the node than max_inbound_bytes");
    return Connect();
  }
  messages_[found->first].push_back({++hub_.entries_, messages});
}

// ---- Calls of a node ----

absl::Status MemoryBroker::Admit(size_t bytes) const {
  if (!connected_) return absl::UnavailableError("the node is not connected to the store");
  if (bytes <= hub_.options_.max_outbound_bytes - outbound_bytes_) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      outbound_bytes_, " bytes wait for the store: there is no room for ", bytes, " more"));
}

void MemoryBroker::Submit(std::shared_ptr<Call> call, Step perform) {
  if (absl::Status status = Admit(call->bytes); !status.ok()) {
    call->bytes = 0;
    return Fail(*call, std::move(status));
  }
  outbound_bytes_ += call->bytes;
  call->deadline_ms =
      EventLoop::DeadlineAfter(hub_.options_.call_deadline, hub_.options_.clock->NowMs());
  waiting_.push_back(std::move(call));
  Enqueue(calls_, std::move(perform));
}

void MemoryBroker::Answer(const std::shared_ptr<Call>& call, Callback deliver) {
  Enqueue(answers_, [this, call, deliver = std::move(deliver)]() mutable -> Callback {
    if (std::exchange(call->has_outcome, true)) return nullptr;
    outbound_bytes_ -= call->bytes;
    return std::move(deliver);
  });
}

void MemoryBroker::Fail(Call& call, absl::Status status) {
  if (std::exchange(call.has_outcome, true)) return;
  outbound_bytes_ -= call.bytes;
  auto fail = [publish = std::move(call.publish), read = std::move(call.read),
               status = std::move(status)]() mutable {
    publish ? publish(std::move(status)) : read(std::move(status));
  };
  Enqueue(own_, [fail = std::move(fail)]() mutable -> Callback { return std::move(fail); });
}

void MemoryBroker::FailOverdue() {
  while (!waiting_.empty() && (waiting_.front()->has_outcome ||
                               waiting_.front()->deadline_ms <= hub_.options_.clock->NowMs())) {
    Fail(*waiting_.front(), absl::DeadlineExceededError("the store has not answered"));
    waiting_.pop_front();
  }
}

// ---- Steps of a node ----

void MemoryBroker::CollectDue() {
  while (!tasks_.empty() && tasks_.begin()->first <= hub_.options_.clock->NowMs()) {
    Enqueue(due_, [task = std::move(tasks_.begin()->second)]() mutable -> Callback {
      return std::move(task);
    });
    tasks_.erase(tasks_.begin());
  }
}

void MemoryBroker::AddReady(std::vector<Ready>& ready) {
  FailOverdue();
  CollectDue();
  const auto add = [&](std::deque<Entry>& queue) {
    if (!queue.empty()) ready.push_back({queue.front().number, this, &queue, nullptr});
  };
  // The end of a connection precedes everything of the next one.
  if (!own_.empty()) return add(own_);
  add(due_);
  if (!holds_calls_) {
    add(calls_);
    add(answers_);
  }
  if (holds_messages_ || paused_) return;
  for (const auto& [topic, messages] : messages_) {
    ready.push_back({messages.front().number, this, nullptr, &topic});
  }
}

MemoryBroker::Callback MemoryBroker::Perform(const Ready& next) {
  if (next.queue != nullptr) {
    Entry entry = std::move(next.queue->front());
    next.queue->pop_front();
    return entry.step();
  }
  const auto found = messages_.find(*next.topic);
  std::vector<TopicMessage> messages = std::move(found->second.front().messages);
  found->second.pop_front();
  inbound_bytes_ -= BytesOf(messages);
  std::string topic = found->first;
  if (found->second.empty()) messages_.erase(found);
  return [events = events_, topic = std::move(topic), messages = std::move(messages)]() mutable {
    events->OnMessages(topic, std::move(messages));
  };
}

}  // namespace weft
