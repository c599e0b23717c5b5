#include "weft/server/topics/local_broker.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "weft/loop/event_loop.h"

namespace weft {
namespace {

// Positions outlive the server, at its clients: those of another server must not look like them.
uint64_t RandomNumber() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

absl::Status ServerStopped() { return absl::UnavailableError("the server has stopped"); }

}  // namespace

LocalBroker::LocalBroker(const Clock& clock) : clock_(clock), store_(clock, RandomNumber()) {}

LocalBroker::~LocalBroker() { Stop(); }

absl::Status LocalBroker::Start(BrokerEvents* events) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(started_, true)) {
    return absl::FailedPreconditionError("a broker is started once");
  }
  events_ = events;
  return absl::OkStatus();
}

void LocalBroker::Stop() {
  std::unique_ptr<ThreadPool> thread;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    thread = std::move(thread_);
  }
  changed_.notify_all();
  thread.reset();                                             // joins it
  std::multimap<int64_t, absl::AnyInvocable<void()>> timers;  // destroyed without the lock
  std::unique_lock<std::mutex> lock(mutex_);
  timers.swap(timers_);
  while (!steps_.empty()) {
    std::deque<Step> steps = std::exchange(steps_, {});
    lock.unlock();
    for (Step& step : steps) step(/*stopped=*/true);
    steps.clear();
    lock.lock();
  }
  ended_ = true;
}

// ---- Calls ----

void LocalBroker::Post(absl::Duration delay, absl::AnyInvocable<void()> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  if (delay <= absl::ZeroDuration()) {
    return Enqueue([task = std::move(task)](bool stopped) mutable {
      if (!stopped) task();
    });
  }
  timers_.emplace(EventLoop::DeadlineAfter(delay, clock_.NowMs()), std::move(task));
  StartThread();
}

void LocalBroker::Subscribe(absl::Span<const Subscription> subscriptions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  for (const auto& [topic, has_history] : subscriptions) {
    const auto [added, is_new] =
        subscriptions_.try_emplace(topic, Subscribed{has_history, subscribed_ + 1});
    if (!is_new) continue;
    ++subscribed_;
    EnqueueState(topic, added->second);
  }
}

void LocalBroker::Unsubscribe(absl::Span<const std::string> topics) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::string& topic : topics) {
    subscriptions_.erase(topic);
    std::erase_if(arrived_, [&](const Arrived& arrived) {
      if (arrived.topic != topic) return false;
      bytes_ -= arrived.bytes;
      return true;
    });
  }
  if (stopped_) return;
  // Clients may choose the names of topics: those that they only try must leave nothing.
  Enqueue([this, names = std::vector<std::string>(topics.begin(), topics.end())](bool stopped) {
    if (stopped) return;
    for (const std::string& topic : names) {
      if (!IsSubscribed(topic)) store_.ForgetUnpublished(topic);
    }
  });
}

bool LocalBroker::IsSubscribed(const std::string& topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return subscriptions_.contains(topic);
}

void LocalBroker::CheckPositions(absl::Span<const std::string> topics) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) return;
  for (const std::string& topic : topics) {
    const auto found = subscriptions_.find(topic);
    if (found != subscriptions_.end() && found->second.has_history) {
      EnqueueState(topic, found->second);
    }
  }
}

void LocalBroker::Publish(absl::string_view topic, const TopicHistory& history,
                          std::vector<TopicMessage> messages, PublishDone done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ended_) return;
  size_t bytes = topic.size();
  for (const TopicMessage& message : messages) bytes += message.bytes();
  absl::Status refused = CheckMessages(messages);
  if (refused.ok() && bytes > kMaxBytes - bytes_) {
    refused = absl::ResourceExhaustedError(absl::StrCat(
        bytes_, " bytes wait for the topics' thread: there is no room for ", bytes, " more"));
  }
  if (!refused.ok()) {
    return Enqueue([refused, done = std::move(done)](bool) mutable { done(refused); });
  }
  bytes_ += bytes;
  Enqueue([this, topic = std::string(topic), history, messages = std::move(messages), bytes,
           done = std::move(done)](bool stopped) mutable {
    if (stopped) return done(ServerStopped());
    StoreMessages(topic, history, std::move(messages), bytes, done);
  });
}

