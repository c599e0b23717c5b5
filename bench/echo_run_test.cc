#include "weft/bench/echo_run.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/bench/echo_stream.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft::bench {
namespace {

// The answer to the `bytes` received on a connection after `offset` earlier ones; none closes it.
using Server = std::function<std::string(int connection, size_t offset, std::string bytes)>;

// Connections to a server in another thread.
class EchoRunTest : public testing::Test {
 protected:
  void Serve(int connections, Server server) {
    for (int i = 0; i < connections; ++i) {
      int pair[2];
      ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
      streams_.emplace_back(UniqueFd(pair[0]));
      fcntl(pair[1], F_SETFL, 0);
      threads_.emplace_back([i, server, fd = UniqueFd(pair[1])] {
        size_t offset = 0;
        char buffer[65536];
        ssize_t got;
        while ((got = recv(fd.get(), buffer, sizeof(buffer), 0)) > 0) {
          const std::string answer = server(i, offset, std::string(buffer, got));
          if (answer.empty()) return;
          if (send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
          offset += got;
        }
      });
    }
  }

  ~EchoRunTest() override {
    streams_.clear();
    for (std::thread& thread : threads_) thread.join();
  }

  absl::Status Echo(const EchoStreamOptions& options, uint64_t messages) {
    const EchoStream stream(options);
    EchoRun run(stream, options.depth, absl::MakeSpan(streams_));
    if (absl::Status status = run.Start(messages); !status.ok()) return status;
    while (run.messages() < messages * streams_.size()) {
      if (absl::Status s = run.RunFor(absl::Milliseconds(1)); !s.ok()) return s;
    }
    EXPECT_GT(run.round_trips().Percentile(0.5), 0u);
    absl::Status status = run.Drain();
    EXPECT_EQ(run.messages(), messages * streams_.size());
    return status;
  }

  std::vector<Stream> streams_;
  std::vector<std::thread> threads_;
};

std::string Same(int, size_t, std::string bytes) { return bytes; }

TEST_F(EchoRunTest, EveryMessageComesBack) {
  Serve(3, Same);
  const absl::Status status = Echo({.payload = 20, .depth = 16, .raw = true}, 200);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(EchoRunTest, SendsMoreThanASocketTakesAtOnce) {
  Serve(2, Same);
  const absl::Status status = Echo({.payload = 1 << 20, .depth = 2, .raw = true}, 5);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(EchoRunTest, DrainWaitsForWhatWasStarted) {
  Serve(2, Same);
  const EchoStream stream({.payload = 1 << 20, .depth = 4, .raw = true});
  EchoRun run(stream, 4, absl::MakeSpan(streams_));
  ASSERT_TRUE(run.Start().ok());
  const absl::Status status = run.Drain();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(run.messages(), 2u);  // the first of each connection, perhaps only in part
  run.ResetCounts();
  EXPECT_TRUE(run.Drain().ok());
  EXPECT_EQ(run.messages(), 0u);
}

TEST_F(EchoRunTest, PacedItTakesItsTime) {
  Serve(3, Same);
  const EchoStream stream({.payload = 20, .depth = 4, .raw = true});
  EchoRun run(stream, 4, absl::MakeSpan(streams_));
  ASSERT_TRUE(run.Start(0).ok());
  const absl::Time start = absl::Now();
  while (run.messages() < 30) {
    const absl::Status status = run.RunPaced(absl::Milliseconds(20), absl::Milliseconds(10));
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(90));  // the first was due at once
  const absl::Status status = run.Drain();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(EchoRunTest, AWrongByteIsNamed) {
  Serve(3, [](int connection, size_t offset, std::string bytes) {
    if (connection == 1 && offset <= 5000 && 5000 - offset < bytes.size()) {
      bytes[5000 - offset] ^= 1;
    }
    return bytes;
  });
  const absl::Status status = Echo({.payload = 1024, .raw = true}, 100);
  // A masked frame of 1,024 bytes is 8 longer: byte 872 of the fifth.
  EXPECT_TRUE(absl::StartsWith(status.message(),
                               "connection 1, byte 5000: byte 872 of an echo of 1032 bytes is 0x"))
      << status;
}

TEST_F(EchoRunTest, AFrameStillMaskedIsAWrongByte) {
  Serve(1, Same);
  const absl::Status status = Echo({.payload = 20}, 1);
  EXPECT_EQ(status.message(),
            "connection 0, byte 1: byte 1 of an echo of 22 bytes is 0x94 and must be 0x14");
}

TEST_F(EchoRunTest, AnEchoTooManyIsSeen) {
  // The first byte of the next echo arrives with it: correct, but too early.
  Serve(1, [](int, size_t, std::string bytes) { return bytes + bytes[0]; });
  const absl::Status status = Echo({.payload = 20, .raw = true}, 1);
  EXPECT_EQ(status.message(), "connection 0, byte 26: an echo without a message");
}

TEST_F(EchoRunTest, AClosedConnectionIsNamed) {
  Serve(2, [](int connection, size_t offset, std::string bytes) {
    return connection == 1 && offset > 100 ? "" : bytes;
  });
  const absl::Status status = Echo({.payload = 20, .raw = true}, 1000);
  EXPECT_TRUE(absl::StartsWith(status.message(), "connection 1, byte ")) << status;
}

}  // namespace
}  // namespace weft::bench
