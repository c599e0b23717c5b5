// The command line of `weft listen`, its log, its processes, and its sessions in a server.

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/weft/child_process.h"
#include "tools/weft/command_help.h"
#include "tools/weft/listen/handlers.h"
#include "tools/weft/listen/listen_options.h"
#include "tools/weft/listen/process_link.h"
#include "weft/client/client.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_info.h"
#include "weft/core/message.h"
#include "weft/server/server.h"
#include "weft/server/server_options.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

// ---- The command line ----

std::string Error(std::vector<absl::string_view> words) {
  return std::string(ParseListenOptions(words).status().message());
}

TEST(ListenOptionsTest, Defaults) {
  const absl::StatusOr<ListenOptions> options = ParseListenOptions({});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->address, "127.0.0.1");
  EXPECT_EQ(options->port, 8080);
  EXPECT_FALSE(options->chat);
  EXPECT_EQ(options->exec, "");
}

TEST(ListenOptionsTest, Values) {
  const absl::StatusOr<ListenOptions> options =
      ParseListenOptions({"-p0", "--address=::", "--exec=cat -n", "-b", "--allow-origin=null",
                          "--allow-origin=*", "--allow-host=a.example", "--max-connections=3",
                          "--max-message-bytes=100", "-z", "-q", "--cert=both.pem"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->port, 0);
  EXPECT_EQ(options->address, "::");
  EXPECT_EQ(options->exec, "cat -n");
  EXPECT_TRUE(options->binary);
  EXPECT_THAT(options->allowed_origins, ElementsAre("null", "*"));
  EXPECT_THAT(options->allowed_hosts, ElementsAre("a.example"));
  EXPECT_EQ(options->max_connections, 3u);
  EXPECT_EQ(options->max_message_bytes, 100u);
  EXPECT_TRUE(options->compress);
  EXPECT_TRUE(options->quiet);
  EXPECT_EQ(options->tls.private_key_file, "both.pem");
}

TEST(ListenOptionsTest, Errors) {
  for (const absl::string_view bad : {"65536", "-1", "x", ""}) {
    EXPECT_EQ(Error({absl::StrCat("--port=", bad)}),
              absl::StrCat("--port: \"", bad, "\" is not a number from 0 to 65535"));
  }
  EXPECT_EQ(Error({"9000"}), "unexpected argument 9000");
  EXPECT_EQ(Error({"--key=k"}), "--key requires --cert");
  EXPECT_EQ(Error({"--chat", "--exec=cat"}), "--chat and --exec exclude each other");
  EXPECT_EQ(Error({"--binary"}), "--binary requires --exec");
  EXPECT_EQ(Error({"--exec=cat", "--address=0.0.0.0"}),
            "--exec at 0.0.0.0 requires --allow-host: the hosts that clients may request, or *");
  EXPECT_EQ(Error({"--exec=cat", "--address=0.0.0.0", "--allow-host=*"}), "");
  EXPECT_EQ(Error({"--address=0.0.0.0"}), "");
  for (const absl::string_view local : {"127.0.0.2", "::1", "localhost", "unix:/x"}) {
    EXPECT_EQ(Error({"--exec=cat", absl::StrCat("--address=", local)}), "");
  }
}

TEST(ListenOptionsTest, TheHelpFitsATerminal) {
  for (const absl::string_view line : absl::StrSplit(HelpText(ListenCommandHelp()), '\n')) {
    EXPECT_LE(line.size(), 88u) << line;
  }
}

// ---- Child processes ----

TEST(ChildProcessTest, CommandsThatExist) {
  EXPECT_TRUE(CheckCommand("cat -n").ok());
  EXPECT_TRUE(CheckCommand(" read line").ok());  // of the shell
  EXPECT_TRUE(CheckCommand("while true; do :; done").ok());
  EXPECT_TRUE(CheckCommand("A=1 \"$B\"").ok());  // not known
  EXPECT_EQ(CheckCommand("no-such-program x").message(), "command not found: no-such-program");
  EXPECT_EQ(CheckCommand("/no/such;x").message(), "command not found: /no/such");
  EXPECT_EQ(CheckCommand(" ").message(), "the command is empty");
}

TEST(ChildProcessTest, ItsEnd) {
  EXPECT_EQ(ChildProcess::Start("exit 3")->End(absl::InfiniteDuration()).ToString(), "exit code 3");
  absl::StatusOr<ChildProcess> process = ChildProcess::Start("trap '' TERM; echo; read x");
  ASSERT_TRUE(process.ok()) << process.status();
  char byte;
  ASSERT_EQ(read(process->output.get(), &byte, 1), 1);  // the trap is set
  const ChildProcess::Exit exit = process->End(absl::ZeroDuration());
  EXPECT_EQ(exit.signal, 9);
  EXPECT_EQ(exit.code, 128 + 9);
  EXPECT_TRUE(exit.was_told);
}

TEST(ChildProcessTest, ItsEndInAHurry) {
  const Notification hurry = *Notification::Create();
  absl::StatusOr<ChildProcess> process = ChildProcess::Start("trap '' TERM; echo; read x");
  ASSERT_TRUE(process.ok()) << process.status();
  char byte;
  ASSERT_EQ(read(process->output.get(), &byte, 1), 1);  // the trap is set
  std::thread other([&] { hurry.Notify(); });
  EXPECT_EQ(process->End(absl::InfiniteDuration(), &hurry).signal, 9);
  other.join();
}

TEST(ChildProcessTest, ItsEnvironment) {
  setenv("A", "inherited", 1);
  absl::StatusOr<ChildProcess> process = ChildProcess::Start("echo $A$B", {"A=x", "B=y"});
  ASSERT_TRUE(process.ok()) << process.status();
  char text[10];
  EXPECT_EQ(read(process->output.get(), text, sizeof(text)), 3);
  EXPECT_EQ(absl::string_view(text, 3), "xy\n");
  EXPECT_EQ(process->End(absl::InfiniteDuration()).code, 0);
}

// ---- Sessions ----

class ListenTest : public ::testing::Test {
 protected:
  void Start(ListenOptions options) {
    options.port = 0;
    ListenOutput output;
    output.access = [this](absl::string_view line) {
      const std::lock_guard<std::mutex> lock(mutex_);
      lines_.emplace_back(line);
    };
    output.complain = [this](absl::string_view text) {
      const std::lock_guard<std::mutex> lock(mutex_);
      complaints_.emplace_back(text);
    };
    absl::StatusOr<ServerOptions> server_options = ToServerOptions(options, output);
    ASSERT_TRUE(server_options.ok()) << server_options.status();
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(*std::move(server_options), MakeAcceptor(options, output, links_));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<Client> Connect() {
    absl::StatusOr<std::unique_ptr<Client>> client =
        Client::Connect(absl::StrCat("ws://", server_->address().ToString(), "/a?secret"));
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? *std::move(client) : nullptr;
  }

  static std::string Next(Client& client) {
    const absl::StatusOr<Message> message = client.Receive();
    return message.ok() ? std::string(message->payload) : std::string(message.status().message());
  }

  // Ends the server and the processes.
  void Stop() {
    server_->Shutdown();
    links_->AwaitNone();
  }

  std::shared_ptr<LinkCount> links_ = std::make_shared<LinkCount>();
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<std::string> complaints_;
  std::unique_ptr<Server> server_;
};

TEST_F(ListenTest, Echo) {
  Start({});
  const std::unique_ptr<Client> client = Connect();
  ASSERT_TRUE(client->SendText("one").ok());
  EXPECT_EQ(Next(*client), "one");
  EXPECT_TRUE(client->Close().ok());
  Stop();
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], MatchesRegex("....-..-..T..:..:..[+-]..:.. session=[0-9]+ "
                                      "peer=\"127.0.0.1:[0-9]+\" path=\"/a\" .* received=1 .* "
                                      "sent=1 .* by=peer code=1000 reason=\"\""));
}

