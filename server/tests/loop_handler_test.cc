// Handlers of the library, which the session's loop always calls.

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/server/handler.h"
#include "weft/server/loop_session.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::Journal;
using testing::TestClient;

// Holds reading after each message, until something is posted to the session.
class Holding : public LoopHandler {
 public:
  explicit Holding(Journal& journal) : journal_(journal) {}

  void Attach(LoopSession& session) override { session_ = &session; }
  void OnOpen(Session& /*session*/) override { ref_.emplace(session_->ref()); }
  void OnMessage(Session& /*session*/, const Message& message) override {
    journal_.Write(absl::StrCat("message ", message.payload));
    session_->HoldReading();
  }
  void OnRoundTrip() override { journal_.Write("round trip"); }
  void OnClose(Session& /*session*/, const CloseInfo& info) override {
    journal_.Write(absl::StrCat("close ", static_cast<int>(info.code)));
  }

  SessionRef ref() const { return *ref_; }
  void Resume() { session_->ResumeReading(); }

 private:
  Journal& journal_;
  LoopSession* session_ = nullptr;
  std::optional<SessionRef> ref_;
};

class LoopHandlerTest : public testing::ServerFixture {
 protected:
  void StartHolding(ServerOptions options = {}) {
    Start(std::move(options), [this](const SessionRequest&, UpgradeResponse&) {
      auto handler = std::make_unique<Holding>(journal_);
      handler_ = handler.get();
      return handler;
    });
  }

  void Resume() {
    EXPECT_TRUE(handler_->ref().Post([this](Session&) { handler_->Resume(); }).ok());
  }

  Holding* handler_ = nullptr;  // of the only session
};

TEST_F(LoopHandlerTest, AHeldSessionIsNotReadAndNotLost) {
  for (const int threads : {0, 1}) {
    ServerOptions options;
    options.handler_threads = threads;
    StartHolding(std::move(options));
    TestClient client = ConnectAndUpgrade();
    for (int i = 0; i < 20; ++i) {
      client.SendText(absl::StrCat(i));
      journal_.WaitFor(absl::StrCat("message ", i));
      client.SendText(absl::StrCat(i, " behind"));  // while it is held
      LetTheLoopTurn();
      EXPECT_EQ(server_->metrics().held_sessions, 1u);
      Resume();
      journal_.WaitFor(absl::StrCat("message ", i, " behind"));
      Resume();
    }
    client.SendClose(1000);
    journal_.WaitFor("close 1000");
    server_.reset();
    journal_.Clear();
  }
}

}  // namespace
}  // namespace weft
