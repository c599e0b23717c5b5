// The connections of a loop that ends, or has ended.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_loop.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/transport/address.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using testing::SilentPort;

class ClientLoopEndTest : public testing::ClientLoopFixture {
 protected:
  // A loop on the test's thread that has ended.
  void StartLoopAndEndIt() {
    StartLoop({.threads = 0});
    loop_->Stop();
    loop_->Run();
  }

  const SilentPort silent_;
  const std::string url_ = absl::StrCat("ws://", silent_.address().ToString(), "/");
};

TEST_F(ClientLoopEndTest, AHandlerThatAlwaysConnectsAgainIsLeftInTheEnd) {
  int made = 0;
  std::function<void()> connect = [&] {
    if (++made < 10) Connect(url_, {.on_failed = connect});
  };
  StartLoop({.threads = 0});
  connect();
  loop_->Stop();
  loop_->Run();
  // The first was being opened, the second on its way, and the third was made in the call for it.
  EXPECT_EQ(Count({"failed CANCELLED: "}), 2);
  EXPECT_EQ(Count({"destroyed"}), 3);
  EXPECT_EQ(made, 3);

  connect();
  EXPECT_EQ(Count({"failed CANCELLED: "}), 3);
  EXPECT_EQ(Count({"destroyed"}), 5);
  EXPECT_EQ(made, 5);
  Connect(url_);
  EXPECT_EQ(Count({"failed CANCELLED: "}), 4) << "not made in a call";
}

TEST_F(ClientLoopEndTest, AConnectionOfALoopThatHasEndedHasEnded) {
  StartLoopAndEndIt();
  const ClientRef client = Connect(url_);
  const absl::Status ended = absl::FailedPreconditionError("the session has ended");
  EXPECT_EQ(client.SendText("late"), ended);
  EXPECT_EQ(client.Post([](AsyncClient&) {}), ended);
  EXPECT_EQ(client.Close(), ended);
}

TEST_F(ClientLoopEndTest, CountsWhatIsOnItsWay) {
  StartLoop({.threads = 0});
  const auto is_on_its_way = [&] {
    Connect(url_);  // does not arrive
    EXPECT_EQ(loop_->connections(), 2u);
  };
  Connect(url_, {.on_failed = is_on_its_way});
  EXPECT_EQ(loop_->connections(), 1u);
  loop_->Stop();
  loop_->Run();
  EXPECT_EQ(Count({"failed"}), 2);
  EXPECT_EQ(loop_->connections(), 0u);

  Connect(url_, {.on_failed = [&] { EXPECT_EQ(loop_->connections(), 1u); }});
  EXPECT_EQ(loop_->connections(), 0u);
}

// Whether it arrives or not.
TEST_F(ClientLoopEndTest, AConnectionMadeAfterStopFails) {
  StartLoop({.threads = 2});
  loop_->Stop();
  for (int i = 0; i < 100; ++i) Connect(url_);
  loop_.reset();
  EXPECT_EQ(Count({"failed CANCELLED: "}), 100);
  EXPECT_EQ(Count({"destroyed"}), 100);
}

TEST_F(ClientLoopEndTest, IsStoppedWhileANameIsLookedUp) {
  // Shared with the lookup, which may outlive the test.
  const auto started = std::make_shared<Notification>(*Notification::Create());
  const auto released = std::make_shared<Notification>(*Notification::Create());
  StartLoop({.for_tests = {.lookup = [=](const std::string&,
                                         uint16_t) -> absl::StatusOr<std::vector<SocketAddress>> {
               started->Notify();
               Wait(released->fd(), Interest::kRead, Deadline::Never()).IgnoreError();
               return absl::InternalError("late");
             }}});
  Connect("ws://name.example/");
  EXPECT_TRUE(Wait(started->fd(), Interest::kRead, Deadline::Never()).ok());
  loop_->Stop();
  journal_.WaitForPart("failed CANCELLED: ws://name.example/: cannot resolve \"name.example\": ");
  journal_.WaitFor("destroyed");
  loop_.reset();  // does not wait for the name service
  released->Notify();
  EXPECT_EQ(Count({"failed"}), 1);
}

// A loop that runs is not affected by one that has ended.
TEST_F(ClientLoopEndTest, AHandlerMayConnectByAnotherLoop) {
  StartLoopAndEndIt();
  const std::unique_ptr<ClientLoop> ended = std::move(loop_);
  StartLoop({.threads = 0});
  ended->Connect(url_, {},
                 std::make_unique<testing::ScriptedClientHandler>(
                     journal_, testing::ClientScript{.on_failed = [&] { Connect(url_); }}));
  EXPECT_EQ(Count({"failed"}), 1);
  loop_.reset();
  EXPECT_EQ(Count({"failed"}), 2);
}

}  // namespace
}  // namespace weft
