// A dependent's view: a server and a client of Weft, besides its own headers.

#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "core/frame/frame.h"
#include "gtest/gtest.h"
#include "weft/client.h"
#include "weft/core/frame/frame.h"
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
