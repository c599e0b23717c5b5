// The wait before trying again.

#ifndef WEFT_CLIENT_CONNECTING_BACKOFF_H_
#define WEFT_CLIENT_CONNECTING_BACKOFF_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace weft {

struct BackoffOptions {
  // The first wait is between 0 and this. More than 0, and finite.
  absl::Duration first = absl::Seconds(1);

  // Each further one can be twice as long, up to this. More than 0, and finite.
  absl::Duration longest = absl::Minutes(1);

  // After a connection that lasted at least this long, the next wait is a first one again. After a
  // shorter one it is not: a server that accepts every connection and then fails must be spared,
  // too.
  absl::Duration reset_after = absl::Seconds(30);

  // The maximum wait that a server can ask for; a longer one is shortened to this. At least 0.
  absl::Duration longest_asked = absl::Hours(1);
};

// A wait that a server asks for: at least this long, plus a random part of up to `spread`, so that
// its clients do not all return at once.
struct Pause {
  absl::Duration at_least{};
  absl::Duration spread{};
};

// Exponential backoff with full jitter: each wait is random between 0 and a limit that doubles, so
// that the clients of a server that went down return one by one. Without a clock; not thread-safe.
//
//   Backoff backoff({}, random);
//   while (!Connect()) Sleep(backoff.Next());
//   ... the connection ends ...
//   backoff.Held(uptime);
//   Sleep(backoff.Next());
class Backoff {
 public:
  // `random` returns numbers from 0 (inclusive) to 1 (exclusive).
  Backoff(const BackoffOptions& options, std::function<double()> random);

  // The next wait: `asked.at_least`, plus a random time up to the larger of `asked.spread` and the
  // current limit.
  absl::Duration Next(const Pause& asked = {});

  // A connection has ended that lasted this long; if that was long enough, the waits start over.
  bool Held(absl::Duration uptime);

 private:
  BackoffOptions options_;
  std::function<double()> random_;
  absl::Duration limit_;
};

// InvalidArgument with the name of a time that is out of range. The first and the longest wait, and
// those that a server asks for, must be finite: there would be no attempt after an endless one.
absl::Status CheckBackoff(const BackoffOptions& options);
absl::Status CheckPause(const Pause& pause);

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_BACKOFF_H_
