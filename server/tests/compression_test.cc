// permessage-deflate (RFC 7692) on a server, tested over loopback.

#include "weft/core/deflate/compression.h"

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestClient;
using Use = CompressionOptions::Use;

// The answer to "permessage-deflate", with the default options.
constexpr absl::string_view kAccepted = "permessage-deflate; server_max_window_bits=12";

// A client that compresses, with takeover by default.
class DeflateClient {
 public:
  // `offer` is the value of Sec-WebSocket-Extensions.
  DeflateClient(TestClient client, absl::string_view offer, int window_bits = 15)
      : client_(std::move(client)), inflater_(std::make_unique<Inflater>(window_bits)) {
    client_.Send(
        TestClient::UpgradeRequest("/", absl::StrCat("Sec-WebSocket-Extensions: ", offer, "\r\n")));
    head_ = client_.ReadHead();
  }

  // The extensions of the answer; empty if the server accepted none.
  std::string extensions() const {
    const std::string name = "\r\nSec-WebSocket-Extensions: ";
    const size_t begin = head_.find(name);
    if (begin == std::string::npos) return "";
    return head_.substr(begin + name.size(), head_.find('\r', begin + 2) - begin - name.size());
  }

  const std::string& head() const { return head_; }
  TestClient& plain() { return client_; }

  void SendText(absl::string_view text) { client_.Send(Frame(text)); }

  std::string Frame(absl::string_view text, bool fin = true) {
    std::string payload(deflater_->Bound(text.size()), '\0');
    payload.resize(deflater_->Deflate(text, fin, payload.data()));
    return testing::Frame({.fin = fin, .rsv = kRsv1, .masked = true}, payload);
  }

  // As TestClient::ReadFrame, but a compressed message is inflated.
  std::string ReadFrame() {
    std::string frame = client_.ReadFrame();
    last_size_ = frame.size();
    absl::string_view payload = frame;
    if (!absl::ConsumePrefix(&payload, "fin compressed text ")) return frame;
    std::string text(1 << 20, '\0');
    absl::Span<char> room = absl::MakeSpan(text);
    if (inflater_->Inflate(&payload, &room, true) != Inflater::Result::kDone) return "corrupt";
    text.resize(text.size() - room.size());
    return absl::StrCat("compressed ", text);
  }

  // The approximate size on the wire of the last frame that ReadFrame read.
  size_t last_size() const { return last_size_; }

  // For a server that compresses without takeover.
  void Forget() { inflater_->Reset(); }

 private:
  TestClient client_;
  std::string head_;
  std::unique_ptr<Deflater> deflater_ = std::make_unique<Deflater>(DeflateSettings{});
  std::unique_ptr<Inflater> inflater_;
  size_t last_size_ = 0;
};

std::string ChatLine(int i) {
  return absl::StrCat("{\"type\":\"message\",\"room\":\"general\",\"user\":\"user", i % 7,
                      "\",\"text\":\"this is line number ", i, " of the conversation\"}");
}

class CompressionTest : public testing::ServerFixture {
 protected:
  void StartWith(CompressionOptions compression, ServerOptions options = {}) {
    options.connection.compression = compression;
    Start(std::move(options));
  }

  DeflateClient Offer(absl::string_view offer = "permessage-deflate", int window_bits = 15) {
    return DeflateClient(Connect(), offer, window_bits);
  }
};

TEST_F(CompressionTest, IsOffUnlessAskedFor) {
  Start();
  DeflateClient client = Offer();
  EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(client.extensions(), "");
  client.SendText("Hello");
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1002 "));
}

TEST_F(CompressionTest, EchoesBothKindsOfMessages) {
  std::vector<bool> compressed;
  script_.on_open = [&](Session& session) { compressed.push_back(session.compressed()); };
  StartWith({.use = Use::kOn});
  DeflateClient client = Offer();
  EXPECT_EQ(client.extensions(), kAccepted);
  for (const size_t size : {0, 63, 64, 1000, 20000, 500000}) {
    const std::string text(size, 'x');
    const std::string answer = absl::StrCat(size < 64 ? "fin text " : "compressed ", text);
    client.SendText(text);
    EXPECT_EQ(client.ReadFrame(), answer);
    client.plain().SendText(text);
    EXPECT_EQ(client.ReadFrame(), answer);
  }
  TestClient plain = ConnectAndUpgrade();
  plain.SendText(ChatLine(1));
  EXPECT_EQ(plain.ReadFrame(), "fin text " + ChatLine(1));
  server_.reset();
  EXPECT_EQ(compressed, std::vector<bool>({true, false}));
}

// Frames in the same segment as the request, which is cut at every place.
TEST_F(CompressionTest, FramesDirectlyAfterTheRequest) {
  StartWith({.use = Use::kOn});
  TestClient client = Connect();
  Deflater deflater(DeflateSettings{});
  std::string payload(deflater.Bound(5), '\0');
  payload.resize(deflater.Deflate("Hello", true, payload.data()));
  client.Send(TestClient::UpgradeRequest("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n") +
              testing::Frame({.rsv = kRsv1, .masked = true}, payload));
  EXPECT_THAT(client.ReadHead(), HasSubstr(absl::StrCat(": ", kAccepted, "\r\n")));
  EXPECT_EQ(client.ReadFrame(), "fin text Hello");
}

