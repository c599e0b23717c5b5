// Every buffer that a client can make grow counts in the account of limits.max_buffered_bytes while
// it exists, and its memory is freed when it is no longer needed.

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/frame/frame.h"
#include "weft/core/message.h"
#include "weft/core/testing/frames.h"
#include "weft/server/http/page.h"
#include "weft/server/server.h"
#include "weft/server/testing/handler_threads_fixture.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::Frame;
using testing::TestClient;
using testing::TestTlsClient;
using testing::TestTlsServer;

constexpr size_t kLarge = 16 << 20;  // more than the system's buffers hold

// The maximum cost of an idle connection: its objects, those of TLS among them.
constexpr size_t kFixedBytes = 10 << 10;

std::string Request(absl::string_view method, absl::string_view target,
                    absl::string_view headers = "", absl::string_view body = "") {
  return absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: localhost\r\n", headers, "\r\n",
                      body);
}

std::string LargeHeader() { return absl::StrCat("X: ", std::string(15 << 10, 'x'), "\r\n"); }

size_t AllocatedNow() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TlsContext& ClientTls() {
  static const auto* const context = new std::shared_ptr<TlsContext>(TestTlsClient());
  return **context;
}

// A file of `size` bytes without a name.
UniqueFd MakeFile(size_t size) {
  std::FILE* const file = std::tmpfile();
  EXPECT_NE(file, nullptr);
  UniqueFd fd(dup(fileno(file)));
  std::fclose(file);
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

// How one client uses a server.
struct Use {
  const char* name;
  std::function<void(TestClient&)> act;
  size_t bytes = 0;  // that the server then holds for it, at least
  bool tls = false;  // the server uses TLS
};
std::ostream& operator<<(std::ostream& out, const Use& use) { return out << use.name; }

class BufferAccountTest : public testing::ServerFixture, public ::testing::WithParamInterface<Use> {
 protected:
  ~BufferAccountTest() override { server_.reset(); }

  void StartServer(ServerOptions options = {}) {
    if (GetParam().tls) options.tls = TestTlsServer();
    options.connection.compression = {
        .use = CompressionOptions::Use::kOn, .send_takeover = false, .receive_takeover = false};
    options.http.pages = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
      if (request.path() == "/1MB") return Page("text/plain", std::string(1 << 20, 'L'));
      if (request.path() == "/large") return Page("text/plain", std::string(kLarge, 'L'));
      if (request.path() != "/file") return Page("text/plain", "s");
      PageResponse page;
      page.file = MakeFile(kLarge);
      page.file_bytes = kLarge;
      return page;
    };
    script_.on_message = [](Session& session, const Message&) {
      for (int i = 0; i < 16; ++i) {
        session.SendBinary(std::string(kLarge / 16 - 100, 'm')).IgnoreError();
      }
    };
    Start(std::move(options));
  }

  uint64_t account() const { return server_->metrics().buffered_bytes; }
};

// ---- Freed ----

class FreedTest : public BufferAccountTest {};

TEST_P(FreedTest, AnIdleConnectionHoldsNoBuffers) {
  constexpr size_t kWarmUp = 5, kClients = 20;
  StartServer();
  std::vector<Stream> idle;
  size_t allocated = 0;
  for (size_t i = 0; i < kWarmUp + kClients; ++i) {
    if (i == kWarmUp) {
      LetTheLoopTurn();
      allocated = AllocatedNow();
    }
    TestClient client = Connect();
    GetParam().act(client);
    idle.push_back(std::move(client.stream()));  // without the client's own buffer
  }
  LetTheLoopTurn();
  EXPECT_EQ(account(), 0u);
  EXPECT_LT(AllocatedNow() - allocated, kClients * 4096);
}

