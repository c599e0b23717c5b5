#include "weft/bench/cluster/soak_load.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "weft/bench/cluster/soak_node.h"

namespace weft::bench {
namespace {

// About 36 MB.
constexpr int kMessagesPerSecond = 5000;
constexpr int kSeconds = 30;

// Bytes: 4 MB for the stopped node, and what the others have not read yet.
constexpr size_t kMaxClients = size_t{12} << 20;
constexpr size_t kMaxGrowth = size_t{64} << 20;  // of a node

// The bytes that Redis holds for its clients: for those of nodes, what they have not read.
size_t MemoryOfClients(const testing::RedisProcess& redis) {
  const std::string info = redis.Do({"INFO", "memory"}).text;
  for (absl::string_view line : absl::StrSplit(info, "\r\n")) {
    size_t bytes = 0;
    if (absl::ConsumePrefix(&line, "mem_clients_normal:") && absl::SimpleAtoi(line, &bytes)) {
      return bytes;
    }
  }
  Die(absl::InternalError(info));
}

}  // namespace

void StopNodeUnderLoad(World& world, Observer& observer, const testing::RedisProcess& redis,
                       size_t stopped) {
  redis.Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 1mb 5"});
  std::vector<size_t> before;
  for (const auto& node : world.nodes) before.push_back(node->MemoryBytes());
  world.nodes[stopped]->Signal(SIGSTOP);
  const absl::Time start = absl::Now();
  auto flood = std::async(std::launch::async, [&] {
    return observer.Flood(kMessagesPerSecond, absl::Seconds(kSeconds));
  });
  size_t clients = 0;
  while (flood.wait_for(std::chrono::milliseconds(500)) != std::future_status::ready) {
    clients = std::max(clients, MemoryOfClients(redis));
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  const uint64_t acknowledged = flood.get();
  std::cout << absl::StreamFormat(
      "node %d was stopped for %.1f s, at %.0f messages/s: Redis had at most %.1f MB for clients",
      stopped, seconds, static_cast<double>(acknowledged) / seconds,
      static_cast<double>(clients) / 1e6);
  constexpr uint64_t kPublished = uint64_t{kMessagesPerSecond} * kSeconds;
  if (acknowledged < kPublished / 2) {
    world.Fail(absl::StrCat("only ", acknowledged, " of ", kPublished,
                            " messages of the load were acknowledged"));
  }
  if (clients > kMaxClients) world.Fail("the memory of Redis for clients has grown with the load");
  for (size_t i = 0; i < kSoakNodes; ++i) {
    const size_t now = world.nodes[i]->MemoryBytes();
    std::cout << absl::StreamFormat("; node %d %.1f, then %.1f MB", i,
                                    static_cast<double>(before[i]) / 1e6,
                                    static_cast<double>(now) / 1e6);
    if (now > before[i] + kMaxGrowth) world.Fail(absl::StrCat("node ", i, " has grown"));
  }
  std::cout << std::endl;
  world.nodes[stopped]->Signal(SIGCONT);
  redis.Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60"});
}

}  // namespace weft::bench
