// How long to wait before trying again.

#ifndef WEFT_CLIENT_BACKOFF_H_
#define WEFT_CLIENT_BACKOFF_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace weft {

struct BackoffOptions {
  // The first wait is between nothing and this.
  absl::Duration first = absl::Seconds(1);

  // Each further one can be twice as long, up to this.
  absl::Duration longest = absl::Minutes(1);

  // A connection that stayed up for this long makes the next wait a first one again. A shorter one
  // does not: a server that accepts everybody and then fails has to be spared as well.
  absl::Duration reset_after = absl::Seconds(30);

  // When a server asks for a longer wait than this, it gets this.
  absl::Duration longest_asked = absl::Hours(1);
};

// A wait that a server asks for: at least so long, and up to `spread` more, at random, so that
// those whom it asked do not come back at once.
struct Pause {
  absl::Duration at_least{};
  absl::Duration spread{};
};

// Exponential backoff with full jitter: each wait is random between nothing and a limit that
// doubles, so that the clients of a server that went down come back one by one. Without a clock;
// not thread-safe.
//
//   Backoff backoff({}, random);
//   while (!Connect()) Sleep(backoff.Next());
//   ... the connection ends ...
//   backoff.Held(uptime);
//   Sleep(backoff.Next());
class Backoff {
 public:
  // `random` returns numbers from 0 up to, but never, 1.
  Backoff(const BackoffOptions& options, std::function<double()> random);

  // The next wait. After `asked.at_least`, at random in the wider of `asked.spread` and what it is
  // the turn of.
  absl::Duration Next(const Pause& asked = {});

  // A connection has ended that was up for so long. Whether that was long enough to begin anew.
  bool Held(absl::Duration uptime);

 private:
  BackoffOptions options_;
  std::function<double()> random_;
  absl::Duration limit_;
};

// InvalidArgument with the name of a time that is not more than 0, or infinite: there would be no
// wait, or no end of it.
absl::Status CheckBackoff(const BackoffOptions& options);

}  // namespace weft

#endif  // WEFT_CLIENT_BACKOFF_H_