void ReadAnswer(TestClient& client, size_t bytes) {
  EXPECT_EQ(client.ReadHead().substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_EQ(client.ReadBytes(bytes).size(), bytes);
}

const Use kUses[] = {
    {"LargePage",
     [](TestClient& client) {
       client.Send(Request("GET", "/1MB"));
       ReadAnswer(client, 1 << 20);
     }},
    {"LargePageAndASmallOne",
     [](TestClient& client) {
       client.Send(Request("GET", "/1MB"));
       ReadAnswer(client, 1 << 20);
       client.Send(Request("GET", "/"));
       ReadAnswer(client, 1);
     }},
    {"File",
     [](TestClient& client) {
       client.Send(Request("GET", "/file"));
       ReadAnswer(client, kLarge);
     }},
    {"LargeRequestsInOneWrite",
     [](TestClient& client) {
       std::string requests;
       for (int i = 0; i < 4; ++i) requests += Request("GET", "/", LargeHeader());
       client.Send(requests);
       for (int i = 0; i < 4; ++i) ReadAnswer(client, 1);
     }},
    {"ManySmallAnswers",
     [](TestClient& client) {
       std::string requests;
       for (int i = 0; i < 500; ++i) requests += Request("GET", "/");
       client.Send(requests);
       for (int i = 0; i < 500; ++i) ReadAnswer(client, 1);
     }},
    {"Body",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Content-Length: 500000\r\n", std::string(500000, 'b')));
       ReadAnswer(client, 1);
     }},
    {"LongLinesOfAChunkedBody",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Transfer-Encoding: chunked\r\n",
                           absl::StrCat("1;", std::string(4000, 'e'),
                                        "\r\nb\r\n0\r\nT: ", std::string(4000, 't'), "\r\n\r\n")));
       ReadAnswer(client, 1);
     }},
};
INSTANTIATE_TEST_SUITE_P(, FreedTest, ::testing::ValuesIn(kUses),
                         [](const auto& info) { return std::string(info.param.name); });

using HandlerIsBehindTest = testing::HandlerThreadsTest;

// The session itself lives until its handler returns.
TEST_F(HandlerIsBehindTest, ASessionWhoseClientHasGoneHoldsNoBuffers) {
  constexpr size_t kMuch = 8 << 20;
  script_.on_message = [this](Session& session, const Message&) {
    // Each is small enough to be copied to the connection's output.
    for (size_t sent = 0; sent < kMuch; sent += 8192) {
      session.SendBinary(std::string(8192, 'm')).IgnoreError();
    }
    released_.wait();
  };
  Start({.handler_threads = 1});
  TestClient client = ConnectAndUpgrade();
  client.SendText("much");
  while (server_->metrics().buffered_bytes < kMuch / 4) std::this_thread::yield();
  LetTheLoopTurn();
  const size_t allocated = AllocatedNow();
  Pass(31000);  // the ping waits after the unread output
  Pass(21000);  // no pong: the session is dropped
  EXPECT_EQ(server_->metrics().sessions(), 0u);
  EXPECT_EQ(server_->metrics().buffered_bytes, 0u);
  for (int i = 0; i < 3; ++i) Pass(60000);  // the pool of unused buffers is trimmed
  EXPECT_LT(AllocatedNow(), allocated - kMuch / 8);
}

// ---- Counted ----

class CountedTest : public BufferAccountTest {};

// Compares the account with the allocated memory: no growing buffer may be missing.
TEST_P(CountedTest, BuffersCountInTheAccount) {
  constexpr size_t kClients = 8;
  StartServer();
  // Creates topics, and fills pools and tables.
  for (int i = 0; i < 3; ++i) {
    TestClient client = Connect();
    GetParam().act(client);
    LetTheLoopTurn();
  }
  while (server_->connections() > 0) clock_.AdvanceMs(1000), LetTheLoopTurn();
  ASSERT_EQ(account(), 0u);
  std::vector<Stream> clients;
  const size_t allocated = AllocatedNow();
  for (size_t i = 0; i < kClients; ++i) {
    TestClient client = Connect();
    GetParam().act(client);
    clients.push_back(std::move(client.stream()));
    clients.back().StopTls();
  }
  // It takes some turns to fill a socket.
  LetTheLoopTurn();
  for (int i = 0; i < 100 && account() < kClients * GetParam().bytes; ++i) LetTheLoopTurn();
  EXPECT_GE(account(), kClients * GetParam().bytes);
  EXPECT_GE(account() + kClients * kFixedBytes, AllocatedNow() - allocated);
  clients.clear();
  while (server_->connections() > 0) clock_.AdvanceMs(1000), LetTheLoopTurn();
  EXPECT_EQ(account(), 0u);
}

// The budget holds for these buffers.
TEST_P(CountedTest, TheBudgetHolds) {
  StartServer({.limits = {.max_buffered_bytes = 3 * GetParam().bytes}});
  std::vector<TestClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(Connect());
    GetParam().act(clients.back());
    LetTheLoopTurn();
  }
  log_.WaitForPart("all sessions together hold more than limits.max_buffered_bytes");
  EXPECT_LE(account(), 3 * GetParam().bytes);
}

void Upgrade(TestClient& client, absl::string_view headers = "") {
  client.Send(TestClient::UpgradeRequest("/", headers));
  client.ReadHead();
}

// Makes the server's socket take few bytes at once: otherwise it takes whole TLS records.
void ShrinkServersEnd(TestClient& client) {
  const SocketAddress own = LocalAddress(client.stream().fd());
  const int size = 16 << 10;
  for (int fd = 0; fd < 1024; ++fd) {
    if (PeerAddress(fd) == own) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  }
}

