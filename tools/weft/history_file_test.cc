#include "tools/weft/history_file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace weft::cli {
namespace {

class HistoryFileTest : public ::testing::Test {
 protected:
  HistoryFileTest() {
    for (const char* name : {"WEFT_HISTORY", "XDG_STATE_HOME", "HOME"}) unsetenv(name);
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat file;
    return stat(path.c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string folder_ = ::testing::TempDir();
};

TEST_F(HistoryFileTest, IsInTheStateFolder) {
  setenv("HOME", absl::StrCat(folder_, "/home").c_str(), 1);
  EXPECT_EQ(HistoryFile(), absl::StrCat(folder_, "/home/.local/state/weft/history"));
  EXPECT_TRUE(std::filesystem::is_directory(absl::StrCat(folder_, "/home/.local/state/weft")));
  setenv("XDG_STATE_HOME", absl::StrCat(folder_, "/state").c_str(), 1);
  EXPECT_EQ(HistoryFile(), absl::StrCat(folder_, "/state/weft/history"));
}

TEST_F(HistoryFileTest, IsWhereItIsToldToBe) {
  setenv("WEFT_HISTORY", "here", 1);
  EXPECT_EQ(HistoryFile(), "here");
  setenv("WEFT_HISTORY", "", 1);
  setenv("HOME", folder_.c_str(), 1);
  EXPECT_EQ(HistoryFile(), "");
}

TEST_F(HistoryFileTest, IsNowhereWithoutAFolder) {
  EXPECT_EQ(HistoryFile(), "");
  const std::string file = absl::StrCat(folder_, "/file");
  std::ofstream(file) << "in the way";
  setenv("XDG_STATE_HOME", file.c_str(), 1);
  EXPECT_EQ(HistoryFile(), "");
}

TEST_F(HistoryFileTest, FoldersAreForTheUserAloneUnderEveryUmask) {
  for (const mode_t mask : {0, 022, 077}) {
    const std::string home = absl::StrCat(folder_, "/umask", mask);
    ASSERT_EQ(mkdir(home.c_str(), 0755), 0);
    setenv("HOME", home.c_str(), 1);
    const mode_t before = umask(mask);
    EXPECT_NE(HistoryFile(), "");
    umask(before);
    for (const char* made : {"/.local", "/.local/state", "/.local/state/weft"}) {
      EXPECT_EQ(ModeOf(absl::StrCat(home, made)), 0700) << made;
    }
  }
}

TEST_F(HistoryFileTest, ANewFileIsForTheUserAlone) {
  const std::string file = absl::StrCat(folder_, "/new");
  const mode_t before = umask(0);
  EXPECT_TRUE(WriteHistory(file, "one"));
  umask(before);
  EXPECT_EQ(ModeOf(file), 0600);
  EXPECT_EQ(Read(file), "one");
}

TEST_F(HistoryFileTest, AFileKeepsItsMode) {
  const std::string file = absl::StrCat(folder_, "/kept");
  std::ofstream(file) << "a longer text";
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  EXPECT_TRUE(WriteHistory(file, "two"));
  EXPECT_EQ(ModeOf(file), 0640);
  EXPECT_EQ(Read(file), "two");
}

TEST_F(HistoryFileTest, WhatIsNotARegularFileIsNotWritten) {
  EXPECT_FALSE(WriteHistory("/dev/null", "x"));
  EXPECT_FALSE(WriteHistory(folder_, "x"));
  const std::string fifo = absl::StrCat(folder_, "/fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(WriteHistory(fifo, "x"));  // and does not wait for a reader
  EXPECT_FALSE(IsRegularFile(fifo));
  EXPECT_FALSE(IsRegularFile("/dev/null"));
}

}  // namespace
}  // namespace weft::cli
