// Reading and writing with TLS, over sockets that accept and return few bytes at a time.

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "openssl/err.h"
#include "weft/transport/deadline.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

using testing::TestIdentity;
using testing::TestTlsClient;
using testing::TestTlsServer;
using testing::TlsPair;
using testing::Transfer;

std::string Pattern(size_t size) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 + (i >> 8));
  return data;
}

bool IsReady(const Stream& stream, short events) {
  pollfd poll_fd = {.fd = stream.fd(), .events = events, .revents = 0};
  return poll(&poll_fd, 1, 0) > 0;
}

// One TLS connection after its handshake. `ours` is the client's end, then the server's: both sides
// must behave the same.
class TlsIoTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(pair_.Start(*TestTlsClient(), *TestTlsServer()).ok());
    pair_.Handshake();
    ASSERT_TRUE(pair_.client_status.ok()) << pair_.client_status;
    ASSERT_TRUE(pair_.server_status.ok()) << pair_.server_status;
    // The server's tickets arrive with its first bytes.
    ASSERT_EQ(Transfer(pair_.server, pair_.client, "x"), "x");
  }

  IoResult Read() { return ours_.Read(absl::MakeSpan(buffer_)); }
  std::string Got(const IoResult& result) { return std::string(buffer_, result.bytes); }

  // All bytes that can be read without waiting.
  std::string ReadAll(Stream& stream) {
    std::string data;
    while (true) {
      const IoResult result = stream.Read(absl::MakeSpan(buffer_));
      if (!result.ok()) return data;
      data.append(buffer_, result.bytes);
    }
  }

  static void SetBuffer(const Stream& stream, int which, int size) {
    ASSERT_EQ(setsockopt(stream.fd(), SOL_SOCKET, which, &size, sizeof(size)), 0);
  }

  TlsPair pair_;
  Stream& ours_ = GetParam() ? pair_.client : pair_.server;
  Stream& peer_ = GetParam() ? pair_.server : pair_.client;
  char buffer_[100000];
};

INSTANTIATE_TEST_SUITE_P(Sides, TlsIoTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Client" : "Server"; });

TEST_P(TlsIoTest, EverySizeArrivesWhole) {
  for (size_t size : {1, 1000, 16384, 16385, 65536, 65537, 1000000}) {
    const std::string data = Pattern(size);
    EXPECT_TRUE(Transfer(ours_, peer_, data) == data) << size;
  }
}

TEST_P(TlsIoTest, NothingToReadWouldBlock) {
  const IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kRead);
}

TEST_P(TlsIoTest, NothingToMoveIsOk) {
  EXPECT_TRUE(ours_.Write("").ok());
  EXPECT_TRUE(ours_.Writev({}).ok());
  EXPECT_TRUE(ours_.Writev({"", ""}).ok());
  EXPECT_TRUE(ours_.Read({}).ok());
  EXPECT_FALSE(IsReady(peer_, POLLIN)) << "an empty record was sent";
}

TEST_P(TlsIoTest, OneReadServesManyRecords) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string piece = Pattern(10 + i);
    ASSERT_EQ(peer_.Write(piece).bytes, piece.size());
    all += piece;
  }
  const IoResult result = Read();
  EXPECT_TRUE(Got(result) == all);
  EXPECT_FALSE(result.more);
}

TEST_P(TlsIoTest, OneReadFillsASmallBufferFromManyRecords) {
  for (int i = 0; i < 5; ++i) ASSERT_EQ(peer_.Write("0123456789").bytes, 10u);
  IoResult result = ours_.Read(absl::MakeSpan(buffer_, 30));
  EXPECT_EQ(Got(result), "012345678901234567890123456789");
  EXPECT_FALSE(result.more) << "the socket announces the others";
  EXPECT_TRUE(IsReady(ours_, POLLIN));
  EXPECT_EQ(ours_.Read(absl::MakeSpan(buffer_, 30)).bytes, 20u);
}

