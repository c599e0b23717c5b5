// Restarts a server again and again on a listening socket that stays open, as under systemd, while
// clients reconnect and new ones connect, and counts what the clients see.
//
//   bazel-bin/bench/restart/restart --restarts=50 -- bazel-bin/examples/echo/server --drain=1s
//
// With --talkers the clients check that a chat loses no line meanwhile.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/restart/chat_member.h"
#include "bench/restart/counted_client.h"
#include "bench/restart/counts.h"
#include "bench/restart/manager.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/async_reconnect_options.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/reconnect_ref.h"
#include "weft/client/connecting/client_options.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"
#include "weft/server.h"
#include "weft/transport/address.h"

ABSL_FLAG(int, restarts, 50, "how often the server is restarted");
ABSL_FLAG(int, clients, 1000, "clients that reconnect");
ABSL_FLAG(int, rate, 200, "new connections a second, each for one message");
ABSL_FLAG(int, talkers, 0,
          "the server is //examples/chat:server, which gets a Redis by --redis: the clients that "
          "reconnect are members of a room, and this number of them say a line each second");
ABSL_FLAG(absl::Duration, pause, absl::Seconds(1), "time between two restarts");
ABSL_FLAG(absl::Duration, spread, absl::Seconds(1),
          "the random wait of a client before it reconnects to a server that restarts");

namespace weft::bench {
namespace {

// Stays connected, and checks one echo a connection.
class Regular : public CountedClient {
 public:
  using CountedClient::CountedClient;

  void OnOpen(AsyncClient& client) override {
    counts().Count("sessions of the clients that reconnect");
    client.SendText("hello").IgnoreError();
  }
  void OnMessage(AsyncClient& /*client*/, const Message& message) override {
    if (message.payload != "hello") return counts().CountFailure(absl::DataLossError("echo"));
    counts().Count("their echoes");
  }
};

// Connects once, for one echo if the server echoes.
class Visitor : public ClientHandler {
 public:
  Visitor(Counts& counts, bool echoes) : counts_(counts), echoes_(echoes) {}

  void OnOpen(AsyncClient& client) override {
    counts_.Opened(absl::Now() - begun_);
    counts_.Count("new connections");
    if (!echoes_) return client.Close().IgnoreError();
    client.SendText("hello").IgnoreError();
  }
  void OnMessage(AsyncClient& client, const Message& /*message*/) override {
    echoed_ = true;
    client.Close().IgnoreError();
  }
  void OnClose(AsyncClient& /*client*/, const CloseInfo& /*info*/) override {
    if (echoes_ && !echoed_) counts_.Count("closed before the echo");
  }
  void OnFailed(const absl::Status& error) override {
    if (!absl::IsCancelled(error)) counts_.CountFailure(error);
  }

