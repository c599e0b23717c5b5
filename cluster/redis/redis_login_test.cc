// A Redis that refuses a node, or its commands: each error has a name, and no password is shown.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/cluster/redis/redis_options.h"
#include "weft/cluster/redis/testing/fake_redis.h"
#include "weft/cluster/redis/testing/redis_process.h"
#include "weft/cluster/redis/topic_script.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/log.h"
#include "weft/server/topics/broker.h"
#include "weft/server/topics/position.h"
#include "weft/server/topics/topic_counters.h"
#include "weft/server/topics/topic_history.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using testing::FakeRedis;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using testing::RedisProcess;
using testing::TestCaFile;
using testing::TestIdentity;

constexpr TopicHistory kHistory = {.messages = 10};

// A node whose log a test reads.
class Node : public BrokerEvents {
 public:
  explicit Node(RedisOptions options) {
    if (options.timeouts.connect == RedisTimeouts().connect) {
      options.timeouts.connect = absl::Seconds(30);  // only a test of it shortens it
    }
    options.timeouts.backoff = {.first = absl::Milliseconds(2), .longest = absl::Milliseconds(20)};
    options.log = [this](LogLevel, absl::string_view line) {
      const std::lock_guard<std::mutex> lock(mutex_);
      absl::StrAppend(&log_, line, "\n");
      changed_.notify_all();
    };
    auto broker = RedisBroker::Create(std::move(options));
    EXPECT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    EXPECT_TRUE(broker_->Start(this).ok());
  }
  ~Node() { broker_->Stop(); }

  void Await(const std::function<bool()>& holds) {
    std::unique_lock<std::mutex> lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::minutes(1), holds))
        << "it has never happened; the log is\n"
        << log_;
  }
  void AwaitUp() {
    Await([this] { return up_; });
  }
  void BeginSubscription(bool has_history) { broker_->Subscribe({{"t", has_history}}); }
  void AwaitSubscribed() {
    Await([this] { return subscribed_; });
  }
  void Subscribe() {
    BeginSubscription(/*has_history=*/false);
    AwaitSubscribed();
  }
  void AwaitLog(absl::string_view text) {
    Await([&] { return absl::StrContains(log_, text); });
  }
  bool received() const { return received_; }  // in Await()
  BrokerCounts counts() const { return broker_->counts(); }
  std::string log() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return log_;
  }

  absl::StatusOr<Position> Publish(const TopicHistory& history = kHistory,
                                   absl::string_view payload = "x") {
    std::optional<absl::StatusOr<Position>> outcome;
    broker_->Publish("t", history, {{.message = *EncodedMessage::Make(Opcode::kText, payload)}},
                     [&](absl::StatusOr<Position> done) {
                       const std::lock_guard<std::mutex> lock(mutex_);
                       // Not a copy: Abseil's library counts references to an error, which
                       // ThreadSanitizer does not see.
                       outcome = std::move(done);
                       changed_.notify_all();
                     });
    Await([&] { return outcome.has_value(); });
    return *outcome;
  }

  // The beginning of the topic's history.
  absl::StatusOr<HistoryPage> Read() {
    std::optional<absl::StatusOr<HistoryPage>> page;
    const auto read = [&](Position since) {
      page.reset();
      broker_->Read("t", since, HistoryPage::kMaxMessages, [&](absl::StatusOr<HistoryPage> done) {
        const std::lock_guard<std::mutex> lock(mutex_);
        page = std::move(done);
        changed_.notify_all();
      });
      Await([&] { return page.has_value(); });
    };
    read({});
    if (page->ok()) read({(*page)->state.position.epoch, 0});
    return *std::move(page);
  }

 private:
  void OnMessages(absl::string_view, std::vector<TopicMessage>) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    received_ = true;
    changed_.notify_all();
  }
  void OnState(absl::string_view, const TopicState&) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    subscribed_ = true;
    changed_.notify_all();
  }
  void OnLost(const absl::Status&) override {}
  void OnStateChange(BrokerState state) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    up_ = state == BrokerState::kUp;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string log_;
  bool up_ = false;
  bool subscribed_ = false;
  bool received_ = false;
  std::unique_ptr<RedisBroker> broker_;
};

