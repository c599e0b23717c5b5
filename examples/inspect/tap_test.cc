#include "examples/inspect/tap.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "examples/inspect/tap_entry.h"
#include "examples/inspect/tap_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

namespace examples {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using weft::Deadline;
using weft::Interest;
using weft::IoResult;
using weft::IoStatus;
using weft::Opcode;
using weft::Role;
using weft::testing::ClientFrame;
using weft::testing::Frame;
using weft::testing::ServerFrame;

// Limits a failure, however busy the machine is.
const Deadline kLimit = Deadline::After(absl::Minutes(2));

const weft::SocketAddress kLoopback = *weft::SocketAddress::FromIp("127.0.0.1", 0);

constexpr char kUpgrade[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr char kUpgraded[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// One end of a plain TCP connection, which sends and receives bytes.
class End {
 public:
  explicit End(weft::Stream stream) : stream_(std::move(stream)) {}

  void Say(absl::string_view bytes) {
    while (!bytes.empty()) {
      ASSERT_TRUE(weft::Wait(stream_.fd(), Interest::kWrite, kLimit).ok());
      const IoResult result = stream_.Write(bytes);
      ASSERT_TRUE(result.ok() || result.status == IoStatus::kWouldBlock);
      bytes.remove_prefix(result.bytes);
    }
  }

  // Writes up to `most` bytes, until the other end has closed. Returns the number written.
  size_t SayUntilItCannot(size_t most) {
    const std::string some(64 << 10, 'x');
    size_t said = 0;
    while (said < most && weft::Wait(stream_.fd(), Interest::kWrite, kLimit).ok()) {
      const IoResult result = stream_.Write(some);
      if (result.status == IoStatus::kError) break;
      said += result.bytes;
    }
    return said;
  }

  // The next `size` bytes, or fewer at the end.
  std::string Hear(size_t size) {
    std::string heard;
    while (heard.size() < size && weft::Wait(stream_.fd(), Interest::kRead, kLimit).ok()) {
      char buffer[4096];
      const IoResult result =
          stream_.Read(absl::MakeSpan(buffer, std::min(sizeof(buffer), size - heard.size())));
      if (result.status == IoStatus::kEof || result.status == IoStatus::kError) break;
      heard.append(buffer, result.bytes);
    }
    return heard;
  }

  // Whether no more bytes come.
  bool HearsTheEnd() { return Hear(1).empty(); }

  void SayNoMore() { stream_.ShutdownWrite(); }

 private:
  weft::Stream stream_;
};

// A tap to a listener from which the test accepts.
class TapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<weft::UniqueFd> listener = weft::Listen(kLoopback);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    StartTap(weft::LocalAddress(listener_.get()).port());
  }

  void StartTap(uint16_t port, size_t max_connections = 64) {
    absl::StatusOr<std::unique_ptr<Tap>> tap =
        Tap::Start({.listen = kLoopback,
                    .rules = {.targets = {{.host = "127.0.0.1", .port = port}}},
                    .max_connections = max_connections},
                   log_);
    ASSERT_TRUE(tap.ok()) << tap.status();
    tap_ = *std::move(tap);
  }

  // A client that has asked for a WebSocket.
  End Connect(absl::string_view request = kUpgrade) {
    End client = ConnectOnly();
    client.Say(request);
    return client;
  }

  End ConnectOnly() {
    absl::StatusOr<weft::Stream> stream = weft::ConnectTo({tap_->address()}, kLimit);
    EXPECT_TRUE(stream.ok()) << stream.status();
    return End(stream.ok() ? *std::move(stream) : weft::Stream());
  }

  // The server, which has got the request.
  End Accept(absl::string_view request = kUpgrade) {
    weft::Stream stream;
    EXPECT_TRUE(weft::Wait(listener_.get(), Interest::kRead, kLimit).ok());
    EXPECT_TRUE(weft::Accept(listener_.get(), &stream).ok());
    End server(std::move(stream));
    EXPECT_EQ(server.Hear(request.size()), request);
    return server;
  }

  // All entries so far: "client frame the error".
  std::vector<std::string> Logged() const {
    std::vector<std::string> lines;
    for (uint64_t id = 1; const std::optional<TapEntry> entry = log_.Find(id); ++id) {
      const nlohmann::json summary = SummaryJson(*entry);
      std::string line;
      for (const char* part : {"sender", "kind", "name", "start", "text", "problem"}) {
        const std::string text = summary.value(part, "");
        if (!text.empty()) absl::StrAppend(&line, line.empty() ? "" : " ", text);
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

  TapLog log_;
  weft::UniqueFd listener_;
  std::unique_ptr<Tap> tap_;
};

TEST_F(TapTest, BrokenFramesReachTheOtherEndAsTheyWereAndAreLogged) {
  End client = Connect(), server = Accept();
  server.Say(kUpgraded);
  EXPECT_EQ(client.Hear(sizeof(kUpgraded) - 1), kUpgraded);

  const std::string from_client =
      ServerFrame(Opcode::kText, "bare") + Frame({.rsv = weft::kRsv2, .masked = true}, "x") +
      ClientFrame(Opcode::kText, "\xc0\x80") + ClientFrame(Opcode::kPing, std::string(126, 'p'));
  client.Say(from_client);
  EXPECT_EQ(server.Hear(from_client.size()), from_client);
  const std::string from_server = ClientFrame(Opcode::kText, "masked");
  server.Say(from_server);
  EXPECT_EQ(client.Hear(from_server.size()), from_server);

  const std::vector<std::string> logged = Logged();
  ASSERT_EQ(logged.size(), 8u);
  EXPECT_THAT(logged[0], HasSubstr("connected to ws://127.0.0.1:"));
  EXPECT_THAT(logged[1], HasSubstr("client head GET / HTTP/1.1"));
  EXPECT_THAT(logged[2], HasSubstr("server head HTTP/1.1 101"));
  EXPECT_THAT(logged[3], HasSubstr("client frame text bare a client must mask every frame"));
  EXPECT_THAT(logged[4], HasSubstr("a reserved bit is set"));
  EXPECT_THAT(logged[5], HasSubstr("the text is not UTF-8"));
  EXPECT_THAT(logged[6], HasSubstr("a control frame carries at most 125 bytes"));
  EXPECT_THAT(logged[7], HasSubstr("server frame text masked a server must not mask a frame"));
}

TEST_F(TapTest, BytesThatAreNotHttpAreForwardedToo) {
  for (const char* bytes : {"no\nHTTP\n", "POKE / X\r\n\r\n"}) {
    End client = Connect(bytes), server = Accept(bytes);
    server.Say("what?");
    EXPECT_EQ(client.Hear(5), "what?");
  }
  End client = Connect("an incomplete head");
  client.SayNoMore();
  EXPECT_TRUE(Accept("an incomplete head").HearsTheEnd());
}

TEST_F(TapTest, AClientThatMayNotConnectGetsTheReason) {
  for (const auto& [target, origin, status] :
       {std::tuple("/", "https://evil.example", "403"),
        std::tuple("/?to=ws://10.0.0.1/", "http://localhost", "403"),
        std::tuple("/?to=nowhere://", "http://localhost", "400")}) {
    End client = Connect(absl::StrCat(
        "GET ", target, " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nOrigin: ", origin,
        "\r\n\r\n"));
    EXPECT_THAT(client.Hear(1 << 20), StartsWith(absl::StrCat("HTTP/1.1 ", status, " ")));
    EXPECT_THAT(Logged().back(), HasSubstr("client note refused "));
  }
  EXPECT_FALSE(
      weft::Wait(listener_.get(), Interest::kRead, Deadline::After(absl::ZeroDuration())).ok())
      << "it has connected";
}

// A browser sends requests of pages of different sites on one connection.
TEST_F(TapTest, AConnectionThatIsNoWebSocketHasOneRequest) {
  const std::string other =
      "POST /b HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n";
  {
    const std::string head = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n";
    End client = Connect(head + "\r\nbo"), server = Accept(head + "Connection: close\r\n\r\nbo");
    client.Say("dy" + other);
    client.Say(other);
    client.SayNoMore();
    EXPECT_EQ(server.Hear(100), "dy");
    server.Say("HTTP/1.1 200 OK\r\n\r\nHello");
    server.SayNoMore();
    EXPECT_EQ(client.Hear(100), "HTTP/1.1 200 OK\r\n\r\nHello");
    EXPECT_THAT(Logged(), Contains(HasSubstr("client note not forwarded")).Times(1));
  }
  const std::string head = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  End client = Connect(head + "\r\n" + other), server = Accept(head + "Connection: close\r\n\r\n");
  client.SayNoMore();
  EXPECT_TRUE(server.HearsTheEnd());
}

TEST_F(TapTest, ABodyWhoseEndIsUnclearIsNotForwarded) {
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n";
  End client = Connect(head + "\r\n2\r\nab\r\n");
  End server = Accept(head + "Connection: close\r\n\r\n2\r\nab\r\n");
  client.Say("no size\r\n");
  EXPECT_TRUE(server.HearsTheEnd());
  EXPECT_TRUE(client.HearsTheEnd());
  EXPECT_THAT(Logged(), Contains(HasSubstr("client note not forwarded")));
}

TEST_F(TapTest, ARequestForATargetIsAsWithoutTheTap) {
  const std::string host = absl::StrCat("127.0.0.1:", weft::LocalAddress(listener_.get()).port());
  const std::string rest = "\r\nUpgrade: websocket\r\n\r\n";
  End client = Connect(
      absl::StrCat("GET /?to=ws://", host, "/chat HTTP/1.1\r\nHost: localhost", rest, "frames"));
  End server = Accept(absl::StrCat("GET /chat HTTP/1.1\r\nHost: ", host, rest, "frames"));
  EXPECT_THAT(Logged(), ElementsAre(HasSubstr("connected to ws://127.0.0.1:"),
                                    HasSubstr("are as they would be without the tap"),
                                    HasSubstr("client head GET /chat HTTP/1.1")));
}

TEST_F(TapTest, OneDirectionMayEndBeforeTheOther) {
  End client = Connect(), server = Accept();
  client.Say("all I have to say");
  client.SayNoMore();
  EXPECT_EQ(server.Hear(100), "all I have to say");
  server.Say("still here");
  EXPECT_EQ(client.Hear(10), "still here");
  server.SayNoMore();
  EXPECT_TRUE(client.HearsTheEnd());
}

TEST_F(TapTest, AnEndThatGoesTakesTheOtherAlong) {
  End server = [&] {
    End client = Connect(), server = Accept();
    client.Say("x");
    EXPECT_EQ(server.Hear(1), "x");
    return server;
  }();
  EXPECT_TRUE(server.HearsTheEnd());
}

TEST_F(TapTest, EndsWithOpenConnections) {
  End client = Connect(), server = Accept();
  client.Say("x");
  EXPECT_EQ(server.Hear(1), "x");
  tap_.reset();
  EXPECT_TRUE(client.HearsTheEnd());
  EXPECT_TRUE(server.HearsTheEnd());
}

TEST_F(TapTest, EndsWhileAnEndDoesNotRead) {
  End client = Connect(), server = Accept();
  client.Say("x");
  EXPECT_EQ(server.Hear(1), "x");
  // More than all buffers on the path hold, because the other end stops reading.
  constexpr size_t kMuch = 256 << 20;
  size_t said = 0;
  std::thread speaker([&] { said = server.SayUntilItCannot(kMuch); });
  EXPECT_EQ(client.Hear(1 << 20).size(), 1u << 20);
  tap_.reset();
  speaker.join();
  EXPECT_LT(said, kMuch);
}

TEST_F(TapTest, WithNoServerTheClientIsLetGo) {
  // Bound, so that no other process gets the port; but it does not listen.
  const weft::UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address;
  const socklen_t size = kLoopback.ToSockaddr(&address);
  ASSERT_EQ(bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  StartTap(weft::LocalAddress(bound.get()).port());
  End client = Connect();
  EXPECT_TRUE(client.HearsTheEnd());
  const std::vector<std::string> logged = Logged();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_THAT(logged[0], HasSubstr("not connected cannot connect to \"127.0.0.1\""));
}

TEST_F(TapTest, TakesSoManyConnectionsAtOnce) {
  StartTap(weft::LocalAddress(listener_.get()).port(), 1);
  End first = Connect(), server = Accept();
  first.Say("x");
  EXPECT_EQ(server.Hear(1), "x");
  EXPECT_TRUE(ConnectOnly().HearsTheEnd());
  EXPECT_THAT(Logged().back(), HasSubstr("there are 1 connections"));
}

struct Echo : weft::Handler {
  void OnMessage(weft::Session& session, const weft::Message& message) override {
    session.Send(message).IgnoreError();
  }
};

// On both sides. Messages that are longer than all buffers go in both directions at the same time.
TEST_F(TapTest, WithTlsAsWithout) {
  weft::ServerOptions options;
  options.tls = weft::testing::TestTlsServer();
  options.connection.max_message_bytes = 8 << 20;
  options.sending.max_queue_bytes = 64 << 20;
  auto server = weft::Server::Start(options, [](auto&, auto&) { return std::make_unique<Echo>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  auto tap = Tap::Start({.listen = kLoopback,
                         .client_tls = weft::testing::TestTlsServer(),
                         .rules = {.targets = {{.host = "localhost",
                                                .port = (*server)->port(),
                                                .tls = weft::testing::TestTlsClient()}}}},
                        log_);
  ASSERT_TRUE(tap.ok()) << tap.status();

  weft::ClientOptions client_options;
  client_options.tls = weft::testing::TestTlsClient();
  client_options.connection.max_message_bytes = 8 << 20;
  const std::string url = absl::StrCat("wss://localhost:", (*tap)->address().port(),
                                       "/?to=wss://localhost:", (*server)->port(), "/chat");
  auto client = weft::Client::Connect(url, client_options);
  ASSERT_TRUE(client.ok()) << client.status();
  const std::string large(4 << 20, 'x');
  constexpr int kMessages = 4;
  std::thread sender([&] {
    for (int i = 0; i < kMessages; ++i) EXPECT_TRUE((*client)->SendText(large).ok());
  });
  for (int i = 0; i < kMessages; ++i) {
    const absl::StatusOr<weft::Message> answer = (*client)->Receive(absl::Minutes(2));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->payload, large);
  }
  sender.join();
  EXPECT_TRUE((*client)->Close().ok());
  const std::vector<std::string> logged = Logged();
  EXPECT_THAT(logged[0], HasSubstr("connected to wss://localhost:"));
  EXPECT_THAT(logged[2], HasSubstr("client head GET /chat HTTP/1.1"));
  EXPECT_THAT(log_.recording().Pcapng(), HasSubstr("GET /chat HTTP/1.1"));
}

TEST_F(TapTest, AServerWhoseCertificateIsNotTrustedIsNotConnected) {
  weft::ServerOptions options;
  options.tls = weft::testing::TestTlsServer();
  auto server = weft::Server::Start(options, [](auto&, auto&) { return std::make_unique<Echo>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  auto tap = Tap::Start({.listen = kLoopback,
                         .rules = {.targets = {{.host = "localhost",
                                                .port = (*server)->port(),
                                                .tls = *weft::TlsContext::ForClient()}}}},
                        log_);
  ASSERT_TRUE(tap.ok()) << tap.status();
  tap_ = *std::move(tap);
  EXPECT_TRUE(Connect().HearsTheEnd());
  EXPECT_THAT(Logged().back(), HasSubstr("not connected the server's certificate"));
}

// A client that says nothing, and one that speaks no TLS where it must.
TEST_F(TapTest, ASilentClientIsGivenUp) {
  auto tap = Tap::Start({.listen = kLoopback,
                         .rules = {.targets = {{.host = "127.0.0.1", .port = 1}}},
                         .open_timeout = absl::ZeroDuration()},
                        log_);
  ASSERT_TRUE(tap.ok()) << tap.status();
  tap_ = *std::move(tap);
  EXPECT_TRUE(ConnectOnly().HearsTheEnd());
  EXPECT_THAT(Logged().back(), HasSubstr("no request came"));
  tap = Tap::Start({.listen = kLoopback,
                    .client_tls = weft::testing::TestTlsServer(),
                    .rules = {.targets = {{.host = "127.0.0.1", .port = 1}}}},
                   log_);
  ASSERT_TRUE(tap.ok()) << tap.status();
  tap_ = *std::move(tap);
  EXPECT_TRUE(Connect().HearsTheEnd());
  EXPECT_THAT(Logged().back(), HasSubstr("no TLS with the client"));
}

TEST_F(TapTest, ClientAndServerOfOursSeeNoDifference) {
  weft::ServerOptions options;
  options.connection.max_message_bytes = 8 << 20;
  options.connection.compression = {.use = weft::CompressionOptions::Use::kOn};
  auto server = weft::Server::Start(options, [](auto&, auto&) { return std::make_unique<Echo>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  StartTap((*server)->port());

  weft::ClientOptions client_options;
  client_options.connection.max_message_bytes = 8 << 20;
  client_options.connection.compression = {.use = weft::CompressionOptions::Use::kOn};
  auto client =
      weft::Client::Connect(absl::StrCat("ws://", tap_->address().ToString(), "/"), client_options);
  ASSERT_TRUE(client.ok()) << client.status();
  const std::string large(4 << 20, 'x');
  for (const std::string& text : {std::string("Hello"), std::string(100, 'y'), large}) {
    ASSERT_TRUE((*client)
                    ->SendText(text, {.compress = text == large ? weft::Compress::kNo
                                                                : weft::Compress::kYes})
                    .ok());
    const absl::StatusOr<weft::Message> answer = (*client)->Receive(absl::Minutes(2));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->payload, text);
  }
  EXPECT_TRUE((*client)->Close().ok());

  std::vector<std::string> frames;
  for (const std::string& line : Logged()) {
    if (absl::string_view(line).substr(7, 5) == "frame") frames.push_back(line);
  }
  const std::string ys(100, 'y'), xs(100, 'x');
  EXPECT_THAT(
      frames,
      ElementsAre("client frame text Hello", "server frame text Hello", "client frame text " + ys,
                  "server frame text " + ys, "client frame text " + xs, "server frame text " + xs,
                  HasSubstr("client frame close 1000"), HasSubstr("server frame close 1000")));
  EXPECT_TRUE(log_.Find(6)->frame.compressed);
}

}  // namespace
}  // namespace examples
