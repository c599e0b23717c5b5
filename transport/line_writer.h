// Writes lines to a descriptor that may fail, such as a server's log on standard error.

#ifndef WEFT_TRANSPORT_LINE_WRITER_H_
#define WEFT_TRANSPORT_LINE_WRITER_H_

#include <cstdint>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/transport/fd.h"

namespace weft {

// Writes lines, and drops those that cannot be written at once: the disk is full, or nothing reads
// the pipe, or reads it too slowly. A log must neither end a server nor delay one of its loops, so
// nothing here throws, raises SIGPIPE, or waits for a pipe, a terminal or a socket. The number of
// dropped lines is written before the next line. A pipe or a terminal is opened a second time, so
// that O_NONBLOCK is set for this writer alone; if the system does not allow that, a write may
// still wait if another process fills the same pipe at that moment.
//
//   auto lines = std::make_shared<weft::LineWriter>(STDERR_FILENO);
//   options.hooks.log = [lines](weft::LogLevel, absl::string_view text) { lines->Write(text); };
//
// Any thread may call Write().
class LineWriter {
 public:
  // `fd` belongs to the caller, and must stay open as long as the writer exists.
  explicit LineWriter(int fd);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Writes `line` and a newline. Returns false if it was dropped.
  bool Write(absl::string_view line);

 private:
  enum class Kind : uint8_t { kPipe, kSocket, kOther };

  bool WriteSome();
  int64_t WriteOnce(absl::string_view text) const;

  const int fd_;
  UniqueFd own_;  // a pipe or terminal opened again, non-blocking
  Kind kind_ = Kind::kOther;

  std::mutex mutex_;  // guards all members below
  std::string rest_;  // of a line that was written in part
  uint64_t lost_ = 0;
};

// Opens /dev/null in place of each of standard input, output and error that is closed. Otherwise
// the first socket gets that number, and printed text goes to a peer. Call it first in main().
void OpenStandardStreams();

}  // namespace weft

#endif  // WEFT_TRANSPORT_LINE_WRITER_H_
