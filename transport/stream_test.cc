#include "weft/transport/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/transport/address.h"
#include "weft/transport/connect.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/listen.h"
#include "weft/transport/wait.h"

namespace weft {
namespace {

// Larger than the socket buffers of the pairs below can be.
constexpr size_t kMuch = 4 << 20;

void Await(const Stream& stream, Interest interest) {
  ASSERT_TRUE(Wait(stream.fd(), interest, Deadline::Never()).ok());
}

std::string Pattern(size_t size) {
  std::string data(size, '\0');
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 + (i >> 8));
  return data;
}

// Reads until the end, or `limit` bytes; waits when nothing is available.
std::string ReadAll(Stream& stream, size_t limit) {
  std::string data(limit, '\0');
  size_t size = 0;
  while (size < limit) {
    const IoResult result = stream.Read(absl::MakeSpan(&data[size], limit - size));
    if (result.status == IoStatus::kWouldBlock) {
      Await(stream, result.wanted);
    } else if (result.ok()) {
      size += result.bytes;
    } else {
      EXPECT_EQ(result.status, IoStatus::kEof) << result.error;
      break;
    }
  }
  data.resize(size);
  return data;
}

void WriteAll(Stream& stream, absl::string_view data) {
  while (!data.empty()) {
    const IoResult result = stream.Write(data);
    if (result.status == IoStatus::kWouldBlock) {
      Await(stream, result.wanted);
    } else {
      ASSERT_TRUE(result.ok()) << result.error;
      data.remove_prefix(result.bytes);
    }
  }
}

enum class Kind { kTcp, kUnix };

// Every test, for both kinds of socket.
class StreamTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kUnix) {
      ConnectUnix();
    } else {
      ConnectTcp();
    }
    // Otherwise the kernel would let the buffers grow while they are filled.
    SetBufferSize(ours_, SO_SNDBUF);
    SetBufferSize(peer_, SO_RCVBUF);
  }

  void ConnectUnix() {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    ours_ = Stream(UniqueFd(fds[0]));
    peer_ = Stream(UniqueFd(fds[1]));
  }

  void ConnectTcp() {
    absl::StatusOr<UniqueFd> listener = Listen(*SocketAddress::FromIp("127.0.0.1", 0));
    ASSERT_TRUE(listener.ok()) << listener.status();
    absl::StatusOr<Stream> stream = ConnectTo({LocalAddress(listener->get())}, Deadline::Never());
    ASSERT_TRUE(stream.ok()) << stream.status();
    ours_ = *std::move(stream);
    ASSERT_TRUE(Wait(listener->get(), Interest::kRead, Deadline::Never()).ok());
    ASSERT_TRUE(Accept(listener->get(), &peer_).ok());
  }

  static void SetBufferSize(const Stream& stream, int which) {
    const int size = 1 << 16;
    ASSERT_EQ(setsockopt(stream.fd(), SOL_SOCKET, which, &size, sizeof(size)), 0);
  }

  IoResult Read() { return ours_.Read(absl::MakeSpan(buffer_)); }

  // Writes `pieces` repeatedly until the result is not kOk, and returns that result.
  IoResult Fill(absl::Span<const absl::string_view> pieces) {
    IoResult result;
    do {
      result = pieces.size() == 1 ? ours_.Write(pieces[0]) : ours_.Writev(pieces);
    } while (result.ok());
    return result;
  }

  // Ends the peer's side like a crash: it sends nothing more than a reset.
  void ResetByPeer() {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    ASSERT_EQ(setsockopt(peer_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    peer_.Close();
  }

  Stream ours_, peer_;
  char buffer_[64];
};

INSTANTIATE_TEST_SUITE_P(Kinds, StreamTest, ::testing::Values(Kind::kTcp, Kind::kUnix),
                         [](const auto& info) {
                           return info.param == Kind::kTcp ? "Tcp" : "Unix";
                         });

TEST(StreamSizeTest, CostsLittleMoreThanItsDescriptor) {
  struct Holder {
    [[no_unique_address]] Stream stream;
    int next;
  };
  EXPECT_EQ(sizeof(Stream), 16u);
  EXPECT_EQ(sizeof(Holder), 16u);
  EXPECT_LE(sizeof(IoResult), 16u);
}

TEST_P(StreamTest, ReadGivesWhatWasWritten) {
  EXPECT_EQ(peer_.Write("hello").bytes, 5u);
  Await(ours_, Interest::kRead);
  const IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kOk);
  EXPECT_EQ(absl::string_view(buffer_, result.bytes), "hello");
}

TEST_P(StreamTest, NothingToReadWouldBlock) {
  const IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.wanted, Interest::kRead);
  EXPECT_EQ(result.bytes, 0u);
}

TEST_P(StreamTest, NoRoomToReadIntoIsNotTheEnd) {
  ASSERT_TRUE(peer_.Write("x").ok());
  Await(ours_, Interest::kRead);
  const IoResult result = ours_.Read({});
  EXPECT_EQ(result.status, IoStatus::kOk);
  EXPECT_EQ(result.bytes, 0u);
  EXPECT_EQ(Read().bytes, 1u);
}

TEST_P(StreamTest, NothingToWriteIsOk) {
  EXPECT_TRUE(ours_.Write("").ok());
  EXPECT_TRUE(ours_.Writev({}).ok());
  EXPECT_TRUE(ours_.Writev({"", ""}).ok());
  EXPECT_EQ(Read().status, IoStatus::kWouldBlock);
}

