// Answers every text with the same text, and publishes it to all, so that messages compressed by
// the connection alternate with messages compressed once for all. Its metrics have odd values, and
// those of a client and of topics that a broker may carry, for http_test.py and monitoring_test.py.
// It pings as often as reverse_proxy_test.py wants.

#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/server_main.h"
#include "weft/async_client.h"
#include "weft/cluster/memory_broker.h"
#include "weft/server.h"

ABSL_FLAG(absl::Duration, ping_interval, absl::Seconds(30), "timeouts.ping_interval");

namespace {

class PublishHandler : public weft::Handler {
  void OnOpen(weft::Session& session) override { session.Subscribe("all").IgnoreError(); }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
    session.Publish("all", message.opcode, absl::StrCat("for all: ", message.payload))
        .IgnoreError();
  }
};

void WriteOwnMetrics(weft::PrometheusWriter& out) {
  weft::ClientMetrics client;
  client.sessions_opened = 2;
  client.CountClose({.code = weft::CloseCode::kGoingAway, .by = weft::ClosedBy::kPeer});
  client.round_trip.Add(30);
  client.reconnects[static_cast<size_t>(weft::ReconnectReason::kClosed)] = 1;
  weft::WriteMetrics(client, &out);
  out.Counter("odd_total", "With \\ and\na new line.", {{"text", "\"\\\n,{}= \r\t#"}}, 1e15 + 1);
  out.Gauge("odd_value", "", {{"of", "nan"}}, std::nan(""));
  out.Counter("odd_total", "Between two others.", {{"text", "not \xFF UTF-8"}, {"a", ""}}, 0.1);
  out.Gauge("odd_value", "", {{"of", "infinity"}}, -HUGE_VAL);
  out.Gauge("odd_value", "", {{"of", "little"}}, 5e-324);
}

}  // namespace

int main(int argc, char** argv) {
  weft::Router router;
  router.WebSocket("/*", [](auto&, auto&) { return std::make_unique<PublishHandler>(); });
  router.ServeStatus({.own_metrics = WriteOwnMetrics});
  weft::ServerOptions options = examples::ServerOptionsFromFlags(
      argc, argv, "Answers each message, and publishes it to all clients.");
  options.timeouts.ping_interval = absl::GetFlag(FLAGS_ping_interval);
  // For the metrics of topics and their broker: no topic is shared.
  weft::MemoryHub hub;
  options.broker = std::make_shared<weft::MemoryBroker>(hub);
  options.hooks.topic_options = [](absl::string_view) { return weft::TopicOptions(); };
  return examples::RunServer(std::move(options), router);
}
