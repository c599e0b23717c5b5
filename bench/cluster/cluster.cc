// Measures topics that span nodes, on a redis-server of its own.
//
//   bazel run --config=opt //bench/cluster
//
// Each case runs --rounds times, alternately with the others; prints the medians. CPU times are
// those of this process (publisher, broker's thread and loop together) and of Redis.

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/bench/cluster/node.h"
#include "weft/bench/engine/histogram.h"
#include "weft/client.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/wire.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/server.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

ABSL_FLAG(int, rounds, 7, "rounds of each case; the figures are medians");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(1), "of a case in a round");
ABSL_FLAG(int, payload, 64, "bytes of a message");
ABSL_FLAG(int, window, 4096, "publishes that wait for their outcome at the same time");
ABSL_FLAG(int, sessions, 10000, "that resume one topic");
ABSL_FLAG(int, topics, 100000, "of which the memory is measured");

namespace {

using weft::bench::Node;
using weft::testing::RedisProcess;

// The figures of all rounds by row, in the order in which the rows were first seen.
class Report {
 public:
  void Add(const std::string& row, const std::string& column, double figure) {
    const auto key = std::pair(row, column);
    if (figures_.find(key) == figures_.end()) order_.push_back(key);
    figures_[key].push_back(figure);
  }

  void Print() const {
    std::cout << absl::StreamFormat("%-36s %12s %12s %12s  %s\n", "case", "median", "lowest",
                                    "highest", "unit");
    for (const auto& key : order_) {
      std::vector<double> sorted = figures_.at(key);
      std::sort(sorted.begin(), sorted.end());
      const auto text = [](double figure) {
        return absl::StrFormat("%.*f", figure >= 1000 ? 0 : 3, figure);
      };
      std::cout << absl::StreamFormat("%-36s %12s %12s %12s  %s\n", key.first,
                                      text(sorted[sorted.size() / 2]), text(sorted.front()),
                                      text(sorted.back()), key.second);
    }
  }

 private:
  std::vector<std::pair<std::string, std::string>> order_;
  std::map<std::pair<std::string, std::string>, std::vector<double>> figures_;
};

absl::Duration OwnCpu() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

absl::Duration RedisCpu(const RedisProcess& redis) {
  double seconds = 0;
  const std::string info = redis.Do({"INFO", "cpu"}).text;
  for (const absl::string_view line : absl::StrSplit(info, "\r\n")) {
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, ':');
    double value = 0;
    if ((field.first == "used_cpu_sys" || field.first == "used_cpu_user") &&
        absl::SimpleAtod(field.second, &value)) {
      seconds += value;
    }
  }
  return absl::Seconds(seconds);
}

// Reads of the hashes of topics.
uint64_t MetaReads(const RedisProcess& redis) {
  const std::string info = redis.Do({"INFO", "commandstats"}).text;
  const std::pair<absl::string_view, absl::string_view> calls =
      absl::StrSplit(info, "cmdstat_hmget:calls=");
  uint64_t count = 0;
  const std::pair<absl::string_view, absl::string_view> number = absl::StrSplit(calls.second, ',');
  return absl::SimpleAtoi(number.first, &count) ? count : 0;
}

// Time and CPU time since it was made.
class Watch {
 public:
  explicit Watch(const RedisProcess& redis)
      : redis_(redis), redis_cpu_(RedisCpu(redis)), cpu_(OwnCpu()), start_(absl::Now()) {}

  absl::Duration elapsed() const { return absl::Now() - start_; }

  void Add(const std::string& row, uint64_t messages, Report& report) const {
    const absl::Duration elapsed = this->elapsed();
    const auto count = static_cast<double>(messages);
    report.Add(row, "messages/s", count / absl::ToDoubleSeconds(elapsed));
    report.Add(row, "us of CPU a message", absl::ToDoubleMicroseconds(OwnCpu() - cpu_) / count);
    report.Add(row, "us of Redis' CPU a message",
               absl::ToDoubleMicroseconds(RedisCpu(redis_) - redis_cpu_) / count);
  }