TEST_F(ListenTest, ChatGoesToAll) {
  Start({.chat = true});
  const std::unique_ptr<Client> first = Connect();
  ASSERT_TRUE(first->SendText("alone").ok());
  EXPECT_EQ(Next(*first), "alone");
  const std::unique_ptr<Client> second = Connect();
  ASSERT_TRUE(second->SendText("hi").ok());
  EXPECT_EQ(Next(*first), "hi");
  EXPECT_EQ(Next(*second), "hi");
  EXPECT_TRUE(second->Close().ok());
  EXPECT_TRUE(first->Close().ok());
  Stop();
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_,
              ::testing::UnorderedElementsAre(HasSubstr(" sent=1 "), HasSubstr(" sent=2 ")));
}

TEST_F(ListenTest, ExecPassesLinesInBothDirections) {
  Start({.exec = "while read -r line; do echo \"<$line>\"; done"});
  const std::unique_ptr<Client> client = Connect();
  for (const absl::string_view text : {"one", "two words"}) {
    ASSERT_TRUE(client->SendText(text).ok());
    EXPECT_EQ(Next(*client), absl::StrCat("<", text, ">"));
  }
  EXPECT_TRUE(client->Close().ok());
  Stop();
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], AllOf(HasSubstr(" received=2 "), HasSubstr(" sent=2 "),
                               HasSubstr(" by=peer code=1000 ")));
}