class RedisLoginTest : public ::testing::Test {
 protected:
  void SetUp() override { WEFT_REQUIRES_PROGRAM("redis-server"); }

  static std::string WriteFile(const std::string& path, absl::string_view content) {
    std::ofstream(path) << content;
    return path;
  }
};

TEST_F(RedisLoginTest, APasswordIsReadAgainAtEachConnection) {
  RedisProcess redis({"--requirepass", "secret-1"});
  const std::string file = WriteFile(redis.folder() + "/password", "secret-0\n");
  Node without({.address = redis.address()});
  without.AwaitLog("it asks for a password: Redis answered \"NOAUTH");
  Node node({.address = redis.address(), .password_file = file});
  node.AwaitLog("it rejects the user name or the password: Redis answered \"WRONGPASS");
  // The line may be of the other connection than the one that publishes.
  absl::Status refused;
  do {
    refused = node.Publish().status();
    ASSERT_TRUE(absl::IsUnavailable(refused)) << refused;
  } while (!absl::StrContains(refused.message(), "WRONGPASS"));
  WriteFile(file, "secret-1\n");
  node.AwaitUp();
  EXPECT_TRUE(node.Publish().ok());
  EXPECT_THAT(node.log(), Not(HasSubstr("secret")));
}

TEST_F(RedisLoginTest, APolicyThatMayDeleteHistoriesIsNamed) {
  RedisProcess redis({"--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"});
  Node node({.address = redis.address()});
  node.AwaitUp();
  EXPECT_THAT(node.log(), HasSubstr("its maxmemory-policy is \"volatile-lru\": when its 104857600 "
                                    "bytes are full, histories of topics may be deleted"));
  redis.Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  Node other({.address = redis.address()});
  other.AwaitUp();
  EXPECT_THAT(other.log(), Not(HasSubstr("maxmemory")));
}

TEST_F(RedisLoginTest, ConnectionsBytesAndProbesAreCounted) {
  RedisProcess redis;
  Node node({.address = redis.address(), .timeouts = {.probe = absl::Milliseconds(10)}});
  node.AwaitUp();
  const BrokerCounts before = node.counts();
  EXPECT_EQ(before.connects, 2u);
  EXPECT_THAT(before.reconnects, Each(0u));
  EXPECT_TRUE(before.messages_up);
  EXPECT_TRUE(before.commands_up);
  const std::string payload(100000, 'x');
  EXPECT_TRUE(node.Publish(kHistory, payload).ok());
  EXPECT_TRUE(node.Read().ok());
  const BrokerCounts after = node.counts();
  EXPECT_GT(after.sent_bytes, before.sent_bytes + payload.size());
  EXPECT_GT(after.received_bytes, before.received_bytes + payload.size());
  EXPECT_EQ(after.overdue, 0u);
  while (node.counts().probe == absl::ZeroDuration()) {
  }
  redis.Do({"CLIENT", "KILL", "TYPE", "pubsub"});
  while (node.counts().connects < 3) {
  }
  const auto reconnects = [&node](BrokerReconnectReason reason) {
    return node.counts().reconnects[static_cast<size_t>(reason)];
  };
  EXPECT_EQ(reconnects(BrokerReconnectReason::kLost), 1u);
  redis.Kill();
  while (reconnects(BrokerReconnectReason::kUnreachable) < 2) {
  }
  EXPECT_EQ(reconnects(BrokerReconnectReason::kLost), 3u);
  EXPECT_EQ(reconnects(BrokerReconnectReason::kTimeout) + reconnects(BrokerReconnectReason::kRole),
            0u);
  EXPECT_FALSE(node.counts().messages_up);
  EXPECT_FALSE(node.counts().commands_up);
}

