#include "weft/transport/line_writer.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/transport/fd.h"

namespace weft {
namespace {

const std::string kLine(1000, 'x');

// The two ends of a pipe, terminal or socket for the writer.
class LineWriterTest : public ::testing::Test {
 protected:
  void MakePipe() {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    read_end_.reset(fds[0]);
    write_end_.reset(fds[1]);
  }
  void MakeSockets() {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    read_end_.reset(fds[0]);
    write_end_.reset(fds[1]);
  }
  void MakeTerminal() {
    int user = -1;
    int program = -1;
    ASSERT_EQ(openpty(&user, &program, nullptr, nullptr, nullptr), 0);
    read_end_.reset(user);
    write_end_.reset(program);
  }

  // All bytes that can be read now.
  std::string ReadAll() {
    fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);
    std::string text;
    char part[65536];
    for (ssize_t size; (size = read(read_end_.get(), part, sizeof part)) > 0;) {
      text.append(part, size);
    }
    return text;
  }

  // Writes until lines are dropped, and returns how many were not.
  static int Fill(LineWriter& lines) {
    int written = 0;
    while (lines.Write(kLine)) ++written;
    EXPECT_FALSE(lines.Write("one more"));
    return written;
  }

  // No written line is torn, and the next line reports the number of dropped ones.
  void ExpectSaysWhatWasLost(absl::string_view newline) {
    LineWriter lines(write_end_.get());
    const int written = Fill(lines);
    EXPECT_GT(written, 0);
    std::string expected;
    for (int i = 0; i < written; ++i) absl::StrAppend(&expected, kLine, newline);
    std::string seen = ReadAll();
    EXPECT_TRUE(lines.Write("there is room"));
    seen += ReadAll();
    absl::StrAppend(&expected, "2 log lines were lost", newline, "there is room", newline);
    EXPECT_TRUE(seen == expected) << seen.substr(seen.size() - 100);
  }

  UniqueFd read_end_;
  UniqueFd write_end_;
};

TEST_F(LineWriterTest, WritesLines) {
  MakePipe();
  LineWriter lines(write_end_.get());
  EXPECT_TRUE(lines.Write("one"));
  EXPECT_TRUE(lines.Write(""));
  EXPECT_TRUE(lines.Write(std::string(10000, 'x')));
  EXPECT_EQ(ReadAll(), absl::StrCat("one\n\n", std::string(10000, 'x'), "\n"));
}

TEST_F(LineWriterTest, DoesNotWaitForAPipeThatIsFull) {
  MakePipe();
  ExpectSaysWhatWasLost("\n");
  EXPECT_EQ(fcntl(write_end_.get(), F_GETFL) & O_NONBLOCK, 0);  // not for others
}

TEST_F(LineWriterTest, NorForASocket) {
  MakeSockets();
  ExpectSaysWhatWasLost("\n");
}

TEST_F(LineWriterTest, NorForATerminal) {
  MakeTerminal();
  ExpectSaysWhatWasLost("\r\n");
}

// The default action of SIGPIPE would end the test.
TEST_F(LineWriterTest, SurvivesAReaderThatIsGone) {
  std::signal(SIGPIPE, SIG_DFL);
  MakePipe();
  LineWriter pipe(write_end_.get());
  read_end_.reset();
  EXPECT_FALSE(pipe.Write("x"));
  MakeSockets();
  LineWriter socket(write_end_.get());
  read_end_.reset();
  EXPECT_FALSE(socket.Write("x"));
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST_F(LineWriterTest, SurvivesADiskThatIsFullAndADescriptorThatIsClosed) {
  const UniqueFd full(open("/dev/full", O_WRONLY));
  ASSERT_TRUE(full.is_open());
  EXPECT_FALSE(LineWriter(full.get()).Write("x"));
  EXPECT_FALSE(LineWriter(-1).Write("x"));
}

TEST(OpenStandardStreams, OpensThoseThatAreClosedAndNoOthers) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (int fd = 3; fd < 20; ++fd) close(fd);
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    OpenStandardStreams();
    const bool opened = fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0;
    _exit(opened && fcntl(3, F_GETFD) < 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft
