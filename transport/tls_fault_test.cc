// TLS over a line that cuts, delays and changes its bytes, and with peers that speak another
// protocol.

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/stream.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using testing::TestTlsClient;
using testing::TestTlsServer;

// One direction of the line: the bytes it was given and those that have left it.
struct Lane {
  int from = -1, to = -1;
  size_t moved = 0;
  size_t cut_at = std::string::npos;   // this number of bytes, and then the end of the stream
  size_t flip_at = std::string::npos;  // this byte is changed
  bool ended = false;

  // Moves up to `limit` bytes; false if there was nothing to do.
  bool Move(size_t limit) {
    if (ended) return false;
    char buffer[20000];
    limit = std::min({limit, sizeof(buffer), cut_at - moved});
    const ssize_t count = limit > 0 ? recv(from, buffer, limit, 0) : 0;
    if (count < 0) return false;
    const size_t size = static_cast<size_t>(count);
    if (flip_at >= moved && flip_at - moved < size) buffer[flip_at - moved] ^= 0x10;
    EXPECT_EQ(size > 0 ? send(to, buffer, size, MSG_NOSIGNAL) : 0, count);
    moved += size;
    ended = size == 0;
    if (ended) shutdown(to, SHUT_WR);
    return true;
  }
};

// A TLS connection over a line that the test controls.
class Line {
 public:
  Line() {
    client_ = Connect(&client_end_);
    server_ = Connect(&server_end_);
    to_server = {.from = client_end_.get(), .to = server_end_.get()};
    to_client = {.from = server_end_.get(), .to = client_end_.get()};
    // Each client has its own context, so that it resumes no session.
    static const std::shared_ptr<TlsContext> server = TestTlsServer();
    EXPECT_TRUE(client_.StartTlsClient(*TestTlsClient(), "localhost").ok());
    EXPECT_TRUE(server_.StartTlsServer(*server).ok());
  }

  // Runs both ends alternately and moves `at_once` bytes over the line, until nothing moves any
  // more.
  void Run(size_t at_once = std::string::npos) {
    do {
      Turn(client_, "question", &client_result, &client_got);
      Turn(server_, "answer", &server_result, &server_got);
    } while (to_server.Move(at_once) | to_client.Move(at_once));
  }

  std::string ClientError() const { return std::string(client_.Error(client_result).message()); }
  std::string ServerError() const { return std::string(server_.Error(server_result).message()); }

  Lane to_server, to_client;
  IoResult client_result, server_result;  // of the last call: that it waits, or why it ended
  std::string client_got, server_got;

 private:
  static Stream Connect(UniqueFd* end) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) std::abort();
    *end = UniqueFd(fds[1]);
    return Stream(UniqueFd(fds[0]));
  }

  // Writes `word` once, and reads until the stream blocks or fails.
  void Turn(Stream& stream, absl::string_view word, IoResult* result, std::string* got) {
    bool& said = &stream == &client_ ? client_said_ : server_said_;
    if (!said) {
      *result = stream.Write(word);
      said = result->status != IoStatus::kWouldBlock;
    }
    while (said && result->ok()) {
      char buffer[1000];
      *result = stream.Read(absl::MakeSpan(buffer));
      got->append(buffer, result->bytes);
    }
    if (said && result->status == IoStatus::kWouldBlock) *result = {};
  }

  Stream client_, server_;
  UniqueFd client_end_, server_end_;
  bool client_said_ = false, server_said_ = false;
};

TEST(TlsFaultTest, AGoodLineIsAGoodLine) {
  Line line;
  line.Run();
  EXPECT_EQ(line.client_got, "answer");
  EXPECT_EQ(line.server_got, "question");
}

TEST(TlsFaultTest, BytesThatComeOneByOneAreTheSame) {
  Line line;
  line.Run(1);
  EXPECT_EQ(line.client_got, "answer");
  EXPECT_EQ(line.server_got, "question");
}

TEST(TlsFaultTest, BytesThatComeInPiecesAreTheSame) {
  for (size_t at_once = 2; at_once < 60; ++at_once) {
    Line line;
    line.Run(at_once);
    EXPECT_EQ(line.client_got, "answer");
    EXPECT_EQ(line.server_got, "question");
  }
}