TEST_P(StreamTest, AFullSocketTakesAPartAndThenWouldBlock) {
  const std::string data = Pattern(kMuch);
  const IoResult first = ours_.Write(data);
  ASSERT_TRUE(first.ok());
  EXPECT_LT(first.bytes, data.size());
  const IoResult full = Fill({"x"});
  EXPECT_EQ(full.status, IoStatus::kWouldBlock);
  EXPECT_EQ(full.wanted, Interest::kWrite);
  EXPECT_EQ(full.bytes, 0u);
  EXPECT_TRUE(ReadAll(peer_, first.bytes) == data.substr(0, first.bytes));
}

TEST_P(StreamTest, MuchArrivesWholeAndInOrder) {
  const std::string data = Pattern(kMuch);
  std::thread writer([&] {
    WriteAll(ours_, data);
    EXPECT_TRUE(ours_.ShutdownWrite().ok());
  });
  EXPECT_TRUE(ReadAll(peer_, kMuch + 1) == data);
  writer.join();
}

TEST_P(StreamTest, OneThreadReadsWhileAnotherWrites) {
  const std::string data = Pattern(1 << 20);
  std::thread writer([&] { WriteAll(ours_, data); });
  std::thread echo([&] { WriteAll(peer_, ReadAll(peer_, data.size())); });
  EXPECT_TRUE(ReadAll(ours_, data.size()) == data);
  writer.join();
  echo.join();
}

TEST_P(StreamTest, WritevIsItsPiecesInOrder) {
  EXPECT_EQ(ours_.Writev({"one ", "", "two ", "three"}).bytes, 13u);
  EXPECT_EQ(ReadAll(peer_, 13), "one two three");
}

TEST_P(StreamTest, WritevLeavesPiecesPastItsLimit) {
  const std::vector<absl::string_view> pieces(Stream::kMaxPieces + 3, "ab");
  EXPECT_EQ(ours_.Writev(pieces).bytes, 2 * Stream::kMaxPieces);
}

TEST_P(StreamTest, WritevCanEndInTheMiddleOfAPiece) {
  const std::string head = Pattern(100);
  const std::string body = Pattern(kMuch);
  const IoResult result = ours_.Writev({head, body});
  ASSERT_TRUE(result.ok());
  ASSERT_GT(result.bytes, head.size());
  ASSERT_LT(result.bytes, head.size() + body.size());
  EXPECT_TRUE(ReadAll(peer_, result.bytes) == (head + body).substr(0, result.bytes));
  const IoResult full = Fill({head, body});
  EXPECT_EQ(full.status, IoStatus::kWouldBlock);
  EXPECT_EQ(full.wanted, Interest::kWrite);
}

TEST_P(StreamTest, AShutDownPeerIsAtItsEndAndCanStillBeWrittenTo) {
  EXPECT_TRUE(peer_.Write("last words").ok());
  EXPECT_TRUE(peer_.ShutdownWrite().ok());
  EXPECT_EQ(ReadAll(ours_, 100), "last words");
  EXPECT_EQ(Read().status, IoStatus::kEof);
  EXPECT_EQ(Read().status, IoStatus::kEof);
  EXPECT_TRUE(ours_.Write("good bye").ok());
  EXPECT_EQ(ReadAll(peer_, 8), "good bye");
}

// The default action of SIGPIPE would end the test.
TEST_P(StreamTest, WritingToAPeerThatIsGoneIsAnErrorNotASignal) {
  ResetByPeer();
  Await(ours_, Interest::kRead);
  IoResult result = ours_.Write("x");
  for (int i = 0; i < 2; ++i) result = ours_.Write("x");
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, EPIPE);
  result = ours_.Writev({"x", "y"});
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, EPIPE);
}

TEST_P(StreamTest, AResetIsAnError) {
  // A Unix socket is reset by closing it with unread input, TCP by not lingering.
  ASSERT_TRUE(ours_.Write("unread").ok());
  ResetByPeer();
  Await(ours_, Interest::kRead);
  const IoResult result = Read();
  EXPECT_EQ(result.status, IoStatus::kError);
  EXPECT_EQ(result.error, ECONNRESET);
}

TEST_P(StreamTest, AClosedStreamIsAnError) {
  ours_.Close();
  EXPECT_FALSE(ours_.is_open());
  EXPECT_EQ(Read().error, EBADF);
  EXPECT_EQ(ours_.Write("x").error, EBADF);
  EXPECT_EQ(ours_.ShutdownWrite().status, IoStatus::kError);
  EXPECT_EQ(ReadAll(peer_, 1), "");
}

TEST_P(StreamTest, MovingTakesTheDescriptorAlong) {
  Stream moved = std::move(ours_);
  EXPECT_FALSE(ours_.is_open());
  EXPECT_TRUE(moved.Write("x").ok());
  EXPECT_EQ(ReadAll(peer_, 1), "x");
}

TEST_P(StreamTest, TcpHasNoNagleDelayOnBothSides) {
  if (GetParam() != Kind::kTcp) GTEST_SKIP() << "TCP only";
  for (const Stream* stream : {&ours_, &peer_}) {
    int on = 0;
    socklen_t size = sizeof(on);
    ASSERT_EQ(getsockopt(stream->fd(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    EXPECT_NE(on, 0);
  }
}

}  // namespace
}  // namespace weft