 private:
  Counts& counts_;
  const bool echoes_;
  const absl::Time begun_ = absl::Now();
  bool echoed_ = false;
};

// Calls `action` `rate` times a second until `done`, on a thread of its own.
std::thread Repeat(int rate, const std::atomic<bool>& done, std::function<void()> action) {
  return std::thread([rate, &done, action = std::move(action)] {
    absl::Time next = absl::Now();
    while (rate > 0 && !done) {
      absl::SleepFor(next - absl::Now());
      next += absl::Seconds(1) / rate;
      action();
    }
  });
}

AsyncReconnectOptions ReconnectOptions() {
  AsyncReconnectOptions options;
  options.client.timeouts.connect = absl::Minutes(1);
  options.retry.backoff = {.first = absl::Milliseconds(100), .longest = absl::Seconds(1)};
  options.retry.service_restart = {.at_least = absl::ZeroDuration(),
                                   .spread = absl::GetFlag(FLAGS_spread)};
  return options;
}

// Whether it holds within a minute.
bool WaitUntil(const std::function<bool()>& holds) {
  const absl::Time end = absl::Now() + absl::Minutes(1);
  while (!holds()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

// The clients that stay connected. With --talkers they are members of a room of the chat. Must
// outlive the loop.
class Regulars {
 public:
  explicit Regulars(Counts& counts) : counts_(counts) {}

  // Returns when all are connected, or with an error after a minute.
  absl::Status Connect(ClientLoop& loop, const std::string& url) {
    const uint64_t clients = absl::GetFlag(FLAGS_clients);
    const uint64_t talkers = absl::GetFlag(FLAGS_talkers);
    AsyncReconnectOptions options = ReconnectOptions();
    if (talkers > 0) options.client.request.subprotocols = {"chat.weft.v1"};
    for (uint64_t i = 0; i < clients; ++i) {
      if (talkers == 0) {
        loop.Reconnect(url, options, std::make_unique<Regular>(counts_));
        continue;
      }
      auto voice = std::make_shared<ChatVoice>(absl::StrCat("member", 1000 + i), log_);
      const ReconnectRef ref = loop.Reconnect(absl::StrCat(url, "/rooms/restart"), options,
                                              std::make_unique<ChatMember>(voice, log_, counts_));
      if (i < talkers) talkers_.push_back({std::move(voice), ref});
    }
    const bool connected = WaitUntil([&] {
      return (talkers == 0 ? counts_.count("their echoes") : log_.members.load()) >= clients;
    });
    return connected ? absl::OkStatus() : absl::UnavailableError("not all clients can connect");
  }

  // Each talker says a line.
  void Say() {
    for (const auto& [voice, ref] : talkers_) voice->Say(ref);
  }

  // Waits until all members have shown all lines, a minute at most.
  void WaitForLines() {
    WaitUntil([&] { return log_.shown >= log_.said * absl::GetFlag(FLAGS_clients); });
  }

  // After the end of the loop. Prints the lines that were lost, and returns an error if there are.
  absl::Status Report() {
    if (talkers_.empty()) return absl::OkStatus();
    const uint64_t expected = log_.said * absl::GetFlag(FLAGS_clients);
    absl::PrintF("%-44s %8d\n", "lines said", log_.said.load());
    absl::PrintF("%-44s %8d\n", "lines shown, by all members", log_.shown.load());
    absl::PrintF("%-44s %8d\n", "lines lost", expected - log_.shown);
    if (log_.shown != expected) return absl::DataLossError("lines were lost");
    if (log_.orders.size() > 1) return absl::DataLossError("members saw lines in another order");
    return absl::OkStatus();
  }

 private:
  Counts& counts_;
  ChatLog log_;
  std::vector<std::pair<std::shared_ptr<ChatVoice>, ReconnectRef>> talkers_;
};

absl::Status Run(std::vector<std::string> command) {
  if (const auto limit = RaiseDescriptorLimit(); !limit.ok()) return limit.status();
  std::optional<testing::RedisProcess> redis;
  if (absl::GetFlag(FLAGS_talkers) > 0) {
    if (!testing::IsInstalled("redis-server")) {
      return absl::NotFoundError("--talkers needs redis-server, which is not installed");
    }
    redis.emplace();
    command.push_back(absl::StrCat("--redis=", redis->address()));
  }
  absl::StatusOr<Manager> manager = Manager::Make(std::move(command));
  if (!manager.ok()) return manager.status();
  Counts counts;
  Regulars regulars(counts);
  absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create();
  if (!loop.ok()) return loop.status();
  if (absl::Status status = manager->Start(); !status.ok()) return status;

  const std::string url = absl::StrCat("ws://", manager->address().ToString());
  absl::Status status = regulars.Connect(**loop, url);
  if (!status.ok()) return status;
  const bool echoes = absl::GetFlag(FLAGS_talkers) == 0;
  absl::Duration down, longest;
  const int restarts = absl::GetFlag(FLAGS_restarts);
  std::atomic<bool> done{false};
  std::thread visitors = Repeat(absl::GetFlag(FLAGS_rate), done, [&] {
    ClientOptions options;
    options.timeouts.connect = absl::Minutes(1);
    (*loop)->Connect(url, std::move(options), std::make_unique<Visitor>(counts, echoes));
  });
  std::thread talk = Repeat(1, done, [&] { regulars.Say(); });
  for (int i = 0; i < restarts && status.ok(); ++i) {
    absl::SleepFor(absl::GetFlag(FLAGS_pause));
    const absl::Time begun = absl::Now();
    status = manager->Stop();
    if (status.ok()) status = manager->Start();
    down += absl::Now() - begun;
    longest = std::max(longest, absl::Now() - begun);
  }
  absl::SleepFor(absl::GetFlag(FLAGS_pause));
  done = true;
  visitors.join();
  talk.join();
  regulars.WaitForLines();
  loop->reset();
  status.Update(manager->Stop());
  if (!status.ok()) return status;
  absl::PrintF("%d restarts, each %.0f ms on average, %.0f ms at most\n", restarts,
               absl::ToDoubleMilliseconds(down / std::max(restarts, 1)),
               absl::ToDoubleMilliseconds(longest));
  if (counts.Report() > 0) status = absl::UnavailableError("attempts have failed");
  status.Update(regulars.Report());
  return status;
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("restart [FLAG...] -- SERVER [FLAG of the server...]");
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  if (words.size() < 2) {
    absl::FPrintF(stderr, "expected the program of a server (try --help)\n");
    return 2;
  }
  const absl::Status status = weft::bench::Run({words.begin() + 1, words.end()});
  if (!status.ok()) absl::FPrintF(stderr, "%s\n", status.message());
  return status.ok() ? 0 : 1;
}
