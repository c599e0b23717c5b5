#include "weft/coro/session_state.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "absl/base/config.h"

namespace weft::coro::internal {
namespace {

// ---- Memory of messages

// AddressSanitizer sees a use of a freed block, and not that of a block which holds the next
// message.
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
constexpr bool kReuse = false;
#else
constexpr bool kReuse = true;
#endif

constexpr size_t kMaxSpareBytes = 64 << 10;

void Free(StoredMessage* stored) {
  stored->~StoredMessage();
  std::free(stored);
}

// One block for each thread that runs a loop: a message is usually freed before the next one of any
// session comes, so that messages need no allocation, and idle sessions no memory for them.
struct Spare {
  ~Spare() {
    if (block != nullptr) Free(block);
  }
  StoredMessage* block = nullptr;
};
thread_local Spare spare;

}  // namespace

StoredMessage* SessionState::Copy(const Message& message) {
  const size_t size = message.payload.size();
  StoredMessage* stored = nullptr;
  if (spare.block != nullptr && spare.block->capacity >= size) {
    stored = std::exchange(spare.block, nullptr);
    stored->next = nullptr;
  } else {
    void* const block = std::malloc(sizeof(StoredMessage) + size);
    if (block == nullptr) std::abort();
    stored = new (block) StoredMessage;
    stored->capacity = size;
  }
  stored->message = message;
  char* const bytes = reinterpret_cast<char*>(stored + 1);
  if (size > 0) std::memcpy(bytes, message.payload.data(), size);
  stored->message.payload = absl::string_view(bytes, size);
  return stored;
}

void SessionState::Release(StoredMessage* stored) {
  stored->room.reset();
  const bool keep = kReuse && stored->capacity <= kMaxSpareBytes &&
                    (spare.block == nullptr || spare.block->capacity < stored->capacity);
  if (keep) std::swap(stored, spare.block);
  if (stored != nullptr) Free(stored);
}

// ---- SessionState

SessionState::~SessionState() {
  ReleaseMessage();
  DiscardMessages();
}

// ---- Messages

void SessionState::OnMessage(const Message& message) {
  if (!IgnoresMessages()) Deliver(Copy(message));
}

void SessionState::OnStoredMessage(StoredMessage* stored) {
  if (IgnoresMessages()) return Release(stored);
  Deliver(stored);
}

void SessionState::Deliver(StoredMessage* stored) {
  Waiter* const receiver = FirstWaiting(Strand::Event::kMessage);
  if (receiver == nullptr) {
    if (Store(stored)) HoldIfFull();
    return;
  }
  root_.Wake(*receiver);
  ReleaseMessage();
  received_ = stored;
  Continue();
  // Kept while the coroutine waits for something else.
  if (received_ != nullptr && !received_->room.has_value() && channel_open_) {
    if (auto room = Reserve(received_->capacity)) received_->room.emplace(*std::move(room));
  }
}

bool SessionState::Store(StoredMessage* stored) {
  std::optional<Reservation> room = Reserve(sizeof(StoredMessage) + stored->message.payload.size());
  if (!room.has_value()) {
    discards_ = true;  // the session ends: those after this one would leave a hole
    Release(stored);
    return false;
  }
  stored->room.emplace(*std::move(room));
  Rest& rest = this->rest();
  *rest.end = stored;
  rest.end = &stored->next;
  rest.count += 1;
  rest.bytes += stored->message.payload.size();
  return true;
}

void SessionState::HoldIfFull() {
  if (rest_->count < kMaxWaiting && rest_->bytes < kMaxWaitingBytes) return;
  holds_reading_ = true;
  OnPong();  // those that wait for one see that it would not be read
  if (holds_reading_) HoldReading();
}

void SessionState::ReleaseMessage() {
  if (received_ != nullptr) Release(std::exchange(received_, nullptr));
}

bool SessionState::TakeMessage() {
  if (!has_waiting()) return false;
  received_ = rest_->first;
  rest_->first = received_->next;
  if (rest_->first == nullptr) rest_->end = &rest_->first;
  rest_->count -= 1;
  rest_->bytes -= received_->message.payload.size();
  if (!has_waiting()) OnNoneWaiting();
  return true;
}

void SessionState::DiscardMessages() {
  discards_ = true;
  if (!has_waiting()) return;
  while (StoredMessage* const stored = rest_->first) {
    rest_->first = stored->next;
    Release(stored);
  }
  rest_->end = &rest_->first;
  rest_->count = 0;
  rest_->bytes = 0;
  OnNoneWaiting();
}

void SessionState::ReadAgain() {
  if (ended() || !channel_open_ || has_waiting()) return;
  if (std::exchange(holds_reading_, false)) ResumeReading();
}

// ---- Other events

Waiter* SessionState::FirstWaiting(Strand::Event event) const {
  return root_.FindWaiting([&](const Waiter& waiter, Strand::Event awaited) {
    return awaited == event && &static_cast<const SessionWaiter&>(waiter).state_ == this;
  });
}

// In their order: one that still finds no room keeps those after it waiting.
void SessionState::OnWritable() {
  for (bool is_low = true; Waiter* const waiter = FirstWaiting(Strand::Event::kWritable);
       is_low = false) {
    if (!static_cast<SendWaiter*>(waiter)->TrySend(is_low)) {
      AskForWritable();
      break;
    }
    root_.Wake(*waiter);
  }
  Continue();
}

void SessionState::OnPong() {
  while (Waiter* const waiter = FirstWaiting(Strand::Event::kPong)) root_.Wake(*waiter);
  Continue();
}

namespace {

// The coroutine sees one event instead of two: the position of the newer one, and whether something
// is missing.
TopicEvent Merged(const TopicEvent& older, const TopicEvent& newer) {
  if (older.type != TopicEvent::Type::kGap) return newer;
  if (older.reason == GapReason::kRefused) return newer;  // it is subscribed now, or refused again
  TopicEvent merged = newer;
  if (newer.type == TopicEvent::Type::kGap) {
    const bool is_known = older.missed.has_value() && newer.missed.has_value();
    merged.missed = is_known ? std::optional(*older.missed + *newer.missed) : std::nullopt;
  } else {
    merged.type = TopicEvent::Type::kGap;
    merged.reason = older.reason;
    merged.missed = older.missed;
  }
  return merged;
}

}  // namespace

bool SessionState::OnTopic(absl::string_view topic, const TopicEvent& event) {
  if (Waiter* const waiter = FirstWaiting(Strand::Event::kTopic)) {
    static_cast<TopicWaiter*>(waiter)->Give({std::string(topic), event});
    root_.Wake(*waiter);
    Continue();
    return true;
  }
  Rest& rest = this->rest();
  if (event.type == TopicEvent::Type::kGap && !rest.takes_topic_events) return false;
  const auto waits = std::find_if(rest.notices.begin(), rest.notices.end(),
                                  [topic](const TopicNotice& each) { return each.topic == topic; });
  if (waits == rest.notices.end()) {
    rest.notices.push_back({std::string(topic), event});
  } else {
    waits->event = Merged(waits->event, event);
  }
  return true;
}

std::optional<TopicNotice> SessionState::NextTopicNotice() {
  if (rest_ == nullptr || rest_->notices.empty()) return std::nullopt;
  TopicNotice first = std::move(rest_->notices.front());
  rest_->notices.erase(rest_->notices.begin());
  return first;
}

void SessionState::ForgetTopicNotices(absl::string_view topic) {
  if (rest_ == nullptr) return;
  std::erase_if(rest_->notices, [topic](const TopicNotice& each) { return each.topic == topic; });
}

void SessionState::OnEnd(const CloseInfo& info, absl::Status status) {
  Ending& ending = rest().ending.emplace();
  ending.info = info;
  ending.reason = std::string(info.reason);
  ending.info.reason = ending.reason;
  ending.status = std::move(status);
  EndWaits();
}

void SessionState::WakeForEnd() {
  const auto is_of_this = [this](const Waiter& waiter, Strand::Event) {
    return &static_cast<const SessionWaiter&>(waiter).state_ == this;
  };
  while (Waiter* const waiter = root_.FindWaiting(is_of_this)) root_.WakeForEnd(*waiter);
}

const absl::Status& SessionState::status() const {
  static const absl::Status* const kOk = new absl::Status;
  return ended() ? ending()->status : *kOk;
}

void SessionState::CountFailure(const absl::Status& status) {
  if (!status.ok() && absl::IsFailedPrecondition(status)) {
    CountFailure();
  } else {
    failures_ = 0;
  }
}

// ---- Waits

absl::Status SessionWaiter::NoChannel() const {
  return absl::FailedPreconditionError(is_foreign_ ? "awaited by a coroutine of another session"
                                                   : "the session has ended");
}

// A strand that has ended counts the waits itself.
bool SessionWaiter::Wait(Event event) {
  if (is_foreign_ || !state_.ended() || strand().ended()) return Waiter::Wait(event);
  Refuse();
  state_.CountFailure();
  if (!state_.ignores_errors()) return false;
  // A branch that nobody has cancelled has no result without its end: the whole task goes.
  Scope* const cancelled = scope().FindCancelled();
  (cancelled != nullptr ? *cancelled : strand().scope()).GiveUp();
  return true;
}

bool SessionWaiter::ReturnsFailure(const absl::Status& status) {
  if (is_foreign_) return true;  // the state belongs to another thread
  state_.CountFailure(status);
  return !state_.ignores_errors();
}

bool SendWaiter::TrySend(bool is_low) {
  Channel* const to = channel();
  if (to == nullptr) {
    status_ = NoChannel();
    return true;
  }
  if (!is_low && may_wait() && to->is_high()) return false;
  status_ = SendTo(*to);
  return status_.ok() || is_low || !may_wait() || !absl::IsResourceExhausted(status_);
}

bool SendWaiter::IsReady() {
  if (is_foreign()) {  // the state belongs to another thread
    status_ = NoChannel();
    return true;
  }
  // Those that wait go first.
  if (may_wait() && state_.FirstWaiting(Event::kWritable) != nullptr) return false;
  if (!TrySend(/*is_low=*/false)) return false;
  state_.CountFailure(status_);
  return !state_.ignores_errors();
}

bool SendWaiter::WaitForRoom() {
  if (state_.ignores_errors()) return Wait(Event::kEnd);
  if (Channel* const to = channel()) to->AskForWritable();
  return Wait(Event::kWritable);
}

absl::Status SendWaiter::Result() {
  if (absl::Status wait = WaitResult(); !wait.ok()) return wait;
  return std::move(status_);
}

}  // namespace weft::coro::internal
