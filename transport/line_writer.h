// Lines for a descriptor that may fail, such as the log of a server on standard error.

#ifndef WEFT_TRANSPORT_LINE_WRITER_H_
#define WEFT_TRANSPORT_LINE_WRITER_H_

#include <cstdint>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "weft/transport/fd.h"

namespace weft {

// Writes lines, and loses those for which there is no room: the disk is full, nobody reads the pipe
// or reads it too slowly. A log must not end a server, nor hold up one of its loops, so nothing
// here throws, raises SIGPIPE, or waits for a pipe, a terminal or a socket. Before the next line
// that can be written stands how many were lost. A pipe or a terminal is opened once more to that
// end, so O_NONBLOCK is set for this writer alone; where the system does not allow that, a write
// may still wait if another process fills the same pipe at that moment.
//
//   auto lines = std::make_shared<weft::LineWriter>(STDERR_FILENO);
//   options.log = [lines](weft::LogLevel, absl::string_view text) { lines->Write(text); };
//
// Any thread may call Write().
class LineWriter {
 public:
  // `fd` stays the caller's, and open for as long as the writer is there.
  explicit LineWriter(int fd);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Writes `line` and a newline. False when it was lost.
  bool Write(absl::string_view line);

 private:
  enum class Kind : uint8_t { kPipe, kSocket, kOther };

  bool WriteSome();
  int64_t WriteOnce(absl::string_view text) const;

  const int fd_;
  UniqueFd own_;  // a pipe or terminal once more, without blocking
  Kind kind_ = Kind::kOther;

  std::mutex mutex_;  // guards all below
  std::string rest_;  // of a line of which a part was written
  uint64_t lost_ = 0;
};

// Opens /dev/null in place of each of standard input, output and error that is closed. Otherwise
// the first socket gets its number, and what is printed goes to a peer. Call it first in main().
void OpenStandardStreams();

}  // namespace weft

#endif  // WEFT_TRANSPORT_LINE_WRITER_H_