 private:
  const RedisProcess& redis_;
  const absl::Duration redis_cpu_;
  const absl::Duration cpu_;
  const absl::Time start_;
};

std::string Payload() {
  std::string payload(absl::GetFlag(FLAGS_payload), 'x');
  return payload;
}

[[noreturn]] void Die(const absl::Status& status) {
  std::cerr << status << "\n";
  std::exit(1);
}

weft::EncodedMessage Message() {
  auto message = weft::EncodedMessage::Make(weft::Opcode::kText, Payload());
  if (!message.ok()) Die(message.status());
  return *std::move(message);
}

std::unique_ptr<Node> StartNode(const RedisProcess& redis) {
  auto node = Node::Start({.address = redis.address()});
  if (!node.ok()) Die(node.status());
  while ((*node)->topics().state() != weft::BrokerState::kUp) absl::SleepFor(absl::Milliseconds(1));
  return *std::move(node);
}

// ---- Publish ----

// Publishes that wait for their outcome: the publisher waits while there are `window`, until half
// of them are done.
class Window {
 public:
  void Take() {
    if (taken_.fetch_add(1) + 1 < Size()) return;
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return taken_ <= Size() / 2; });
  }
  void Return() {
    const int left = taken_.fetch_sub(1) - 1;
    if (left != Size() / 2 && left != 0) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    changed_.notify_all();
  }
  void AwaitNone() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return taken_ == 0; });
  }

 private:
  static int Size() { return absl::GetFlag(FLAGS_window); }

  std::atomic<int> taken_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

void MeasurePublish(Node& node, const RedisProcess& redis, const std::string& row, int topics,
                    const weft::TopicHistory& history, Report& report) {
  std::vector<std::string> names;
  for (int i = 0; i < topics; ++i) names.push_back(absl::StrCat("publish/", i));
  const std::string payload = Payload();
  Window window;
  std::atomic<uint64_t> stored{0};
  uint64_t published = 0;
  const Watch watch(redis);
  while (watch.elapsed() < absl::GetFlag(FLAGS_duration)) {
    for (int i = 0; i < 64; ++i) {
      window.Take();
      // As Server::Publish does for each message.
      auto message = weft::EncodedMessage::Make(weft::Opcode::kText, payload);
      const absl::Status status =
          node.topics().Publish(names[published++ % names.size()], history, *message, "",
                                [&](const absl::StatusOr<weft::Position>& outcome) {
                                  if (!outcome.ok()) Die(outcome.status());
                                  ++stored;
                                  window.Return();
                                });
      if (!status.ok()) Die(status);
    }
  }
  window.AwaitNone();
  watch.Add(row, stored, report);
}

// ---- Receive ----

// Redis itself publishes: nothing else takes CPU time.
void MeasureReceive(Node& node, const RedisProcess& redis, const std::string& row, size_t batch,
                    Report& report) {
  const std::vector<weft::TopicMessage> messages(batch, {.message = Message()});
  const std::string channel = weft::RedisNames("weft").Channel("receive");
  const std::string text = *weft::BatchText(messages);
  // Redis is faster than the node: what waits there, in caches or not, must not depend on `batch`.
  constexpr size_t kMessages = 1000, kMaxWaiting = 20 * kMessages;
  const size_t publishes = kMessages / batch;
  const uint64_t before = node.counts().messages;
  uint64_t published = 0;
  const Watch watch(redis);
  do {
    redis.Do({"EVAL", "for i = 1, ARGV[2] do redis.call('PUBLISH', KEYS[1], ARGV[1]) end", "1",
              channel, text, absl::StrCat(publishes)});
    published += publishes * batch;
    node.Await([&](const Node::Counts& counts) {
      return counts.messages + kMaxWaiting > before + published;
    });
  } while (watch.elapsed() < absl::GetFlag(FLAGS_duration));
  node.Await([&](const Node::Counts& counts) { return counts.messages >= before + published; });
  watch.Add(row, published, report);
}

