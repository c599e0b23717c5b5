// A busy coroutine allocates nothing for a message, and one frame for its session. This test counts
// every call of malloc, which sanitizers replace: it is not built with them.

#include <atomic>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/coro_fixture.h"
#include "weft/server/server.h"
#include "weft/testing/test_client.h"

namespace {

std::atomic<size_t> allocations{0};  // of the loop's thread
thread_local bool is_loop = false;

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);

void* malloc(size_t size) {
  if (is_loop) ++allocations;
  return __libc_malloc(size);
}
}

namespace weft {
namespace {

using testing::ClientFrame;
using testing::TestClient;

class SessionAllocationTest : public testing::CoroTest {};

INSTANTIATE_TEST_SUITE_P(OnTheLoop, SessionAllocationTest, ::testing::Values(0));

TEST_P(SessionAllocationTest, NoneForAMessage) {
  std::atomic<size_t> at_begin{0}, at_end{0};
  Start({}, coro::Handler([&](coro::Session s) -> Task<> {
          is_loop = true;
          while (auto m = co_await s.Receive()) {
            if (m->payload == "begin") at_begin = allocations.load();
            if (m->payload == "end") at_end = allocations.load();
            EXPECT_TRUE((co_await s.Send(*m)).ok());
          }
        }));
  TestClient client = ConnectAndUpgrade();
  const auto echo = [&](const std::string& text) {
    client.SendText(text);
    EXPECT_EQ(client.ReadFrame(), "fin text " + text);
  };
  for (int i = 0; i < 10; ++i) echo(std::string(2000, 'x'));
  echo("begin");
  for (int i = 0; i < 1000; ++i) echo(std::string(i, 'x'));
  // Several at once.
  std::string many;
  for (int i = 0; i < 20; ++i) many += ClientFrame(Opcode::kText, "x");
  client.Send(many);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.ReadFrame(), "fin text x");
  echo("end");
  EXPECT_GT(at_begin, 0u);
  EXPECT_EQ(at_end - at_begin, 0u);
  server_.reset();
}

}  // namespace
}  // namespace weft
