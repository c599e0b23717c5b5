#include "weft/client/async/loop_connector.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "weft/transport/io.h"
#include "weft/transport/resolve.h"

namespace weft {
namespace {

Poller::Interest PollerInterest(Interest interest) {
  switch (interest) {
    case Interest::kRead:
      return Poller::kRead;
    case Interest::kWrite:
      return Poller::kWrite;
    case Interest::kReadWrite:
      break;
  }
  return Poller::kRead | Poller::kWrite;
}

}  // namespace

LoopConnector::LoopConnector(EventLoop& loop, AddressLookup& lookup, absl::string_view url,
                             ClientOptions options, Done done)
    : loop_(loop),
      lookup_(lookup),
      url_(url),
      options_(std::move(options)),
      connector_(url, options_),
      done_(std::move(done)),
      deadline_ms_(EventLoop::DeadlineAfter(options_.timeouts.connect, loop.now_ms())) {}

LoopConnector::~LoopConnector() { Unwatch(); }

void LoopConnector::Continue() {
  if (!done_ || resolving_ != nullptr) return;
  // The connector may close descriptors, which must not be watched then.
  Unwatch();
  while (true) {
    switch (connector_.Continue(absl::Milliseconds(loop_.now_ms()))) {
      case Connector::State::kResolve:
        if (!Resolve()) return;
        break;
      case Connector::State::kWait:
        if (Watch()) return;
        break;
      case Connector::State::kDone:
        return Finish();
    }
  }
}

// Whether the addresses are known at once.
bool LoopConnector::Resolve() {
  if (std::optional<AddressLookup::Addresses> known =
          ResolveAtOnce(connector_.host(), connector_.port())) {
    connector_.Resolved(*std::move(known));
    return true;
  }
  resolving_ = std::make_shared<LoopConnector*>(this);
  lookup_.Start(
      connector_.host(), connector_.port(), loop_.mailbox(), resolving_,
      [weak = std::weak_ptr<LoopConnector*>(resolving_)](AddressLookup::Addresses addresses) {
        const std::shared_ptr<LoopConnector*> self = weak.lock();
        if (self == nullptr) return;
        (*self)->resolving_.reset();
        (*self)->connector_.Resolved(std::move(addresses));
        (*self)->Continue();
      });
  ArmTimer(absl::InfiniteDuration());
  return false;
}

// False if the system cannot watch them: then the attempt has been stopped.
bool LoopConnector::Watch() {
  for (const int fd : connector_.fds()) {
    if (!loop_.Watch(fd, PollerInterest(connector_.interest()), this)) {
      const absl::Status status = absl::ErrnoToStatus(errno, "cannot watch the socket");
      Unwatch();
      connector_.Stop(status);
      return false;
    }
    watched_.push_back(fd);
  }
  ArmTimer(connector_.wake());
  return true;
}

void LoopConnector::Unwatch() {
  for (const int fd : watched_) loop_.Unwatch(fd);
  watched_.clear();
}

void LoopConnector::ArmTimer(absl::Duration wake) {
  const int64_t wake_ms = wake == absl::InfiniteDuration()
                              ? EventLoop::kNever
                              : absl::ToInt64Milliseconds(absl::Ceil(wake, absl::Milliseconds(1)));
  loop_.ArmTimer(this, std::min(deadline_ms_, wake_ms));
}

void LoopConnector::OnTimer() {
  if (loop_.now_ms() < deadline_ms_) return Continue();
  Stop(absl::DeadlineExceededError("deadline exceeded"));
}

void LoopConnector::Stop(const absl::Status& why) {
  if (!done_) return;
  resolving_.reset();
  Unwatch();
  connector_.Stop(why);
  Finish();
}

void LoopConnector::Finish() {
  loop_.DisarmTimer(this);
  std::exchange(done_, nullptr)(connector_.TakeResult());
}

}  // namespace weft
