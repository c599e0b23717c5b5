#include "tools/weft/connect/session.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/connect/connect_options.h"
#include "tools/weft/connect/link.h"
#include "tools/weft/console.h"
#include "tools/weft/exit_code.h"
#include "tools/weft/memory_file.h"
#include "tools/weft/piped_input.h"
#include "weft/client/client.h"
#include "weft/client/reconnecting_client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/message.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/deadline.h"
#include "weft/transport/fd.h"
#include "weft/transport/io.h"
#include "weft/transport/notification.h"
#include "weft/transport/wait.h"

namespace weft::cli {
namespace {

using testing::BlockedCall;
using testing::CloseFrame;
using testing::ConnectOrDie;
using testing::Echo;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Ignore;
using testing::Say;
using testing::ServerFrame;
using testing::Text;

// Ends a wait that has nothing to wait for.
constexpr absl::Duration kSoon = absl::Milliseconds(1);

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    in_.reset(ends[0]);
    input_.reset(ends[1]);
    options_.wait = absl::ZeroDuration();
    console_options_.out = out_.get();
    console_options_.err = err_.get();
    console_options_.err_is_terminal = true;  // notes are shown
  }

  // Connects, and creates a session.
  void Start(const FakeServer& server) {
    ClientOptions options = testing::Quiet();
    options.timeouts.close = options_.close_timeout;
    client_ = ConnectOrDie(server, std::move(options));
    console_ = std::make_unique<Console>(console_options_, nullptr);
    link_ = std::make_unique<ClientLink>(*client_);
    session_ = std::make_unique<Session>(options_, *link_, *console_, nullptr, in_.get(), stop_);
  }

  int Run(const FakeServer& server) {
    Start(server);
    return session_->Run();
  }

  void Pipe(absl::string_view bytes) {
    ASSERT_EQ(write(input_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void EndInput() { input_.reset(); }

  UniqueFd in_;
  UniqueFd input_;
  MemoryFile out_;
  MemoryFile err_;
  ConnectOptions options_;
  ConsoleOptions console_options_;
  const Notification stop_ = *Notification::Create();
  std::unique_ptr<Client> client_;
  std::unique_ptr<ClientLink> link_;
  std::unique_ptr<Console> console_;
  std::unique_ptr<Session> session_;
};

// ---- Messages ----

TEST_F(SessionTest, LinesAreSentAndAnswersShown) {
  FakeServer server(Echo);
  Pipe("one\n\ntwo");
  EndInput();
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_EQ(out_.text(), "one\n\ntwo\n");
  EXPECT_EQ(err_.text(), "closed: 1000 normal closure\n");
}

TEST_F(SessionTest, MessagesOfTheCommandLineGoFirst) {
  FakeServer server(Echo);
  options_.messages = {"one", "two"};
  Pipe("three\n");
  EndInput();
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_EQ(out_.text(), "one\ntwo\nthree\n");
}

TEST_F(SessionTest, BinaryInputIsOneMessage) {
  std::string received;
  FakeServer server([&received](FakePeer& peer) {
    peer.AcceptUpgrade();
    received = peer.Next();
    peer.EchoToEnd();
  });
  options_.binary = true;
  options_.split = Split::kWhole;
  const std::string bytes(3 * PipedInput::kMaxPieceBytes / 2, '\xff');
  std::thread writer([&] {
    Pipe(bytes);
    EndInput();
  });
  EXPECT_EQ(Run(server), kOrderly);
  writer.join();
  server.Join();
  EXPECT_TRUE(received == absl::StrCat("binary ", bytes));
}

TEST_F(SessionTest, ALongLineIsOneMessageToo) {
  FakeServer server(Echo);
  const std::string line(3 * PipedInput::kMaxPieceBytes / 2, 'x');
  std::thread writer([&] {
    Pipe(line + "\nshort\n");
    EndInput();
  });
  EXPECT_EQ(Run(server), kOrderly);
  writer.join();
  EXPECT_TRUE(out_.text() == line + "\nshort\n");
}

TEST_F(SessionTest, InputThatIsNotUtf8CannotBeSentAsText) {
  std::string end;
  FakeServer server([&end](FakePeer& peer) {
    peer.AcceptUpgrade();
    end = peer.EchoToEnd();
  });
  Pipe("one\n\xff\n");
  EXPECT_EQ(Run(server), kWrongUsage);
  server.Join();
  EXPECT_EQ(out_.text(), "one\n");
  EXPECT_THAT(err_.text(), HasSubstr("UTF-8"));
  EXPECT_EQ(end, "close 1000");
}

// ---- When it ends ----

TEST_F(SessionTest, WaitsForMessagesBehindTheEndOfTheInput) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "text question");
    peer.Write(Text("answer") + CloseFrame(CloseCode::kNormal));
    peer.ReadToEnd();
  });
  options_.wait = absl::InfiniteDuration();
  Pipe("question\n");
  EndInput();
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_EQ(out_.text(), "answer\n");
  EXPECT_EQ(err_.text(), "closed by the server: 1000 normal closure\n");
}

