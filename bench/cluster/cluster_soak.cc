// Nodes on a real Redis, under random faults.
//
//   bazel run //bench/cluster:cluster_soak -- --duration=60s --seed=1
//
// Three servers, each a process that reaches Redis through a relay, one of them by TLS. Clients
// publish to three topics with history and two without; others read them, leave, and come back to
// some node with their positions. All that they saw is checked at the end: order, no hole without
// an event of a gap, one payload at a position, and that everything acknowledged was delivered or
// is covered by a gap. Ends with 1 if that does not hold. Redis has an append-only file if the seed
// is even. Otherwise it is restarted from its last SAVE, and loses acknowledged messages: their
// readers must get a gap.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "weft/bench/cluster/soak_check.h"
#include "weft/bench/cluster/soak_clients.h"
#include "weft/bench/cluster/soak_load.h"
#include "weft/bench/cluster/soak_node.h"
#include "weft/bench/cluster/soak_store.h"
#include "weft/bench/cluster/soak_tls.h"
#include "weft/client.h"
#include "weft/cluster/redis/testing/fake_redis.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/testing/relay.h"
#include "weft/cluster/redis/wire.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_history.h"

ABSL_FLAG(absl::Duration, duration, absl::Seconds(60), "of the faults");
ABSL_FLAG(uint64_t, seed, 0, "of all random choices; 0: another one each time");
ABSL_FLAG(std::string, fault, "", "only the faults whose names contain this");
ABSL_FLAG(std::string, node_of, "", "for the program's own use: runs a node of this Redis");
ABSL_FLAG(std::string, password_file, "", "for the program's own use");
ABSL_FLAG(std::string, tls_folder, "", "for the program's own use");