TEST_F(ListenTest, ExecWithExitCodeZeroClosesNormally) {
  Start({.exec = "echo $WEFT_TARGET; printf last"});
  const std::unique_ptr<Client> client = Connect();
  EXPECT_EQ(Next(*client), "/a?secret");
  EXPECT_EQ(Next(*client), "last");
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_EQ(client->close_info().code, CloseCode::kNormal);
  Stop();
}

TEST_F(ListenTest, ExecThatFailsSaysItsExitCode) {
  Start({.exec = "exit 7"});
  const std::unique_ptr<Client> client = Connect();
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_EQ(client->close_info().code, CloseCode::kInternalError);
  EXPECT_EQ(client->close_info().reason, "exit code 7");
  Stop();
  EXPECT_THAT(complaints_, ElementsAre("the command ended with exit code 7"));
}

TEST_F(ListenTest, ExecThatASignalEnds) {
  Start({.exec = "kill -9 $$"});
  const std::unique_ptr<Client> client = Connect();
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_THAT(std::string(client->close_info().reason), HasSubstr("signal 9"));
  Stop();
}

TEST_F(ListenTest, ExecThatWritesOtherThanUtf8) {
  Start({.exec = "printf '\\377\\n'; cat"});
  const std::unique_ptr<Client> client = Connect();
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_THAT(std::string(client->close_info().reason), HasSubstr("not UTF-8; see --binary"));
  Stop();
}

TEST_F(ListenTest, ExecThatWritesALineOverTheLimit) {
  Start({.exec = "echo 12345678901; cat", .max_message_bytes = 10});
  const std::unique_ptr<Client> client = Connect();
  EXPECT_EQ(client->status(), absl::OkStatus());
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_THAT(std::string(client->close_info().reason), HasSubstr("--max-message-bytes"));
  Stop();
}

TEST_F(ListenTest, ExecGetsTheMessagesBeforeTheEnd) {
  char path[] = "/tmp/weft_listen_test.XXXXXX";
  const int file = mkstemp(path);
  ASSERT_GE(file, 0);
  Start({.exec = absl::StrCat("cat >", path)});
  const std::unique_ptr<Client> client = Connect();
  ASSERT_TRUE(client->SendText("one").ok());
  ASSERT_TRUE(client->SendText("two").ok());
  EXPECT_TRUE(client->Close().ok());
  Stop();
  char text[100];
  const ssize_t size = read(file, text, sizeof(text));
  EXPECT_EQ(std::string(text, size > 0 ? size : 0), "one\ntwo\n");
  close(file);
  unlink(path);
}

