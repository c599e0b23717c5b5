#include "weft/server/router.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"
#include "weft/core/http/http_status.h"
#include "weft/server/http/page.h"
#include "weft/server/metrics/metrics.h"
#include "weft/server/metrics/prometheus.h"
#include "weft/server/running_server.h"
#include "weft/server/server.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Refuses with `name`, so that the answer shows which endpoint was called.
Acceptor NamedHandler(const std::string& name) {
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
  void Publish(absl::string_view, const EncodedMessage&, const SendOptions&,
               PublishCallback) override {}
  size_t subscribers(absl::string_view) const override { return 0; }
  ServerMetrics metrics() const override {
    ServerMetrics metrics;
    metrics.connections = 42;
    return metrics;
  }
  bool draining() const override { return draining_; }
  absl::Duration broker_away() const override { return broker_away_; }

  bool draining_ = false;
  absl::Duration broker_away_;
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
  router.WebSocket("/chat", NamedHandler("chat"))
      .Get("/", Named("home"))
      .Get("/chat", Named("room"));
  router.WebSocket("/feed", NamedHandler("feed"));
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
  router.Get("/a/b/c", Named("abc")).WebSocket("/a/*", NamedHandler("a"));
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

// Answers with `name` and the parameters.
template <typename Request>
std::string NameAndParameters(const std::string& name, const Request& request) {
  std::string all = name;
  for (const auto& [key, value] : request.path_parameters) {
    EXPECT_EQ(request.path(key), value);
    absl::StrAppend(&all, " ", key, "=", value);
  }
  EXPECT_FALSE(request.path("no such name").has_value());
  return all;
}

TEST(RouterTest, NamedSegments) {
  Router router;
  for (const std::string path : {"/rooms/{id}", "/rooms/new", "/rooms/{id}/{part}", "/rooms/*"}) {
    router.WebSocket(path, [path](const SessionRequest& request, UpgradeResponse&) {
      return absl::AbortedError(NameAndParameters(path, request));
    });
    router.Get(path, [path](const PageRequest& request) -> absl::StatusOr<PageResponse> {
      return Page("text/plain",
                  absl::StrCat(NameAndParameters(path, request), " ", request.subpath));
    });
  }
  ASSERT_TRUE(router.status().ok()) << router.status();
  const struct {
    std::string target, route, subpath;
  } kCases[] = {
      {"/rooms/7", "/rooms/{id} id=7", ""},
      {"/rooms/a%20b?x={y}", "/rooms/{id} id=a b", ""},
      {"/rooms/new", "/rooms/new", ""},
      {"/rooms/%6eew", "/rooms/{id} id=new", ""},
      {"/rooms/new/seats", "/rooms/{id}/{part} id=new part=seats", ""},
      {"/rooms/", "/rooms/*", ""},
      {"/rooms/..", "/rooms/*", ".."},
      {"/rooms/a%2Fb", "/rooms/*", "a%2Fb"},
      {"/rooms/1/2/3", "/rooms/*", "1/2/3"},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(Upgrade(router, each.target), each.route);
    EXPECT_EQ(Ask(router, each.target), absl::StrCat(each.route, " ", each.subpath));
  }
  EXPECT_EQ(Upgrade(router, "/rooms"), "404");
  EXPECT_EQ(Ask(router, "/rooms"), "404");
}

// A path is matched by the simplest rules: all patterns, each segment of each.
struct Model {
  // The rank of each segment of a pattern that matches: 0 a literal, 1 a name, 2 the rest.
  static std::optional<std::vector<int>> Ranks(const std::string& pattern,
                                               const std::string& path) {
    const std::vector<std::string> wanted = absl::StrSplit(pattern, '/');
    const std::vector<std::string> sent = absl::StrSplit(path, '/');
    std::vector<int> ranks;
    for (size_t i = 1; i < wanted.size(); ++i) {
      if (i >= sent.size()) return std::nullopt;
      if (wanted[i] == "*") {
        ranks.push_back(2);
        return ranks;
      }
      const bool named = wanted[i][0] == '{';
      const bool value = sent[i] == "a" || sent[i] == "b" || sent[i] == "%61";
      if (named ? !value : wanted[i] != sent[i]) return std::nullopt;
      ranks.push_back(named ? 1 : 0);
    }
    if (sent.size() != wanted.size()) return std::nullopt;
    return ranks;
  }

  std::string Find(const std::string& path) const {
    std::optional<std::pair<std::vector<int>, std::string>> best;
    for (const std::string& pattern : patterns) {
      const auto ranks = Ranks(pattern, path);
      if (ranks.has_value() && (!best.has_value() || *ranks < best->first)) {
        best.emplace(*ranks, pattern);
      }
    }
    return best.has_value() ? best->second : "404";
  }

  std::vector<std::string> patterns;
};

TEST(RouterTest, FindsWhatASimpleModelFinds) {
  std::mt19937 random(7);
  const auto one_of = [&random](const std::vector<std::string>& all) {
    return all[random() % all.size()];
  };
  int found = 0;
  for (int table = 0; table < 300; ++table) {
    Router router;
    Model model;
    for (int i = 0; i < 12; ++i) {
      std::string pattern;
      const uint32_t segments = 1 + random() % 3;
      for (uint32_t at = 0; at < segments; ++at) {
        absl::StrAppend(&pattern, "/", one_of({"a", "b", "", absl::StrCat("{n", at, "}")}));
      }
      if (random() % 4 == 0) pattern += "/*";
      // Names are those of their places, so that the same paths have the same text.
      if (std::count(model.patterns.begin(), model.patterns.end(), pattern) > 0) continue;
      model.patterns.push_back(pattern);
      router.WebSocket(pattern, NamedHandler(pattern));
    }
    ASSERT_TRUE(router.status().ok()) << router.status();
    for (int i = 0; i < 40; ++i) {
      std::string path;
      const uint32_t segments = 1 + random() % 4;
      for (uint32_t at = 0; at < segments; ++at) {
        absl::StrAppend(&path, "/", one_of({"a", "b", "", "%61", "..", "%2f", "c%"}));
      }
      const std::string expected = model.Find(path);
      if (expected != "404") ++found;
      ASSERT_EQ(Upgrade(router, path), expected) << path << " among\n"
                                                 << absl::StrJoin(model.patterns, "\n");
    }
  }
  EXPECT_GT(found, 1000);
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
  EXPECT_EQ(Router()
                .WebSocket("/a", NamedHandler(""))
                .WebSocket("/a", NamedHandler(""))
                .status()
                .message(),
            "there are two WebSocket endpoints on the path \"/a\"");
  EXPECT_FALSE(Router().Get("/metrics", Named("")).ServeStatus().status().ok());
  EXPECT_EQ(Router().Get("/r/{id}", Named("")).Any("/r/{name}", Named("")).status().message(),
            "the pages \"/r/{id}\" and \"/r/{name}\" match the same paths");
  EXPECT_EQ(Router().WebSocket("/r/{id", NamedHandler("")).status().message(),
            "the path \"/r/{id\" has the segment \"{id\", expected {name}, of letters, digits and "
            "'_'");
  // The first one.
  EXPECT_EQ(Router().Get("a", Named("")).Get("/{", Named("")).status().message(),
            "the path \"a\" does not begin with '/'");
  EXPECT_EQ(Server::Start({}, Router().Get("/{}", Named(""))).status().message(),
            "the path \"/{}\" has the segment \"{}\", expected {name}, of letters, digits and '_'");
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
  server.draining_ = false;
  server.broker_away_ = absl::Milliseconds(4999);
  EXPECT_EQ(Ask(router, "/readyz", "GET", &server), "ready\n");
  server.broker_away_ = absl::Seconds(5);
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