namespace weft::bench {
namespace {

using testing::FakeRedis;
using testing::RedisProcess;
using testing::Relay;

constexpr int kReaders = 6, kPublishers = 4;
constexpr absl::string_view kUser = "node", kPassword = "secret";

// The node that uses TLS.
constexpr size_t kTlsNode = kSoakNodes - 1;

std::vector<std::string> RedisArguments(bool append_only, const SoakTls& tls) {
  std::vector<std::string> arguments = tls.RedisArguments();
  arguments.insert(arguments.end(), {"--user", std::string(kUser), "on",
                                     absl::StrCat(">", kPassword), "~*", "&*", "+@all"});
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
        redis_(RedisArguments(append_only_, tls_)),
        password_file_(redis_.folder() + "/password") {
    WritePassword(kPassword);
    observer_ = std::make_unique<Observer>(world_, redis_.address());
    for (const absl::string_view topic : kSoakTopics) observer_->Read(topic, {});
    Save();
    for (size_t i = 0; i < kSoakNodes; ++i) {
      relays_.push_back(std::make_unique<Relay>(PortOf(i)));
      const std::string to = absl::StrCat(relays_[i]->port());
      world_.nodes.push_back(std::make_unique<NodeProcess>(std::vector<std::string>{
          "cluster_soak",
          i == kTlsNode ? absl::StrCat("--node_of=rediss://", kUser, "@localhost:", to)
                        : absl::StrCat("--node_of=redis://", kUser, "@127.0.0.1:", to),
          absl::StrCat("--password_file=", password_file_),
          absl::StrCat("--tls_folder=", i == kTlsNode ? tls_.folder() : "")}));
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
    const absl::Duration duration = absl::GetFlag(FLAGS_duration);
    std::vector<Fault> faults;
    for (const Fault& fault : kFaults) {
      if (absl::StrContains(fault.name, absl::GetFlag(FLAGS_fault)) && fault.time <= duration) {
        faults.push_back(fault);
      }
    }
    if (faults.empty()) Die(absl::InvalidArgumentError("no such fault, or too short a duration"));
    const absl::Time start = absl::Now();
    while (absl::Now() - start < duration) {
      absl::SleepFor(random_.Between(absl::ZeroDuration(), absl::Milliseconds(600)));
      const size_t n = random_.Below(faults.size());
      const Fault fault = faults[n];
      std::cout << absl::FormatTime("%H:%M:%E3S ", absl::Now(), absl::UTCTimeZone()) << fault.name
                << std::endl;
      (this->*fault.run)();
      ++count_;
      // A long one once.
      if (fault.time > absl::ZeroDuration() && faults.size() > 1) {
        faults.erase(faults.begin() + static_cast<ptrdiff_t>(n));
      }
    }
  }

  // Lets everything arrive. Returns the number of violations.
  size_t Finish() {
    world_.publishing = false;
    publishers_.clear();
    for (const absl::string_view topic : kSoakTopics) AwaitAll(topic);
    world_.reading = false;
    readers_.clear();
    std::cout << count_ << " faults, ";
    CheckAll(world_);
    if (!world_.errors.empty()) {
      const std::string folder = absl::StrCat("/tmp/cluster_soak.", getpid());
      std::filesystem::create_directory(folder);
      std::error_code ignored;
      for (size_t i = 0; i < kSoakNodes; ++i) {
        std::filesystem::copy(LogOf(i), folder, ignored);
      }
      WriteEvents(world_, folder + "/events");
      std::cout << "the logs of the nodes, and the events of readers: " << folder << "\n";
    }
    return world_.errors.size();
  }

 private:
  struct Fault {
    absl::string_view name;
    void (Soak::*run)();
    absl::Duration time = absl::ZeroDuration();  // of a long one
  };
  static const std::vector<Fault> kFaults;

  // Of the Redis of a node.
  uint16_t PortOf(size_t node) const {
    return node == kTlsNode ? redis_.tls_port() : redis_.port();
  }

  std::string LogOf(size_t node) const { return absl::StrCat(redis_.folder(), "/node-", node); }

  Relay& AnyRelay() { return *relays_[random_.Below(kSoakNodes)]; }
  NodeProcess& AnyNode() { return *world_.nodes[random_.Below(kSoakNodes)]; }

  void WritePassword(absl::string_view password) const {
    // A node may read it at any moment.
    const std::string next = password_file_ + ".next";
    std::ofstream(next) << password;
    std::filesystem::rename(next, password_file_);
  }

  void Sleep(absl::Duration low, absl::Duration high) {
    absl::SleepFor(random_.Between(low, high));
  }

  // All readers have what the store has, or one of them gets nothing more for a minute.
  void AwaitAll(absl::string_view topic) {
    absl::Time end;
    std::optional<TopicState> state;
    std::vector<Position> last;
    while (true) {
      // Publishes whose outcome nobody knows may still come.
      const TopicState now = observer_->Read(topic, {}).state;
      std::vector<Position> positions;
      {
        const std::lock_guard<std::mutex> lock(world_.mutex);
        for (auto& of_reader : world_.positions) {
          positions.push_back(of_reader[std::string(topic)]);
        }
      }
      if (state != now || positions != last) end = absl::Now() + absl::Minutes(1);
      const bool is_stable = state == now;
      state = now;
      last = positions;
      if (is_stable && std::count(last.begin(), last.end(), now.position) == kReaders) break;
      if (absl::Now() > end) {
        for (size_t i = 0; i < last.size(); ++i) {
          if (last[i] == now.position) continue;
          world_.Fail(absl::StrCat("reader ", i, " is at ", last[i].ToString(), " of ", topic,
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
  void SeeEpochs(absl::Span<const absl::string_view> topics = kSoakTopics) {
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
    const absl::string_view topic = kSoakTopics[random_.Below(std::size(kSoakTopics))];
    redis_.Do({"DEL", names_.Meta(topic)});
    SeeEpochs({topic});
  }

  void DeleteStream() {
    const absl::string_view topic = kSoakTopics[random_.Below(std::size(kSoakTopics))];
    const RespValue last =
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
    const size_t node = random_.Below(kSoakNodes);
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
    const std::unique_ptr<Client> client = world_.Connect(random_.Below(kSoakNodes));
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
    const size_t node = random_.Below(kSoakNodes);
    Relay& relay = *relays_[node];
    relay.set_server(fake.port());
    relay.Cut(random_.Below(100));
    Sleep(absl::Milliseconds(100), absl::Seconds(1));
    relay.set_server(PortOf(node));
    relay.Cut();
  }

  void Save() {
    if (!append_only_) redis_.Do({"SAVE"});
  }

  // ---- Certificates ----

  // The node connects again, and its log has the text.
  void AwaitReconnect(absl::string_view text) {
    const NodeProcess& node = *world_.nodes[kTlsNode];
    const size_t from = node.LogBytes();
    relays_[kTlsNode]->Cut();
    node.AwaitLog(from, text);
  }

  void ReplaceCertificates() {
    constexpr absl::string_view kNames[] = {"server", "server_rsa", "server_chain"};
    tls_.SetServer(redis_, kNames[random_.Below(std::size(kNames))]);
    tls_.SetClient("client");
    AwaitReconnect("connected to localhost");
  }

  void ExpiredCertificate() {
    tls_.SetServer(redis_, "expired");
    AwaitReconnect("expired");
    tls_.SetServer(redis_, "server");
    AwaitReconnect("connected to localhost");
  }

  void ExpiredClientCertificate() {
    tls_.SetClient("client_expired");
    AwaitReconnect("expired");
    tls_.SetClient("client");
    AwaitReconnect("connected to localhost");
  }

  // ---- Load ----

  void StopNodeUnderLoad() {
    bench::StopNodeUnderLoad(world_, *observer_, redis_, random_.Below(kSoakNodes));
  }

  const bool append_only_;
  const RedisNames names_{"weft"};
  Random random_;
  SoakTls tls_;
  RedisProcess redis_;
  const std::string password_file_;
  World world_;
  std::unique_ptr<Observer> observer_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  int count_ = 0;
};

const std::vector<Soak::Fault> Soak::kFaults = {
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
    {"under load: stop node for 30 s", &Soak::StopNodeUnderLoad, absl::Seconds(30)},
    {"block loop", &Soak::BlockLoop},
    {"wrong password", &Soak::WrongPassword},
    {"read-only", &Soak::ReadOnly},
    {"no memory", &Soak::NoMemory},
    {"another server", &Soak::AnotherServer},
    {"certificates: replace", &Soak::ReplaceCertificates},
    {"certificates: one of Redis that has expired", &Soak::ExpiredCertificate},
    {"certificates: one of a node that has expired", &Soak::ExpiredClientCertificate},
    {"save", &Soak::Save},
};

int Main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Nodes on a real Redis, under random faults.");
  absl::ParseCommandLine(argc, argv);
  if (!absl::GetFlag(FLAGS_node_of).empty()) {
    return RunSoakNode(absl::GetFlag(FLAGS_node_of), absl::GetFlag(FLAGS_password_file),
                       absl::GetFlag(FLAGS_tls_folder));
  }
  if (!testing::IsInstalled("redis-server")) {
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

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) { return weft::bench::Main(argc, argv); }
