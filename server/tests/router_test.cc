#include "weft/server/router.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/http/http_status.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/metrics/prometheus.h"
#include "weft/server/running_server.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Refuses with `name`, so that the answer shows which endpoint was called.
Acceptor Endpoint(const std::string& name) {
  return [name](const SessionRequest&, UpgradeResponse&) { return absl::AbortedError(name); };
}

// Answers with `name` and the subpath.
Pages Named(const std::string& name) {
  return [name](const PageRequest& request) -> absl::StatusOr<PageResponse> {
    return Page("text/plain", absl::StrCat(name, " ", request.subpath));
  };
}

class FakeServer : public RunningServer {
 public:
  absl::Status Publish(absl::string_view, const EncodedMessage&, const SendOptions&) override {
    return absl::OkStatus();
  }
  size_t subscribers(absl::string_view) const override { return 0; }
  ServerMetrics metrics() const override {
    ServerMetrics metrics;
    metrics.connections = 42;
    return metrics;
  }
  bool draining() const override { return draining_; }

  bool draining_ = false;
};

std::string Upgrade(const Router& router, absl::string_view target) {
  SessionRequest request;
  request.target = std::string(target);
  UpgradeResponse response;
  const absl::Status status = router.acceptor()(request, response).status();
  return absl::IsAborted(status) ? std::string(status.message())
                                 : absl::StrCat(HttpStatusOf(status));
}

std::string Ask(const Router& router, absl::string_view target, absl::string_view method = "GET",
                RunningServer* server = nullptr) {
  PageRequest request;
  request.method = method;
  request.target = target;
  request.server = server;
  const absl::StatusOr<PageResponse> page = router.pages()(request);
  return page.ok() ? page->body : absl::StrCat(HttpStatusOf(page.status()));
}

TEST(RouterTest, EndpointsAndPagesInOneTable) {
  Router router;
  router.WebSocket("/chat", Endpoint("chat")).Get("/", Named("home")).Get("/chat", Named("room"));
  router.WebSocket("/feed", Endpoint("feed"));
  EXPECT_EQ(Upgrade(router, "/chat"), "chat");
  EXPECT_EQ(Upgrade(router, "/chat?room=1"), "chat");
  EXPECT_EQ(Upgrade(router, "/"), "404");
  EXPECT_EQ(Upgrade(router, "/chat/"), "404");
  EXPECT_EQ(Ask(router, "/chat"), "room ");
  EXPECT_EQ(Ask(router, "/?a"), "home ");
  EXPECT_EQ(Ask(router, "/feed"), "426");
  EXPECT_EQ(Ask(router, "/nothing"), "404");
  EXPECT_TRUE(router.status().ok());
}

TEST(RouterTest, TheLongestPathThatFits) {
  Router router;
  router.Get("/*", Named("all")).Get("/a/*", Named("a")).Get("/a/b/*", Named("ab"));
  router.Get("/a/b/c", Named("abc")).WebSocket("/a/*", Endpoint("a"));
  EXPECT_EQ(Ask(router, "/"), "all ");
  EXPECT_EQ(Ask(router, "/x/y?z"), "all x/y");
  EXPECT_EQ(Ask(router, "/a"), "all a");
  EXPECT_EQ(Ask(router, "/a/"), "a ");
  EXPECT_EQ(Ask(router, "/a/x"), "a x");
  EXPECT_EQ(Ask(router, "/a/b/x/y"), "ab x/y");
  EXPECT_EQ(Ask(router, "/a/b/c"), "abc ");
  EXPECT_EQ(Upgrade(router, "/a/x"), "a");
  EXPECT_EQ(Upgrade(router, "/a/b/c"), "a");  // a page does not hide an endpoint
  EXPECT_EQ(Upgrade(router, "/x"), "404");
}

TEST(RouterTest, Methods) {
  Router router;
  router.Get("/page", Named("page")).Any("/form", Named("form"));
  EXPECT_EQ(Ask(router, "/page", "HEAD"), "page ");
  EXPECT_EQ(Ask(router, "/page", "POST"), "405");
  EXPECT_EQ(Ask(router, "/form", "POST"), "form ");
}

TEST(RouterTest, SaysWhatIsWrongWithAPath) {
  EXPECT_EQ(Router().Get("page", Named("")).status().message(),
            "the path \"page\" does not begin with '/'");
  EXPECT_EQ(Router().Get("/a", Named("")).Any("/a", Named("")).status().message(),
            "there are two pages on the path \"/a\"");
  EXPECT_EQ(Router().WebSocket("/a", Endpoint("")).WebSocket("/a", Endpoint("")).status().message(),
            "there are two WebSocket endpoints on the path \"/a\"");
  EXPECT_FALSE(Router().Get("/metrics", Named("")).ServeStatus().status().ok());
}

TEST(RouterTest, StatusPages) {
  Router router;
  router.ServeStatus();
  FakeServer server;
  EXPECT_EQ(Ask(router, "/healthz", "GET", &server), "ok\n");
  EXPECT_EQ(Ask(router, "/readyz", "GET", &server), "ready\n");
  EXPECT_THAT(Ask(router, "/metrics", "GET", &server), HasSubstr("\nweft_connections 42\n"));
  server.draining_ = true;
  EXPECT_EQ(Ask(router, "/healthz", "GET", &server), "ok\n");
  EXPECT_EQ(Ask(router, "/readyz", "GET", &server), "503");
}

TEST(RouterTest, StatusPagesCanBeMovedAndTurnedOff) {
  Router router;
  router.ServeStatus({.healthz = "", .readyz = "/up", .metrics = ""});
  FakeServer server;
  EXPECT_EQ(Ask(router, "/healthz", "GET", &server), "404");
  EXPECT_EQ(Ask(router, "/readyz", "GET", &server), "404");
  EXPECT_EQ(Ask(router, "/metrics", "GET", &server), "404");
  EXPECT_EQ(Ask(router, "/up", "GET", &server), "ready\n");
}

TEST(RouterTest, OwnMetricsFollowThoseOfTheServer) {
  Router router;
  router.ServeStatus(
      {.own_metrics = [](PrometheusWriter& out) { out.Gauge("chat_rooms", "Rooms.", 3); }});
  FakeServer server;
  const std::string page = Ask(router, "/metrics", "GET", &server);
  EXPECT_THAT(page, HasSubstr("\nweft_connections 42\n"));
  EXPECT_THAT(page, EndsWith("\n# TYPE chat_rooms gauge\nchat_rooms 3\n"));
}

TEST(RouterTest, ARefusedMetricIsAnErrorOfThePage) {
  Router router;
  router.ServeStatus(
      {.own_metrics = [](PrometheusWriter& out) { out.Gauge("weft_rooms", "Rooms.", 3); }});
  FakeServer server;
  PageRequest request;
  request.method = "GET";
  request.target = "/metrics";
  request.server = &server;
  const absl::Status status = router.pages()(request).status();
  EXPECT_EQ(HttpStatusOf(status), 500);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"weft_rooms\""));
}

}  // namespace
}  // namespace weft
