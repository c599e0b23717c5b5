#include "tools/weft/history_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
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

}  // namespace
}  // namespace weft::cli