TEST_F(SessionTest, WaitsNoLongerThanItIsTold) {
  FakeServer server(Echo);
  options_.wait = absl::Milliseconds(20);
  EndInput();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(20));
}

TEST_F(SessionTest, EndsAfterSoManyMessages) {
  std::string end;
  FakeServer server([&end](FakePeer& peer) {
    peer.AcceptUpgrade(Text("one") + Text("two"));
    end = peer.EchoToEnd();
  });
  options_.receive = 2;
  EXPECT_EQ(Run(server), kOrderly);  // its input continues
  server.Join();
  EXPECT_EQ(out_.text(), "one\ntwo\n");
  EXPECT_EQ(end, "close 1000");
}

TEST_F(SessionTest, ClosesAsItIsTold) {
  std::string end;
  FakeServer server([&end](FakePeer& peer) {
    peer.AcceptUpgrade();
    end = peer.EchoToEnd();
  });
  options_.close_code = static_cast<CloseCode>(4001);
  options_.close_reason = "going home";
  EndInput();
  EXPECT_EQ(Run(server), kOrderly);
  server.Join();
  EXPECT_EQ(end, "close 4001 going home");
  EXPECT_EQ(err_.text(), "closed: 4001 application defined: \"going home\"\n");
}

TEST_F(SessionTest, AnOrderlyCloseByTheServer) {
  FakeServer server(Say(CloseFrame(CloseCode::kGoingAway, "restart")));
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_EQ(err_.text(), "closed by the server: 1001 going away: \"restart\"\n");
}

TEST_F(SessionTest, ACloseWithoutACode) {
  FakeServer server(Say(ServerFrame(Opcode::kClose, "")));
  EXPECT_EQ(Run(server), kOrderly);
  EXPECT_EQ(err_.text(), "closed by the server: 1005 no status received\n");
}

TEST_F(SessionTest, AnotherClose) {
  FakeServer server(Say(CloseFrame(CloseCode::kPolicyViolation, "no\033")));
  EXPECT_EQ(Run(server), kClosedOtherwise);
  EXPECT_EQ(err_.text(), "weft: closed by the server: 1008 policy violation: \"no\\x1b\"\n");
}

TEST_F(SessionTest, AServerThatGoesAway) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Shutdown();
  });
  EXPECT_EQ(Run(server), kClosedOtherwise);
  EXPECT_THAT(err_.text(), HasSubstr("weft: "));
}

TEST_F(SessionTest, AServerThatBreaksTheProtocol) {
  FakeServer server(Say(std::string("\xff\0", 2)));
  EXPECT_EQ(Run(server), kClosedOtherwise);
  EXPECT_THAT(err_.text(), HasSubstr("weft: "));
}

TEST_F(SessionTest, AServerThatDoesNotAnswerTheClose) {
  FakeServer server(Ignore);
  EndInput();
  options_.close_timeout = kSoon;
  EXPECT_EQ(Run(server), kClosedOtherwise);
  EXPECT_THAT(err_.text(), HasSubstr("did not answer the Close frame"));
}

// The Close frame decides, not the end of the stream, even if a message was not read yet.
TEST_F(SessionTest, AServerThatEndsTheStreamInsteadOfAnswering) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("one"));
    EXPECT_EQ(peer.Next(), "close 1000");
    peer.Shutdown();
    peer.ReadToEnd();
  });
  options_.receive = 1;
  EXPECT_EQ(Run(server), kClosedOtherwise);
}

TEST_F(SessionTest, TheJsonOfALostConnectionSaysWhatHappened) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Shutdown();
  });
  console_options_.json = true;
  EXPECT_EQ(Run(server), kClosedOtherwise);
  EXPECT_THAT(out_.text(),
              HasSubstr("\"code\":1006,\"reason\":\"\",\"by\":\"lost\",\"message\":\""));
}

// ---- Reconnecting ----

TEST_F(SessionTest, AServerThatDoesNotAnswerTheCloseOfAConnectionThatMayBeReplaced) {
  FakeServer server(Ignore);
  ClientOptions quiet = testing::Quiet();
  quiet.timeouts.close = kSoon;
  const absl::StatusOr<std::unique_ptr<ReconnectingClient>> client =
      ReconnectingClient::Create(server.url(), {.client = quiet});
  ASSERT_TRUE(client.ok()) << client.status();
  ASSERT_TRUE((*client)->Connect().ok());
  ReconnectingLink link(**client);
  Console console(console_options_, nullptr);
  EndInput();
  Session session(options_, link, console, nullptr, in_.get(), stop_);
  EXPECT_EQ(session.Run(), kClosedOtherwise);
  EXPECT_THAT(err_.text(), HasSubstr("did not answer the Close frame"));
}