// ---- Round trips ----

// The first message names a topic, which it subscribes to; the others are published to it.
class Publisher : public weft::Handler {
 public:
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    if (!topic_.empty()) {
      session.Publish(topic_, message.opcode, message.payload).IgnoreError();
      return;
    }
    topic_ = std::string(message.payload);
    session.Subscribe(topic_).IgnoreError();
    if (!absl::StartsWith(topic_, "shared")) session.SendText("ready").IgnoreError();
  }
  void OnTopic(weft::Session& session, absl::string_view, const weft::TopicEvent&) override {
    session.SendText("ready").IgnoreError();
  }

 private:
  std::string topic_;
};

// A server, and a client that publishes to a topic to which it is subscribed.
class Echo {
 public:
  Echo(const RedisProcess* redis, const std::string& topic) : topic_(topic) {
    weft::ServerOptions options;
    if (redis != nullptr) {
      auto broker = weft::RedisBroker::Create({.address = redis->address()});
      if (!broker.ok()) Die(broker.status());
      options.broker = *std::move(broker);
      options.hooks.topic_options = [](absl::string_view name) {
        weft::TopicOptions of_topic = {.shared = absl::StartsWith(name, "shared")};
        if (absl::StartsWith(name, "shared/history")) of_topic.history.messages = 100;
        return of_topic;
      };
    }
    auto server = weft::Server::Start(
        std::move(options),
        [](const weft::SessionRequest&,
           weft::UpgradeResponse&) -> absl::StatusOr<std::unique_ptr<weft::Handler>> {
          return std::make_unique<Publisher>();
        });
    if (!server.ok()) Die(server.status());
    server_ = *std::move(server);
    auto client = weft::Client::Connect(absl::StrCat("ws://", server_->address().ToString(), "/"));
    if (!client.ok()) Die(client.status());
    client_ = *std::move(client);
    Check(client_->SendText(topic));
    Receive("ready");
  }

  // Returns the median of the round trips, in microseconds.
  double RoundTrip() {
    weft::bench::Histogram times;
    const absl::Time end = absl::Now() + absl::GetFlag(FLAGS_duration);
    while (true) {
      const absl::Time start = absl::Now();
      if (start >= end) break;
      Check(client_->SendText(payload_));
      Receive();
      times.Add(absl::ToInt64Nanoseconds(absl::Now() - start));
    }
    return static_cast<double>(times.Percentile(0.5)) / 1000;
  }

  // Messages from another node to the client of this one: as many as it takes, and one at a time.
  void MeasureFrom(Echo& node, const std::string& row, Report& report) {
    const auto publish = [&] {
      Check(node.server_->Publish(topic_, weft::Opcode::kText, payload_));
    };
    const auto window = static_cast<uint64_t>(absl::GetFlag(FLAGS_window));
    uint64_t sent = 0, received = 0;
    const absl::Time start = absl::Now();
    while (absl::Now() - start < absl::GetFlag(FLAGS_duration)) {
      for (int i = 0; i < 64; ++i, ++sent) publish();
      if (sent - received < window) continue;
      for (; sent - received > window / 2; ++received) Receive();
    }
    for (; received < sent; ++received) Receive();
    report.Add(row, "messages/s",
               static_cast<double>(sent) / absl::ToDoubleSeconds(absl::Now() - start));
    weft::bench::Histogram times;
    for (const absl::Time end = absl::Now() + absl::GetFlag(FLAGS_duration); absl::Now() < end;) {
      const absl::Time published = absl::Now();
      publish();
      Receive();
      times.Add(absl::ToInt64Nanoseconds(absl::Now() - published));
    }
    report.Add(row, "us, p50, one at a time", static_cast<double>(times.Percentile(0.5)) / 1000);
  }

