// Each rule of what follows an ended connection or a failed attempt. The tests of the clients that
// reconnect show that they follow the plan.

#include "weft/client/reconnecting/reconnect_plan.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/client/reconnecting/retry_options.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/http/http_refusal.h"

namespace weft {
namespace {

const absl::Time kToday =
    absl::FromCivil(absl::CivilSecond(1994, 11, 6, 8, 49, 37), absl::UTCTimeZone());
constexpr absl::Duration kStart = absl::Hours(1);

// One client, whose attempts take no time. Each random number is 1/2, so each wait is the middle of
// its range.
class Life {
 public:
  explicit Life(const RetryOptions& options = {.backoff = {.first = absl::Seconds(2),
                                                           .longest = absl::Seconds(20)}})
      : plan_(options, [] { return 0.5; }) {}

  std::string Fails(const absl::Status& error) {
    plan_.Start(now_);
    return Take(plan_.AfterFailure(error, now_, kToday));
  }

  // A server answers with HTTP.
  std::string IsRefused(absl::string_view status, absl::string_view headers = "") {
    return Fails(WithRefusal(absl::UnavailableError("refused"),
                             absl::StrCat("HTTP/1.1 ", status, "\r\n", headers, "\r\n"), ""));
  }

  // A connection lasts this long, and then the server closes it with `code`.
  std::string Lasts(absl::Duration uptime, CloseCode code = CloseCode::kGoingAway) {
    plan_.Start(now_);
    plan_.Connected(now_);
    now_ += uptime;
    return Take(plan_.AfterLoss(absl::UnavailableError("lost"), code, now_));
  }

  // A connection that cannot be used ends.
  std::string EndsUnused() {
    plan_.Start(now_);
    return Take(plan_.AfterLoss(absl::UnavailableError("unused"), CloseCode::kGoingAway, now_));
  }

  // The time since the start.
  absl::Duration time() const { return now_ - kStart; }

 private:
  std::string Take(const ReconnectEvent& next) {
    now_ += next.wait;
    return next.ToString();
  }

  absl::Duration now_ = kStart;
  ReconnectPlan plan_;
};

TEST(ReconnectPlanTest, EachWaitIsLongerUpToALimit) {
  Life life;
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "waiting 1s before attempt 2: x");
  EXPECT_EQ(life.IsRefused("503 x"), "waiting 2s before attempt 3: refused");
  EXPECT_EQ(life.Fails(absl::DeadlineExceededError("y")), "waiting 4s before attempt 4: y");
  EXPECT_EQ(life.Lasts(absl::ZeroDuration()), "waiting 8s before attempt 5: lost");
  EXPECT_EQ(life.EndsUnused(), "waiting 10s before attempt 6: unused");
  EXPECT_EQ(life.EndsUnused(), "waiting 10s before attempt 7: unused");
}

TEST(ReconnectPlanTest, Rfc9110Section_10_2_3_RetryAfter) {
  Life life;
  EXPECT_EQ(life.IsRefused("503 x", "Retry-After: 120\r\n"),
            "waiting 2m1s before attempt 2: refused");
  // By the clock of the server, if it says the time.
  EXPECT_EQ(life.IsRefused("429 x",
                           "Date: Sun, 06 Nov 1994 00:00:00 GMT\r\n"
                           "Retry-After: Sun, 06 Nov 1994 00:10:00 GMT\r\n"),
            "waiting 10m2s before attempt 3: refused");
  EXPECT_EQ(life.IsRefused("503 x", "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n"),
            "waiting 1m4s before attempt 4: refused");
  EXPECT_EQ(life.IsRefused("503 x", "Retry-After: never\r\n"),
            "waiting 8s before attempt 5: refused");
  EXPECT_EQ(life.IsRefused("503 x", "Retry-After: 99999999\r\n"),
            "waiting 1h10s before attempt 6: refused");
}

TEST(ReconnectPlanTest, Section_7_4_1_WaitsLongerIfTheServerAsksForIt) {
  EXPECT_EQ(Life().Lasts(absl::ZeroDuration(), CloseCode::kServiceRestart),
            "waiting 17.5s before attempt 2: lost");
  EXPECT_EQ(Life().Lasts(absl::ZeroDuration(), CloseCode::kTryAgainLater),
            "waiting 45s before attempt 2: lost");
  EXPECT_EQ(Life().Lasts(absl::ZeroDuration(), CloseCode::kNormal),
            "waiting 1s before attempt 2: lost");
}

TEST(ReconnectPlanTest, OnlyAConnectionThatLastedStartsOver) {
  Life life;
  life.Fails(absl::UnavailableError("x"));
  EXPECT_EQ(life.Lasts(absl::Seconds(29)), "waiting 2s before attempt 3: lost");
  EXPECT_EQ(life.Lasts(absl::Seconds(30)), "waiting 1s before attempt 1: lost");
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "waiting 2s before attempt 2: x");

