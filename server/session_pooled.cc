// A session whose handler is called by a pool of threads.

#include <utility>

#include "weft/server/pooled_handler.h"
#include "weft/server/session.h"
#include "weft/server/worker.h"

namespace weft {

void Session::UsePool() {
  auto pooled = std::make_unique<PooledHandler>(worker_, *this, std::move(handler_));
  pooled_ = pooled.get();
  handler_ = std::move(pooled);
  indirect_ = true;
}

bool Session::OffLoop() const { return pooled_ != nullptr && !worker_.mailbox()->OnLoopThread(); }

size_t Session::QueuedBytesOffLoop() const { return pooled_->queued_bytes(); }

void Session::Hold() {
  if (std::exchange(held_, true)) return;
  worker_.metrics().held_sessions += 1;
}

void Session::Resume() {
  if (!holds_stream() || !std::exchange(held_, false)) return;
  worker_.metrics().held_sessions -= 1;
  HeardFromPeer();  // it could not be heard before, and what it said meanwhile is read next
  if (pooled_->kept_close().has_value()) {
    EndNow(pooled_->kept_close()->code, pooled_->kept_close()->reason);
    return Flush();
  }
  Deliver();
}

// What a client cannot be blamed for.
void Session::ExcuseForHandler() {
  // Its pongs are not read. That it takes nothing of what is sent still counts.
  if (held_ && !write_blocked_) HeardFromPeer();
  // It waits for its handler, not the other way round.
  const Moment at_work = pooled_->LastAtWork(worker_.loop().now_ms());
  Moment& active = message_.is_set() ? message_ : since_;
  if (!closing_ && at_work.IsAfter(active)) active = at_work;
}

void Session::HandlerIsDone() {
  handler_done_ = true;
  worker_.Destroy(this);
}

}  // namespace weft
