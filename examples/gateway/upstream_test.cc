// Connections to the simulated feed, and to worse ones. All of them have the test's clock.

#include "examples/gateway/upstream.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/gateway/feed.h"
#include "gtest/gtest.h"
#include "weft/testing/journal.h"
#include "weft/testing/manual_clock.h"
#include "weft/testing/server_fixture.h"

namespace weft::gateway {
namespace {

// Writes a line for each event and each message.
class Observed : public Upstream {
 public:
  Observed(Fanout& fanout, size_t number, testing::Journal& journal)
      : Upstream(fanout, number), journal_(journal) {}

  void OnMessage(AsyncClient& client, const Message& message) override {
    Upstream::OnMessage(client, message);
    journal_.Write("message");
  }
  void OnEvent(const ReconnectEvent& event) override {
    Upstream::OnEvent(event);
    journal_.Write(event.ToString());
  }

 private:
  testing::Journal& journal_;
};

class UpstreamTest : public testing::ServerFixture {
 protected:
  void Connect(Fanout& fanout, const std::string& url, size_t count) {
    absl::StatusOr<std::unique_ptr<ClientLoop>> loop =
        ClientLoop::Create({.for_tests = {.clock = &clock_, .random = [] { return 0.5; }}});
    ASSERT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
    for (size_t i = 0; i < count; ++i) {
      loop_->Reconnect(url, {}, std::make_unique<Observed>(fanout, i, journal_));
    }
  }

  const Now now_ = [this] { return clock_.NowMs(); };
  std::unique_ptr<ClientLoop> loop_;  // ends before the journal and the clock
};

TEST_F(UpstreamTest, AFeedThatIsCutIsReportedAndComesBack) {
  const auto feed = Feed::Start(1, now_);
  ASSERT_TRUE(feed.ok()) << feed.status();
  Fanout fanout(1, true, now_);
  Connect(fanout, (*feed)->url(), 1);
  journal_.WaitFor("connected at attempt 1");
  EXPECT_EQ(fanout.State().connected, 1u);
  // The feed knows its sessions a moment later than they do.
  while (fanout.State().messages_per_second == 0) {
    (*feed)->Tick();
    clock_.AdvanceMs(50);
  }

  (*feed)->Cut();
  journal_.WaitForPart("lost the connection");
  journal_.WaitForPart("before attempt");
  FeedState state = fanout.State();
  EXPECT_EQ(state.connected, 0u);
  EXPECT_NE(state.reason, "");
  ASSERT_TRUE(state.retry_ms.has_value());

  // Attempts during the cut are refused.
  clock_.AdvanceMs(*state.retry_ms + 100);
  journal_.WaitForPart("503");
  state = fanout.State();
  EXPECT_EQ(state.connected, 0u);
  ASSERT_TRUE(state.retry_ms.has_value());
  journal_.Clear();
  clock_.AdvanceMs(std::max(*state.retry_ms + 100, absl::ToInt64Milliseconds(Feed::kCutFor)));
  journal_.WaitForPart("connected at attempt");
  EXPECT_EQ(fanout.State().connected, 1u);
  (*feed)->Tick();
  journal_.WaitFor("message");
  loop_.reset();
}

TEST_F(UpstreamTest, AThousandConnectionsOnOneThread) {
  const auto feed = Feed::Start(1, now_);
  ASSERT_TRUE(feed.ok()) << feed.status();
  Fanout fanout(1000, true, now_);
  Connect(fanout, (*feed)->url(), 1000);
  journal_.WaitFor("connected at attempt 1", 1000);
  EXPECT_EQ(fanout.State().connected, 1000u);
  EXPECT_EQ(loop_->connections(), 1000u);
  loop_.reset();
}

TEST_F(UpstreamTest, AFeedThatSendsSomethingElseIsToldSo) {
  script_.on_open = [](Session& session) {
    session.SendText(R"({"symbol":"WARP","price":1})").IgnoreError();
    session.SendText(R"({"symbol":"WARP","price":-1})").IgnoreError();
  };
  Start();
  Fanout fanout(1, false, now_);
  Connect(fanout, absl::StrCat("ws://", server_->address().ToString()), 1);
  journal_.WaitFor("close 1007 price should be a number more than 0");
  journal_.WaitForPart("before attempt");
  EXPECT_EQ(fanout.State().connected, 0u);
  EXPECT_EQ(fanout.State().reason,
            "closed by the application: 1007 invalid payload data (\"price should be a number more "
            "than 0\")");
  script_.on_open = [](Session& session) { session.SendBinary("\1").IgnoreError(); };
  clock_.AdvanceMs(60'000);
  journal_.WaitFor("close 1003 trades are text");
  loop_.reset();
}

TEST_F(UpstreamTest, AServerWithoutTheFeedIsGivenUp) {
  accept_ = [](const SessionRequest&, UpgradeResponse&) { return absl::NotFoundError("no feed"); };
  Start();
  Fanout fanout(1, false, now_);
  Connect(fanout, absl::StrCat("ws://", server_->address().ToString()), 1);
  journal_.WaitForPart("gave up");
  const FeedState state = fanout.State();
  EXPECT_EQ(state.given_up, 1u);
  EXPECT_EQ(state.retry_ms, std::nullopt);
  EXPECT_NE(state.reason.find("404"), std::string::npos) << state.reason;
  loop_.reset();
}

}  // namespace
}  // namespace weft::gateway