// ---- Cut off ----

// Signatures differ in length, so the total is measured this time.
TEST(TlsFaultTest, AServerThatIsCutOffAtAnyByteIsAnError) {
  for (size_t cut = 0;; ++cut) {
    Line line;
    line.to_client.cut_at = cut;
    line.Run();
    if (!line.to_client.ended) {
      EXPECT_EQ(line.client_got, "answer");
      EXPECT_GT(cut, 1000u);
      break;
    }
    ASSERT_EQ(line.client_result.status, IoStatus::kError) << cut;
    const std::string error = line.ClientError();
    if (error != "the server closed the connection during the TLS handshake") {
      ASSERT_THAT(error, HasSubstr("the server ended the stream without TLS's close_notify"))
          << cut;
    }
  }
}

TEST(TlsFaultTest, AClientThatIsCutOffAtAnyByteIsAnError) {
  for (size_t cut = 0;; ++cut) {
    Line line;
    line.to_server.cut_at = cut;
    line.Run();
    if (!line.to_server.ended) {
      EXPECT_EQ(line.server_got, "question");
      EXPECT_GT(cut, 200u);
      break;
    }
    ASSERT_EQ(line.server_result.status, IoStatus::kError) << cut;
    const std::string error = line.ServerError();
    if (error != "the client closed the connection during the TLS handshake") {
      ASSERT_THAT(error, HasSubstr("the client ended the stream without TLS's close_notify"))
          << cut;
    }
  }
}

// ---- Changed ----

// Flips a bit of each byte in turn. TLS ignores a few bytes, such as the old version numbers in
// record headers; no flip makes a peer read a wrong byte.
void FlipEach(Lane Line::*lane) {
  Line good;
  good.Run();
  const size_t size = (good.*lane).moved;
  size_t passed = 0;
  for (size_t i = 0; i < size; ++i) {
    Line line;
    (line.*lane).flip_at = i;
    line.Run();
    EXPECT_TRUE(line.client_got.empty() || line.client_got == "answer") << i;
    EXPECT_TRUE(line.server_got.empty() || line.server_got == "question") << i;
    if (line.client_got == "answer" && line.server_got == "question") ++passed;
    EXPECT_EQ(line.client_result.status == IoStatus::kError, !line.ClientError().empty()) << i;
    EXPECT_EQ(line.server_result.status == IoStatus::kError, !line.ServerError().empty()) << i;
  }
  EXPECT_LT(passed, 70u) << "of " << size;
}

TEST(TlsFaultTest, AChangedByteFromTheServerIsNeverRead) { FlipEach(&Line::to_client); }
TEST(TlsFaultTest, AChangedByteFromTheClientIsNeverRead) { FlipEach(&Line::to_server); }

TEST(TlsFaultTest, GarbageInTheMiddleIsAnError) {
  Line line;
  line.Run();
  ASSERT_EQ(send(line.to_client.to, "no record of TLS", 16, 0), 16);
  line.Run();
  EXPECT_EQ(line.ClientError(), "the server broke the rules of TLS (wrong version number)");
  EXPECT_EQ(line.ServerError(), "the client ended TLS with the alert \"protocol version\"");
}

// ---- Records ----

// The number of records of application data (RFC 8446, section 5.1) in `bytes`.
size_t CountRecords(absl::string_view bytes) {
  size_t count = 0;
  while (bytes.size() >= 5) {
    if (bytes[0] == 23) ++count;
    const size_t size =
        static_cast<unsigned char>(bytes[3]) * 256 + static_cast<unsigned char>(bytes[4]);
    bytes.remove_prefix(std::min(bytes.size(), 5 + size));
  }
  return count;
}

// The bytes that a socket receives from `write`, as records.
size_t RecordsOf(const std::function<IoResult(Stream&)>& write) {
  testing::TlsPair pair;
  EXPECT_TRUE(pair.Start(*TestTlsClient(), *TestTlsServer()).ok());
  pair.Handshake();
  EXPECT_EQ(testing::Transfer(pair.server, pair.client, "x"), "x");
  EXPECT_TRUE(write(pair.client).ok());
  std::string bytes(100000, '\0');
  const ssize_t size = recv(pair.server.fd(), bytes.data(), bytes.size(), 0);
  EXPECT_GT(size, 0);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return CountRecords(bytes);
}

