#include "weft/core/http/http_status.h"

#include "gtest/gtest.h"

namespace weft {
namespace {

TEST(HttpStatusTest, AnErrorKeepsItsHttpStatus) {
  for (int http_status = 300; http_status < 600; ++http_status) {
    const absl::Status status = HttpError(http_status, "why");
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(HttpStatusOf(status), http_status);
    EXPECT_EQ(status.message(), "why");
  }
}

TEST(HttpStatusTest, TheCodeIsTheNearest) {
  EXPECT_EQ(HttpError(400, "").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HttpError(401, "").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(HttpError(403, "").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(HttpError(404, "").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(HttpError(426, "").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(HttpError(431, "").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(HttpError(503, "").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(HttpError(599, "").code(), absl::StatusCode::kInternal);
}

TEST(HttpStatusTest, AnyErrorHasAnHttpStatus) {
  EXPECT_EQ(HttpStatusOf(absl::OkStatus()), 200);
  EXPECT_EQ(HttpStatusOf(absl::InvalidArgumentError("")), 400);
  EXPECT_EQ(HttpStatusOf(absl::UnauthenticatedError("")), 401);
  EXPECT_EQ(HttpStatusOf(absl::PermissionDeniedError("")), 403);
  EXPECT_EQ(HttpStatusOf(absl::NotFoundError("")), 404);
  EXPECT_EQ(HttpStatusOf(absl::DeadlineExceededError("")), 408);
  EXPECT_EQ(HttpStatusOf(absl::UnimplementedError("")), 501);
  EXPECT_EQ(HttpStatusOf(absl::ResourceExhaustedError("")), 503);
  EXPECT_EQ(HttpStatusOf(absl::UnavailableError("")), 503);
  EXPECT_EQ(HttpStatusOf(absl::InternalError("")), 500);
  EXPECT_EQ(HttpStatusOf(absl::UnknownError("")), 500);
}

TEST(HttpStatusTest, Reasons) {
  EXPECT_EQ(HttpReason(101), "Switching Protocols");
  EXPECT_EQ(HttpReason(426), "Upgrade Required");
  EXPECT_EQ(HttpReason(299), "");
}

}  // namespace
}  // namespace weft
