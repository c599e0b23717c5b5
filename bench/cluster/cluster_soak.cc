// Nodes on a real Redis, under random faults.
//
//   bazel run //bench/cluster:cluster_soak -- --duration=60s --seed=1
//
// Three servers, each a process that reaches Redis through a relay. Clients publish to three topics
// with history; others read them, leave, and come back to some node with their positions. All that
// they saw is checked at the end: order, no hole without an event of a gap, one payload at a
// position, and that everything acknowledged was delivered or is covered by a gap. Ends with 1 if
// that does not hold. Redis has an append-only file if the seed is even. Otherwise it is restarted
// from its last SAVE, and loses acknowledged messages: their readers must get a gap.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/cluster/soak_node.h"
#include "weft/client.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/testing/fake_redis.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/testing/relay.h"
#include "weft/cluster/redis/wire.h"
#include "weft/cluster/testing/topic_log.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_event.h"
#include "weft/server/topics/topic_history.h"

ABSL_FLAG(absl::Duration, duration, absl::Seconds(60), "of the faults");
ABSL_FLAG(uint64_t, seed, 0, "of all random choices; 0: another one each time");
ABSL_FLAG(std::string, fault, "", "only the faults whose names contain this");
ABSL_FLAG(std::string, node_of, "", "for the program's own use: runs a node of this Redis");
ABSL_FLAG(std::string, password_file, "", "for the program's own use");

namespace {

using weft::BrokerState;
using weft::Position;
using weft::TopicEvent;
using weft::bench::NodeProcess;
using weft::testing::FakeRedis;
using weft::testing::RedisProcess;
using weft::testing::Relay;
using weft::testing::TopicLog;

constexpr int kNodes = 3, kReaders = 6, kPublishers = 4;
constexpr absl::string_view kTopics[] = {"t0", "t1", "t2"};
constexpr absl::string_view kUser = "node", kPassword = "secret";

[[noreturn]] void Die(const absl::Status& status) {
  std::cerr << status << "\n";
  std::_Exit(1);
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // 0 to `count` - 1.
  size_t Below(size_t count) { return engine_() % count; }
  absl::Duration Between(absl::Duration low, absl::Duration high) {
    return low + (high - low) * (static_cast<double>(Below(1001)) / 1000);
  }

 private:
  std::mt19937_64 engine_;
};

// Shared by all threads.
struct World {
  std::atomic<bool> publishing{true}, reading{true};
  std::vector<std::unique_ptr<NodeProcess>> nodes;

  std::mutex mutex;
  std::map<std::string, TopicLog> topics;
  std::vector<std::map<std::string, Position>> positions;  // of each reader
  std::vector<std::string> errors;
  uint64_t sessions = 0, published = 0;

  void Fail(std::string text) {
    const std::lock_guard<std::mutex> lock(mutex);
    errors.push_back(std::move(text));
  }

  // Null if the node does not accept it.
  std::unique_ptr<weft::Client> Connect(size_t node) const {
    const uint16_t port = nodes[node]->port();
    if (port == 0) return nullptr;
    auto client = weft::Client::Connect(
        absl::StrCat("ws://127.0.0.1:", port, "/"),
        {.proxy = "direct", .timeouts = {.connect = absl::Seconds(2), .send = absl::Seconds(2)}});
    return client.ok() ? *std::move(client) : nullptr;
  }
};

// ---- Clients ----

// Reads all topics over one session after the other. It counts the positions of messages from the
// events, as a client of an application would.
class Reader {
 public:
  Reader(World& world, size_t number, uint64_t seed)
      : world_(world), number_(number), random_(seed), thread_([this] { Run(); }) {}
  ~Reader() { thread_.join(); }

 private:
  void Run() {
    while (world_.reading) {
      client_ = world_.Connect(random_.Below(kNodes));
      if (client_ == nullptr) {
        absl::SleepFor(absl::Milliseconds(20));
        continue;
      }
      Session();
      client_ = nullptr;
    }
  }

