// Answers every text with the same text, and publishes it to all, so that messages compressed by
// the connection alternate with messages compressed once for all. Its metrics have odd values, for
// http_test.py.

#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "examples/server_main.h"
#include "weft/server.h"

namespace {

class PublishHandler : public weft::Handler {
  void OnOpen(weft::Session& session) override { session.Subscribe("all").IgnoreError(); }

  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
    session.Publish("all", message.opcode, absl::StrCat("for all: ", message.payload))
        .IgnoreError();
  }
};

void WriteOddMetrics(weft::PrometheusWriter& out) {
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
  router.ServeStatus({.own_metrics = WriteOddMetrics});
  return examples::RunServer(
      examples::ServerOptionsFromFlags(argc, argv,
                                       "Answers each message, and publishes it to all clients."),
      router);
}