// "exec 1>&-" in a command, and "cat >file", which the shell runs in its own place.
TEST_F(ListenTest, ExecThatClosesItsOutputStillGetsMessages) {
  char path[] = "/tmp/weft_listen_test.XXXXXX";
  const int file = mkstemp(path);
  ASSERT_GE(file, 0);
  Start({.exec = absl::StrCat("echo $$; exec cat >", path)});
  const std::unique_ptr<Client> client = Connect();
  const std::string output = absl::StrCat("/proc/", Next(*client), "/fd/1");
  std::string target;
  while (target != path) {
    char text[100];
    const ssize_t size = readlink(output.c_str(), text, sizeof(text));
    ASSERT_GE(size, 0);
    target.assign(text, size);
  }
  for (const absl::string_view expected : {"one\n", "one\none\n"}) {
    ASSERT_TRUE(client->SendText("one").ok());
    std::string received;
    while (received != expected && client->Receive(absl::ZeroDuration()).status().code() ==
                                       absl::StatusCode::kDeadlineExceeded) {
      char text[100];
      const ssize_t size = pread(file, text, sizeof(text), 0);
      received.assign(text, size > 0 ? size : 0);
    }
    ASSERT_EQ(received, expected);
  }
  EXPECT_TRUE(client->Close().ok());
  Stop();
  close(file);
  unlink(path);
}

TEST_F(ListenTest, ExecWithTooManyProcesses) {
  links_ = std::make_shared<LinkCount>(1);
  Start({.exec = "echo started; cat"});
  const std::unique_ptr<Client> first = Connect();
  EXPECT_EQ(Next(*first), "started");
  const std::unique_ptr<Client> second = Connect();
  EXPECT_FALSE(second->Receive().ok());
  EXPECT_EQ(second->close_info().code, CloseCode::kTryAgainLater);
  EXPECT_TRUE(first->Close().ok());
  links_->AwaitNone();
  const std::unique_ptr<Client> third = Connect();
  EXPECT_EQ(Next(*third), "started");
  EXPECT_TRUE(third->Close().ok());
  Stop();
}

TEST_F(ListenTest, ExecBinary) {
  Start({.exec = "cat", .binary = true});
  const std::unique_ptr<Client> client = Connect();
  const std::string bytes("\0\xff\n", 3);
  ASSERT_TRUE(client->SendBinary(bytes).ok());
  const absl::StatusOr<Message> message = client->Receive();
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(std::string(message->payload), bytes);
  EXPECT_FALSE(message->is_text());
  EXPECT_TRUE(client->Close().ok());
  Stop();
}

// More than the link and the session hold, in both directions at once.
TEST_F(ListenTest, ExecPassesMoreThanIsHeld) {
  Start({.exec = "cat"});
  const std::unique_ptr<Client> client = Connect();
  const std::string text(64 << 10, 'x');
  constexpr int kCount = 128;
  std::thread sender([&] {
    for (int i = 0; i < kCount; ++i) ASSERT_TRUE(client->SendText(text).ok());
  });
  for (int i = 0; i < kCount; ++i) ASSERT_TRUE(Next(*client) == text) << i;
  sender.join();
  EXPECT_TRUE(client->Close().ok());
  Stop();
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], AllOf(HasSubstr(" received=128 "), HasSubstr(" sent=128 "),
                               HasSubstr(" by=peer code=1000 ")));
}

// The session's queue has little more room than its high mark then.
TEST_F(ListenTest, ExecWaitsForAClientThatReadsLate) {
  Start({.exec = "yes $(head -c 900 /dev/zero | tr '\\0' x) | head -n 20000",
         .max_message_bytes = 1000});
  const std::unique_ptr<Client> client = Connect();
  while (server_->metrics().buffered_bytes < (1 << 20) + (100 << 10)) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ASSERT_THAT(lines_, SizeIs(0));  // the session continues
  }
  for (int i = 0; i < 20000; ++i) ASSERT_EQ(Next(*client).size(), 900u) << i;
  EXPECT_FALSE(client->Receive().ok());
  EXPECT_EQ(client->close_info().code, CloseCode::kNormal);
  Stop();
}

}  // namespace
}  // namespace weft::cli