// A probe of one node says nothing about the messages of another one.
TEST_F(RedisLoginTest, EachNodeProbesByAChannelOfItsOwn) {
  RedisProcess redis;
  Node a({.address = redis.address()}), b({.address = redis.address()});
  a.AwaitUp();
  b.AwaitUp();
  while (redis.Do({"PUBSUB", "CHANNELS", "weft:n:*"}).elements.size() != 2) {
  }
}

TEST_F(RedisLoginTest, AnUnknownNameIsUnreachable) {
  Node node({.address = "redis://no-such-host.invalid:6379"});
  const auto reconnects = [&node](BrokerReconnectReason reason) {
    return node.counts().reconnects[static_cast<size_t>(reason)];
  };
  while (reconnects(BrokerReconnectReason::kUnreachable) < 2) {
    ASSERT_EQ(reconnects(BrokerReconnectReason::kLogin), 0u);
  }
}

TEST_F(RedisLoginTest, AMissingPasswordFileIsNamed) {
  RedisProcess redis;
  Node node({.address = redis.address(), .password_file = redis.folder() + "/none"});
  node.AwaitLog("cannot read the password file");
}

// The ACL of docs/cluster_wire.md.
constexpr absl::string_view kAcl[] = {
    "~weft:*", "&weft:*",      "-@all",    "+hello",     "+auth",        "+ping",
    "+info",   "+script|load", "+evalsha", "+subscribe", "+unsubscribe", "+publish",
    "+xadd",   "+xrange",      "+hmget",   "+hset",      "+hdel",        "+get",
    "+set",    "+del",         "+type",    "+pexpire",   "+persist"};

TEST_F(RedisLoginTest, AUserNeedsNoMoreThanTheDocumentedRights) {
  RedisProcess redis;
  std::vector<absl::string_view> command = {"ACL", "SETUSER", "chat", "on", ">secret"};
  command.insert(command.end(), std::begin(kAcl), std::end(kAcl));
  EXPECT_TRUE(redis.Do(command).IsText("OK"));
  const std::string file = WriteFile(redis.folder() + "/password", "secret");
  const std::string address = absl::StrCat("redis://chat@127.0.0.1:", redis.port());
  Node node({.address = address, .password_file = file});
  node.AwaitUp();
  EXPECT_TRUE(node.Publish().ok());
  EXPECT_TRUE(node.Publish({.messages = 1}).ok());
  EXPECT_TRUE(node.Publish({.messages = 5, .time = absl::InfiniteDuration()}).ok());
  EXPECT_TRUE(node.Publish({}).ok());
  Node other({.address = address, .password_file = file, .prefix = "other"});
  other.AwaitLog("its ACL does not allow the command: Redis answered \"NOPERM");
}

TEST_F(RedisLoginTest, KeysAreInTheDatabaseOfTheAddress) {
  RedisProcess redis;
  Node node({.address = redis.address() + "/3"});
  node.AwaitUp();
  ASSERT_TRUE(node.Publish().ok());
  EXPECT_EQ(redis.Do({"DBSIZE"}).integer, 0);
  EXPECT_THAT(redis.Do({"INFO", "keyspace"}).text, HasSubstr("db3:keys=2"));
  Node wrong({.address = redis.address() + "/16"});
  wrong.AwaitLog("DB index is out of range");
}

TEST_F(RedisLoginTest, AReplicaIsRefusedAndADemotedMasterIsLeft) {
  RedisProcess master, replica;
  const std::string port = absl::StrCat(master.port());
  replica.Do({"REPLICAOF", "127.0.0.1", port});
  Node node({.address = replica.address()});
  node.AwaitLog("it is not a master, but has the role \"slave\" (its master is \"127.0.0.1\")");
  replica.Do({"REPLICAOF", "NO", "ONE"});
  node.AwaitUp();
  EXPECT_TRUE(node.Publish().ok());
  replica.Do({"REPLICAOF", "127.0.0.1", port});
  absl::StatusOr<Position> outcome = node.Publish();
  EXPECT_TRUE(absl::IsUnavailable(outcome.status())) << outcome.status();
  node.AwaitLog("it is a replica, which takes no writes: Redis answered \"READONLY");
}

