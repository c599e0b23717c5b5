#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <unordered_map>
#include <vector>

#include "weft/loop/poller.h"

namespace weft {
namespace {

int16_t Events(Poller::Interest interest) {
  int16_t events = 0;
  if (interest & Poller::kRead) events |= POLLIN;
  if (interest & Poller::kWrite) events |= POLLOUT;
  return events;
}

}  // namespace

struct Poller::State {
  std::vector<pollfd> fds;
  std::vector<void*> tags;                // with the same index
  std::unordered_map<int, size_t> index;  // the index of an fd in both
  size_t next = 0;  // where the next scan starts, so that a full `ready` starves no socket
};

Poller::Poller() : state_(std::make_unique<State>()) {}

Poller::~Poller() = default;

bool Poller::Add(int fd, Interest interest, void* tag, bool /*shared*/) {
  if (fd < 0) {  // poll would ignore it
    errno = EBADF;
    return false;
  }
  state_->index[fd] = state_->fds.size();
  state_->fds.push_back({.fd = fd, .events = Events(interest), .revents = 0});
  state_->tags.push_back(tag);
  return true;
}

void Poller::Modify(int fd, Interest interest) {
  state_->fds[state_->index.at(fd)].events = Events(interest);
}

void Poller::Retag(int fd, void* tag) { state_->tags[state_->index.at(fd)] = tag; }

void Poller::Remove(int fd) {
  auto found = state_->index.find(fd);
  if (found == state_->index.end()) return;
  const size_t i = found->second;
  state_->index.erase(found);
  if (i + 1 < state_->fds.size()) {  // the last one fills the gap
    state_->fds[i] = state_->fds.back();
    state_->tags[i] = state_->tags.back();
    state_->index[state_->fds[i].fd] = i;
  }
  state_->fds.pop_back();
  state_->tags.pop_back();
}

size_t Poller::Wait(absl::Span<Ready> ready, int64_t timeout_ms) {
  std::vector<pollfd>& fds = state_->fds;
  const int timeout = static_cast<int>(std::min<int64_t>(timeout_ms, INT_MAX));
  if (poll(fds.data(), fds.size(), timeout) <= 0) return 0;
  size_t count = 0;
  for (size_t n = 0; n < fds.size() && count < ready.size(); ++n) {
    const size_t i = (state_->next + n) % fds.size();
    // poll reports a broken socket even if no event was requested.
    const bool broken = (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    const bool readable = broken || (fds[i].revents & POLLIN) != 0;
    const bool writable = broken || (fds[i].revents & POLLOUT) != 0;
    if (!readable && !writable) continue;
    ready[count++] = {.tag = state_->tags[i], .readable = readable, .writable = writable};
    if (count == ready.size()) state_->next = i + 1;
  }
  return count;
}

}  // namespace weft
