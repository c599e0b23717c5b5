#include "weft/transport/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"

namespace weft {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

int Open() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFdTest, ClosesWhatItOwns) {
  const int fd = Open();
  {
    UniqueFd owner(fd);
    EXPECT_TRUE(owner.is_open());
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, MovingLeavesNothingBehind) {
  UniqueFd first(Open());
  const int fd = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.is_open());
  EXPECT_EQ(second.get(), fd);
  EXPECT_TRUE(IsOpen(fd));
}

TEST(UniqueFdTest, AssigningClosesWhatWasOwned) {
  UniqueFd owner(Open());
  const int old = owner.get();
  owner = UniqueFd();
  EXPECT_FALSE(IsOpen(old));
  EXPECT_FALSE(owner.is_open());
}

TEST(UniqueFdTest, WhatIsReleasedStaysOpen) {
  UniqueFd owner(Open());
  const int fd = owner.release();
  EXPECT_FALSE(owner.is_open());
  EXPECT_TRUE(IsOpen(fd));
  close(fd);
}

}  // namespace
}  // namespace weft