// Nothing is published here that could be refused.
TEST_F(RedisLoginTest, ADemotedMasterIsNoticedByTheProbe) {
  RedisProcess master, other;
  Node node({.address = master.address(), .timeouts = {.probe = absl::Milliseconds(20)}});
  node.AwaitUp();
  master.Do({"REPLICAOF", "127.0.0.1", absl::StrCat(other.port())});
  node.AwaitLog("it is not a master, but has the role");
}

TEST_F(RedisLoginTest, ADemotedMasterIsNoticedWhileMessagesArrive) {
  RedisProcess master, other;
  Node node({.address = master.address(), .timeouts = {.probe = absl::Seconds(1)}});
  node.AwaitUp();
  node.Subscribe();
  std::atomic<bool> ends{false};
  std::thread publisher([&] {
    const std::string batch = absl::StrCat("- 0 1 10:", "\1", std::string(9, '\0'));
    while (!ends) master.Do({"PUBLISH", "weft:c:{t}", batch});
  });
  node.Await([&] { return node.received(); });
  master.Do({"REPLICAOF", "127.0.0.1", absl::StrCat(other.port())});
  node.AwaitLog("it is not a master, but has the role");
  ends = true;
  publisher.join();
}

// Its last messages may be lost since then.
TEST_F(RedisLoginTest, AMasterThatWasAReplicaMeanwhileBeginsAnEpoch) {
  RedisProcess redis, other;
  Node node({.address = redis.address(), .timeouts = {.probe = absl::Milliseconds(20)}});
  node.AwaitUp();
  const absl::StatusOr<Position> before = node.Publish();
  ASSERT_TRUE(before.ok()) << before.status();
  redis.Do({"REPLICAOF", "127.0.0.1", absl::StrCat(other.port())});
  redis.Do({"REPLICAOF", "NO", "ONE"});
  node.AwaitLog("Redis (commands): Redis");
  absl::StatusOr<Position> after = node.Publish();
  while (!after.ok()) after = node.Publish();
  EXPECT_NE(after->epoch, before->epoch);
  EXPECT_EQ(after->offset, before->offset + 1);
}

TEST_F(RedisLoginTest, AnOutdatedCallerIsTold) {
  RedisProcess redis;
  Node node({.address = redis.address()});
  node.AwaitUp();
  ASSERT_TRUE(node.Publish().ok());
  redis.Do({"HSET", "weft:m:{t}", "r", "newer"});
  EXPECT_TRUE(node.Publish().ok()) << "it is this Redis that it logged in to";
  const RespValue reply = redis.Do({"EVAL", kTopicScript, "2", "weft:m:{t}", "weft:h:{t}", "read",
                                    "older", "e", "", "0", "1", "1"});
  EXPECT_TRUE(reply.is_error());
  EXPECT_THAT(reply.text, HasSubstr("OTHERHISTORY"));
}

