// Messages and pings of coroutines, sent by asynchronous clients.

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "weft/core/testing/frames.h"
#include "weft/coro.h"
#include "weft/coro/testing/client_fixture.h"
#include "weft/server/server.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::FakePeer;
using testing::FakeServer;
using testing::Home;
using testing::ServerFrame;

Task<> EchoEach(coro::Session s) {
  while (auto m = co_await s.Receive())
    if (!(co_await s.Send(*m)).ok()) co_return;
}

class ClientSendTest : public testing::CoroClientTest {};

INSTANTIATE_TEST_SUITE_P(Homes, ClientSendTest, testing::AllHomes(), testing::NameOfHome);

TEST_P(ClientSendTest, PiecesAreSentBack) {
  FakeServer server([this](FakePeer& peer) {
    peer.AcceptUpgrade(ServerFrame(Opcode::kText, "one ", false));
    journal_.WaitFor("piece one ");
    peer.Write(ServerFrame(Opcode::kContinuation, "message"));
    EXPECT_EQ(peer.Next(), "text one message");
    peer.EchoToEnd();
  });
  Run([&]() -> Task<> {
    ClientOptions options;
    options.connection.stream_messages = true;
    absl::StatusOr<coro::Session> s = co_await ConnectTo(server.url(), options);
    EXPECT_TRUE(s.ok()) << s.status();
    for (int i = 0; i < 2; ++i) {
      const auto m = co_await s->Receive();
      EXPECT_TRUE((co_await s->Send(*m)).ok());
      journal_.Write(absl::StrCat("piece ", m->payload));
    }
    EXPECT_TRUE((co_await s->Close()).ok());
  });
  journal_.WaitFor("left");
}

TEST_P(ClientSendTest, SendsWaitWhileTheQueueIsFull) {
  constexpr int kMessages = 128;
  std::atomic<bool> reads{false};
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    while (!reads) std::this_thread::yield();
    for (int i = 0; i < kMessages; ++i) {
      EXPECT_EQ(peer.Next().size(), (256u << 10) + 7) << i;  // "binary " and the payload
    }
    EXPECT_EQ(peer.Next(), "text end");
    peer.EchoToEnd();
  });
  std::atomic<int> sent{0};
  std::atomic<size_t> most{0};
  Run(
      [&]() -> Task<> {
        absl::StatusOr<coro::Session> s = co_await ConnectTo(server.url());
        EXPECT_TRUE(s.ok()) << s.status();
        EXPECT_TRUE(absl::IsResourceExhausted(co_await s->SendBinary(std::string(2 << 20, 'x'))));
        const std::string payload(256 << 10, 'x');
        for (int i = 0; i < kMessages; ++i) {
          absl::Status status = absl::UnknownError("");
          if (i % 2 == 0) {
            status = co_await s->SendBinary(payload);
          } else {
            status = co_await s->SendFragment(Opcode::kBinary, payload, true);
          }
          EXPECT_TRUE(status.ok()) << status;
          most = std::max<size_t>(most, s->queued_bytes());
          ++sent;
        }
        EXPECT_TRUE((co_await s->SendText("end")).ok());
        EXPECT_TRUE((co_await s->Close()).ok());
      },
      {.sending = {
           .max_queue_bytes = 1 << 20, .high_mark_bytes = 512 << 10, .low_mark_bytes = 128 << 10}});
  int before = -1;
  while (sent != before || before <= 0) {  // until it waits
    before = sent;
    Settle();
  }
  EXPECT_LT(sent, kMessages);
  reads = true;
  journal_.WaitFor("left");
  EXPECT_EQ(sent, kMessages);
  EXPECT_LE(most, 1u << 20);
}

// As the sends, wherever the connection lives.
TEST_P(ClientSendTest, APingFindsNoRoom) {
  Start({}, coro::Handler(EchoEach));
  std::atomic<bool> filled{false};
  Run(
      [&]() -> Task<> {
        absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
        EXPECT_TRUE(s.ok()) << s.status();
        // Another loop sends nothing before this one has filled the queue.
        EXPECT_TRUE(s->client_ref()
                        .Post([&](AsyncClient&) {
                          while (GetParam() != Home::kClients && !filled) std::this_thread::yield();
                        })
                        .ok());
        const SendOptions or_fail = {.when_full = WhenFull::kFail};
        absl::Status status;
        int sent = -1;
        for (; status.ok(); ++sent) {
          // A message on its way counts 128 bytes more.
          status = co_await s->SendText(std::string(sent < 1 ? 500 - 128 : 1, 'x'), or_fail);
        }
        EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
        status = (co_await s->Ping()).status();
        EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
        filled = true;
        for (int i = 0; i < sent; ++i) {
          const auto echo = co_await s->Receive();
          EXPECT_TRUE(echo.has_value());
        }
        status = (co_await s->Ping()).status();
        EXPECT_TRUE(status.ok()) << status;
      },
      {.sending = {.max_queue_bytes = 1000, .high_mark_bytes = 1000, .low_mark_bytes = 100}});
  journal_.WaitFor("left");
  filled = true;
}

// A ping on its way to another loop takes room as well.
TEST_P(ClientSendTest, PingsOnTheirWayTakeRoom) {
  Start({}, coro::Handler(EchoEach));
  const bool is_posted = GetParam() != Home::kClients;
  std::atomic<bool> pinged{false};
  Run(
      [&]() -> Task<> {
        absl::StatusOr<coro::Session> s = co_await ConnectTo(url());
        EXPECT_TRUE(s.ok()) << s.status();
        EXPECT_TRUE(s->client_ref()
                        .Post([&](AsyncClient&) {
                          while (is_posted && !pinged) std::this_thread::yield();
                        })
                        .ok());
        const auto after_them = []() -> Task<> { co_return; };
        const auto first = co_await coro::WhenAny(s->Ping(), s->Ping(), s->Ping(), s->Ping(),
                                                  s->Ping(), s->Ping(), after_them());
        pinged = true;
        // 24 bytes, and 128 on its way; 30 in the queue.
        const auto* const refused = is_posted ? std::get_if<1>(&first) : std::get_if<5>(&first);
        EXPECT_NE(refused, nullptr) << first.index();
        if (refused == nullptr) co_return;
        EXPECT_TRUE(absl::IsResourceExhausted(refused->status())) << refused->status();
        EXPECT_TRUE((co_await s->SendText("x")).ok());
        const auto echo = co_await s->Receive();
        EXPECT_TRUE(echo.has_value());
        EXPECT_TRUE((co_await s->Ping()).ok());
      },
      {.sending = {.max_queue_bytes = 160, .high_mark_bytes = 160, .low_mark_bytes = 10}});
  journal_.WaitFor("left");
  pinged = true;
}

}  // namespace
}  // namespace weft
