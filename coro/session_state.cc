#include "weft/coro/session_state.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

namespace weft::coro::internal {
namespace {

// ---- Memory of messages

// AddressSanitizer sees a use of a freed block, and not that of a block which holds the next
// message.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kReuse = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kReuse = false;
#else
constexpr bool kReuse = true;
#endif
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

StoredMessage* Copy(const Message& message) {
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

void Release(StoredMessage* stored) {
  stored->room.reset();
  const bool keep = kReuse && stored->capacity <= kMaxSpareBytes &&
                    (spare.block == nullptr || spare.block->capacity < stored->capacity);
  if (keep) std::swap(stored, spare.block);
  if (stored != nullptr) Free(stored);
}

// Held while a coroutine runs on a thread of the application, because its loop has ended:
// awaitables of several branches may be ready at the same time.
std::recursive_mutex& WithoutLoop() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

}  // namespace

// ---- SessionState

SessionState::SessionState(Channel& channel)
    : Strand(static_cast<Parent&>(*this)), channel_(&channel) {}

SessionState::~SessionState() {
  ReleaseMessage();
  DiscardMessages();
}

void SessionState::Start(Task<> task, std::shared_ptr<const void> function) {
  function_ = std::move(function);
  root_ = std::move(task);
  TaskAccess::PromiseOf(root_).Start(*this, scope());
  RunCoroutines();
}

// ---- Messages

void SessionState::OnMessage(const Message& message) {
  if (discards_ || !TaskAccess::Exists(root_)) return;
  Waiter* const receiver = FirstWaiting(Event::kMessage);
  if (receiver == nullptr) return Store(message);
  Wake(*receiver);
  ReleaseMessage();
  received_ = Copy(message);
  RunCoroutines();
  // Kept while the coroutine waits for something else.
  if (received_ != nullptr && !received_->room.has_value() && channel_ != nullptr) {
    if (auto room = channel_->Reserve(received_->capacity)) {
      received_->room.emplace(*std::move(room));
    }
  }
}

void SessionState::Store(const Message& message) {
  std::optional<Reservation> room =
      channel_->Reserve(sizeof(StoredMessage) + message.payload.size());
  if (!room.has_value()) return;
  StoredMessage* const stored = Copy(message);
  stored->room.emplace(*std::move(room));
  *waiting_end_ = stored;
  waiting_end_ = &stored->next;
  waiting_count_ += 1;
  waiting_bytes_ += stored->message.payload.size();
  if (waiting_count_ < kMaxWaiting && waiting_bytes_ < kMaxWaitingBytes) return;
  holds_reading_ = true;
  OnPong();  // those that wait for one see that it would not be read
  if (holds_reading_) channel_->HoldReading();
}

void SessionState::ReleaseMessage() {
  if (received_ != nullptr) Release(std::exchange(received_, nullptr));
}

bool SessionState::TakeMessage() {
  if (waiting_first_ == nullptr) return false;
  received_ = waiting_first_;
  waiting_first_ = received_->next;
  if (waiting_first_ == nullptr) waiting_end_ = &waiting_first_;
  waiting_count_ -= 1;
  waiting_bytes_ -= received_->message.payload.size();
  return true;
}

void SessionState::DiscardMessages() {
  discards_ = true;
  while (StoredMessage* const stored = waiting_first_) {
    waiting_first_ = stored->next;
    Release(stored);
  }
  waiting_end_ = &waiting_first_;
  waiting_count_ = 0;
  waiting_bytes_ = 0;
}

// ---- Other events

// In their order: one that still finds no room keeps those after it waiting.
void SessionState::OnWritable() {
  for (bool is_low = true; Waiter* const waiter = FirstWaiting(Event::kWritable); is_low = false) {
    if (!static_cast<SendWaiter*>(waiter)->TrySend(is_low)) {
      channel_->AskForWritable();
      break;
    }
    Wake(*waiter);
  }
  RunCoroutines();
}

void SessionState::OnPong() {
  while (Waiter* const waiter = FirstWaiting(Event::kPong)) Wake(*waiter);
  RunCoroutines();
}

void SessionState::OnAlarm(Alarm& alarm) {
  alarm.OnAlarm();
  RunCoroutines();
}

void SessionState::OnEnd(const CloseInfo& info, absl::Status status) {
  ending_ = std::make_unique<Ending>();
  ending_->info = info;
  ending_->reason = std::string(info.reason);
  ending_->info.reason = ending_->reason;
  ending_->status = std::move(status);
  // Not again: a thread that resumes a coroutine may be reading it.
  if (mailbox_ == nullptr) mailbox_ = channel_->mailbox();
  End();
  RunReady();
  channel_ = nullptr;
  if (root_ended_) EndRoot(/*in_callback=*/true);
}

const absl::Status& SessionState::status() const {
  static const absl::Status* const kOk = new absl::Status;
  return ending_ == nullptr ? *kOk : ending_->status;
}

void SessionState::CountFailure(const absl::Status& status) {
  if (!absl::IsFailedPrecondition(status)) {
    failures_ = 0;
  } else if (failures_ < kMaxFailures) {
    ++failures_;
  }
}

// ---- Running

void SessionState::RunCoroutines() {
  RunReady();
  if (root_ended_) return EndRoot(/*in_callback=*/true);
  ReadAgain();
}

void SessionState::ReadAgain() {
  if (channel_ == nullptr || waiting_first_ != nullptr) return;
  if (std::exchange(holds_reading_, false)) channel_->ResumeReading();
}

void SessionState::EndRoot(bool in_callback) {
  root_ended_ = false;
  // A coroutine of this one has suspended there after another was stuck: see Scope::CountForeign.
  if (scope().awaits_foreign()) return;
  const std::exception_ptr exception = TaskAccess::PromiseOf(root_).exception();
  root_ = Task<>();
  function_.reset();
  ReleaseMessage();
  DiscardMessages();
  if (exception != nullptr) {
    if (in_callback) std::rethrow_exception(exception);
    if (channel_ != nullptr) channel_->Fail(exception);
  } else if (channel_ != nullptr) {
    channel_->Close(CloseCode::kNormal, "").IgnoreError();
    ReadAgain();
  }
}

// ---- Awaitables

absl::StatusOr<DeadlineKey> SessionState::SetAlarm(absl::Duration delay, Alarm& alarm) {
  if (ended()) return absl::FailedPreconditionError("the session has ended");
  return channel_->SetAlarm(delay, alarm);
}

void SessionState::CancelAlarm(const DeadlineKey& key) {
  if (channel_ != nullptr) channel_->CancelAlarm(key);
}

void SessionState::ExpectResume() {
  Ref();
  if (mailbox_ == nullptr) mailbox_ = channel_->mailbox();
}

// A task of the mailbox that resumes a coroutine on its loop; or where it is destroyed, if the loop
// has ended.
class SessionState::Resumption {
 public:
  Resumption(SessionState& state, Node& node) : state_(&state), node_(&node) {}
  Resumption(Resumption&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), node_(other.node_) {}
  Resumption& operator=(Resumption&&) = delete;
  ~Resumption() {
    if (state_ == nullptr) return;
    const std::lock_guard<std::recursive_mutex> lock(WithoutLoop());
    state_->Resume(*node_);
  }

  void operator()() { std::exchange(state_, nullptr)->Resume(*node_); }

 private:
  SessionState* state_;
  Node* node_;
};

void SessionState::ResumeLater(Node& node) {
  // A copy: the coroutine may have continued, and ended, before Post() returns.
  const std::shared_ptr<Mailbox> mailbox = mailbox_;
  mailbox->Post(Resumption(*this, node));
}

void SessionState::Resume(Node& node) {
  Push(node);
  RunReady();
  if (root_ended_) {
    EndRoot(/*in_callback=*/false);
  } else {
    ReadAgain();
  }
  Unref();
}

// ---- Waits

absl::Status SessionWaiter::NoChannel() const {
  return absl::FailedPreconditionError(is_foreign_ ? "awaited by a coroutine of another session"
                                                   : "the session has ended");
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
  if (!is_low && may_wait() && to->queued_bytes() >= to->high_mark_bytes()) return false;
  status_ = SendTo(*to);
  return is_low || !may_wait() || !absl::IsResourceExhausted(status_);
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
