#include "weft/bench/engine/echo_run.h"

#include <fcntl.h>
#include <sys/resource.h>
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
#include "weft/bench/engine/echo_stream.h"
#include "weft/bench/engine/rate_schedule.h"
#include "weft/transport/fd.h"
#include "weft/transport/stream.h"

namespace weft::bench {
namespace {

// The answer to the `bytes` received on a connection after `offset` earlier ones; none closes it.
using Answer = std::function<std::string(int connection, size_t offset, std::string bytes)>;

// Connections to a server in another thread.
class EchoRunTest : public ::testing::Test {
 protected:
  void Serve(int connections, Answer server) {
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

TEST_F(EchoRunTest, AnOpenLoopTakesItsTime) {
  Serve(3, Same);
  const EchoStream stream({.payload = 20, .depth = 4, .raw = true});
  EchoRun run(stream, 4, absl::MakeSpan(streams_));
  const absl::Time start = absl::Now();
  ASSERT_TRUE(run.StartPaced(RateSchedule(300)).ok());
  while (run.messages() < 30) {
    const absl::Status status = run.RunFor(absl::Milliseconds(20));
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
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(status.message(), "masked")) << status;
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

// ---- WebSocket servers ----

// A server's answer to a masked frame of up to 125 bytes: one frame with this first byte.
std::string FrameOf(char first, absl::string_view payload) {
  std::string frame = {first, static_cast<char>(payload.size())};
  return frame.append(payload.data(), payload.size());
}

// The payload of the one masked frame that these bytes are.
std::string PayloadOf(absl::string_view frame) {
  std::string payload(frame.substr(6));
  for (size_t i = 0; i < payload.size(); ++i) payload[i] ^= frame[2 + i % 4];
  return payload;
}

constexpr char kText = '\x81', kClose = '\x88', kPing = '\x89';

TEST_F(EchoRunTest, PingsAreAnsweredAmongTheEchoes) {
  std::string pongs;
  Serve(1, [&pongs](int, size_t offset, std::string bytes) {
    // Reads arrive one frame at a time, as each waits for its answer.
    if (bytes[0] == '\x8a') {
      pongs += PayloadOf(bytes);
      return FrameOf(kPing, "more");
    }
    const std::string echo = FrameOf(bytes[0], PayloadOf(bytes.substr(0, 26)));
    return offset == 3 * 26 ? FrameOf(kPing, "hello") + echo : echo;
  });
  const EchoStream stream({.payload = 20});
  EchoRun run(stream, 1, absl::MakeSpan(streams_));
  ASSERT_TRUE(run.Start(4).ok());
  while (run.messages() < 4) ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  streams_.clear();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  EXPECT_EQ(pongs.substr(0, 5), "hello");
}

TEST_F(EchoRunTest, PingsAreAnsweredWhileNothingIsSent) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd server(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20});
  EchoRun run(stream, 1, {});
  run.Add(streams_[0], FrameOf(kPing, "early").substr(0, 3));
  const std::string rest = FrameOf(kPing, "early").substr(3) + FrameOf(kPing, "late");
  ASSERT_GT(send(server.get(), rest.data(), rest.size(), MSG_NOSIGNAL), 0);
  ASSERT_TRUE(run.Attend().ok());
  char pongs[64];
  const ssize_t size = recv(server.get(), pongs, sizeof(pongs), 0);
  ASSERT_GE(size, 6 + 5);
  EXPECT_EQ(PayloadOf(absl::string_view(pongs, 6 + 5)), "early");
  // The echoes that follow are those of a connection whose frames are parsed.
  ASSERT_TRUE(run.Start(1).ok());
  char message[64];
  ASSERT_EQ(recv(server.get(), message, sizeof(message), 0), 26);
  const std::string echo = FrameOf('\x82', PayloadOf(absl::string_view(message, 26)));
  ASSERT_GT(send(server.get(), echo.data(), echo.size(), MSG_NOSIGNAL), 0);
  EXPECT_TRUE(run.Drain().ok());
  EXPECT_EQ(run.messages(), 1u);
}

TEST_F(EchoRunTest, FragmentsAreOneEcho) {
  Serve(2, [](int, size_t, std::string bytes) {
    const std::string payload = PayloadOf(bytes);
    return FrameOf('\x02', payload.substr(0, 7)) + FrameOf('\x80', payload.substr(7));
  });
  const absl::Status status = Echo({.payload = 20}, 50);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(EchoRunTest, ACloseFrameIsNamed) {
  Serve(1, [](int, size_t, std::string) { return FrameOf(kClose, "\x03\xf5oops"); });
  const absl::Status status = Echo({.payload = 20}, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(absl::StrContains(status.message(), "Close frame 1013")) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "oops")) << status;
}

TEST_F(EchoRunTest, AnotherMessageThanTheEchoIsShown) {
  Serve(1, [](int, size_t, std::string) { return FrameOf(kText, "welcome"); });
  const absl::Status status = Echo({.content = "hello"}, 1);
  EXPECT_EQ(status.message(),
            "connection 0, byte 0: received 7 bytes (text: \"welcome\") and not the echo of 5 "
            "bytes (binary: \"hello\")");
}

TEST_F(EchoRunTest, AMessageThatNobodyAskedFor) {
  Serve(1, [](int, size_t, std::string bytes) {
    return FrameOf(bytes[0], PayloadOf(bytes)) + FrameOf(kText, "news");
  });
  const absl::Status status = Echo({.payload = 20}, 1);
  EXPECT_TRUE(absl::EndsWith(status.message(),
                             "a message that answers none of ours: 4 bytes (text: \"news\")"))
      << status;
}

TEST_F(EchoRunTest, AMessageThatArrivedWithTheHandshake) {
  Serve(1, Same);
  const EchoStream stream({.payload = 20});
  EchoRun run(stream, 1, {});
  run.Add(streams_[0], FrameOf(kText, "welcome"));
  EXPECT_EQ(run.Start().message(),
            "connection 0, byte 0: a message that answers none of ours: 7 bytes (text: "
            "\"welcome\")");
}

TEST_F(EchoRunTest, AConnectionHasTheNumberThatItWasGiven) {
  Serve(1, Same);
  const EchoStream stream({.payload = 20});
  EchoRun run(stream, 1, {});
  run.Add(streams_[0], FrameOf(kText, "welcome"), {}, 7);
  const absl::Status status = run.Start();
  EXPECT_TRUE(absl::StartsWith(status.message(), "connection 7, byte 0: ")) << status;
}

TEST_F(EchoRunTest, WithoutDescriptorsItDoesNotStart) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
  const EchoStream stream({.payload = 20});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EchoRun run(stream, 1, {});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(run.status().code(), absl::StatusCode::kResourceExhausted) << run.status();
  EXPECT_TRUE(absl::StrContains(run.status().message(), "cannot create epoll")) << run.status();
  EXPECT_EQ(run.Start(), run.status());
  EXPECT_EQ(run.StartPaced(RateSchedule(1)), run.status());
}

TEST_F(EchoRunTest, TheOthersContinueAfterAFailure) {
  Serve(3, [](int connection, size_t offset, std::string bytes) {
    return connection == 1 && offset > 100 ? "" : bytes;
  });
  const EchoStream stream({.payload = 20, .raw = true});
  std::vector<absl::Status> failures;
  EchoRun run(stream, 1, absl::MakeSpan(streams_),
              [&failures](const absl::Status& why) { failures.push_back(why); });
  ASSERT_TRUE(run.Start(100).ok());
  while (run.open_connections() == 3 || run.messages() < 200) {
    ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  }
  EXPECT_TRUE(*run.FinishFor(absl::Seconds(10)));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(failures[0].message(), "connection 1, byte ")) << failures[0];
  EXPECT_EQ(run.open_connections(), 2u);
  EXPECT_GT(run.messages(), 200u);
}

TEST_F(EchoRunTest, AnEchoThatNeverComesIsAFailure) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd silent(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20});
  std::string failure;
  EchoRun run(stream, 1, absl::MakeSpan(streams_),
              [&failure](const absl::Status& why) { failure = std::string(why.message()); });
  ASSERT_TRUE(run.Start().ok());
  run.StopStarting();
  EXPECT_FALSE(*run.FinishFor(absl::Milliseconds(1)));
  run.GiveUp(absl::Seconds(3));
  EXPECT_EQ(run.unanswered(), 1u);
  EXPECT_EQ(run.round_trips().total(), 1u);  // as long as it has waited
  EXPECT_EQ(failure, "connection 0, byte 0: no echo within 3s");
  EXPECT_EQ(run.open_connections(), 0u);
  EXPECT_TRUE(*run.FinishFor(absl::Milliseconds(1)));
}