  // Not even a connection for which no time is short, if it could not be used.
  Life eager({.backoff = {.first = absl::Seconds(2), .reset_after = absl::ZeroDuration()}});
  EXPECT_EQ(eager.Lasts(absl::ZeroDuration()), "waiting 1s before attempt 1: lost");
  EXPECT_EQ(eager.EndsUnused(), "waiting 2s before attempt 2: unused");
}

TEST(ReconnectPlanTest, GivesUpOnErrorsThatWouldOccurAgain) {
  for (const char* status : {"400 x", "401 x", "403 x", "404 x", "410 x", "426 x", "499 x"}) {
    EXPECT_EQ(Life().IsRefused(status), "gave up: refused") << status;
  }
  for (const auto& error : {absl::CancelledError("x"), absl::FailedPreconditionError("x"),
                            absl::InvalidArgumentError("x"), absl::PermissionDeniedError("x"),
                            absl::UnauthenticatedError("x"), absl::UnimplementedError("x")}) {
    EXPECT_EQ(Life().Fails(error), "gave up: x") << error;
  }
}

TEST(ReconnectPlanTest, TriesAgainAfterErrorsThatPass) {
  for (const char* status : {"200 x", "302 x", "408 x", "425 x", "429 x", "500 x", "503 x"}) {
    EXPECT_EQ(Life().IsRefused(status), "waiting 1s before attempt 2: refused") << status;
  }
  for (const auto& error :
       {absl::UnavailableError("x"), absl::DeadlineExceededError("x"), absl::NotFoundError("x"),
        absl::InternalError("x"), absl::ResourceExhaustedError("x"), absl::UnknownError("x")}) {
    EXPECT_EQ(Life().Fails(error), "waiting 1s before attempt 2: x") << error;
  }
}

TEST(ReconnectPlanTest, GivesUpAfterItsAttempts) {
  Life life({.backoff = {.first = absl::Seconds(2)}, .max_attempts = 3});
  life.Fails(absl::UnavailableError("x"));
  life.Lasts(absl::Seconds(5));
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "gave up: gave up after 3 attempts in 8s: x");

  Life once({.max_attempts = 1});
  EXPECT_EQ(once.Fails(absl::UnavailableError("x")), "gave up: gave up after 1 attempt in 0: x");

  // A connection that lasted gives it all of them again.
  Life lasting({.backoff = {.first = absl::Seconds(2)}, .max_attempts = 1});
  EXPECT_EQ(lasting.Lasts(absl::Hours(1)), "waiting 1s before attempt 1: lost");
  EXPECT_EQ(lasting.Lasts(absl::Hours(1)), "waiting 1s before attempt 1: lost");
}

// Rather than wait for an attempt that comes too late.
TEST(ReconnectPlanTest, GivesUpAfterItsTime) {
  Life life({.backoff = {.first = absl::Seconds(2)}, .give_up_after = absl::Seconds(7)});
  life.Fails(absl::UnavailableError("x"));
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "waiting 2s before attempt 3: x");
  EXPECT_EQ(life.time(), absl::Seconds(3));
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "waiting 4s before attempt 4: x");
  EXPECT_EQ(life.Fails(absl::UnavailableError("x")), "gave up: gave up after 4 attempts in 7s: x");

  Life lasting({.backoff = {.first = absl::Seconds(2)}, .give_up_after = absl::Seconds(7)});
  EXPECT_EQ(lasting.Lasts(absl::Hours(1)), "waiting 1s before attempt 1: lost");
  EXPECT_EQ(lasting.Fails(absl::UnavailableError("x")), "waiting 2s before attempt 2: x");

  // The wait for the first attempt after a connection that lasted is too long.
  Life hasty({.backoff = {.first = absl::Seconds(2)}, .give_up_after = absl::Milliseconds(500)});
  EXPECT_EQ(hasty.Lasts(absl::Hours(1)),
            "gave up: gave up before another attempt, whose wait of 1s exceeds "
            "retry.give_up_after: lost");
}

}  // namespace
}  // namespace weft
