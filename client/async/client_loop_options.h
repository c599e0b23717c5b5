// The options of a loop of asynchronous clients.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_
#define WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_

#include <algorithm>
#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "weft/core/log.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/clock.h"
#include "weft/sending/send_options.h"

namespace weft {

// ClientLoopOptions::sending: the queue of what one connection has not sent yet; as
// ServerOptions::sending.
struct ClientSending {
  // The maximum size of the queue in bytes, at least 1, and what happens to a message that does not
  // fit.
  size_t max_queue_bytes = 16 << 20;
  WhenFull when_full = WhenFull::kFail;

  // OnWritable is called when a queue that had grown to the high mark has shrunk to the low mark,
  // in bytes. If max_queue_bytes is below a mark, the marks are max_queue_bytes and half of it.
  // low_mark_bytes is less than high_mark_bytes.
  size_t high_mark_bytes = 1 << 20;
  size_t low_mark_bytes = 256 << 10;

  // While the queue has more bytes than this, nothing is read until half of them have been sent.
  size_t pause_reading_bytes = 1 << 20;
};

// ClientLoopOptions::limits.
struct ClientLimits {
  // The maximum of bytes that all open connections together may hold, divided evenly among the
  // loops: unfinished messages, compressors and decompressors, what TLS holds, unsent data, and
  // messages and callbacks on their way to their connections. Beyond it the connection that holds
  // the most is dropped, with this option in its CloseInfo; a connection whose compressors do not
  // fit is not opened, with ResourceExhausted. At least 1 for each thread.
  size_t max_buffered_bytes = size_t{1} << 30;
};

// ClientLoopOptions::for_tests.
struct ClientLoopForTests {
  // Must outlive the loop. Not null.
  const Clock* clock = &Clock::Steady();

  // Numbers from 0 (inclusive) to 1 (exclusive), for the moments of ClientLoop::Drain and the waits
  // of ClientLoop::Reconnect, called by each thread. Empty: the system's random numbers.
  std::function<double()> random{};

  internal::Lookup lookup = LookUp;
};

struct ClientLoopOptions {
  // The number of threads, each with a loop of its own, among which the connections are shared out.
  // 0: none, and the application calls ClientLoop::Run() on a thread of its own.
  int threads = 1;

  // The maximum number of threads that resolve names, at least 1.
  int lookup_threads = 4;

  // The maximum number of attempts of ClientLoop::Reconnect() that are under way at a time to one
  // host and port, over all threads, at least 1; the others wait in order. So a server that was
  // lost by thousands of clients gets them one after the other, and none of them times out because
  // of the others. ClientLoop::Connect() does not wait: its timeouts.connect runs from the call.
  int max_attempts_per_host = 100;

  ClientSending sending{};
  ClientLimits limits{};

  // Called from the loops' threads, with what concerns no single connection: exceptions that
  // handlers and hooks threw.
  LogHook log{};

  ClientLoopForTests for_tests{};

  // The part of limits.max_buffered_bytes that each loop has.
  size_t bytes_per_thread() const {
    return limits.max_buffered_bytes / static_cast<size_t>(std::max(threads, 1));
  }
};

// InvalidArgument with the name of the first option that is out of its range.
absl::Status CheckClientLoopOptions(const ClientLoopOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_
