// A dependent's view: a server and a client of Weft, besides its own headers.

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "core/frame/frame.h"
#include "gtest/gtest.h"
#include "weft/async_client.h"
#include "weft/client.h"
#include "weft/core/frame/frame.h"
#include "weft/coro.h"
#include "weft/server.h"

namespace {

class EchoHandler : public weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
  }
};

TEST(ConsumerTest, ServerAndClient) {
  absl::StatusOr<std::unique_ptr<weft::Server>> server =
      weft::Server::Start({}, [](auto&, auto&) { return std::make_unique<EchoHandler>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string url = "ws://" + (*server)->address().ToString() + "/";

  absl::StatusOr<std::unique_ptr<weft::Client>> client = weft::Client::Connect(url);
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE((*client)->SendText("Hello").ok());
  absl::StatusOr<weft::Message> message = (*client)->Receive(absl::Seconds(30));
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_TRUE(message->is_text());
  EXPECT_EQ(message->payload, "Hello");
  EXPECT_TRUE((*client)->Close().ok());
}

weft::Task<> Echo(weft::coro::Session session) {
  while (const auto message = co_await session.Receive()) {
    if (!(co_await session.Send(*message)).ok()) co_return;
  }
}

// Sends a greeting, and keeps the answer.
class Greeter : public weft::ClientHandler {
 public:
  Greeter(std::string& answer, absl::Notification& done) : answer_(answer), done_(done) {}

  void OnOpen(weft::AsyncClient& client) override { client.SendText("Hello").IgnoreError(); }
  void OnMessage(weft::AsyncClient& client, const weft::Message& message) override {
    answer_ = std::string(message.payload);
    client.Close().IgnoreError();
  }
  void OnClose(weft::AsyncClient&, const weft::CloseInfo&) override { done_.Notify(); }
  void OnFailed(const absl::Status& error) override {
    answer_ = error.ToString();
    done_.Notify();
  }

 private:
  std::string& answer_;
  absl::Notification& done_;
};

TEST(ConsumerTest, CoroutineAndAsynchronousClient) {
  absl::StatusOr<std::unique_ptr<weft::Server>> server =
      weft::Server::Start({}, weft::coro::Handler(Echo));
  ASSERT_TRUE(server.ok()) << server.status();
  std::string answer;
  absl::Notification done;
  absl::StatusOr<std::unique_ptr<weft::ClientLoop>> loop = weft::ClientLoop::Create();
  ASSERT_TRUE(loop.ok()) << loop.status();
  (*loop)->Connect("ws://" + (*server)->address().ToString() + "/", {},
                   std::make_unique<Greeter>(answer, done));
  done.WaitForNotification();
  EXPECT_EQ(answer, "Hello");
}

weft::Task<absl::StatusOr<std::string>> Ask(weft::ClientLoop& loop, std::string url) {
  auto session = co_await weft::coro::Connect(loop, url);
  if (!session.ok()) co_return session.status();
  absl::Status sent = co_await session->SendText("Hello");
  if (!sent.ok()) co_return sent;
  const auto answer = co_await session->Receive();
  if (!answer.has_value()) co_return session->status();
  co_return std::string(answer->payload);
}

TEST(ConsumerTest, CoroutineOfAClient) {
  absl::StatusOr<std::unique_ptr<weft::Server>> server =
      weft::Server::Start({}, weft::coro::Handler(Echo));
  ASSERT_TRUE(server.ok()) << server.status();
  absl::StatusOr<std::unique_ptr<weft::ClientLoop>> loop = weft::ClientLoop::Create();
  ASSERT_TRUE(loop.ok()) << loop.status();
  const absl::StatusOr<std::string> answer =
      weft::coro::Run(**loop, Ask(**loop, "ws://" + (*server)->address().ToString() + "/"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, "Hello");
}

TEST(ConsumerTest, WaitsForASignal) {
  absl::StatusOr<weft::SignalWaiter> signals = weft::SignalWaiter::Create({SIGINT, SIGTERM});
  ASSERT_TRUE(signals.ok()) << signals.status();
  ASSERT_EQ(kill(getpid(), SIGTERM), 0);
  EXPECT_EQ(signals->Wait(), SIGTERM);
}

TEST(ConsumerTest, AbseilThatWeftDoesNotUse) {
  absl::Notification done;
  done.Notify();
  EXPECT_TRUE(done.HasBeenNotified());
  absl::BitGen random;
  EXPECT_LT(absl::Uniform(random, 0, 6), 6);
}

TEST(ConsumerTest, HeadersOfTheSameNameLiveTogether) {
  const consumer::PictureFrame picture = {.width_mm = 200, .height_mm = 300};
  const weft::FrameHeader header = {.opcode = weft::Opcode::kText, .payload_length = 5};
  char bytes[weft::kMaxFrameHeaderSize];
  EXPECT_EQ(weft::EncodeFrameHeader(header, bytes), 2u);
  EXPECT_EQ(picture.height_mm, 300);
}

}  // namespace
