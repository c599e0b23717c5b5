#include "examples/coro_client/ask.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace examples {
namespace {

using weft::testing::FakePeer;
using weft::testing::FakeServer;

void Echo(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.EchoToEnd();
}
void Silence(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.AwaitStop();
}
void Refuse(FakePeer& peer) {
  peer.ReadRequest();
  peer.Write("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}
void Leave(FakePeer& peer) {
  peer.AcceptUpgrade();
  peer.Next();
  peer.Reset();
}

class AskTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::string> Ask(const FakeServer& a, const FakeServer& b, const FakeServer& c,
                                  absl::Duration timeout = absl::InfiniteDuration()) {
    const absl::StatusOr<std::unique_ptr<weft::ClientLoop>> loop = weft::ClientLoop::Create();
    if (!loop.ok()) return loop.status();
    Question question;
    question.urls = {a.url(), b.url(), c.url()};
    question.options.proxy = "direct";
    question.text = "hello";
    question.report = [this](const std::string& line) {
      failures_.push_back(line);
      ++failed_;
    };
    const auto ask = [&]() -> weft::Task<absl::StatusOr<std::string>> {
      co_return co_await weft::coro::WithTimeout(timeout, AskThree(**loop, question));
    };
    return weft::coro::Run(**loop, ask());
  }

  std::vector<std::string> failures_;  // of the loop, until Ask() has returned
  std::atomic<int> failed_{0};
};

TEST_F(AskTest, TakesTheFirstAnswer) {
  FakeServer a(Silence), b(Echo), c(Silence);
  EXPECT_EQ(Ask(a, b, c).value_or("none"), b.url() + ": hello");
  EXPECT_TRUE(failures_.empty());
}

TEST_F(AskTest, LeavesOutServersThatFail) {
  FakeServer a(Refuse), b(Leave), c([this](FakePeer&peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "text hello");
    while (failed_.load() < 2) std::this_thread::yield();
    peer.Write(weft::testing::ServerFrame(weft::Opcode::kText, "at last"));
    peer.EchoToEnd();
  });
  EXPECT_EQ(Ask(a, b, c).value_or("none"), c.url() + ": at last");
  EXPECT_EQ(failures_.size(), 2u);
}

TEST_F(AskTest, EndsWhenAllHaveFailed) {
  FakeServer a(Refuse), b(Leave), c(Refuse);
  EXPECT_EQ(Ask(a, b, c).status(), absl::UnavailableError("no server has answered"));
  ASSERT_EQ(failures_.size(), 3u);
}

TEST_F(AskTest, MayHaveATimeout) {
  FakeServer a(Silence), b(Silence), c(Silence);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Ask(a, b, c, absl::Milliseconds(20)).status()));
}

}  // namespace
}  // namespace examples