TEST_P(TlsIoTest, WritevIsItsPiecesInOrder) {
  const std::string large = Pattern(40000), small = Pattern(100);
  const std::vector<std::vector<absl::string_view>> cases = {{"one ", "", "two ", "three"},
                                                             {small, large},
                                                             {large, small},
                                                             {large, small, large},
                                                             {small, small, large, small}};
  for (const std::vector<absl::string_view>& pieces : cases) {
    std::string all;
    for (absl::string_view piece : pieces) all.append(piece.data(), piece.size());
    const IoResult result = ours_.Writev(pieces);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.bytes, all.size());
    EXPECT_TRUE(ReadAll(peer_) == all.substr(0, result.bytes));
  }
}

// ---- Sockets that accept little ----

// The peer can read all bytes reported as written, without further help; a write that was not
// reported continues wherever its bytes now lie.
TEST_P(TlsIoTest, OnlyWhatTheKernelHasIsReportedAsWritten) {
  SetBuffer(ours_, SO_SNDBUF, 4096);
  const std::string data = Pattern(1000000);
  std::string received;
  size_t written = 0;
  int blocked = 0;
  while (written < data.size()) {
    const std::string elsewhere = data.substr(written, 70000);
    const IoResult result = ours_.Write(elsewhere);
    written += result.bytes;
    if (result.ok()) continue;
    ASSERT_EQ(result.status, IoStatus::kWouldBlock);
    ASSERT_EQ(result.wanted, Interest::kWrite);
    ++blocked;
    received += ReadAll(peer_);
    EXPECT_GE(received.size(), written);
  }
  received += ReadAll(peer_);
  EXPECT_GT(blocked, 10);
  EXPECT_EQ(written, data.size());
  EXPECT_TRUE(received == data);
}

TEST_P(TlsIoTest, BothSidesCanBeFullAtOnce) {
  SetBuffer(ours_, SO_SNDBUF, 4096);
  SetBuffer(peer_, SO_SNDBUF, 4096);
  const std::string data = Pattern(300000);
  std::string to_peer, to_us;
  size_t ours_written = 0, peer_written = 0;
  while (to_peer.size() < data.size() || to_us.size() < data.size()) {
    ours_written += ours_.Write(absl::string_view(data).substr(ours_written)).bytes;
    peer_written += peer_.Write(absl::string_view(data).substr(peer_written)).bytes;
    to_us.append(buffer_, Read().bytes);
    to_peer.append(buffer_, peer_.Read(absl::MakeSpan(buffer_)).bytes);
  }
  EXPECT_TRUE(to_peer == data);
  EXPECT_TRUE(to_us == data);
}

TEST_P(TlsIoTest, AReadWhileAWriteIsUnfinishedAlsoWantsToWrite) {
  SetBuffer(ours_, SO_SNDBUF, 4096);
  const std::string data = Pattern(65536);
  ASSERT_EQ(ours_.Write(data).status, IoStatus::kWouldBlock);
  const IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kReadWrite);
}

// ---- Readers with small buffers ----

// A loop that polls, and reads once for each event and as long as there is `more`, misses nothing,
// whatever its buffer sizes and the peer's record sizes are.
TEST_P(TlsIoTest, ALevelTriggeredLoopSeesEverything) {
  std::minstd_rand random(1);
  const std::string data = Pattern(2000000);
  std::string received;
  size_t written = 0;
  bool again = false;
  while (received.size() < data.size()) {
    if (written < data.size() && random() % 2 == 0) {
      const size_t size = random() % 5 == 0 ? 65536 : random() % 20000;
      written += peer_.Write(absl::string_view(data).substr(written, size)).bytes;
    }
    const bool all_was_sent = written == received.size();
    if (!again && !IsReady(ours_, POLLIN)) {
      ASSERT_TRUE(all_was_sent) << "something is left that nothing announces";
      continue;
    }
    const size_t size = random() % 3 == 0 ? 1 + random() % 100 : 1 + random() % sizeof(buffer_);
    const IoResult result = ours_.Read(absl::MakeSpan(buffer_, size));
    ASSERT_TRUE(result.ok() || result.status == IoStatus::kWouldBlock);
    received.append(buffer_, result.bytes);
    again = result.more;
  }
  EXPECT_TRUE(received == data);
}

