#include "weft/coro/strand.h"

namespace weft::coro::internal {

// ---- Scope ----

bool Scope::IsIn(const Scope& outer) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    if (scope == &outer) return true;
  }
  return false;
}

Scope* Scope::FindCancelled() {
  for (Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    if (scope->cancelled_) return scope;
  }
  return nullptr;
}

bool Scope::IsStuck() {
  if (waits_ < kMaxWaits) {
    ++waits_;
    return false;
  }
  GiveUp();
  return true;
}

void Scope::GiveUp() {
  if (!std::exchange(stuck_, true) && foreign_ == 0) owner_.OnTaskStuck();
}

void Scope::CountForeign(int change) {
  for (Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    scope->foreign_ += change;
    if (scope->foreign_ == 0 && scope->stuck_) scope->owner_.OnTaskStuck();
  }
}

// ---- Waiter ----

void Waiter::Abandon() {
  if (wait_ != State::kWaiting) return;
  strand().Forget(*this);
  wait_ = State::kNew;
}

bool Waiter::IsCancelled() const {
  const Scope* const cancelled = scope().FindCancelled();
  return cancelled != nullptr && cancelled != &strand().scope();
}

bool Waiter::Wait(Event event) {
  event_ = event;
  Scope* const cancelled = scope().FindCancelled();
  if (cancelled == nullptr) {
    strand().Add(*this);
    return true;
  }
  wait_ = cancelled == &strand().scope() ? State::kEnded : State::kCancelled;
  return cancelled->IsStuck();
}

absl::Status Waiter::WaitError() const {
  if (wait_ == State::kCancelled) return absl::CancelledError("another branch was first");
  return absl::FailedPreconditionError("the session has ended");
}

// ---- Strand ----

void Strand::Forget(Node& node) {
  if (last_ == nullptr) return;
  Node* before = last_;
  do {
    if (before->next_ == &node) {
      before->next_ = node.next_;
      if (last_ == &node) last_ = before == &node ? nullptr : before;
      return;
    }
    before = before->next_;
  } while (before != last_);
}

void Strand::Add(Waiter& waiter) {
  waiter.wait_ = Waiter::State::kWaiting;
  waiter.next_ = nullptr;
  Waiter** end = &waiting_;
  while (*end != nullptr) end = &(*end)->next_;
  *end = &waiter;
}

void Strand::Forget(Waiter& waiter) {
  for (Waiter** each = &waiting_; *each != nullptr; each = &(*each)->next_) {
    if (*each != &waiter) continue;
    *each = waiter.next_;
    return;
  }
}

void Strand::Wake(Waiter& waiter, Waiter::State state) {
  Forget(waiter);
  waiter.wait_ = state;
  Push(*waiter.coroutine_);
}

void Strand::Cancel(Scope& scope) {
  scope.cancelled_ = true;
  for (Waiter* each = waiting_; each != nullptr;) {
    Waiter* const next = each->next_;
    if (each->scope().IsIn(scope)) Wake(*each, Waiter::State::kCancelled);
    each = next;
  }
}

void Strand::End() {
  scope_.cancelled_ = true;
  while (waiting_ != nullptr) Wake(*waiting_, Waiter::State::kEnded);
}

void Strand::RunReady() {
  if (running_) return;
  running_ = true;
  while (last_ != nullptr) {
    Node* const node = last_->next_;
    if (node == last_) {
      last_ = nullptr;
    } else {
      last_->next_ = node->next_;
    }
    node->Run();
  }
  running_ = false;
}

}  // namespace weft::coro::internal