TEST_F(EchoRunTest, InAnOpenLoopAStallCountsForTheMessagesThatWereDue) {
  // Nobody reads until the messages of a whole second, at 100 a second, were due.
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  fcntl(pair[1], F_SETFL, 0);
  const UniqueFd server(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20, .depth = 2, .raw = true});
  EchoRun run(stream, 2, absl::MakeSpan(streams_));
  // The first one was due a second ago, as after a stall.
  ASSERT_TRUE(run.StartPaced(RateSchedule(100), absl::Seconds(-1)).ok());
  ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  EXPECT_GE(run.due(), 101u);  // though only two are in flight
  run.StopStarting();
  threads_.emplace_back([&server] {
    char buffer[4096];
    ssize_t got;
    while ((got = recv(server.get(), buffer, sizeof(buffer), 0)) > 0) {
      if (send(server.get(), buffer, got, MSG_NOSIGNAL) < 0) return;
    }
  });
  while (!*run.FinishFor(absl::Milliseconds(10))) {
  }
  EXPECT_EQ(run.messages(), run.due());
  // Due every 10 ms from 1 s ago on: half of them more than 500 ms ago.
  EXPECT_GE(run.round_trips().Percentile(0.6), uint64_t{490} * 1000000);
  EXPECT_GE(run.round_trips().Percentile(1), uint64_t{980} * 1000000);
  streams_.clear();
  threads_[0].join();
  threads_.clear();
}