TEST(TlsRecordTest, PiecesWrittenAtOnceShareRecords) {
  const std::string body(16000, 'b'), large(50000, 'l');
  EXPECT_EQ(RecordsOf([](Stream& s) { return s.Writev({"a", "b", "", "c"}); }), 1u);
  EXPECT_EQ(RecordsOf([&](Stream& s) { return s.Writev({"header", body}); }), 1u);
  EXPECT_EQ(RecordsOf([&](Stream& s) { return s.Writev({"header", large}); }), 4u);
  EXPECT_EQ(RecordsOf([&](Stream& s) { return s.Writev({large, "header", body, "x"}); }), 5u);
}

// ---- Peers that speak something else ----

// The error of our side of a new connection whose peer sends `bytes` and nothing else.
absl::Status Meet(bool as_client, absl::string_view bytes) {
  testing::TlsPair pair;
  Stream& ours = as_client ? pair.client : pair.server;
  Stream& peer = as_client ? pair.server : pair.client;
  absl::Status status = as_client ? ours.StartTlsClient(*TestTlsClient(), "localhost")
                                  : ours.StartTlsServer(*TestTlsServer());
  if (!status.ok()) return status;
  EXPECT_TRUE(peer.Write(bytes).ok());
  EXPECT_TRUE(peer.ShutdownWrite().ok());
  IoResult result;
  do {
    result = ours.Handshake();
  } while (result.status == IoStatus::kWouldBlock);
  return ours.Error(result);
}

TEST(TlsFaultTest, PlainHttpOnATlsPort) {
  const absl::Status error = Meet(false, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(error));
  EXPECT_EQ(std::string(error.message()),
            "the client speaks plain HTTP; this port expects TLS (https:// or wss://)");
}

TEST(TlsFaultTest, PlainHttpIsNotAnsweredInTls) {
  testing::TlsPair pair;
  ASSERT_TRUE(pair.server.StartTlsServer(*TestTlsServer()).ok());
  ASSERT_TRUE(pair.client.Write("GET / HTTP/1.1\r\n\r\n").ok());
  EXPECT_EQ(pair.server.Handshake().status, IoStatus::kError);
  char buffer[10];
  EXPECT_EQ(pair.client.Read(absl::MakeSpan(buffer)).status, IoStatus::kWouldBlock);
}

TEST(TlsFaultTest, SomethingElseOnATlsPort) {
  const absl::Status error = Meet(false, "\x05\x01 socks");
  EXPECT_TRUE(absl::IsFailedPrecondition(error));
  EXPECT_EQ(std::string(error.message()),
            R"(the client does not speak TLS, which this port expects (it sent "\x05\x01 so"))");
}

TEST(TlsFaultTest, AServerWithoutTls) {
  const absl::Status error = Meet(true, "HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(error));
  EXPECT_EQ(std::string(error.message()),
            "the server does not speak TLS; is it ws:// or http:// rather than wss:// or https://? "
            R"((it sent "HTTP/"))");
}

TEST(TlsFaultTest, APeerThatLeavesAtOnce) {
  EXPECT_EQ(std::string(Meet(true, "").message()),
            "the server closed the connection during the TLS handshake");
  EXPECT_EQ(std::string(Meet(false, "").message()),
            "the client closed the connection during the TLS handshake");
}

TEST(TlsFaultTest, GarbageThatBeginsLikeTlsIsAnError) {
  std::minstd_rand random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = i % 2 == 0 ? "\x16\x03\x01" : "\x15\x03\x03";
    for (int j = 0; j < i % 100; ++j) bytes += static_cast<char>(random());
    EXPECT_NE(std::string(Meet(true, bytes).message()), "");
    EXPECT_NE(std::string(Meet(false, bytes).message()), "");
  }
}

}  // namespace
}  // namespace weft
