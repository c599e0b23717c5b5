#include "weft/coro/connect.h"

#include <utility>

#include "weft/coro/root.h"

namespace weft::coro {

using internal::ClientSession;

bool ConnectAwaitable::await_suspend(std::coroutine_handle<> /*coroutine*/) {
  if (!Wait(Event::kConnect)) return false;
  if (wait_ != State::kWaiting) return true;  // stuck
  // Every strand is that of a root.
  ClientSession& session = ClientSession::Open(static_cast<internal::Root&>(strand()), loop_,
                                               target_->url, std::move(target_->options), *this);
  target_.reset();
  session_.emplace(session);
  session.Unref();
  // Not if opening has failed already, because the loop has ended.
  if (wait_ == State::kWaiting) opening_ = &session;
  return true;
}

void ConnectAwaitable::OnOpened(absl::Status status) {
  opening_ = nullptr;
  status_ = std::move(status);
  if (wait_ == State::kWaiting) strand().Wake(*this);
}

absl::StatusOr<Session> ConnectAwaitable::await_resume() {
  if (absl::Status wait = WaitResult(); !wait.ok()) return wait;
  if (!status_.ok()) return std::move(status_);
  return *std::move(session_);
}

}  // namespace weft::coro
