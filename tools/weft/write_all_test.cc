#include "tools/weft/write_all.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tools/weft/memory_file.h"
#include "weft/transport/notification.h"

namespace weft::cli {
namespace {

// A pipe that does not block its writer.
class WriteAllTest : public ::testing::Test {
 protected:
  WriteAllTest() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    read_end_ = fds[0];
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    file_ = fdopen(fds[1], "w");
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~WriteAllTest() override {
    CloseReadEnd();
    if (file_ != nullptr) std::fclose(file_);
  }

  void CloseReadEnd() {
    if (read_end_ >= 0) close(read_end_);
    read_end_ = -1;
  }

  std::string ReadToEnd() {
    std::string text;
    char part[10000];
    for (ssize_t size; (size = read(read_end_, part, sizeof part)) > 0;) text.append(part, size);
    return text;
  }

  FILE* file_ = nullptr;
  int read_end_ = -1;
};

TEST_F(WriteAllTest, AllOfItArrivesWhereTheDescriptorDoesNotBlock) {
  const std::string text(800000, 'x');
  std::string received;
  std::thread reader([&] { received = ReadToEnd(); });
  EXPECT_TRUE(WriteAll(file_, text, "end").ok());
  std::fclose(file_);
  file_ = nullptr;
  reader.join();
  EXPECT_TRUE(received == text + "end");
}

TEST_F(WriteAllTest, NobodyReads) {
  CloseReadEnd();
  EXPECT_TRUE(absl::IsCancelled(WriteAll(file_, "x")));
}

TEST_F(WriteAllTest, TheWaitForAReaderCanBeCancelled) {
  const Notification cancel = *Notification::Create();
  std::thread other([&] { cancel.Notify(); });
  EXPECT_TRUE(absl::IsCancelled(WriteAll(file_, std::string(800000, 'x'), "", &cancel)));
  other.join();
}

TEST_F(WriteAllTest, AFileInMemory) {
  MemoryFile memory;
  EXPECT_TRUE(WriteAll(memory.get(), "text", "\n").ok());
  EXPECT_EQ(memory.text(), "text\n");
}

}  // namespace
}  // namespace weft::cli
