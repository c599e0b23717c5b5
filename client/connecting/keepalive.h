// Decides when to ping a silent peer, and when to give it up.

#ifndef WEFT_CLIENT_CONNECTING_KEEPALIVE_H_
#define WEFT_CLIENT_CONNECTING_KEEPALIVE_H_

#include "absl/time/time.h"

namespace weft {

// Has no clock: each call gets the time since an arbitrary fixed moment. Not thread-safe.
//
//   switch (keepalive.Check(now)) {
//     case Keepalive::Verdict::kPing: connection.SendPing(); break;
//     case Keepalive::Verdict::kGone: ...
//     case Keepalive::Verdict::kWait: break;
//   }
//   Wait for input until keepalive.due();
class Keepalive {
 public:
  enum class Verdict {
    kWait,
    kPing,  // returned once in each period of silence
    kGone,
  };

  // After a silence of `interval` a ping is due; after a further silence of `timeout` the peer is
  // gone. Either may be infinite.
  Keepalive(absl::Duration interval, absl::Duration timeout, absl::Duration now)
      : interval_(interval), timeout_(timeout), due_(now + interval) {}

  // Data was received.
  void Heard(absl::Duration now) {
    pinged_ = false;
    due_ = now + interval_;
  }

  Verdict Check(absl::Duration now) {
    if (now < due_) return Verdict::kWait;
    if (pinged_) return Verdict::kGone;
    pinged_ = true;
    due_ = now + timeout_;
    return Verdict::kPing;
  }

  // When to check next.
  absl::Duration due() const { return due_; }

 private:
  absl::Duration interval_;
  absl::Duration timeout_;
  absl::Duration due_;
  bool pinged_ = false;
};

}  // namespace weft

#endif  // WEFT_CLIENT_CONNECTING_KEEPALIVE_H_
