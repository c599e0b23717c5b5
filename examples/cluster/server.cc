// A Redis, three nodes of the chat, and a page with buttons that kill them: open the printed
// address, and watch that no line is lost.
//
//   bazel run //examples/cluster

#include "weft/server/server.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "examples/cluster/cluster.h"
#include "examples/cluster/page_files.h"
#include "examples/output.h"
#include "examples/page.h"
#include "examples/server_main.h"
#include "examples/ticker.h"
#include "weft/server/router.h"

ABSL_FLAG(std::string, chat, "examples/chat/server", "the program of the nodes");

namespace weft::panel {
namespace {

constexpr char kState[] = "state";
constexpr int kLooksPerSecond = 10;  // whether a process has started or ended

// The session of a page: gets the state of the processes, and sends commands (Cluster::Do), or
// "state" to ask whether the panel is there.
class Panel : public Handler {
 public:
  explicit Panel(Cluster& cluster) : cluster_(cluster) {}

  void OnOpen(Session& session) override {
    session.Subscribe(kState).IgnoreError();
    session.SendText(cluster_.State()).IgnoreError();
  }

  // The effect of a command is published by Watch() alone, so that states keep their order.
  void OnMessage(Session& session, const Message& message) override {
    if (message.payload == "state") return session.SendText(cluster_.State()).IgnoreError();
    const absl::Status status = cluster_.Do(message.payload);
    if (!status.ok()) session.Close(CloseCode::kPolicyViolation, status.message()).IgnoreError();
  }

 private:
  Cluster& cluster_;
};

// Starts the cluster, and publishes what happens to its processes.
std::shared_ptr<void> Watch(Cluster& cluster, Server& server) {
  const std::string address = server.address().ToString();
  cluster.Start(
      {absl::StrCat("http://", address), absl::StrCat("http://localhost:", server.port())});
  examples::Output().Write(absl::StrCat("Redis: ", cluster.redis()));
  for (const std::string& node : cluster.nodes()) {
    examples::Output().Write(absl::StrCat("Node: http", absl::StripPrefix(node, "ws"), "/"));
  }
  return std::make_shared<examples::Ticker>(
      kLooksPerSecond, [&cluster, &server, last = std::string()]() mutable {
        std::string state = cluster.State();
        if (state == last) return;
        last = std::move(state);
        server.Publish(kState, Opcode::kText, last).IgnoreError();
      });
}

int Run(ServerOptions options) {
  const absl::StatusOr<std::unique_ptr<Cluster>> cluster =
      Cluster::Create(absl::GetFlag(FLAGS_chat));
  if (!cluster.ok()) {
    examples::ErrorOutput().Write(absl::StrCat("Error: ", cluster.status().message()));
    return 1;
  }
  Router router;
  router.WebSocket("/", [&](auto&, auto&) { return std::make_unique<Panel>(**cluster); });
  router.Get("/*", examples::ServePage("", examples::kClusterPage,
                                       absl::StrJoin((*cluster)->nodes(), " ")));
  router.ServeStatus();
  return examples::RunServer(std::move(options), router,
                             [&](Server& server) { return Watch(**cluster, server); });
}

}  // namespace
}  // namespace weft::panel

int main(int argc, char** argv) {
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "A cluster of chat servers on this machine, and buttons that kill its parts.");
  options.connection.max_message_bytes = 64;  // a command
  options.rates.messages = {.per_second = 20, .burst = 40};
  return weft::panel::Run(std::move(options));
}
