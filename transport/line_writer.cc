#include "weft/transport/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>

#include "absl/strings/str_cat.h"

namespace weft {
namespace {

// Prevents this thread's write to a pipe without a reader from raising SIGPIPE. The process's
// handling of that signal belongs to the application.
class NoSigPipe {
 public:
  NoSigPipe() {
    sigset_t pending;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigPipe() {
    const timespec no_time = {};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &no_time);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigPipe(const NoSigPipe&) = delete;
  NoSigPipe& operator=(const NoSigPipe&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

}  // namespace

LineWriter::LineWriter(int fd) : fd_(fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  if (S_ISFIFO(file.st_mode)) kind_ = Kind::kPipe;
  if (S_ISSOCK(file.st_mode)) kind_ = Kind::kSocket;
  if (kind_ != Kind::kPipe && isatty(fd) == 0) return;
  // Setting O_NONBLOCK on `fd` itself would affect every process that shares it.
  own_.reset(open(absl::StrCat("/proc/self/fd/", fd).c_str(),
                  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool LineWriter::Write(absl::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!WriteSome() || !rest_.empty()) {
    ++lost_;
    return false;
  }
  if (lost_ > 0)
    rest_ = absl::StrCat(lost_, lost_ == 1 ? " log line was" : " log lines were", " lost\n");
  absl::StrAppend(&rest_, line, "\n");
  const size_t size = rest_.size();
  const bool failed = !WriteSome();
  if (failed || rest_.size() == size) {
    rest_.clear();
    ++lost_;
    return false;
  }
  lost_ = 0;
  return true;
}

// Writes as much of rest_ as fits. Returns false, and drops rest_, if the descriptor fails.
bool LineWriter::WriteSome() {
  size_t written = 0;
  while (written < rest_.size()) {
    const int64_t size = WriteOnce(absl::string_view(rest_).substr(written));
    if (size < 0) {
      rest_.clear();
      return false;
    }
    if (size == 0) break;
    written += size;
  }
  rest_.erase(0, written);
  return true;
}

// The number of bytes written; 0 if there is no space; negative after an error.
int64_t LineWriter::WriteOnce(absl::string_view text) const {
  const int fd = own_.is_open() ? own_.get() : fd_;
  const auto result = [](ssize_t size) {
    return size < 0 && (errno == EAGAIN || errno == EINTR) ? ssize_t{0} : size;
  };
  if (kind_ == Kind::kSocket) {
    return result(send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  // A pipe that is ready takes PIPE_BUF bytes at once, so even a blocking one does not block here.
  pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, 0) == 0) return 0;
  text = text.substr(0, PIPE_BUF);
  if (kind_ != Kind::kPipe) return result(write(fd, text.data(), text.size()));
  const NoSigPipe no_signal;
  return result(write(fd, text.data(), text.size()));
}

void OpenStandardStreams() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace weft
