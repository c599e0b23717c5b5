#include "weft/client/async/client_worker.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_handler.h"
#include "weft/client/async/client_loop_options.h"
#include "weft/client/async/loop_client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/loop/address_lookup.h"
#include "weft/loop/event_loop.h"
#include "weft/loop/exception_guard.h"
#include "weft/loop/mailbox.h"
#include "weft/sending/send_options.h"
#include "weft/testing/journal.h"

namespace weft {
namespace {

// Stands for the LoopConnector, which uses the options of its connection.
class Source : public EventSource {
 public:
  explicit Source(testing::Journal& journal) : journal_(journal) {}
  ~Source() override { journal_.Write("the source is destroyed"); }
  void OnReadable() override {}
  void OnWritable() override {}
  void OnTimer() override {}

 private:
  testing::Journal& journal_;
};

class ReleasingHandler : public ClientHandler {
 public:
  ReleasingHandler(ClientWorker& worker, testing::Journal& journal)
      : worker_(worker), journal_(journal) {}
  ~ReleasingHandler() override { journal_.Write("the connection is destroyed"); }
  void OnMessage(AsyncClient&, const Message&) override {}
  void OnFailed(const absl::Status&) override {
    worker_.context().owner().ReleaseLater(std::make_unique<Source>(journal_));
    worker_.Stop();
  }

 private:
  ClientWorker& worker_;
  testing::Journal& journal_;
};

TEST(ClientWorkerTest, DestroysAConnectionAfterWhatUsesIt) {
  testing::Journal journal;
  const ClientLoopOptions options;
  AddressLookup lookup;
  HostTurns turns(1);
  ExceptionGuard guard([](absl::string_view, absl::string_view) {});
  // Not on the stack: g++ 12 does not align it enough under AddressSanitizer.
  const auto owned = std::make_unique<ClientWorker>(options, lookup, turns, guard);
  ClientWorker& worker = *owned;
  worker.mailbox()->Post([&] {
    worker.Expect();
    worker.Adopt(std::make_unique<LoopClient>(worker.context(), "not a URL", ClientOptions(),
                                              std::make_unique<ReleasingHandler>(worker, journal),
                                              LoopClient::MakeShared(worker.context())));
  });
  worker.Run();
  EXPECT_THAT(journal.lines(),
              ::testing::ElementsAre("the source is destroyed", "the connection is destroyed"));
  EXPECT_EQ(worker.connections(), 0u);
}

}  // namespace
}  // namespace weft
