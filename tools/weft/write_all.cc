#include "tools/weft/write_all.h"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>

#include "tools/weft/exit_code.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/wait.h"

namespace weft::cli {
namespace {

absl::Status Failure(int error) {
  if (error == EPIPE) return absl::CancelledError("standard output has no reader");
  return absl::ErrnoToStatus(error, "cannot write to standard output");
}

iovec Part(absl::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

absl::Status WriteAll(FILE* file, absl::string_view text, absl::string_view end,
                      const Notification* cancel) {
  if (fileno(file) < 0) {  // a file in memory
    std::fwrite(text.data(), 1, text.size(), file);
    std::fwrite(end.data(), 1, end.size(), file);
  }
  if (std::fflush(file) != 0) return Failure(errno);
  if (fileno(file) < 0) return absl::OkStatus();
  return WriteAll(fileno(file), text, end, cancel);
}

absl::Status WriteAll(int fd, absl::string_view text, absl::string_view end,
                      const Notification* cancel) {
  while (!text.empty() || !end.empty()) {
    const iovec parts[] = {Part(text), Part(end)};
    const ssize_t size = writev(fd, parts, 2);
    if (size >= 0) {
      const size_t of_text = std::min<size_t>(size, text.size());
      text.remove_prefix(of_text);
      end.remove_prefix(size - of_text);
    } else if (errno == EAGAIN) {
      const absl::Status ready = Wait(fd, Interest::kWrite, Deadline::Never(), cancel);
      if (!ready.ok()) return ready;
    } else if (errno != EINTR) {
      return Failure(errno);
    }
  }
  return absl::OkStatus();
}

int Print(absl::string_view text) {
  const absl::Status status = WriteAll(stdout, text);
  if (status.ok()) return kOrderly;
  std::fprintf(stderr, "weft: %s\n", std::string(status.message()).c_str());
  return kWrongUsage;
}

}  // namespace weft::cli