  void Session() {
    joined_.clear();
    {
      const std::lock_guard<std::mutex> lock(world_.mutex);
      ++world_.sessions;
    }
    for (const absl::string_view topic : kTopics) {
      const Position since = positions_[std::string(topic)];
      if (!client_->SendText(absl::StrCat("sub ", topic, " ", since.ToString())).ok()) return;
    }
    const absl::Time leave =
        absl::Now() + random_.Between(absl::Milliseconds(100), absl::Seconds(8));
    absl::Time heard = absl::Now();
    while (world_.reading) {
      absl::StatusOr<weft::Message> message = client_->Receive(absl::Milliseconds(100));
      if (message.ok()) {
        heard = absl::Now();
        Take(*message);
      } else if (!absl::IsDeadlineExceeded(message.status()) ||
                 absl::Now() - heard > absl::Seconds(5)) {
        return;
      }
      if (world_.publishing && absl::Now() > leave) return;
    }
  }

  void Take(const weft::Message& message) {
    TopicLog::Entry entry;
    std::string topic;
    if (message.opcode == weft::Opcode::kBinary) {
      const auto named = weft::bench::ParseEvent(message.payload);
      if (!named.ok()) Die(named.status());
      topic = named->topic;
      entry = {.position = named->event.position, .event = named->event};
      joined_.insert(topic);
    } else {
      topic = std::string(message.payload.substr(0, message.payload.find(':')));
      if (joined_.count(topic) == 0) {
        return world_.Fail(absl::StrCat("reader ", number_, ": ", message.payload,
                                        " came before the event of its session"));
      }
      entry = {.position = positions_[topic], .payload = std::string(message.payload)};
      ++entry.position.offset;
    }
    positions_[topic] = entry.position;
    const std::lock_guard<std::mutex> lock(world_.mutex);
    world_.positions[number_][topic] = entry.position;
    world_.topics[topic].nodes[number_].push_back(std::move(entry));
  }

  World& world_;
  const size_t number_;
  Random random_;
  std::unique_ptr<weft::Client> client_;
  std::map<std::string, Position> positions_;
  std::set<std::string> joined_;  // topics, in this session
  std::thread thread_;
};

class Publisher {
 public:
  Publisher(World& world, size_t number, uint64_t seed)
      : world_(world), number_(number), random_(seed), thread_([this] { Run(); }) {}
  ~Publisher() { thread_.join(); }

 private:
  void Run() {
    while (world_.publishing) {
      const std::unique_ptr<weft::Client> client = world_.Connect(random_.Below(kNodes));
      const absl::Time leave =
          absl::Now() + random_.Between(absl::Milliseconds(100), absl::Seconds(8));
      while (client != nullptr && world_.publishing && absl::Now() < leave) {
        if (!Burst(*client)) break;
        absl::SleepFor(random_.Between(absl::ZeroDuration(), absl::Milliseconds(40)));
      }
      if (client == nullptr) absl::SleepFor(absl::Milliseconds(20));
    }
  }

  // Publishes some messages and waits for their outcomes. A message is never published again.
  bool Burst(weft::Client& client) {
    const size_t count = 1 + random_.Below(8);
    for (size_t i = 0; i < count; ++i) {
      const absl::string_view topic = kTopics[random_.Below(std::size(kTopics))];
      const std::string payload = absl::StrCat(topic, ":", number_, "-", ++published_);
      if (!client.SendText(absl::StrCat("pub ", topic, " ", payload)).ok()) return false;
    }
    for (size_t i = 0; i < count; ++i) {
      const absl::StatusOr<weft::Message> message = client.Receive(absl::Seconds(8));
      if (!message.ok()) return false;
      const std::vector<std::string> words = absl::StrSplit(message->payload, ' ');
      if (words.size() != 3 || words[0] != "done") Die(absl::InternalError(message->payload));
      if (words[2].empty()) continue;
      const std::string topic = words[1].substr(0, words[1].find(':'));
      const std::lock_guard<std::mutex> lock(world_.mutex);
      ++world_.published;
      world_.topics[topic].acknowledged[words[1]] = *Position::Parse(words[2]);
    }
    return true;
  }