// Another thread may drop the unread input of a lost connection while the message is shown.
TEST(ReconnectingLinkTest, AMessageIsValidUntilTheNextCallOfTheLink) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("first"));
    EXPECT_EQ(peer.Next(), "text go on");
    peer.Write(Text("other"));
    peer.ReadToEnd();
  });
  const absl::StatusOr<std::unique_ptr<ReconnectingClient>> client =
      ReconnectingClient::Create(server.url(), {.client = testing::Quiet()});
  ASSERT_TRUE(client.ok()) << client.status();
  ReconnectingLink link(**client);
  const absl::StatusOr<Message> first = link.Receive(absl::InfiniteDuration());
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(link.Send(Opcode::kText, "go on").ok());
  const absl::StatusOr<Message> other = (*client)->Receive();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->payload, "other");
  EXPECT_EQ(first->payload, "first");
  link.Cancel();
}

// ---- Pings ----

TEST_F(SessionTest, PingsWhileItWaits) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(peer.Next(), HasSubstr("ping "));
      peer.Answer();
    }
    peer.Write(CloseFrame(CloseCode::kNormal));
    peer.ReadToEnd();
  });
  options_.ping = kSoon;
  EXPECT_EQ(Run(server), kOrderly);
}

// ---- Signals ----

TEST_F(SessionTest, ASignalClosesInOrder) {
  std::string end;
  FakeServer server([&end](FakePeer& peer) {
    peer.AcceptUpgrade();
    end = peer.EchoToEnd();
  });
  Start(server);
  int code = 0;
  BlockedCall run([&] { code = session_->Run(); });
  session_->Signal(SIGTERM);
  run.Join();
  server.Join();
  EXPECT_EQ(code, kSignal + SIGTERM);
  EXPECT_EQ(end, "close 1000");
}

TEST_F(SessionTest, ASecondSignalEndsAtOnce) {
  FakeServer server(Ignore);
  options_.close_timeout = absl::Hours(1);
  console_options_.json = true;
  Start(server);
  int code = 0;
  BlockedCall run([&] { code = session_->Run(); });
  session_->Signal(SIGINT);
  session_->Signal(SIGINT);
  run.Join();
  EXPECT_EQ(code, kSignal + SIGINT);
  EXPECT_THAT(out_.text(), HasSubstr("\"event\":\"close\",\"code\":1006,"));
}

TEST_F(SessionTest, ASignalEndsTheWait) {
  FakeServer server(Echo);
  options_.wait = absl::InfiniteDuration();
  EndInput();
  Start(server);
  int code = 0;
  BlockedCall run([&] { code = session_->Run(); });
  session_->Signal(SIGINT);
  run.Join();
  EXPECT_EQ(code, kSignal + SIGINT);
}

// The receiver waits in a write to it, and the second signal ends that, too.
TEST_F(SessionTest, SignalsEndTheWaitForAProcessThatDoesNotRead) {
  for (const bool twice : {false, true}) {
    FakeServer server([](FakePeer& peer) {
      peer.AcceptUpgrade(Text(std::string(1 << 20, 'x')));
      peer.ReadToEnd();
    });
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
    UniqueFd read_end(ends[0]);
    FILE* to_process = fdopen(ends[1], "w");
    const Notification stop = *Notification::Create();
    const Notification end_output = *Notification::Create();
    console_options_.out = to_process;
    console_options_.end_output = &end_output;
    options_.exec = "a process";
    options_.close_timeout = twice ? absl::Hours(1) : kSoon;
    Start(server);
    Session session(options_, *link_, *console_, nullptr, in_.get(), stop);
    int code = 0;
    BlockedCall run([&] { code = session.Run(); });
    ASSERT_TRUE(Wait(read_end.get(), Interest::kRead, Deadline::Never()).ok());
    session.Signal(SIGINT);
    if (twice) session.Signal(SIGINT);
    run.Join();
    EXPECT_EQ(code, kSignal + SIGINT);
    std::fclose(to_process);
  }
}

// ---- Output errors ----

TEST_F(SessionTest, OutputThatIsFull) {
  FakeServer server(Say(Text("one")));
  FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  console_options_.out = full;
  options_.close_timeout = kSoon;
  EXPECT_EQ(Run(server), kWrongUsage);
  EXPECT_THAT(err_.text(), HasSubstr("No space left"));
  std::fclose(full);
}

TEST_F(SessionTest, OutputThatNobodyReads) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  FILE* broken = fdopen(ends[1], "w");
  console_options_.out = broken;
  FakeServer server(Say(Text("one")));
  options_.close_timeout = kSoon;
  EXPECT_EQ(Run(server), kSignal + SIGPIPE);
  EXPECT_EQ(err_.text(), "");
  std::fclose(broken);
}

}  // namespace
}  // namespace weft::cli