TEST_F(RedisLoginTest, FullMemoryIsResourceExhausted) {
  RedisProcess redis;
  Node node({.address = redis.address()});
  node.AwaitUp();
  redis.Do({"CONFIG", "SET", "maxmemory", "1"});
  const absl::Status refused = node.Publish().status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(redis.Do({"DBSIZE"}).integer, 0) << "certainly not published";
  redis.Do({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(node.Publish().ok());
}

// A read needs neither memory nor replicas.
TEST_F(RedisLoginTest, ARedisThatTakesNoWritesServesTheHistory) {
  RedisProcess redis;
  Node node({.address = redis.address()});
  node.AwaitUp();
  for (const TopicHistory& history : {kHistory, TopicHistory{.messages = 1}}) {
    ASSERT_TRUE(node.Publish(history).ok());
    for (const auto& [setting, value] :
         {std::pair("maxmemory", "1"), std::pair("min-replicas-to-write", "1")}) {
      redis.Do({"CONFIG", "SET", setting, value});
      EXPECT_FALSE(node.Publish(history).ok());
      const absl::StatusOr<HistoryPage> page = node.Read();
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_EQ(page->messages.size(), 1u);
      redis.Do({"CONFIG", "SET", setting, "0"});
    }
    redis.Do({"FLUSHALL"});
  }
}

TEST_F(RedisLoginTest, ACheckThatFailsIsRepeatedAndCountsNoMessage) {
  RedisProcess redis;
  redis.Do({"CONFIG", "SET", "maxmemory", "1"});
  Node node({.address = redis.address(), .timeouts = {.ping_interval = absl::Milliseconds(20)}});
  node.AwaitUp();
  node.BeginSubscription(/*has_history=*/true);
  node.AwaitLog(
      "the position of the topic \"t\" cannot be checked: it has reached its limit of memory");
  EXPECT_EQ(node.counts().unreadable, 0u);
  redis.Do({"CONFIG", "SET", "maxmemory", "0"});
  node.AwaitSubscribed();
}

// Its caller has the outcome, but Redis has yet to read it.
TEST_F(RedisLoginTest, AnOverduePublishTakesMemoryUntilItIsAnswered) {
  RedisProcess redis;
  Node node({.address = redis.address(),
             .max_outbound_bytes = 60000,
             .timeouts = {.call = absl::Milliseconds(100), .answer = absl::Minutes(5)}});
  node.AwaitUp();
  const std::string large(40000, 'x');
  redis.Do({"CLIENT", "PAUSE", "600000", "WRITE"});
  const absl::Status overdue = node.Publish(kHistory, large).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(overdue)) << overdue;
  EXPECT_EQ(node.counts().overdue, 1u);
  EXPECT_GT(node.counts().outbound_bytes, large.size());
  const absl::Status refused = node.Publish(kHistory, large).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  redis.Do({"CLIENT", "UNPAUSE"});
  absl::StatusOr<Position> outcome = node.Publish(kHistory, large);
  while (!outcome.ok()) outcome = node.Publish(kHistory, large);
}

TEST_F(RedisLoginTest, ARedisThatCannotSaveKeepsItsConnections) {
  RedisProcess redis({"--dbfilename", "file.rdb"});
  redis.Do({"CONFIG", "SET", "save", "3600 1"});
  std::filesystem::create_directories(redis.folder() + "/file.rdb/not_empty");
  redis.Do({"SET", "x", "y"});
  redis.Do({"BGSAVE"});
  while (!absl::StrContains(redis.Do({"INFO", "persistence"}).text, "last_bgsave_status:err")) {
  }
  Node node({.address = redis.address(), .timeouts = {.ping_interval = absl::Milliseconds(20)}});
  node.AwaitUp();
  const auto refused = [&] {
    const std::string text = redis.Do({"INFO", "commandstats"}).text;
    const size_t ping = text.find("cmdstat_ping:");
    const std::string rejected = "rejected_calls=";
    const size_t at = ping == std::string::npos ? ping : text.find(rejected, ping);
    return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + rejected.size());
  };
  while (refused() < 10) {
  }
  EXPECT_THAT(node.log(), Not(HasSubstr("the next attempt is in")));
  EXPECT_TRUE(node.Publish({}).ok()) << "it needs no write";
}

TEST_F(RedisLoginTest, APageOfLargeMessagesIsRead) {
  RedisProcess redis;
  Node node({.address = redis.address(),
             .max_outbound_bytes = size_t{64} << 20,
             .timeouts = {.call = absl::Minutes(1), .answer = absl::Minutes(1)}});
  node.AwaitUp();
  const std::string large(size_t{15} << 20, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(node.Publish(kHistory, large).ok());
  const absl::StatusOr<HistoryPage> page = node.Read();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->messages.size(), 1u);
  const absl::Status refused = node.Publish(kHistory, std::string(size_t{17} << 20, 'x')).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
}

