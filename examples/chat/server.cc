// A chat room, and its page: open the printed address in a browser, in two windows. The terminal
// client (client.cc) joins the same room.
//
//   bazel run //examples/chat:server
//
// The same rooms on several nodes, by one Redis:
//
//   bazel run //examples/chat:server -- --redis=redis://127.0.0.1:6379 --port=8081
//   bazel run //examples/chat:server -- --redis=redis://127.0.0.1:6379 --port=8082

#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/chat/chat.h"
#include "examples/output.h"
#include "examples/server_main.h"
#include "weft/cluster/redis/redis_broker.h"
#include "weft/core/http/quote.h"
#include "weft/server/router.h"

ABSL_FLAG(std::string, redis, "",
          "the Redis that joins several nodes to one chat, redis://HOST:PORT; none: this server is "
          "alone");
ABSL_FLAG(std::vector<std::string>, nodes, {},
          "all nodes as pages reach them, separated by commas, with ws:// or wss://: a page whose "
          "node ends goes to the next one; none: it comes back to the address from which it was "
          "loaded");

namespace {

// False: it has said what is wrong.
bool JoinNodes(weft::ServerOptions& options, const std::vector<std::string>& nodes) {
  for (const std::string& node : nodes) {
    if (!absl::StartsWith(node, "ws://") && !absl::StartsWith(node, "wss://")) {
      examples::ErrorOutput().Write(
          absl::StrCat("Error: --nodes: expected ws://HOST:PORT, and got ", weft::Escape(node)));
      return false;
    }
    // Its pages connect to this node, too.
    options.http.allowed_origins.push_back(absl::StrCat("http", node.substr(2)));
  }
  const std::string redis = absl::GetFlag(FLAGS_redis);
  if (redis.empty()) return true;
  auto broker =
      weft::RedisBroker::Create({.address = redis, .prefix = "chat", .log = options.hooks.log});
  if (!broker.ok()) {
    examples::ErrorOutput().Write(absl::StrCat("Error: --redis: ", broker.status().message()));
    return false;
  }
  options.broker = *std::move(broker);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "A chat room: sends every text to all members, including its sender.");
  weft::chat::Adjust(options);
  const std::vector<std::string> nodes = absl::GetFlag(FLAGS_nodes);
  if (!JoinNodes(options, nodes)) return 2;

  weft::chat::Chat chat(
      {.nodes = nodes, .secure = options.tls != nullptr, .on_line = [](absl::string_view line) {
         examples::Output().Write(absl::StrCat("Received: ", weft::Escape(line)));
         examples::Output().Write("Data broadcast to all clients");
       }});
  weft::Router router;
  chat.AddTo(router, "");
  router.ServeStatus();
  return examples::RunServer(std::move(options), router);
}