TEST_F(EchoRunTest, AServerThatIsTooSlowForTheRateKeepsItsConnection) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd server(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20, .depth = 2, .raw = true});
  std::vector<absl::Status> failures;
  EchoRun run(stream, 2, absl::MakeSpan(streams_),
              [&failures](const absl::Status& why) { failures.push_back(why); });
  ASSERT_TRUE(run.StartPaced(RateSchedule(100), absl::Seconds(-1)).ok());
  ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  run.StopStarting();
  char message[64];
  ASSERT_EQ(recv(server.get(), message, stream.sent_size(), 0),
            static_cast<ssize_t>(stream.sent_size()));
  ASSERT_GT(send(server.get(), message, stream.sent_size(), MSG_NOSIGNAL), 0);
  while (run.messages() == 0) EXPECT_FALSE(*run.FinishFor(absl::Milliseconds(1)));
  run.GiveUp(absl::Seconds(3));
  EXPECT_EQ(failures.size(), 0u);
  EXPECT_EQ(run.unanswered(), run.due() - 1);
  EXPECT_EQ(run.round_trips().total(), run.due());
  EXPECT_GE(run.round_trips().Percentile(1), uint64_t{980} * 1000000);
}

TEST_F(EchoRunTest, MessagesOfAConnectionThatFailsCountAsLongAsTheyWaited) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  UniqueFd server(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20, .depth = 2, .raw = true});
  EchoRun run(stream, 2, absl::MakeSpan(streams_), [](const absl::Status&) {});
  ASSERT_TRUE(run.StartPaced(RateSchedule(100), absl::Seconds(-1)).ok());
  ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  server = UniqueFd();  // after a stall of a second
  while (run.open_connections() > 0) ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  EXPECT_GE(run.due(), 101u);
  EXPECT_EQ(run.unanswered(), run.due());
  EXPECT_EQ(run.round_trips().total(), run.due());
  EXPECT_GE(run.round_trips().Percentile(1), uint64_t{980} * 1000000);
  run.StopStarting();
  run.GiveUp(absl::Seconds(3));
  EXPECT_EQ(run.unanswered(), run.due());  // not twice
}

TEST_F(EchoRunTest, AStartOfManyMessagesCanBeInterrupted) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd silent(pair[1]);
  streams_.emplace_back(UniqueFd(pair[0]));
  const EchoStream stream({.payload = 20, .raw = true});
  EchoRun run(stream, 1, absl::MakeSpan(streams_));
  ASSERT_TRUE(run.StartPaced(RateSchedule(1e6), absl::Seconds(-1)).ok());
  ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
  EXPECT_LT(run.due(), 1000000u);
  run.StopStarting();
  EXPECT_GE(run.due(), 1000000u);  // all that were due by then
}

TEST_F(EchoRunTest, ConnectionsStartOneAfterTheOther) {
  Serve(4, Same);
  const EchoStream stream({.payload = 20, .raw = true});
  EchoRun run(stream, 1, absl::MakeSpan(streams_));
  const absl::Time start = absl::Now();
  ASSERT_TRUE(run.StartGradually(absl::Milliseconds(40)).ok());
  while (absl::Now() - start < absl::Milliseconds(40)) {
    ASSERT_TRUE(run.RunFor(absl::Milliseconds(5)).ok());
  }
  run.StopStarting();
  EXPECT_TRUE(*run.FinishFor(absl::Seconds(10)));
  EXPECT_GE(run.messages(), 4u);
}

TEST_F(EchoRunTest, ItCanBeStartedAgain) {
  Serve(2, Same);
  const EchoStream stream({.payload = 20, .depth = 2, .raw = true});
  EchoRun run(stream, 2, absl::MakeSpan(streams_));
  for (int round = 0; round < 2; ++round) {
    run.ResetCounts();
    ASSERT_TRUE(run.Start().ok());
    ASSERT_TRUE(run.RunFor(absl::Milliseconds(2)).ok());
    ASSERT_TRUE(run.Drain().ok());
    EXPECT_GE(run.messages(), 4u);
    run.ResetCounts();
    ASSERT_TRUE(run.StartPaced(RateSchedule(1000)).ok());
    while (run.due() < 10) ASSERT_TRUE(run.RunFor(absl::Milliseconds(1)).ok());
    ASSERT_TRUE(run.Drain().ok());
    EXPECT_EQ(run.messages(), run.due());
  }
}

}  // namespace
}  // namespace weft::bench
