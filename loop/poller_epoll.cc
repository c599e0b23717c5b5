#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <vector>

#include "weft/loop/poller.h"

namespace weft {
namespace {

epoll_event Event(int fd, Poller::Interest interest) {
  epoll_event event = {};
  if (interest & Poller::kRead) event.events |= EPOLLIN;
  if (interest & Poller::kWrite) event.events |= EPOLLOUT;
  event.data.fd = fd;
  return event;
}

}  // namespace

struct Poller::State {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int error = epoll < 0 ? errno : 0;
  std::array<epoll_event, 256> events;

  // By descriptor, which is the kernel's tag.
  std::vector<void*> tags;
};

Poller::Poller() : state_(std::make_unique<State>()) {}

Poller::~Poller() { close(state_->epoll); }

bool Poller::Add(int fd, Interest interest, void* tag, bool shared) {
  if (state_->error != 0) {
    errno = state_->error;
    return false;
  }
  if (fd < 0) {
    errno = EBADF;
    return false;
  }
  const auto index = static_cast<size_t>(fd);
  if (index >= state_->tags.size()) state_->tags.resize(index + 1);
  state_->tags[index] = tag;
  epoll_event event = Event(fd, interest);
  if (shared) event.events |= EPOLLEXCLUSIVE;
  return epoll_ctl(state_->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::Retag(int fd, void* tag) { state_->tags[fd] = tag; }

void Poller::Modify(int fd, Interest interest) {
  epoll_event event = Event(fd, interest);
  epoll_ctl(state_->epoll, EPOLL_CTL_MOD, fd, &event);
}

void Poller::Remove(int fd) { epoll_ctl(state_->epoll, EPOLL_CTL_DEL, fd, nullptr); }

size_t Poller::Wait(absl::Span<Ready> ready, int64_t timeout_ms) {
  const int capacity = static_cast<int>(std::min(ready.size(), state_->events.size()));
  const int timeout = static_cast<int>(std::min<int64_t>(timeout_ms, INT_MAX));
  const int count = epoll_wait(state_->epoll, state_->events.data(), capacity, timeout);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = state_->events[i];
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    ready[i] = {.tag = state_->tags[event.data.fd],
                .readable = broken || (event.events & EPOLLIN) != 0,
                .writable = broken || (event.events & EPOLLOUT) != 0};
  }
  return std::max(count, 0);  // a signal means that nothing is ready
}

}  // namespace weft
