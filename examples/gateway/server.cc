// A gateway: one feed of prices, fanned out to browsers, with a live chart.
//
//   bazel run -c opt //examples/gateway

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "examples/client_flags.h"
#include "examples/gateway/fanout.h"
#include "examples/gateway/feed.h"
#include "examples/gateway/page_files.h"
#include "examples/gateway/upstream.h"
#include "examples/gateway/viewer.h"
#include "examples/output.h"
#include "examples/page.h"
#include "examples/server_main.h"
#include "examples/ticker.h"
#include "weft/async_client.h"
#include "weft/core/http/url.h"
#include "weft/server/router.h"

ABSL_FLAG(std::string, upstream, "",
          "the ws:// or wss:// URL of the feed, in the format of examples/gateway/README.md; by "
          "default, a simulated one");
ABSL_FLAG(int, upstreams, 1,
          "the number of connections to the feed, all on one thread: 1 to 10000");
ABSL_FLAG(uint32_t, seed, 1, "of the simulated feed: the same seed gives the same random walks");

namespace weft::gateway {
namespace {

constexpr int kMaxUpstreams = 10000;

int Fail(absl::string_view error) {
  examples::ErrorOutput().Write(error);
  return 2;
}

// Each connection takes a descriptor, and its other end another one if the feed is simulated. Many
// systems let a process have 1,024, and more if it asks for more.
void AllowDescriptors() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // otherwise the connections say what they miss
}

// Prints how many upstreams are connected when that has changed, at most once per second.
class Printer {
 public:
  void Look(const FeedState& state, int64_t now_ms) {
    if (now_ms < next_ms_ || (state.connected == 0 && state.reason.empty())) return;
    std::string line = absl::StrCat("Upstream: ", state.connected, " of ", state.of, " connected");
    if (state.connected < state.of && !state.reason.empty()) {
      absl::StrAppend(&line, ": ", state.reason);
    }
    if (line == printed_) return;
    examples::ErrorOutput().Write(line);
    printed_ = std::move(line);
    next_ms_ = now_ms + 1000;
  }

 private:
  std::string printed_;
  int64_t next_ms_ = 0;
};

int Run(ServerOptions options) {
  const int count = absl::GetFlag(FLAGS_upstreams);
  if (count < 1 || count > kMaxUpstreams) {
    return Fail(absl::StrCat("--upstreams must be 1 to ", kMaxUpstreams, ", not ", count));
  }
  AllowDescriptors();
  std::string url = absl::GetFlag(FLAGS_upstream);
  std::unique_ptr<Feed> feed;  // null if it is not simulated
  if (url.empty()) {
    absl::StatusOr<std::unique_ptr<Feed>> started = Feed::Start(absl::GetFlag(FLAGS_seed));
    if (!started.ok()) return Fail(absl::StrCat("Error: ", started.status().message()));
    feed = *std::move(started);
    url = feed->url();
    examples::Output().Write(absl::StrCat("Simulated feed at ", url));
  }
  if (const auto parsed = ParseUrl(url); !parsed.ok()) {
    return Fail(absl::StrCat("--upstream: ", parsed.status().message()));
  }
  absl::StatusOr<ClientOptions> client = examples::ClientOptionsFromFlags(url);
  if (!client.ok()) return Fail(absl::StrCat("Error: ", client.status().message()));
  client->connection.max_message_bytes = 64 << 10;  // a trade has less

  Fanout fanout(static_cast<size_t>(count), feed != nullptr);
  absl::StatusOr<std::unique_ptr<ClientLoop>> loop = ClientLoop::Create();
  if (!loop.ok()) return Fail(absl::StrCat("Error: ", loop.status().message()));
  for (int i = 0; i < count; ++i) {
    (*loop)->Reconnect(url, {.client = *client},
                       std::make_unique<Upstream>(fanout, static_cast<size_t>(i)));
  }
  std::unique_ptr<examples::Ticker> trades;
  std::function<void()> cut;
  if (feed != nullptr) {
    trades = std::make_unique<examples::Ticker>(Feed::kTicksPerSecond, [&] { feed->Tick(); });
    cut = [&] { feed->Cut(); };
  }

  Router router;
  router.WebSocket("/", [&](auto&, auto&) { return std::make_unique<Viewer>(fanout, cut); });
  router.Get("/*", examples::ServePage("", examples::kGatewayPage));
  router.ServeStatus({.own_metrics = [&](PrometheusWriter& out) {
    WriteMetrics((*loop)->metrics(), &out);
    const FeedState state = fanout.State();
    out.Gauge("gateway_upstreams_connected", "Connections to the feed that are open.",
              static_cast<double>(state.connected));
    out.Gauge("gateway_feed_messages_per_second", "Trades in the last full second.",
              static_cast<double>(state.messages_per_second));
  }});
  Printer printer;
  return examples::RunServer(std::move(options), router, [&](Server& server) {
    return std::make_shared<examples::Ticker>(Fanout::kTicksPerSecond, [&] {
      fanout.Tick(PublishTo(server));
      printer.Look(fanout.State(), fanout.NowMs());
    });
  });
}

}  // namespace
}  // namespace weft::gateway

int main(int argc, char** argv) {
  weft::ServerOptions options =
      examples::ServerOptionsFromFlags(argc, argv, "A feed of prices, fanned out to browsers.");
  // A page confirms a message per second, and a few more while connections come and go.
  options.connection.max_message_bytes = 128;
  options.rates.messages = {.per_second = 20, .burst = 40};
  return weft::gateway::Run(std::move(options));
}