TEST_F(CompressionTest, R5_OffersThatMakeNoSenseArePassedOver) {
  StartWith({.use = Use::kOn});
  for (const char* offer :
       {"permessage-deflate; server_max_window_bits=7", "permessage-deflate; unknown",
        "permessage-deflate; client_max_window_bits; client_max_window_bits", "other"}) {
    DeflateClient client = Offer(offer);
    EXPECT_THAT(client.head(), StartsWith("HTTP/1.1 101 ")) << offer;
    EXPECT_EQ(client.extensions(), "");
    client.plain().SendText(ChatLine(1));
    EXPECT_EQ(client.ReadFrame(), "fin text " + ChatLine(1));
  }
  EXPECT_EQ(Offer("permessage-deflate; server_max_window_bits=7, permessage-deflate; "
                  "server_max_window_bits=9")
                .extensions(),
            "permessage-deflate; server_max_window_bits=9");
  EXPECT_THAT(Offer("permessage-deflate; server_max_window_bits=").head(),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(CompressionTest, WhereItIsRequiredOthersAreRefused) {
  StartWith({.use = Use::kRequired});
  EXPECT_EQ(Offer().extensions(), kAccepted);
  EXPECT_EQ(Connect().Upgrade(), "HTTP/1.1 400 Bad Request");
  log_.WaitForPart("HTTP 400, this server wants compression: offer permessage-deflate");
  EXPECT_THAT(Offer("permessage-deflate; unknown").head(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(CompressionTest, BudgetOfCompressionMemory) {
  const size_t one =
      MessageCodec::MemoryBytes({.send_window_bits = 12, .receive_window_bits = 15}, {});
  StartWith({.use = Use::kOn}, {.limits = {.max_compression_bytes = 2 * one + one / 2}});
  DeflateClient first = Offer();
  EXPECT_EQ(first.extensions(), kAccepted);
  {
    DeflateClient second = Offer();
    EXPECT_EQ(second.extensions(), kAccepted);
    for (int i = 0; i < 3; ++i) {
      DeflateClient third = Offer();
      EXPECT_EQ(third.extensions(), "");
      third.plain().SendText(ChatLine(i));
      EXPECT_EQ(third.ReadFrame(), "fin text " + ChatLine(i));
    }
    // Compression that takes no memory of its own is accepted.
    DeflateClient small = Offer(
        "permessage-deflate; server_no_context_takeover; "
        "client_no_context_takeover");
    EXPECT_THAT(small.extensions(), HasSubstr("no_context_takeover"));
  }
  journal_.WaitFor("destroyed", 5);
  while (server_->connections() > 1) std::this_thread::yield();
  EXPECT_EQ(Offer().extensions(), kAccepted) << "what sessions held is given back";
}

TEST_F(CompressionTest, BudgetWhereItIsRequired) {
  StartWith({.use = Use::kRequired}, {.limits = {.max_compression_bytes = 0}});
  EXPECT_THAT(Offer().head(), StartsWith("HTTP/1.1 503 "));
  log_.WaitForPart("HTTP 503, the server has no memory left for compression");
}

TEST_F(CompressionTest, R4_ABombIs1009AndHarmsNobodyElse) {
  StartWith({.use = Use::kOn});
  DeflateClient other = Offer();
  DeflateClient client = Offer();
  client.SendText(std::string(50 << 20, '\0'));
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1009 "));
  other.SendText(ChatLine(1));
  EXPECT_EQ(other.ReadFrame(), "compressed " + ChatLine(1));
}

// R3, R26: an unfinished message without takeover occupies a decompressor, which counts.
TEST_F(CompressionTest, R3_BudgetOfUnfinishedCompressedMessages) {
  StartWith({.use = Use::kOn, .send_takeover = false, .receive_takeover = false},
            {.limits = {.max_buffered_bytes = 4 * Inflater::MemoryBytes(15)}});
  const std::string kThere = "fin pong there";
  std::vector<DeflateClient> clients;
  std::string answer;
  do {
    ASSERT_LT(clients.size(), 8u) << "more than the budget is held";
    clients.push_back(Offer());
    TestClient& client = clients.back().plain();
    client.Send(clients.back().Frame("begun", false));
    client.Send(testing::ClientFrame(Opcode::kPing, "there"));
    answer = client.ReadFrame();  // it may be written before the memory is counted: send another
    if (answer == kThere) {
      client.Send(testing::ClientFrame(Opcode::kPing, "there"));
      answer = client.ReadFrame();
    }
  } while (answer == kThere);
  EXPECT_GE(clients.size(), 3u);
  journal_.WaitFor("close 1006 all sessions together hold more than limits.max_buffered_bytes");
}

// One message, compressed once, between messages that each connection compressed itself: to peers
// with takeover, with a smaller window, without takeover and without compression.
TEST_F(CompressionTest, PublishedMessagesReachEveryKindOfPeerAsTheyWere) {
  script_.on_open = [](Session& session) { session.Subscribe("news").IgnoreError(); };
  StartWith({.use = Use::kOn}, {.threads = 2});
  std::vector<DeflateClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(Offer());
    clients.push_back(Offer("permessage-deflate; server_max_window_bits=9", 9));
    clients.push_back(Offer("permessage-deflate; server_no_context_takeover"));
  }
  clients.push_back(Offer("other"));
  for (int i = 0; i < 20; ++i) {
    for (DeflateClient& client : clients) {
      // In both directions: the client refers to its own earlier lines as well.
      const bool compressed = client.extensions() != "";
      compressed ? client.SendText(ChatLine(i)) : client.plain().SendText(ChatLine(i));
      EXPECT_EQ(client.ReadFrame(),
                absl::StrCat(compressed ? "compressed " : "fin text ", ChatLine(i)));
      if (absl::StrContains(client.extensions(), "server_no")) client.Forget();
    }
    const std::string news = absl::StrCat("news: ", ChatLine(i + 100), ChatLine(i + 200));
    ASSERT_TRUE(server_->Publish("news", Opcode::kText, news).ok());
    for (DeflateClient& client : clients) {
      const bool compressed = client.extensions() != "";
      EXPECT_EQ(client.ReadFrame(), absl::StrCat(compressed ? "compressed " : "fin text ", news));
      if (absl::StrContains(client.extensions(), "server_no")) client.Forget();
    }
  }
}

TEST_F(CompressionTest, SendsThatMustNotBeCompressed) {
  script_.on_message = [](Session& session, const Message& message) {
    session.Subscribe("topic").IgnoreError();
    session.SendText(message.payload, {.compress = Compress::kNo}).IgnoreError();
    session.Send(message, {.compress = Compress::kNo}).IgnoreError();
    session.SendFragment(Opcode::kText, "", false, Compress::kNo).IgnoreError();
    session.SendFragment(Opcode::kText, message.payload, true).IgnoreError();
    session.Publish("topic", Opcode::kText, message.payload, {.compress = Compress::kNo})
        .IgnoreError();
    session.ref().SendText(message.payload, {.compress = Compress::kNo}).IgnoreError();
    std::thread([&] {
      session.ref().SendText(message.payload, {.compress = Compress::kNo}).IgnoreError();
    }).join();
    session.ref().SendText("the end of it").IgnoreError();
  };
  StartWith({.use = Use::kOn});
  for (const size_t size : {200, 20000}) {
    DeflateClient client = Offer();
    const std::string secret(size, 's');
    client.SendText(secret);
    std::string all;
    for (int frames = 0; frames < 8; ++frames) {
      const std::string frame = client.ReadFrame();
      EXPECT_THAT(frame, Not(StartsWith("compressed")));
      all += frame;
    }
    EXPECT_EQ(all.size() / size, 6u);
    ASSERT_TRUE(server_->Publish("topic", Opcode::kText, secret, {.compress = Compress::kNo}).ok());
    EXPECT_EQ(client.ReadFrame(), "fin text " + secret);
    ASSERT_TRUE(server_->Publish("topic", Opcode::kText, secret).ok());
    EXPECT_EQ(client.ReadFrame(), "compressed " + secret);
  }
}

TEST_F(CompressionTest, AnIdleSessionsCompressorIsGivenBack) {
  for (const bool release : {false, true}) {
    StartWith({.use = Use::kOn, .release_when_idle = release});
    DeflateClient client = Offer();
    size_t first = 0;
    for (int i = 0; i < 2; ++i) {
      client.SendText(ChatLine(1));
      EXPECT_EQ(client.ReadFrame(), "compressed " + ChatLine(1));
      if (i == 0) first = client.last_size();
    }
    EXPECT_LT(client.last_size(), first - 50) << "takeover";
    for (int i = 0; i < 2; ++i) {
      clock_.AdvanceMs(31000);
      EXPECT_EQ(client.ReadFrame(), "fin ping ");
      client.plain().Send(testing::ClientFrame(Opcode::kPong, ""));
      client.plain().SendText("are you through?");
      EXPECT_EQ(client.ReadFrame(), "fin text are you through?");
    }
    client.SendText(ChatLine(1));
    EXPECT_EQ(client.ReadFrame(), "compressed " + ChatLine(1));
    if (release) {
      EXPECT_EQ(client.last_size(), first) << "it refers to nothing before";
    } else {
      EXPECT_LT(client.last_size(), first - 50);
    }
    server_.reset();
  }
}

TEST_F(CompressionTest, OptionsOutOfTheirRange) {
  for (const CompressionOptions& compression :
       {CompressionOptions{.send_window_bits = 7}, CompressionOptions{.level = 0}}) {
    ServerOptions options;
    options.connection.compression = compression;
    const absl::Status status =
        Server::Start(options, [](auto&, auto&) { return nullptr; }).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith("connection.compression."));
  }
}

}  // namespace
}  // namespace weft
