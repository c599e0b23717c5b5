#include <algorithm>
#include <utility>

#include "weft/cluster/memory_broker.h"

namespace weft {

// ---- The store ----

MemoryHub::MemoryHub(Options options) : options_(std::move(options)), store_(*options_.clock) {}
MemoryHub::~MemoryHub() = default;

Position MemoryHub::Store(absl::string_view topic, const TopicHistory& history,
                          std::vector<TopicMessage> messages) {
  const HistoryStore::Stored stored = store_.Store(topic, history, messages);
  if (!stored.is_new) return stored.last;
  for (MemoryBroker* const node : nodes_) node->Receive(topic, messages);
  return stored.last;
}

TopicState MemoryHub::state(absl::string_view topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return store_.state(topic);
}

std::vector<TopicMessage> MemoryHub::kept(absl::string_view topic) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return store_.kept(topic);
}

void MemoryHub::ForgetTail(absl::string_view name, uint64_t messages) {
  const std::lock_guard<std::mutex> lock(mutex_);
  store_.ForgetTail(name, messages);
}

void MemoryHub::ForgetAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  store_.ForgetAll();
}

// ---- Steps ----

bool MemoryHub::RunOne() {
  const std::lock_guard<std::mutex> run_lock(run_mutex_);
  MemoryBroker::Callback callback;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<MemoryBroker::Ready> ready;
    for (MemoryBroker* const node : nodes_) node->AddReady(ready);
    if (ready.empty()) return false;
    const auto next =
        options_.choose
            ? ready.begin() + static_cast<ptrdiff_t>(options_.choose(ready.size()) % ready.size())
            : std::min_element(ready.begin(), ready.end(),
                               [](const auto& a, const auto& b) { return a.number < b.number; });
    callback = next->node->Perform(*next);
  }
  if (callback) callback();
  return true;
}

size_t MemoryHub::Run() {
  size_t steps = 0;
  while (RunOne()) ++steps;
  return steps;
}

// ---- Faults of the network ----

void MemoryHub::Cut(MemoryBroker& node) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    node.cut_ = true;
    node.Disconnect("the connection was cut");
  }
  Notify();
}

void MemoryHub::Restore(MemoryBroker& node) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    node.cut_ = false;
    node.Connect();
  }
  Notify();
}

void MemoryHub::Hold(MemoryBroker& node, Channel channel) {
  const std::lock_guard<std::mutex> lock(mutex_);
  (channel == Channel::kMessages ? node.holds_messages_ : node.holds_calls_) = true;
}

void MemoryHub::Release(MemoryBroker& node, Channel channel) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    (channel == Channel::kMessages ? node.holds_messages_ : node.holds_calls_) = false;
  }
  Notify();
}

void MemoryHub::Refuse(MemoryBroker& node, absl::Status status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  node.refusal_ = std::move(status);
}

}  // namespace weft
