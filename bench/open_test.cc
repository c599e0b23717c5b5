#include "weft/bench/open.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"

namespace weft::bench {
namespace {

constexpr absl::string_view kAnswer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

TEST(GreetingTest, TheHandshakeIsAnsweredByAWholeHeadWithTheAcceptKeyOfItsNonce) {
  const Greeting greeting = Greeting::WebSocket("127.0.0.1:8080", "/chat");
  EXPECT_TRUE(
      absl::StartsWith(greeting.request(), "GET /chat HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"));
  EXPECT_TRUE(absl::EndsWith(greeting.request(), "\r\n\r\n"));
  for (size_t size = 0; size < kAnswer.size(); ++size) {
    const absl::StatusOr<bool> answered = greeting.Answered(kAnswer.substr(0, size));
    ASSERT_TRUE(answered.ok() && !*answered) << answered.status();
  }
  EXPECT_TRUE(greeting.Answered(kAnswer).value());
}

TEST(GreetingTest, OtherAnswersToTheHandshakeAreErrors) {
  const Greeting greeting = Greeting::WebSocket("127.0.0.1:8080", "/");
  EXPECT_FALSE(greeting.Answered("HTTP/1.1 403 Forbidden\r\n\r\n").ok());
  EXPECT_FALSE(greeting.Answered("HTTP/1.1 101 Switching Protocols\r\n\r\n").ok());
  std::string wrong_key(kAnswer);
  wrong_key[wrong_key.find("s3pP")] = 'S';
  EXPECT_FALSE(greeting.Answered(wrong_key).ok());
  EXPECT_FALSE(greeting.Answered(absl::StrCat(kAnswer, "x")).ok());
  EXPECT_FALSE(greeting.Answered(std::string(20000, 'x')).ok());
}

TEST(GreetingTest, TheBareOneIs200BytesFor150) {
  const Greeting greeting = Greeting::Bare();
  EXPECT_EQ(greeting.request().size(), 200u);
  EXPECT_FALSE(greeting.Answered(std::string(149, '\0')).value());
  EXPECT_TRUE(greeting.Answered(std::string(150, '\0')).value());
  EXPECT_FALSE(greeting.Answered(std::string(151, '\0')).ok());
}

// A server in another thread that answers `connections` greetings, each once it is complete, and
// closes each connection when its client does.
class OpenTest : public ::testing::Test {
 protected:
  void Serve(size_t connections, const std::string& answer) {
    absl::StatusOr<UniqueFd> listener = Listen(*SocketAddress::FromIp("127.0.0.1", 0));
    ASSERT_TRUE(listener.ok()) << listener.status();
    address_ = LocalAddress(listener->get());
    fcntl(listener->get(), F_SETFL, 0);
    server_ = std::thread([connections, answer, listener = *std::move(listener)] {
      std::vector<UniqueFd> fds;
      while (fds.size() < connections) {
        fds.emplace_back(accept(listener.get(), nullptr, nullptr));
        char request[200];
        if (answer.empty()) return;
        recv(fds.back().get(), request, sizeof(request), MSG_WAITALL);
        send(fds.back().get(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      char byte;
      for (const UniqueFd& fd : fds) recv(fd.get(), &byte, 1, 0);
    });
  }

  ~OpenTest() override {
    if (server_.joinable()) server_.join();
  }

  SocketAddress address_;
  std::thread server_;
};

TEST_F(OpenTest, OpensAllWithFewAtATime) {
  Serve(20, std::string(150, 'a'));
  const auto streams =
      Open({.server = address_, .greeting = Greeting::Bare(), .connections = 20, .concurrency = 3});
  ASSERT_TRUE(streams.ok()) << streams.status();
  EXPECT_EQ(streams->size(), 20u);
  for (const Stream& stream : *streams) EXPECT_EQ(PeerAddress(stream.fd()), address_);
}

TEST_F(OpenTest, KeepsNoneWhenNotAsked) {
  Serve(5, std::string(150, 'a'));
  const auto streams =
      Open({.server = address_, .greeting = Greeting::Bare(), .connections = 5, .keep = false});
  ASSERT_TRUE(streams.ok()) << streams.status();
  EXPECT_TRUE(streams->empty());
}

TEST_F(OpenTest, ARefusalNamesTheConnectionAndTheAnswer) {
  // This server waits for 200 bytes.
  const Greeting greeting = Greeting::WebSocket("host", "/" + std::string(200, 'p'));
  Serve(1, "HTTP/1.1 403 Forbidden\r\n\r\n");
  const auto streams = Open({.server = address_, .greeting = greeting});
  EXPECT_EQ(streams.status().message(),
            "connection 0: the handshake was refused: HTTP/1.1 403 Forbidden");
}

TEST_F(OpenTest, AServerThatClosesIsAnError) {
  Serve(1, "");
  const auto streams = Open({.server = address_, .greeting = Greeting::Bare()});
  EXPECT_TRUE(absl::StartsWith(streams.status().message(), "connection 0: ")) << streams.status();
}

}  // namespace
}  // namespace weft::bench