// The limit of a call is for calls.
TEST_F(RedisLoginTest, ALoginMayTakeLongerThanACall) {
  RedisProcess redis;
  redis.Do({"CLIENT", "PAUSE", "300", "ALL"});
  Node node({.address = redis.address(), .timeouts = {.call = absl::Milliseconds(1)}});
  node.AwaitUp();
  EXPECT_THAT(node.log(), Not(HasSubstr("the next attempt is in")));
}

// Its caller has learnt that it is not published, and may publish it again.
TEST_F(RedisLoginTest, AnOverduePublishThatWasNotSentNeverIs) {
  RedisProcess redis;
  Node node({.address = redis.address(),
             .max_outbound_bytes = 64 << 20,
             .timeouts = {.call = absl::Milliseconds(100), .answer = absl::Minutes(5)}});
  node.AwaitUp();
  // "later" may be published more than once, by calls whose time is over.
  const TopicHistory kept = {.messages = 10'000};
  redis.Signal(SIGSTOP);
  // More than the buffers of the sockets take.
  const absl::Status large = node.Publish(kept, std::string(15 << 20, 'x')).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(large)) << large;
  const absl::Status unsent = node.Publish(kept, "not sent").status();
  EXPECT_TRUE(absl::IsUnavailable(unsent)) << unsent;
  EXPECT_THAT(std::string(unsent.message()), HasSubstr("it was not sent in 100ms"));
  redis.Signal(SIGCONT);
  while (!node.Publish(kept, "later").ok()) {
  }
  const RespValue first = redis.Do({"XRANGE", "weft:h:{t}", "1-0", "1-0"});
  ASSERT_EQ(first.elements.size(), 1u);
  const RespValue second = redis.Do({"XRANGE", "weft:h:{t}", "2-0", "2-0"});
  ASSERT_EQ(second.elements.size(), 1u);
  EXPECT_THAT(second.elements[0].elements[1].elements[1].text, HasSubstr("later"));
}

TEST_F(RedisLoginTest, ATopicToWhichNobodyPublishedIsForgottenInAWeek) {
  RedisProcess redis;
  Node node({.address = redis.address()});
  node.AwaitUp();
  const auto expires_ms = [&] { return redis.Do({"PTTL", "weft:m:{t}"}).integer; };
  const int64_t week_ms = absl::ToInt64Milliseconds(absl::Hours(7 * 24));
  ASSERT_TRUE(node.Read().ok());
  EXPECT_THAT(expires_ms(), AllOf(Gt(0), Le(week_ms)));
  redis.Do({"PEXPIRE", "weft:m:{t}", "1000000"});
  ASSERT_TRUE(node.Read().ok());
  EXPECT_GT(expires_ms(), 1000000) << "it is used";
  ASSERT_TRUE(node.Publish().ok());
  EXPECT_GT(expires_ms(), week_ms);
}

TEST_F(RedisLoginTest, EveryOtherServerIsNamed) {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak RESP2"},
      {"-LOADING Redis is loading the dataset in memory\r\n", "it is loading its data"},
      {"-BUSY Redis is busy running a script\r\n", "a script occupies it"},
      {"-MOVED 1 127.0.0.1:1\r\n", "a node of a Redis Cluster, which is not supported"},
      {"-ERR max number of clients reached\r\n", "max number of clients reached"},
      {"+OK\r\n$2\r\nno\r\n", "INFO has no run_id: it is not a Redis"},
      {"+OK\r\n$11\r\nrun_id:abcd\r\n$0\r\n\r\n", "it is not a master"},
      {"*70000\r\n", "a reply of more than 65536 elements"},
  };
  for (const auto& [answer, error] : cases) {
    const FakeRedis fake(answer);
    Node node({.address = fake.address()});
    node.AwaitLog(error);
  }
}

// Redis reads them after it has changed to its folder.
std::string Absolute(const std::string& file) {
  return std::filesystem::absolute(TestCaFile(file)).string();
}