TEST_P(TlsIoTest, WhatASmallBufferLeavesIsAnnounced) {
  ASSERT_EQ(peer_.Write("0123456789").bytes, 10u);
  IoResult result = ours_.Read(absl::MakeSpan(buffer_, 4));
  EXPECT_EQ(Got(result), "0123");
  EXPECT_TRUE(result.more);
  result = ours_.Read(absl::MakeSpan(buffer_, 4));
  EXPECT_EQ(Got(result), "4567");
  EXPECT_TRUE(result.more);
  result = ours_.Read(absl::MakeSpan(buffer_, 4));
  EXPECT_EQ(Got(result), "89");
  EXPECT_FALSE(result.more);
}

// ---- The end ----

TEST_P(TlsIoTest, AnOrderlyEndIsEof) {
  ASSERT_TRUE(peer_.Write("last words").ok());
  ASSERT_TRUE(peer_.ShutdownWrite().ok());
  const IoResult result = Read();
  EXPECT_EQ(Got(result), "last words");
  EXPECT_TRUE(result.more) << "the end came with them";
  EXPECT_EQ(Read().status, IoStatus::kEof);
  EXPECT_EQ(Read().status, IoStatus::kEof);
}

TEST_P(TlsIoTest, AfterThePeersEndWeCanStillWrite) {
  ASSERT_TRUE(peer_.ShutdownWrite().ok());
  EXPECT_EQ(Read().status, IoStatus::kEof);
  EXPECT_TRUE(ours_.Write("good bye").ok());
  EXPECT_EQ(ReadAll(peer_), "good bye");
  EXPECT_TRUE(ours_.ShutdownWrite().ok());
  EXPECT_EQ(peer_.Read(absl::MakeSpan(buffer_)).status, IoStatus::kEof);
}

TEST_P(TlsIoTest, AfterOurEndNothingCanBeWritten) {
  ASSERT_TRUE(ours_.ShutdownWrite().ok());
  ASSERT_TRUE(ours_.ShutdownWrite().ok());
  const IoResult result = ours_.Write("x");
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, EPIPE);
  ASSERT_TRUE(peer_.Write("still heard").ok());
  EXPECT_EQ(Got(Read()), "still heard");
}

TEST_P(TlsIoTest, AnEndWithoutCloseNotifyIsAnError) {
  ASSERT_TRUE(peer_.Write("first half").ok());
  ASSERT_EQ(shutdown(peer_.fd(), SHUT_WR), 0);
  EXPECT_EQ(Got(Read()), "first half");
  for (int i = 0; i < 2; ++i) {
    const IoResult result = Read();
    ASSERT_EQ(result.status, IoStatus::kError);
    const absl::Status error = ours_.Error(result);
    EXPECT_TRUE(absl::IsUnavailable(error));
    EXPECT_EQ(std::string(error.message()),
              std::string(GetParam() ? "the server" : "the client") +
                  " ended the stream without TLS's close_notify: its last bytes may be missing");
  }
  EXPECT_TRUE(ours_.Write("heard").ok());
  EXPECT_EQ(ReadAll(peer_), "heard");
}

TEST_P(TlsIoTest, ShutdownThatTheSocketDoesNotTakeIsATruncation) {
  SetBuffer(ours_, SO_SNDBUF, 4096);
  const std::string data = Pattern(65536);
  ASSERT_EQ(ours_.Write(data).status, IoStatus::kWouldBlock);
  EXPECT_TRUE(ours_.ShutdownWrite().ok());
  EXPECT_LT(ReadAll(peer_).size(), data.size());
  EXPECT_EQ(peer_.Read(absl::MakeSpan(buffer_)).status, IoStatus::kError);
}

// The default action of SIGPIPE would end the test.
TEST_P(TlsIoTest, APeerThatIsGoneIsAnErrorNotASignal) {
  ASSERT_TRUE(ours_.Write("unread").ok());
  peer_.Close();  // closing a Unix socket with unread input resets the connection
  IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, ECONNRESET);
  EXPECT_EQ(std::string(ours_.Error(result).message()), "Connection reset by peer");
  result = ours_.Write("x");
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, EPIPE);
  EXPECT_EQ(std::string(ours_.Error(result).message()), "Broken pipe");
}