  // Returns the CPU time of server and client for a message, in microseconds, 16 in flight.
  double CpuOfMessage() {
    uint64_t messages = 0;
    const absl::Duration cpu = OwnCpu();
    const absl::Time end = absl::Now() + absl::GetFlag(FLAGS_duration);
    while (absl::Now() < end) {
      constexpr int kInFlight = 16;
      for (int i = 0; i < kInFlight; ++i) Check(client_->SendText(payload_));
      for (int i = 0; i < kInFlight; ++i) Receive();
      messages += kInFlight;
    }
    return absl::ToDoubleMicroseconds(OwnCpu() - cpu) / static_cast<double>(messages);
  }

 private:
  static void Check(const absl::Status& status) {
    if (!status.ok()) Die(status);
  }

  void Receive(absl::string_view expected) {
    const absl::StatusOr<weft::Message> message = client_->Receive(absl::Seconds(30));
    Check(message.status());
    if (message->payload != expected)
      Die(absl::InternalError(absl::StrCat(message->payload, " came")));
  }
  void Receive() { Receive(payload_); }

  const std::string topic_;
  const std::string payload_ = Payload();
  std::unique_ptr<weft::Server> server_;
  std::unique_ptr<weft::Client> client_;
};

// ---- Resumes, memory ----

// Sessions that all come back at once, each with a position of its own among the last messages.
void MeasureResumes(Node& node, Report& report) {
  constexpr int kMessages = 200;
  constexpr weft::TopicHistory kHistory = {.messages = 1000};
  const auto sessions = static_cast<uint64_t>(absl::GetFlag(FLAGS_sessions));
  Window window;
  std::mutex mutex;
  weft::Position last;
  for (int i = 0; i < kMessages; ++i) {
    window.Take();
    const absl::Status status = node.topics().Publish(
        "resumed", kHistory, Message(), "", [&](const absl::StatusOr<weft::Position>& outcome) {
          if (!outcome.ok()) Die(outcome.status());
          {
            const std::lock_guard<std::mutex> lock(mutex);
            last = *outcome;
          }
          window.Return();
        });
    if (!status.ok()) Die(status);
  }
  window.AwaitNone();
  const uint64_t joined = node.counts().joined;
  const uint64_t resumed = node.counts().resumed;
  const uint64_t reads = node.topic_counts().reads;
  const weft::TopicOptions options = {.shared = true, .history = kHistory};
  const absl::Time start = absl::Now();
  for (uint64_t i = 0; i < sessions; ++i) {
    node.Join("resumed", options, weft::Position{last.epoch, last.offset - 1 - i % (kMessages - 1)},
              static_cast<uint32_t>(i + 1), /*is_new=*/i == 0);
  }
  node.Await([&](const Node::Counts& counts) { return counts.joined == joined + sessions; });
  report.Add("resumes of one topic", "ms", absl::ToDoubleMilliseconds(absl::Now() - start));
  report.Add("resumes: history reads", "reads",
             static_cast<double>(node.topic_counts().reads - reads));
  const uint64_t more = node.counts().resumed - resumed;
  if (more != sessions) {
    Die(absl::InternalError(
        absl::StrCat("only ", more, " of ", sessions, " sessions have resumed")));
  }
  for (uint64_t i = 0; i < sessions; ++i) node.topics().Leave(0, "resumed", 0);
}

// Bytes that malloc has given out.
double HeapBytes() { return static_cast<double>(mallinfo2().uordblks); }