std::vector<std::string> TlsArguments(const std::string& certificate) {
  return {"--tls-port",
          "PORT",
          "--port",
          "0",
          "--tls-cert-file",
          Absolute(certificate + ".pem"),
          "--tls-key-file",
          Absolute(certificate + ".key"),
          "--tls-ca-cert-file",
          Absolute("ca.pem")};
}

TEST_F(RedisLoginTest, TlsWithBothCertificates) {
  RedisProcess redis(TlsArguments("server"));
  const std::string address = absl::StrCat("rediss://localhost:", redis.port());
  Node node({.address = address,
             .tls = {.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")}});
  node.AwaitUp();
  EXPECT_TRUE(node.Publish().ok());
  Node without({.address = address, .tls = {.ca_file = TestCaFile("ca.pem")}});
  without.AwaitLog("certificate");
  Node stranger(
      {.address = address,
       .tls = {.ca_file = TestCaFile("unknown_ca.pem"), .identity = TestIdentity("client")}});
  stranger.AwaitLog("the server's certificate");
}

TEST_F(RedisLoginTest, WrongCertificatesAreNamedAndReplacedWithoutARestart) {
  RedisProcess redis(TlsArguments("server"));
  const std::string ca =
      WriteFile(redis.folder() + "/ca.pem", testing::ReadTestCaFile("unknown_ca.pem"));
  Node node({.address = absl::StrCat("rediss://localhost:", redis.port()),
             .tls = {.ca_file = ca, .identity = TestIdentity("client")}});
  node.AwaitLog("the server's certificate");
  WriteFile(ca, testing::ReadTestCaFile("ca.pem"));
  node.AwaitUp();
  RedisProcess expired(TlsArguments("expired"));
  Node late({.address = absl::StrCat("rediss://localhost:", expired.port()),
             .tls = {.ca_file = TestCaFile("ca.pem"), .identity = TestIdentity("client")}});
  late.AwaitLog("expired");
}

// Redis waits for the rest of a line, and does not answer.
TEST_F(RedisLoginTest, PlainRedisIsNotTls) {
  RedisProcess redis;
  Node node({.address = absl::StrCat("rediss://localhost:", redis.port()),
             .tls = {.ca_file = TestCaFile("ca.pem")},
             .timeouts = {.connect = absl::Milliseconds(100)}});
  node.AwaitLog("TLS with localhost");
}

TEST(RedisOptionsTest, WrongOptionsAreNamed) {
  const auto error = [](RedisOptions options) {
    return std::string(RedisBroker::Create(std::move(options)).status().message());
  };
  EXPECT_THAT(error({.address = "localhost"}), HasSubstr("RedisOptions::address"));
  EXPECT_THAT(error({.address = "redis://a", .sentinels = {"a:b"}}),
              HasSubstr("RedisOptions::sentinels"));
  EXPECT_THAT(error({.address = "redis://a", .prefix = "a{b"}),
              HasSubstr("RedisOptions::prefix is \"a{b\""));
  EXPECT_THAT(error({.address = "redis://a", .max_outbound_bytes = 0}),
              HasSubstr("RedisOptions::max_outbound_bytes is 0"));
  EXPECT_THAT(error({.address = "redis://a", .timeouts = {.call = absl::ZeroDuration()}}),
              HasSubstr("call is 0: more than 0"));
  // Otherwise a node would be the default user, or send its messages in the clear.
  EXPECT_THAT(error({.address = "redis://chat@a"}),
              HasSubstr("RedisOptions::password_file is empty"));
  EXPECT_THAT(error({.address = "redis://a", .tls = {.ca_file = TestCaFile("ca.pem")}}),
              HasSubstr("RedisOptions::tls is set"));
  EXPECT_THAT(error({.address = "redis://a", .sentinel_password_file = "file"}),
              HasSubstr("RedisOptions::sentinel_password_file is set"));
  EXPECT_FALSE(RedisBroker::Create({.address = "rediss://a", .tls = {.ca_file = "/none"}}).ok());
}

}  // namespace
}  // namespace weft