TEST_P(TlsIoTest, AClosedStreamIsPlainAgainAndSaysItIsClosed) {
  ours_.Close();
  EXPECT_FALSE(ours_.is_tls());
  EXPECT_EQ(Read().error, EBADF);
  EXPECT_EQ(ours_.Write("x").error, EBADF);
}

TEST_P(TlsIoTest, MovingTakesTheSessionAlong) {
  Stream moved = std::move(ours_);
  EXPECT_FALSE(ours_.is_tls());
  EXPECT_TRUE(moved.Write("x").ok());
  EXPECT_EQ(ReadAll(peer_), "x");
  ours_ = std::move(moved);
  EXPECT_EQ(Transfer(peer_, ours_, "y"), "y");
}

// BoringSSL keeps errors per thread: those of one session must not appear in another.
TEST_P(TlsIoTest, TheErrorOfAnotherSessionIsNotOurs) {
  TlsPair broken;
  ASSERT_TRUE(broken.Start(*TestTlsClient(), *TestTlsServer(), "other.example").ok());
  broken.Handshake();
  ASSERT_FALSE(broken.client_status.ok());
  EXPECT_EQ(ERR_peek_error(), 0u);
  EXPECT_EQ(Read().status, IoStatus::kWouldBlock);
  EXPECT_EQ(Transfer(ours_, peer_, "fine"), "fine");
}

// ---- The handshake ----

TEST(TlsHandshakeIoTest, SaysWhatItWaitsFor) {
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*TestTlsClient(), *TestTlsServer()).ok());
  char buffer[10];
  IoResult result = pair.server.Read(absl::MakeSpan(buffer));
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kRead);
  result = pair.client.Write("x");  // sends the first flight, and waits for the answer
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kRead);
}

TEST(TlsHandshakeIoTest, AReadThatMustWriteWantsToWrite) {
  // The server's flight is larger than its socket buffer: a chain of many certificates.
  TlsIdentity identity = {
      .private_key_pem = testing::ReadTestCaFile("server.key"),
  };
  for (int i = 0; i < 40; ++i) identity.certificate_pem += testing::ReadTestCaFile("server.pem");
  const auto client = TestTlsClient(), server = TestTlsServer({.identities = {identity}});
  TlsPair pair;
  ASSERT_TRUE(pair.Start(*client, *server).ok());
  const int size = 4096;
  ASSERT_EQ(setsockopt(pair.server.fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
  pair.client.Handshake();
  char buffer[10];
  for (int i = 0; i < 2; ++i) {
    const IoResult result = pair.server.Read(absl::MakeSpan(buffer));
    EXPECT_EQ(result.status, IoStatus::kWouldBlock);
    EXPECT_EQ(result.wanted, Interest::kWrite);
  }
  EXPECT_EQ(Transfer(pair.client, pair.server, "question"), "question");
}

TEST(TlsHandshakeIoTest, ThreadsOfTheirOwnCanServeEachEnd) {
  const auto client = TestTlsClient(), server = TestTlsServer();
  for (int i = 0; i < 10; ++i) {
    TlsPair pair;
    ASSERT_TRUE(pair.Start(*client, *server).ok());
    const auto shake = [](Stream& stream) {
      while (true) {
        const IoResult result = stream.Handshake();
        if (result.status != IoStatus::kWouldBlock) return stream.Error(result);
        Wait(stream.fd(), result.wanted, Deadline::Never()).IgnoreError();
      }
    };
    absl::Status server_status;
    std::thread other([&] { server_status = shake(pair.server); });
    EXPECT_TRUE(shake(pair.client).ok());
    other.join();
    EXPECT_TRUE(server_status.ok()) << server_status;
    EXPECT_EQ(Transfer(pair.server, pair.client, "x"), "x");
  }
}

}  // namespace
}  // namespace weft
