// A message is valid until the next Receive(), and AddressSanitizer reports a use after it.

#include <cstdlib>
#include <string>

#include "absl/base/config.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::TestClient;

class MessageLifetimeTest : public testing::CoroTest {};

INSTANTIATE_TEST_SUITE_P(OnTheLoop, MessageLifetimeTest, ::testing::Values(0));

TEST_P(MessageLifetimeTest, AMessageStaysValidAcrossOtherWaits) {
  StartServer([this](coro::Session s) -> Task<> {
    const auto first = co_await s.Receive();
    const std::string copy(first->payload);
    journal_.Write("received");
    EXPECT_TRUE((co_await s.Sleep(absl::Milliseconds(100))).ok());
    EXPECT_EQ(first->payload, copy);
    EXPECT_TRUE((co_await s.Send(*first)).ok());
    while (const auto next = co_await s.Receive()) EXPECT_TRUE((co_await s.Send(*next)).ok());
  });
  TestClient client = ConnectAndUpgrade(), other = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "first") + ClientFrame(Opcode::kText, "second"));
  journal_.WaitFor("received");
  other.SendText("overwrites the buffer of the loop");
  LetTheLoopTurn();
  Advance(200);
  EXPECT_EQ(client.ReadFrame(), "fin text first");
  EXPECT_EQ(client.ReadFrame(), "fin text second");
}

#ifdef ABSL_HAVE_ADDRESS_SANITIZER

// In a process of its own, which the report ends.
void UseAfterReceive() {
  const auto server = Server::Start({}, coro::Handler([](coro::Session s) -> Task<> {
                                      const auto first = co_await s.Receive();
                                      co_await s.Receive();
                                      std::exit(first->payload[0] == 'f' ? 3 : 4);
                                    }));
  TestClient client((*server)->address());
  client.Upgrade();
  client.Send(ClientFrame(Opcode::kText, "first") + ClientFrame(Opcode::kText, "second"));
  client.ReadFrame();
}

TEST(MessageLifetimeDeathTest, AUseAfterTheNextReceiveIsReported) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(UseAfterReceive(), "heap-use-after-free");
}

#endif  // ABSL_HAVE_ADDRESS_SANITIZER

}  // namespace
}  // namespace weft
