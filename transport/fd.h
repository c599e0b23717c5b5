// A file descriptor that its owner closes.

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

  // The descriptor, still owned; negative if there is none.
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  // Releases the descriptor without closing it.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  // Closes the owned descriptor and takes ownership of `fd`. close() is not repeated after EINTR:
  // Linux has already closed the descriptor, and another thread may have been given its number.
  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace weft

#endif  // WEFT_TRANSPORT_FD_H_