// Sends bytes past TLS. The server may have closed the connection already.
void SendRaw(TestClient& client, const std::string& bytes) {
  if (send(client.stream().fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return;
}

// Sends the start of a TLS record that announces 16 KiB.
void BeginRecord(TestClient& client, char type) { SendRaw(client, {type, 3, 3, 0x40, 0, 1, 0}); }

std::string Compressed(absl::string_view text) {
  Deflater deflater({});
  std::string out(deflater.Bound(text.size()), '\0');
  out.resize(deflater.Deflate(text, true, &out[0]));
  return out;
}

const Use kBuffers[] = {
    {"PartOfAHead",
     [](TestClient& client) { client.Send(absl::StrCat("GET / HTTP/1.1\r\n", LargeHeader())); },
     15 << 10},
    {"HeadOfARequestWhoseBodyIsComing",
     [](TestClient& client) {
       client.Send(Request("POST", "/", absl::StrCat("Content-Length: 9\r\n", LargeHeader())));
     },
     15 << 10},
    {"PartOfABody",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Content-Length: 500000\r\n", std::string(400000, 'b')));
     },
     400000},
    {"PartOfAChunksLine",
     [](TestClient& client) {
       client.Send(Request("POST", "/", "Transfer-Encoding: chunked\r\n",
                           absl::StrCat("1;", std::string(4000, 'e'))));
     },
     4000},
    {"APageThatIsNotTaken", [](TestClient& client) { client.Send(Request("GET", "/large")); },
     kLarge},
    {"AFileThatIsNotTaken", [](TestClient& client) { client.Send(Request("GET", "/file")); },
     64 << 10},
    {"SmallAnswersThatAreNotTaken",
     [](TestClient& client) {
       client.Send(Request("GET", "/file"));
       std::string more;
       for (int i = 0; i < 1000; ++i) more += Request("GET", "/");
       client.Send(more);
     },
     64 << 10},
    {"PartOfAMessage",
     [](TestClient& client) {
       Upgrade(client);
       client.Send(ClientFrame(Opcode::kBinary, std::string(500000, 'm')).substr(0, 400000));
     },
     400000},
    {"FragmentsOfAMessage",
     [](TestClient& client) {
       Upgrade(client);
       client.Send(ClientFrame(Opcode::kBinary, std::string(100000, 'm'), false));
       client.Send(ClientFrame(Opcode::kContinuation, std::string(100000, 'm'), false));
     },
     200000},
    {"PartOfACompressedMessage",
     [](TestClient& client) {
       Upgrade(client, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
       client.Send(Frame({.fin = false, .rsv = kRsv1, .opcode = Opcode::kBinary, .masked = true},
                         Compressed(std::string(400000, 'm'))));
     },
     400000},
    {"MessagesThatAreNotTaken",
     [](TestClient& client) {
       Upgrade(client);
       client.Send(ClientFrame(Opcode::kText, "much"));
     },
     kLarge / 2},
    {"ARecordBeforeTheHandshake", [](TestClient& client) { BeginRecord(client, 0x16); }, 16 << 10,
     true},
    {"AHandshakeMessageInPieces",
     [](TestClient& client) {
       const std::string begin = {0x16, 3, 1, 0x3E, char(0x80), 1, 0, 0x3F, char(0xF0)};
       SendRaw(client, begin + std::string(16000 - 4, 'h'));
     },
     16000, true},
    {"ARecordAfterTheHandshake",
     [](TestClient& client) {
       EXPECT_EQ(client.StartTls(ClientTls()), "");
       BeginRecord(client, 0x17);
     },
     16 << 10, true},
    {"ARecordInASession",
     [](TestClient& client) {
       EXPECT_EQ(client.StartTls(ClientTls()), "");
       Upgrade(client);
       BeginRecord(client, 0x17);
     },
     16 << 10, true},
    {"ARecordAfterARefusal",
     [](TestClient& client) {
       EXPECT_EQ(client.StartTls(ClientTls()), "");
       client.Send("BAD\r\n\r\n");
       client.ReadHead();
       BeginRecord(client, 0x17);
     },
     16 << 10, true},
    {"CiphertextThatIsNotTaken",
     [](TestClient& client) {
       EXPECT_EQ(client.StartTls(ClientTls()), "");
       ShrinkServersEnd(client);
       client.Send(Request("GET", "/file"));
     },
     (64 << 10) + 1000, true},
};
INSTANTIATE_TEST_SUITE_P(, CountedTest, ::testing::ValuesIn(kBuffers),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weft
