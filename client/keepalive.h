// When to ask a silent peer whether it is still there, and when to give it up.

#ifndef WEFT_CLIENT_KEEPALIVE_H_
#define WEFT_CLIENT_KEEPALIVE_H_

#include "absl/time/time.h"

namespace weft {

// Has no clock: each call is told the time, as what has passed since any fixed moment. Not
// thread-safe.
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
    kPing,  // said once in each silence
    kGone,
  };

  // A silence of `interval` is worth a ping; another of `timeout` behind it is the end. Either may
  // be infinite.
  Keepalive(absl::Duration interval, absl::Duration timeout, absl::Duration now)
      : interval_(interval), timeout_(timeout), due_(now + interval) {}

  // Something was received.
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

  // When to check again.
  absl::Duration due() const { return due_; }

 private:
  absl::Duration interval_;
  absl::Duration timeout_;
  absl::Duration due_;
  bool pinged_ = false;
};

}  // namespace weft

#endif  // WEFT_CLIENT_KEEPALIVE_H_
