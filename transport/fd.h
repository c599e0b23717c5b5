// A file descriptor that is closed by its owner.

#ifndef WEFT_TRANSPORT_FD_H_
#define WEFT_TRANSPORT_FD_H_

#include <unistd.h>

#include <utility>

namespace weft {

// Owns one file descriptor, or none. Moves, never copies.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  // The descriptor, still owned; negative when there is none.
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  // Gives the descriptor away without closing it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  // Closes what is owned and owns `fd` instead. close() is not repeated on EINTR: Linux has closed
  // the descriptor by then, and another thread may have got its number.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_FD_H_
