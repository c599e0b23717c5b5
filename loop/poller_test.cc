// Built twice: with epoll and with poll.

#include "weft/loop/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace weft {
namespace {

// The two ends of a stream; the test watches the first.
struct Pair {
  Pair() { socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds); }
  ~Pair() {
    close(fds[0]);
    if (fds[1] >= 0) close(fds[1]);
  }
  void CloseOther() {
    close(fds[1]);
    fds[1] = -1;
  }
  int fd() const { return fds[0]; }
  int fds[2];
};

class PollerTest : public ::testing::Test {
 protected:
  // The sockets that are ready now, as "tag: r", "tag: w", "tag: rw".
  std::set<std::string> Ready(size_t capacity = 16) {
    std::vector<Poller::Ready> ready(capacity);
    const size_t count = poller_.Wait(absl::MakeSpan(ready), 0);
    std::set<std::string> texts;
    for (size_t i = 0; i < count; ++i) {
      const char* name = static_cast<const char*>(ready[i].tag);
      texts.insert(std::string(name) + ": " + (ready[i].readable ? "r" : "") +
                   (ready[i].writable ? "w" : ""));
    }
    return texts;
  }

  static void* Tag(const char* name) { return const_cast<char*>(name); }

  Poller poller_;
};

using Texts = std::set<std::string>;

TEST_F(PollerTest, RefusesWhatIsNotADescriptor) {
  EXPECT_FALSE(poller_.Add(-1, Poller::kRead, Tag("none")));
  EXPECT_EQ(errno, EBADF);
}

TEST_F(PollerTest, TellsWhatWasAskedFor) {
  Pair a, b;
  ASSERT_TRUE(poller_.Add(a.fd(), Poller::kRead, Tag("a")));
  ASSERT_TRUE(poller_.Add(b.fd(), Poller::kRead | Poller::kWrite, Tag("b")));
  EXPECT_EQ(Ready(), (Texts{"b: w"}));
  ASSERT_EQ(write(a.fds[1], "x", 1), 1);
  ASSERT_EQ(write(b.fds[1], "x", 1), 1);
  EXPECT_EQ(Ready(), (Texts{"a: r", "b: rw"}));
  EXPECT_EQ(Ready(), (Texts{"a: r", "b: rw"})) << "level-triggered: until it is read";
}

TEST_F(PollerTest, ModifyRetagAndRemove) {
  Pair a, b;
  ASSERT_TRUE(poller_.Add(a.fd(), Poller::kRead, Tag("a")));
  ASSERT_TRUE(poller_.Add(b.fd(), Poller::kRead, Tag("b")));
  ASSERT_EQ(write(a.fds[1], "x", 1), 1);
  ASSERT_EQ(write(b.fds[1], "x", 1), 1);
  poller_.Modify(a.fd(), Poller::kWrite);
  EXPECT_EQ(Ready(), (Texts{"a: w", "b: r"}));
  poller_.Modify(a.fd(), Poller::kNone);
  EXPECT_EQ(Ready(), (Texts{"b: r"}));
  poller_.Remove(b.fd());
  EXPECT_EQ(Ready(), Texts{});
  poller_.Modify(a.fd(), Poller::kRead);
  poller_.Retag(a.fd(), Tag("A"));
  EXPECT_EQ(Ready(), (Texts{"A: r"}));
}

TEST_F(PollerTest, TheEndOfAStreamIsReadable) {
  Pair a;
  ASSERT_TRUE(poller_.Add(a.fd(), Poller::kRead, Tag("a")));
  a.CloseOther();
  const Texts ready = Ready();
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready.begin()->substr(0, 4), "a: r");
}

TEST_F(PollerTest, MoreReadyThanRoomStarvesNobody) {
  std::vector<Pair> pairs(8);
  static const char* const kNames[] = {"0", "1", "2", "3", "4", "5", "6", "7"};
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(poller_.Add(pairs[i].fd(), Poller::kWrite, Tag(kNames[i])));
  }
  Texts seen;
  for (int round = 0; round < 8; ++round) {
    for (const std::string& text : Ready(3)) seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 8u);
}

TEST_F(PollerTest, WaitEndsWithItsTimeout) {
  EXPECT_TRUE(Ready().empty());
  std::vector<Poller::Ready> ready(1);
  EXPECT_EQ(poller_.Wait(absl::MakeSpan(ready), 1), 0u);
}

}  // namespace
}  // namespace weft
