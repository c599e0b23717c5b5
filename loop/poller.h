// Which sockets are ready: epoll(7) on Linux, poll(2) elsewhere and with --define=weft_poller=poll.

#ifndef WEFT_LOOP_POLLER_H_
#define WEFT_LOOP_POLLER_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace weft {

// Level-triggered readiness of many sockets. Used by one thread.
class Poller {
 public:
  // What to be told of, as bits. The end of a stream and errors are told as readable, and to whom
  // only asked for writable, as writable.
  using Interest = uint8_t;
  static constexpr Interest kNone = 0;
  static constexpr Interest kRead = 1;
  static constexpr Interest kWrite = 2;

  struct Ready {
    void* tag;
    bool readable;
    bool writable;
  };

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Watches `fd`; `tag` comes back in Ready. False, with errno, when the system refuses.
  // `shared` is for a listener that several pollers watch: one of them is woken, if possible.
  bool Add(int fd, Interest interest, void* tag, bool shared = false);
  void Modify(int fd, Interest interest, void* tag);
  void Remove(int fd);

  // Waits until something is ready or `timeout_ms` has passed (-1: for ever) and fills `ready` from
  // its front. Returns how many.
  size_t Wait(absl::Span<Ready> ready, int64_t timeout_ms);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_LOOP_POLLER_H_
