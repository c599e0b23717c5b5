// The options of a loop of asynchronous clients.

#ifndef WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_
#define WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_

#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "weft/client/async/address_lookup.h"
#include "weft/core/log.h"
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

// ClientLoopOptions::for_tests.
struct ClientLoopForTests {
  // Must outlive the loop. Not null.
  const Clock* clock = &Clock::Steady();

  // Numbers from 0 (inclusive) to 1 (exclusive), for the moments of ClientLoop::Drain. Empty: the
  // system's random numbers.
  std::function<double()> random{};

  internal::Lookup lookup = LookUp;
};

struct ClientLoopOptions {
  // The number of threads, each with a loop of its own, among which the connections are shared out.
  // 0: none, and the application calls ClientLoop::Run() on a thread of its own.
  int threads = 1;

  // The maximum number of threads that resolve names, at least 1.
  int lookup_threads = 4;

  ClientSending sending{};

  // Called from the loops' threads, with what concerns no single connection: exceptions that
  // handlers and hooks threw.
  LogHook log{};

  ClientLoopForTests for_tests{};
};

// InvalidArgument with the name of the first option that is out of its range.
absl::Status CheckClientLoopOptions(const ClientLoopOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_ASYNC_CLIENT_LOOP_OPTIONS_H_