void MeasureQuietTopics(const RedisProcess& redis, const weft::TopicHistory& history,
                        Report& report) {
  const std::unique_ptr<Node> node = StartNode(redis);
  const auto topics = static_cast<uint64_t>(absl::GetFlag(FLAGS_topics));
  const double before = HeapBytes();
  for (uint64_t i = 0; i < topics; ++i) {
    node->Join(absl::StrFormat("room/%08d", i), {.shared = true, .history = history}, std::nullopt,
               1, /*is_new=*/true);
  }
  node->Await([&](const Node::Counts& counts) { return counts.joined == topics; });
  const std::string kind = history.is_kept() ? ", history" : "";
  report.Add(absl::StrCat("bytes a quiet topic", kind), "bytes",
             (HeapBytes() - before) / static_cast<double>(topics));
  const Watch watch(redis);
  const absl::Duration redis_cpu = RedisCpu(redis);
  const uint64_t lost = node->topic_counts().lost;
  const uint64_t reads = MetaReads(redis);
  const std::string row = absl::StrCat("reconnect with ", topics, " topics", kind);
  redis.Do({"CLIENT", "KILL", "TYPE", "pubsub"});
  while (node->topic_counts().lost == lost) absl::SleepFor(absl::Milliseconds(1));
  // Without history each topic gets a gap. With it, all positions are checked.
  if (history.is_kept()) {
    while (MetaReads(redis) < reads + topics) absl::SleepFor(absl::Milliseconds(10));
  } else {
    node->Await([&](const Node::Counts& counts) { return counts.events == topics; });
  }
  report.Add(row, "ms", absl::ToDoubleMilliseconds(watch.elapsed()));
  report.Add(row, "ms of Redis' CPU", absl::ToDoubleMilliseconds(RedisCpu(redis) - redis_cpu));
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Measures topics that span nodes, on a redis-server of its own.");
  absl::ParseCommandLine(argc, argv);
  if (!weft::testing::IsInstalled("redis-server")) {
    std::cerr << "redis-server is not installed: apt install redis-server\n";
    return 1;
  }
  const RedisProcess redis({"--client-output-buffer-limit", "pubsub 0 0 0"});
  Report report;
  using Case = std::function<void()>;
  const std::unique_ptr<Node> node = StartNode(redis);
  node->Join("receive", {.shared = true}, std::nullopt, 1, /*is_new=*/true);
  node->Await([](const Node::Counts& counts) { return counts.joined == 1; });
  constexpr weft::TopicHistory kHistory = {.messages = 1000};
  Echo alone(nullptr, "own");
  Echo beside(&redis, "own");
  Echo shared(&redis, "shared/live");
  Echo kept(&redis, "shared/history");
  Echo other(&redis, "shared/history/other");
  int round = 0;
  const std::vector<Case> cases = {
      [&] { MeasurePublish(*node, redis, "publish, no history, 1 topic", 1, {}, report); },
      [&] { MeasurePublish(*node, redis, "publish, no history, 100 topics", 100, {}, report); },
      [&] { MeasurePublish(*node, redis, "publish, history, 1 topic", 1, kHistory, report); },
      [&] { MeasurePublish(*node, redis, "publish, history, 100 topics", 100, kHistory, report); },
      [&] { MeasureReceive(*node, redis, "receive, 1 a batch", 1, report); },
      [&] { MeasureReceive(*node, redis, "receive, 16 a batch", 16, report); },
      [&] {
        const double alone_us = alone.RoundTrip();
        const double shared_us = shared.RoundTrip();
        const double kept_us = kept.RoundTrip();
        report.Add("echo over a topic of the process", "us, p50", alone_us);
        report.Add("echo over a shared topic", "us, p50", shared_us);
        report.Add("echo over a topic with history", "us, p50", kept_us);
        report.Add("shared topic over in-process", "us, p50", shared_us - alone_us);
        report.Add("history over in-process", "us, p50", kept_us - alone_us);
      },
      [&] {
        const double first = (round % 2 == 0 ? alone : beside).CpuOfMessage();
        const double second = (round % 2 == 0 ? beside : alone).CpuOfMessage();
        report.Add("in-process: with a broker / without", "ratio of CPU a message",
                   round % 2 == 0 ? second / first : first / second);
      },
      [&] { other.MeasureFrom(kept, "history, to a client of another node", report); },
      [&] { MeasureResumes(*node, report); },
  };
  for (; round < absl::GetFlag(FLAGS_rounds); ++round) {
    for (size_t i = 0; i < cases.size(); ++i) {
      cases[round % 2 == 0 ? i : cases.size() - 1 - i]();
    }
  }
  MeasureQuietTopics(redis, {}, report);
  MeasureQuietTopics(redis, kHistory, report);
  report.Print();
  return 0;
}
