// Measures what upgrades that wait cost the other sessions of their loop.
//
//   bazel run --config=opt //bench/late
//
// A server with one loop gets --upgrades upgrade requests at once, each of which waits for --wait
// before it is accepted, in each of the ways in which an acceptor may wait. Meanwhile a session on
// the same loop sends one message after the other to an echo. Prints the round trips of the echo,
// also without any upgrades, and the time until the last upgrade is answered.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/bench/engine/histogram.h"
#include "weft/bench/open.h"
#include "weft/client.h"
#include "weft/coro.h"
#include "weft/server.h"

ABSL_FLAG(int, upgrades, 1000, "upgrade requests at once");
ABSL_FLAG(absl::Duration, wait, absl::Milliseconds(100), "how long each waits");
ABSL_FLAG(int, threads, 100, "handler threads, for the acceptor that blocks one");
ABSL_FLAG(int, rounds, 5, "rounds of each kind; the figures are of all together");

namespace {

using weft::bench::Greeting;
using weft::bench::Histogram;

class Silent : public weft::Handler {
 public:
  void OnMessage(weft::Session&, const weft::Message&) override {}
};

// A database on a thread of its own: gives each answer when its time has come.
class Database {
 public:
  Database() : thread_([this] { Run(); }) {}
  ~Database() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  // `wait` is the same in all calls.
  void Ask(absl::Duration wait, std::function<void()> done) {
    const std::lock_guard<std::mutex> lock(mutex_);
    queries_.push_back({Clock::now() + absl::ToChronoMilliseconds(wait), std::move(done)});
    changed_.notify_one();
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Query {
    Clock::time_point due;
    std::function<void()> done;
  };

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ending_) {
      if (queries_.empty()) {
        changed_.wait(lock);
      } else if (Clock::now() < queries_.front().due) {
        changed_.wait_until(lock, queries_.front().due);
      } else {
        const Query query = std::move(queries_.front());
        queries_.pop_front();
        lock.unlock();
        query.done();
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Query> queries_;
  bool ending_ = false;
  std::thread thread_;
};

weft::Task<> Echo(weft::coro::Session session) {
  while (const auto message = co_await session.Receive()) {
    if (!(co_await session.Send(*message)).ok()) co_return;
  }
}

weft::Router TheRouter(Database& database, absl::Duration wait, bool has_handler_threads) {
  weft::Router router;
  router.WebSocket("/echo", weft::coro::Handler(Echo));
  router.WebSocket(
      "/callback", [&database, wait](const weft::SessionRequest& request, weft::UpgradeResponse&) {
        database.Ask(
            wait, [answer = request.AnswerLater()] { answer.Accept(std::make_unique<Silent>()); });
        return std::unique_ptr<weft::Handler>();
      });
  router.WebSocket(
      "/coroutine",
      weft::coro::Accept([wait](const weft::SessionRequest&, weft::UpgradeResponse&)
                             -> weft::Task<absl::StatusOr<std::unique_ptr<weft::Handler>>> {
        absl::Status status = co_await weft::coro::Sleep(wait);
        if (!status.ok()) co_return status;
        co_return std::make_unique<Silent>();
      }));
  if (!has_handler_threads) return router;
  router.WebSocket("/handler_threads", weft::OnHandlerThreads([wait](const weft::SessionRequest&,
                                                                     weft::UpgradeResponse&) {
                     absl::SleepFor(wait);
                     return std::make_unique<Silent>();
                   }));
  return router;
}

struct Figures {
  Histogram round_trips;  // in nanoseconds
  int64_t count = 0;
  absl::Duration longest;   // round trip
  absl::Duration upgrades;  // until the last was answered, in the slowest round
};

// Echoes until `done`, at least once.
absl::Status MeasureEcho(weft::Client& client, const std::function<bool()>& done, Figures& into) {
  do {
    const absl::Time start = absl::Now();
    if (absl::Status sent = client.SendText("twenty bytes of text"); !sent.ok()) return sent;
    if (const auto message = client.Receive(absl::Seconds(30)); !message.ok()) {
      return message.status();
    }
    const absl::Duration time = absl::Now() - start;
    into.round_trips.Add(absl::ToInt64Nanoseconds(time));
    into.longest = std::max(into.longest, time);
    ++into.count;
  } while (!done());
  return absl::OkStatus();
}

// One round: upgrades of `path`, or an idle loop for as long as they would take if that is empty.
absl::Status Round(weft::Client& echo, const weft::SocketAddress& server, const std::string& path,
                   Figures& into) {
  const absl::Time start = absl::Now();
  if (path.empty()) {
    const absl::Time end = start + 3 * absl::GetFlag(FLAGS_wait);
    return MeasureEcho(
        echo, [end] { return absl::Now() >= end; }, into);
  }
  const size_t upgrades = absl::GetFlag(FLAGS_upgrades);
  std::atomic<bool> done{false};
  absl::StatusOr<std::vector<weft::Stream>> opened;
  std::thread opening([&] {
    opened = weft::bench::Open({.server = server,
                                .greeting = Greeting::WebSocket("localhost", path),
                                .connections = upgrades,
                                .concurrency = upgrades});
    done = true;
  });
  const absl::Status status = MeasureEcho(
      echo, [&done] { return done.load(); }, into);
  opening.join();
  into.upgrades = std::max(into.upgrades, absl::Now() - start);
  return status.ok() ? opened.status() : status;
}

absl::Status Measure(const std::string& path) {
  Database database;
  const int threads = path == "/handler_threads" ? absl::GetFlag(FLAGS_threads) : 0;
  const weft::ServerOptions options = {.handler_threads = threads,
                                       .limits = {.max_connections = 100000}};
  const weft::Router router = TheRouter(database, absl::GetFlag(FLAGS_wait), threads > 0);
  auto server = weft::Server::Start(options, router);
  if (!server.ok()) return server.status();
  auto echo =
      weft::Client::Connect(absl::StrCat("ws://", (*server)->address().ToString(), "/echo"));
  if (!echo.ok()) return echo.status();
  Figures figures;
  for (int i = 0; i < absl::GetFlag(FLAGS_rounds); ++i) {
    if (absl::Status status = Round(**echo, (*server)->address(), path, figures); !status.ok()) {
      return status;
    }
  }
  const auto ms = [&figures](double share) {
    return static_cast<double>(figures.round_trips.Percentile(share)) / 1e6;
  };
  std::cout << absl::StreamFormat(
      "%-17s %9d %8.3f %8.3f %8.3f %8.3f   %s\n", path.empty() ? "no upgrades" : path.substr(1),
      figures.count, ms(0.5), ms(0.99), ms(0.999), absl::ToDoubleMilliseconds(figures.longest),
      path.empty() ? "" : absl::StrFormat("%.0f ms", absl::ToDoubleMilliseconds(figures.upgrades)));
  std::cout.flush();
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures what upgrades that wait cost other sessions.");
  absl::ParseCommandLine(argc, argv);
  std::cout << absl::StreamFormat(
      "%d upgrades at once, each waits %s\n%-17s %9s %8s %8s %8s %8s   last upgrade after\n",
      absl::GetFlag(FLAGS_upgrades), absl::FormatDuration(absl::GetFlag(FLAGS_wait)),
      "the acceptor", "echoes", "p50_ms", "p99_ms", "p99.9_ms", "max_ms");
  for (const char* path : {"", "/callback", "/coroutine", "/handler_threads"}) {
    if (absl::Status status = Measure(path); !status.ok()) {
      std::cerr << path << ": " << status << "\n";
      return 1;
    }
  }
  return 0;
}
