// Waits for ready sockets: epoll(7) on Linux, poll(2) elsewhere and with --define=weft_poller=poll.

#ifndef WEFT_LOOP_POLLER_H_
#define WEFT_LOOP_POLLER_H_

#include <cstdint>
#include <memory>

#include "absl/types/span.h"

namespace weft {

// Level-triggered readiness of many sockets. Used by one thread.
class Poller {
 public:
  // The events to report, as bits. The end of a stream and errors are reported as readable, or as
  // writable if only that was requested.
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

  // Watches `fd`; `tag` is returned in Ready. False, with errno, if the system refuses. `shared` is
  // for a listener that several pollers watch: only one of them is woken, if possible.
  bool Add(int fd, Interest interest, void* tag, bool shared = false);
  void Modify(int fd, Interest interest);
  void Remove(int fd);

  // Gives a watched `fd` another tag. Costs no system call.
  void Retag(int fd, void* tag);

  // Waits until something is ready or `timeout_ms` has passed (-1: no timeout) and fills `ready`
  // from the front. Returns the number of entries.
  size_t Wait(absl::Span<Ready> ready, int64_t timeout_ms);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_LOOP_POLLER_H_
