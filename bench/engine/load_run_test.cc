#include "weft/bench/engine/load_run.h"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/server.h"
#include "weft/transport/notification.h"

namespace weft::bench {
namespace {

class Echo : public Handler {
 public:
  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }
};

class Mute : public Handler {
 public:
  void OnMessage(Session&, const Message&) override {}
};

class LoadRunTest : public ::testing::Test {
 protected:
  template <typename TheHandler>
  void Serve(ServerOptions options = {}) {
    Serve(std::move(options),
          [](const SessionRequest&, UpgradeResponse&) { return std::make_unique<TheHandler>(); });
  }

  void Serve(ServerOptions options, Acceptor acceptor) {
    options.port = 0;
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(std::move(options), std::move(acceptor));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    options_.url = absl::StrCat("ws://", server_->address().ToString(), "/");
  }

  LoadRunTest() {
    options_.client.cancel = std::make_shared<const Notification>(*Notification::Create());
    options_.client.timeouts.connect = absl::Seconds(30);
    options_.connections = 5;
    options_.concurrency = 2;
    options_.threads = 2;
  }

  LoadOptions options_;
  std::unique_ptr<Server> server_;
};

constexpr LoadTimes kShort = {.ramp_up = absl::Milliseconds(2),
                              .warm_up = absl::Milliseconds(2),
                              .duration = absl::Milliseconds(50)};

TEST_F(LoadRunTest, AClosedLoopOnThreadsAndAgain) {
  Serve<Echo>();
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  for (int round = 0; round < 2; ++round) {
    bool measuring = false;
    const LoadResult result = (*run)->Run(kShort, [&measuring](const LoadProgress& progress) {
      measuring |= progress.phase == LoadProgress::Phase::kMeasuring;
    });
    EXPECT_TRUE(measuring);
    EXPECT_GT(result.messages, 0u);
    EXPECT_GE(result.round_trips.total(), result.messages);
    EXPECT_GE(result.time, kShort.duration);
    EXPECT_EQ(result.open_connections, 5u);
    EXPECT_EQ(result.failures.total(), 0u);
    EXPECT_EQ(result.unanswered, 0u);
    EXPECT_FALSE(result.server_cpu_seconds.has_value());
  }
}

TEST_F(LoadRunTest, AnOpenLoop) {
  Serve<Echo>();
  options_.rate = 1000;
  options_.messages.depth = 4;
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  const LoadResult result = (*run)->Run(kShort, nullptr);
  EXPECT_GT(result.due, 0u);
  EXPECT_GE(result.round_trips.total(), result.due);
  EXPECT_EQ(result.failures.total(), 0u);
}

TEST_F(LoadRunTest, Compressed) {
  ServerOptions server;
  server.connection.compression.use = CompressionOptions::Use::kOn;
  Serve<Echo>(std::move(server));
  options_.client.connection.compression.use = CompressionOptions::Use::kRequired;
  options_.messages.content = std::string(10000, 'x');
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  const LoadResult result = (*run)->Run(kShort, nullptr);
  EXPECT_GT(result.messages, 0u);
  EXPECT_EQ(result.failures.total(), 0u);
}

TEST_F(LoadRunTest, RefusedConnectionsAreCounted) {
  ServerOptions server;
  server.limits.max_connections = 3;
  Serve<Echo>(std::move(server));
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ((*run)->open_connections(), 3u);
  const LoadResult result = (*run)->Run(kShort, nullptr);
  ASSERT_EQ(result.failures.kinds().size(), 1u);
  EXPECT_EQ(result.failures.kinds().begin()->first, "refused with HTTP 503");
  EXPECT_EQ(result.failures.total(), 2u);
}

// Servers of a few connections, whose sessions the test keeps.
struct Sessions {
  std::mutex mutex;
  std::vector<SessionRef> refs;
  std::promise<void> may_open;  // the second one, and those after it

  void CloseFirst() {
    const std::lock_guard<std::mutex> lock(mutex);
    refs[0].Close().IgnoreError();
  }
};

class KeptEcho : public Echo {
 public:
  explicit KeptEcho(Sessions& sessions) : sessions_(sessions) {}
  void OnOpen(Session& session) override {
    const std::lock_guard<std::mutex> lock(sessions_.mutex);
    sessions_.refs.push_back(session.ref());
  }