void LocalBroker::Read(absl::string_view topic, Position since, size_t limit, ReadDone done) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ended_) return;
  Enqueue([this, topic = std::string(topic), since, limit,
           done = std::move(done)](bool stopped) mutable {
    if (stopped) return done(ServerStopped());
    done(store_.Read(topic, since, limit));
  });
}

void LocalBroker::SetPaused(bool paused) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    paused_ = paused;
  }
  changed_.notify_all();
}

// ---- Steps ----

void LocalBroker::Enqueue(Step step) {
  steps_.push_back(std::move(step));
  StartThread();
  changed_.notify_all();
}

void LocalBroker::StartThread() {
  if (thread_ != nullptr || stopped_ || !started_) return changed_.notify_all();
  absl::StatusOr<std::unique_ptr<ThreadPool>> thread = ThreadPool::Make(1);
  if (!thread.ok()) return;  // the next call tries again
  thread_ = *std::move(thread);
  timers_.emplace(EventLoop::DeadlineAfter(absl::Minutes(1), clock_.NowMs()),
                  [this] { ForgetUnusedLater(); });
  thread_->Schedule([this] { Run(); });
}

void LocalBroker::EnqueueState(absl::string_view topic, const Subscribed& subscription) {
  Enqueue([this, topic = std::string(topic), number = subscription.number,
           has_history = subscription.has_history](bool stopped) {
    if (stopped) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = subscriptions_.find(topic);
      if (found == subscriptions_.end() || found->second.number != number) return;
    }
    events_->OnState(topic, has_history ? store_.state(topic) : TopicState());
  });
}

// The messages of earlier publishes go first; then timers, which would starve behind steps that
// post further ones.
LocalBroker::Step LocalBroker::Next() {
  if (!paused_ && !arrived_.empty()) {
    Arrived first = std::move(arrived_.front());
    arrived_.pop_front();
    bytes_ -= first.bytes;
    return [this, first = std::move(first)](bool) mutable {
      events_->OnMessages(first.topic, std::move(first.messages));
    };
  }
  if (!timers_.empty() && timers_.begin()->first <= clock_.NowMs()) {
    Step step = [task = std::move(timers_.begin()->second)](bool) mutable { task(); };
    timers_.erase(timers_.begin());
    return step;
  }
  if (steps_.empty()) return nullptr;
  Step step = std::move(steps_.front());
  steps_.pop_front();
  return step;
}

void LocalBroker::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopped_) {
    if (Step step = Next()) {
      lock.unlock();
      step(/*stopped=*/false);
      step = nullptr;
      lock.lock();
    } else if (timers_.empty()) {
      changed_.wait(lock);
    } else {
      const int64_t ms = clock_.WaitMs(timers_.begin()->first - clock_.NowMs());
      changed_.wait_for(lock, std::chrono::milliseconds(ms));
    }
  }
}

void LocalBroker::StoreMessages(const std::string& topic, const TopicHistory& history,
                                std::vector<TopicMessage> messages, size_t bytes,
                                PublishDone& done) {
  const HistoryStore::Stored stored = store_.Store(topic, history, messages);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stored.is_new && subscriptions_.contains(topic)) {
      arrived_.push_back({topic, std::move(messages), bytes});
    } else {
      bytes_ -= bytes;
    }
  }
  done(stored.last);
}

void LocalBroker::ForgetUnusedLater() {
  store_.ForgetUnused([this](const std::string& topic) { return IsSubscribed(topic); });
  Post(absl::Minutes(1), [this] { ForgetUnusedLater(); });
}

}  // namespace weft