  World& world_;
  const size_t number_;
  Random random_;
  uint64_t published_ = 0;
  std::thread thread_;
};

// ---- The store ----

// Reads what Redis has, past all relays.
class Observer final : public weft::BrokerEvents {
 public:
  Observer(World& world, const std::string& address) : world_(world) {
    auto broker =
        weft::RedisBroker::Create({.address = address,
                                   .timeouts = {.call = absl::Seconds(20),
                                                .probe = absl::Milliseconds(200),
                                                .backoff = {.first = absl::Milliseconds(5),
                                                            .longest = absl::Milliseconds(50)}}});
    if (!broker.ok()) Die(broker.status());
    broker_ = *std::move(broker);
    if (absl::Status status = broker_->Start(this); !status.ok()) Die(status);
  }
  ~Observer() { broker_->Stop(); }

  weft::HistoryPage Read(absl::string_view topic, Position since) {
    const absl::Time end = absl::Now() + absl::Seconds(60);
    while (true) {
      std::promise<absl::StatusOr<weft::HistoryPage>> page;
      broker_->Read(
          topic, since, weft::HistoryPage::kMaxMessages,
          [&](absl::StatusOr<weft::HistoryPage> read) { page.set_value(std::move(read)); });
      absl::StatusOr<weft::HistoryPage> read = page.get_future().get();
      if (read.ok()) {
        const std::lock_guard<std::mutex> lock(world_.mutex);
        world_.topics[std::string(topic)].See(read->state);
        return *std::move(read);
      }
      if (absl::Now() > end) Die(read.status());
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  // Everything that the store has of the topic. Returns its state.
  weft::TopicState ReadAll(absl::string_view topic) {
    const weft::TopicState state = Read(topic, {}).state;
    Position since = {state.position.epoch, 0};
    while (since.offset < state.position.offset) {
      const weft::HistoryPage page = Read(topic, since);
      if (page.messages.empty()) break;  // the stream was deleted
      const std::lock_guard<std::mutex> lock(world_.mutex);
      for (const weft::TopicMessage& message : page.messages) {
        world_.topics[std::string(topic)].kept.emplace_back(message.position,
                                                            message.message.payload());
      }
      since = page.messages.back().position;
    }
    return state;
  }

 private:
  void OnMessages(absl::string_view, std::vector<weft::TopicMessage>) override {}
  void OnState(absl::string_view, const weft::TopicState&) override {}
  void OnLost(const absl::Status&) override {}
  void OnStateChange(BrokerState) override {}

  World& world_;
  std::unique_ptr<weft::RedisBroker> broker_;
};

std::vector<std::string> RedisArguments(bool append_only) {
  std::vector<std::string> arguments = {
      "--user", std::string(kUser), "on", absl::StrCat(">", kPassword), "~*", "&*", "+@all"};
  if (append_only)
    arguments.insert(arguments.end(), {"--appendonly", "yes", "--appendfsync", "no"});
  return arguments;
}

// ---- Faults ----

class Soak {
 public:
  explicit Soak(uint64_t seed)
      : append_only_(seed % 2 == 0),
        random_(seed),
        redis_(RedisArguments(append_only_)),
        password_file_(redis_.folder() + "/password") {
    WritePassword(kPassword);
    observer_ = std::make_unique<Observer>(world_, redis_.address());
    for (const absl::string_view topic : kTopics) observer_->Read(topic, {});
    Save();
    for (int i = 0; i < kNodes; ++i) {
      relays_.push_back(std::make_unique<Relay>(redis_.port()));
      world_.nodes.push_back(std::make_unique<NodeProcess>(std::vector<std::string>{
          "cluster_soak",
          absl::StrCat("--node_of=redis://", kUser, "@127.0.0.1:", relays_[i]->port()),
          absl::StrCat("--password_file=", password_file_)}));
      world_.nodes[i]->Start(LogOf(i));
    }
    world_.positions.resize(kReaders);
    for (size_t i = 0; i < kReaders; ++i) {
      readers_.push_back(std::make_unique<Reader>(world_, i, seed * 1000 + i));
    }
    for (size_t i = 0; i < kPublishers; ++i) {
      publishers_.push_back(std::make_unique<Publisher>(world_, i, seed * 1000 + 500 + i));
    }
  }

  void RunFaults() {
    const std::vector<std::pair<std::string, void (Soak::*)()>> all = {
        {"cut", &Soak::Cut},
        {"one byte at a time", &Soak::Bytes},
        {"blackhole", &Soak::Blackhole},
        {"stop Redis", &Soak::StopRedis},
        {"kill Redis", &Soak::KillRedis},
        {"flush scripts", &Soak::FlushScripts},
        {"kill clients", &Soak::KillClients},
        {"delete meta", &Soak::DeleteMeta},
        {"delete stream", &Soak::DeleteStream},
        {"flush all", &Soak::FlushAll},
        {"kill node", &Soak::KillNode},
        {"stop node", &Soak::StopNode},
        {"block loop", &Soak::BlockLoop},
        {"wrong password", &Soak::WrongPassword},
        {"read-only", &Soak::ReadOnly},
        {"no memory", &Soak::NoMemory},
        {"another server", &Soak::AnotherServer},
        {"save", &Soak::Save},
    };
    std::vector<std::pair<std::string, void (Soak::*)()>> faults;
    for (const auto& fault : all) {
      if (absl::StrContains(fault.first, absl::GetFlag(FLAGS_fault))) faults.push_back(fault);
    }
    const absl::Time start = absl::Now();
    while (absl::Now() - start < absl::GetFlag(FLAGS_duration)) {
      absl::SleepFor(random_.Between(absl::ZeroDuration(), absl::Milliseconds(600)));
      const auto& [name, fault] = faults[random_.Below(faults.size())];
      std::cout << absl::FormatTime("%H:%M:%E3S ", absl::Now(), absl::UTCTimeZone()) << name
                << std::endl;
      (this->*fault)();
      ++count_;
    }
  }

  // Lets everything arrive. Returns the number of violations.
  size_t Finish() {
    world_.publishing = false;
    publishers_.clear();
    for (const absl::string_view topic : kTopics) AwaitAll(topic);
    world_.reading = false;
    readers_.clear();
    size_t gaps = 0;
    std::map<std::string, size_t> reasons;
    TopicLog::Sums sums;
    for (auto& [topic, log] : world_.topics) {
      log.reads_may_fail = true;
      const auto of_topic = log.Check([&, name = topic](const std::string& text) {
        world_.errors.push_back(absl::StrCat(name, ": ", text));
      });
      sums.stored += of_topic.stored;
      sums.delivered += of_topic.delivered;
      gaps += of_topic.gaps;
      for (const auto& [reader, entries] : log.nodes) {
        for (const TopicLog::Entry& entry : entries) {
          if (!entry.event.has_value()) continue;
          ++reasons[entry.event->type == TopicEvent::Type::kGap
                        ? absl::StrCat("gap ", GapReasonName(entry.event->reason))
                    : entry.event->type == TopicEvent::Type::kJoined ? "joined"
                                                                     : "resumed"];
        }
      }
    }
    std::cout << absl::StreamFormat(
        "%d faults, %d sessions; %d acknowledged, %d stored, %d delivered, %d gaps:", count_,
        world_.sessions, world_.published, sums.stored, sums.delivered, gaps);
    for (const auto& [reason, count] : reasons) std::cout << " " << reason << " " << count;
    std::cout << "; " << world_.errors.size() << " violations" << std::endl;
    for (size_t i = 0; i < std::min<size_t>(world_.errors.size(), 20); ++i) {
      std::cout << world_.errors[i] << "\n";
    }
    if (!world_.errors.empty()) {
      for (int i = 0; i < kNodes; ++i) {
        const std::string log = absl::StrCat("/tmp/cluster_soak.", getpid(), ".", i, ".log");
        std::error_code ignored;
        std::filesystem::copy_file(LogOf(i), log, ignored);
        std::cout << "the log of node " << i << ": " << log << "\n";
      }
    }
    return world_.errors.size();
  }

 private:
  std::string LogOf(int node) const { return absl::StrCat(redis_.folder(), "/node-", node); }

  Relay& AnyRelay() { return *relays_[random_.Below(kNodes)]; }
  NodeProcess& AnyNode() { return *world_.nodes[random_.Below(kNodes)]; }

  void WritePassword(absl::string_view password) const {
    // A node may read it at any moment.
    const std::string next = password_file_ + ".next";
    std::ofstream(next) << password;
    std::filesystem::rename(next, password_file_);
  }

  void Sleep(absl::Duration low, absl::Duration high) {
    absl::SleepFor(random_.Between(low, high));
  }

  // All readers have what the store has.
  void AwaitAll(absl::string_view topic) {
    const absl::Time end = absl::Now() + absl::Seconds(60);
    std::optional<weft::TopicState> state;
    while (true) {
      // Publishes whose outcome nobody knows may still come.
      const weft::TopicState now = observer_->Read(topic, {}).state;
      bool complete = state == now;
      state = now;
      {
        const std::lock_guard<std::mutex> lock(world_.mutex);
        for (auto& positions : world_.positions) {
          complete = complete && positions[std::string(topic)] == now.position;
        }
      }
      if (complete) break;
      if (absl::Now() > end) {
        for (size_t i = 0; i < kReaders; ++i) {
          const Position at = world_.positions[i][std::string(topic)];
          if (at == now.position) continue;
          world_.Fail(absl::StrCat("reader ", i, " is at ", at.ToString(), " of ", topic,
                                   ", the store at ", now.position.ToString()));
        }
        break;
      }
      absl::SleepFor(absl::Milliseconds(100));
    }
    observer_->ReadAll(topic);
  }

  // The lineage of an epoch has one step: waits until the store is in another epoch than the last
  // one seen, of the topics whose epoch has ended, and saves it.
  void SeeEpochs(absl::Span<const absl::string_view> topics = kTopics) {
    for (const absl::string_view topic : topics) {
      Position last;
      {
        const std::lock_guard<std::mutex> lock(world_.mutex);
        last = world_.topics[std::string(topic)].epochs.back().position;
      }
      // A broker may not have noticed yet that Redis was a replica meanwhile.
      while (observer_->Read(topic, {}).state.position.epoch == last.epoch) {
        absl::SleepFor(absl::Milliseconds(5));
      }
    }
    Save();
  }

  // ---- The faults ----

  void Cut() { AnyRelay().Cut(random_.Below(300)); }

  void Bytes() {
    Relay& relay = AnyRelay();
    relay.set_piece(1);
    Sleep(absl::Milliseconds(100), absl::Milliseconds(800));
    relay.set_piece(1 << 16);
  }

  void Blackhole() {
    Relay& relay = AnyRelay();
    const size_t directions = 1 + random_.Below(3);
    relay.Hold((directions & 1) != 0, (directions & 2) != 0);
    Sleep(absl::Milliseconds(100), absl::Seconds(3));
    relay.Release();
  }

  void StopRedis() {
    redis_.Signal(SIGSTOP);
    constexpr absl::Duration kTimes[] = {absl::Milliseconds(500), absl::Seconds(3)};
    absl::SleepFor(random_.Below(10) == 0 ? absl::Seconds(10) : kTimes[random_.Below(2)]);
    redis_.Signal(SIGCONT);
  }

  void KillRedis() {
    redis_.Kill();
    Sleep(absl::ZeroDuration(), absl::Seconds(1));
    redis_.Start();
    SeeEpochs();
  }

  void FlushScripts() { redis_.Do({"SCRIPT", "FLUSH"}); }

  void KillClients() {
    redis_.Do({"CLIENT", "KILL", "TYPE", random_.Below(2) == 0 ? "pubsub" : "normal"});
  }

  void DeleteMeta() {
    const absl::string_view topic = kTopics[random_.Below(std::size(kTopics))];
    redis_.Do({"DEL", names_.Meta(topic)});
    SeeEpochs({topic});
  }

  void DeleteStream() {
    const absl::string_view topic = kTopics[random_.Below(std::size(kTopics))];
    const weft::RespValue last =
        redis_.Do({"EVAL",
                   "local last = redis.call('HMGET', KEYS[1], 'e', 's') redis.call('DEL', KEYS[2]) "
                   "return last",
                   "2", names_.Meta(topic), names_.History(topic)});
    const auto position =
        Position::Parse(absl::StrCat(last.elements[0].text, ".", last.elements[1].text));
    if (!position.ok()) Die(position.status());
    const std::lock_guard<std::mutex> lock(world_.mutex);
    world_.topics[std::string(topic)].trimmed.push_back(*position);
  }

  void FlushAll() {
    redis_.Do({"FLUSHALL"});
    SeeEpochs();
  }

  void KillNode() {
    const size_t node = random_.Below(kNodes);
    world_.nodes[node]->Kill();
    Sleep(absl::ZeroDuration(), absl::Milliseconds(500));
    world_.nodes[node]->Start(LogOf(node));
  }

  void StopNode() {
    const NodeProcess& node = AnyNode();
    node.Signal(SIGSTOP);
    Sleep(absl::Milliseconds(200), absl::Seconds(4));
    node.Signal(SIGCONT);
  }

  void BlockLoop() {
    const std::unique_ptr<weft::Client> client = world_.Connect(random_.Below(kNodes));
    if (client == nullptr) return;
    client->SendText(absl::StrCat("block ", 500 + random_.Below(4500))).IgnoreError();
    Sleep(absl::ZeroDuration(), absl::Seconds(2));
  }

  void WrongPassword() {
    WritePassword("wrong");
    redis_.Do({"CLIENT", "KILL", "USER", kUser});
    Sleep(absl::Milliseconds(100), absl::Seconds(2));
    WritePassword(kPassword);
  }

  void ReadOnly() {
    redis_.Do({"REPLICAOF", "127.0.0.1", "1"});
    Sleep(absl::Milliseconds(50), absl::Seconds(2));
    redis_.Do({"REPLICAOF", "NO", "ONE"});
    SeeEpochs();
  }

  void NoMemory() {
    redis_.Do({"CONFIG", "SET", "maxmemory", "1"});
    Sleep(absl::Milliseconds(50), absl::Seconds(1));
    redis_.Do({"CONFIG", "SET", "maxmemory", "0"});
  }

  void AnotherServer() {
    constexpr absl::string_view kAnswers[] = {"-LOADING Redis is loading the dataset in memory\r\n",
                                              "-BUSY Redis is busy\r\n",
                                              "HTTP/1.1 400 Bad Request\r\n\r\n",
                                              "*70000\r\n",
                                              "$-7\r\n",
                                              "+OK\r\n$2\r\nno\r\n"};
    const FakeRedis fake{std::string(kAnswers[random_.Below(std::size(kAnswers))])};
    Relay& relay = AnyRelay();
    relay.set_server(fake.port());
    relay.Cut(random_.Below(100));
    Sleep(absl::Milliseconds(100), absl::Seconds(1));
    relay.set_server(redis_.port());
    relay.Cut();
  }

  void Save() {
    if (!append_only_) redis_.Do({"SAVE"});
  }

  const bool append_only_;
  const weft::RedisNames names_{"weft"};
  Random random_;
  RedisProcess redis_;
  const std::string password_file_;
  World world_;
  std::unique_ptr<Observer> observer_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  int count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Nodes on a real Redis, under random faults.");
  absl::ParseCommandLine(argc, argv);
  if (!absl::GetFlag(FLAGS_node_of).empty()) {
    return weft::bench::RunSoakNode(absl::GetFlag(FLAGS_node_of),
                                    absl::GetFlag(FLAGS_password_file));
  }
  if (!weft::testing::IsInstalled("redis-server")) {
    std::cerr << "redis-server is not installed: apt install redis-server\n";
    return 1;
  }
  uint64_t seed = absl::GetFlag(FLAGS_seed);
  if (seed == 0) seed = std::random_device()() % 1000000;
  std::cout << "seed " << seed << std::endl;
  Soak soak(seed);
  soak.RunFaults();
  return soak.Finish() == 0 ? 0 : 1;
}