 private:
  Sessions& sessions_;
};

TEST_F(LoadRunTest, ConnectionsThatWaitForOthersAreRead) {
  Sessions sessions;
  std::shared_future<void> may_open = sessions.may_open.get_future().share();
  ServerOptions server;
  server.handler_threads = 2;
  std::atomic<int> requests{0};
  Serve(std::move(server),
        OnHandlerThreads([&](const SessionRequest&,
                             UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<Handler>> {
          if (requests++ > 0) may_open.wait();
          return std::make_unique<KeptEcho>(sessions);
        }));
  options_.connections = 2;
  bool closed = false, seen = false;
  const absl::StatusOr<std::unique_ptr<LoadRun>> run =
      LoadRun::Open(options_, [&](const LoadProgress& progress) {
        if (!std::exchange(closed, true)) sessions.CloseFirst();
        if (progress.result.failures.total() == 0 || std::exchange(seen, true)) return;
        sessions.may_open.set_value();
      });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_TRUE(seen);
  EXPECT_EQ((*run)->open_connections(), 1u);
  server_.reset();  // its handlers use `sessions`
}

TEST_F(LoadRunTest, ConnectionsThatWaitForTheirRunAreRead) {
  Sessions sessions;
  Serve({}, [&sessions](const SessionRequest&, UpgradeResponse&) {
    return std::make_unique<KeptEcho>(sessions);
  });
  options_.connections = 2;
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  sessions.CloseFirst();
  while ((*run)->open_connections() == 2) (*run)->Attend();
  const LoadResult result = (*run)->Run(kShort, nullptr);
  EXPECT_EQ(result.failures.total(), 1u);
  EXPECT_GT(result.messages, 0u);
  server_.reset();  // its handlers use `sessions`
}

// An echo that closes the first session at its second message; the first is the check of the echo.
class ClosesTheFirst : public Echo {
 public:
  explicit ClosesTheFirst(bool first) : first_(first) {}
  void OnMessage(Session& session, const Message& message) override {
    if (first_ && ++messages_ == 2) {
      session.Close().IgnoreError();
    } else {
      Echo::OnMessage(session, message);
    }
  }

 private:
  const bool first_;
  int messages_ = 0;
};

TEST_F(LoadRunTest, AThreadThatEndsEarlyDoesNotEndTheMeasurement) {
  std::atomic<int> requests{0};
  Serve({}, [&requests](const SessionRequest&, UpgradeResponse&) {
    return std::make_unique<ClosesTheFirst>(requests++ == 0);
  });
  options_.connections = options_.threads = 2;
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  using Phase = LoadProgress::Phase;
  Phase seen = Phase::kOpening;
  const LoadTimes times = {.warm_up = absl::Milliseconds(2), .duration = absl::InfiniteDuration()};
  const LoadResult result = (*run)->Run(times, [&](const LoadProgress& progress) {
    if (progress.result.open_connections == 2 || progress.result.messages == 0) return;
    if (options_.client.cancel->HasBeenNotified()) return;
    seen = progress.phase;
    if (seen >= Phase::kMeasuring) options_.client.cancel->Notify();
  });
  EXPECT_EQ(seen, Phase::kMeasuring);  // of the second thread
  EXPECT_EQ(result.failures.total(), 1u);
}

TEST_F(LoadRunTest, ItEndsWhenNoConnectionIsLeft) {
  Serve<Echo>();
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  const LoadResult result =
      (*run)->Run({.duration = absl::InfiniteDuration()}, [this](const LoadProgress& progress) {
        if (progress.phase == LoadProgress::Phase::kMeasuring) server_->Shutdown();
      });
  EXPECT_EQ(result.open_connections, 0u);
  EXPECT_EQ(result.failures.total(), 5u);
}

TEST_F(LoadRunTest, CancelEndsTheMeasurement) {
  Serve<Echo>();
  const absl::StatusOr<std::unique_ptr<LoadRun>> run = LoadRun::Open(options_, nullptr);
  ASSERT_TRUE(run.ok()) << run.status();
  const LoadResult result =
      (*run)->Run({.duration = absl::InfiniteDuration()}, [this](const LoadProgress& progress) {
        if (progress.result.messages > 0) options_.client.cancel->Notify();
      });
  EXPECT_GT(result.messages, 0u);
  EXPECT_EQ(result.failures.total(), 0u);
}

TEST_F(LoadRunTest, TheFirstConnectionDecides) {
  Serve<Mute>();
  options_.patience = absl::Milliseconds(20);
  absl::Status status = LoadRun::Open(options_, nullptr).status();
  EXPECT_EQ(status, absl::DataLossError("no echo within 20ms"));

  server_.reset();
  status = LoadRun::Open(options_, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), "Connection refused")) << status;

  options_.client.cancel->Notify();
  EXPECT_TRUE(absl::IsCancelled(LoadRun::Open(options_, nullptr).status()));
  options_.url = "nonsense";
  EXPECT_TRUE(absl::IsInvalidArgument(LoadRun::Open(options_, nullptr).status()));
}

}  // namespace
}  // namespace weft::bench
