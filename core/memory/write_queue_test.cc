#include "weft/core/memory/write_queue.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/memory/buffer.h"

namespace weft {
namespace {

std::string Text(const WriteQueue& queue) {
  return absl::StrCat(queue.parts()[0], queue.parts()[1]);
}

// Removes all bytes, in pieces of at most `size` bytes.
std::string Take(WriteQueue& queue, size_t size) {
  std::string text;
  while (queue.size() > 0) {
    const std::string parts = Text(queue).substr(0, size);
    EXPECT_FALSE(parts.empty()) << "something is queued";
    text += parts;
    queue.Remove(parts.size());
  }
  return text;
}

TEST(WriteQueueTest, FirstInFirstOut) {
  WriteQueue queue(nullptr);
  queue.Append("one ");
  queue.Append("two ");
  queue.Remove(2);
  queue.Append("three");
  EXPECT_EQ(Text(queue), "e two three");
  EXPECT_EQ(queue.size(), 11u);
  EXPECT_EQ(queue.removed(), 2u);
  EXPECT_EQ(queue.appended(), 13u);
  queue.Remove(11);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(WriteQueueTest, QueuesWhatWasCommittedOfWhatWasReserved) {
  WriteQueue queue(nullptr);
  queue.Append("one ");
  std::memcpy(queue.Reserve(1000), "two three", 9);
  queue.Commit(4);
  queue.Append("four");
  EXPECT_EQ(Text(queue), "one two four");
}

TEST(WriteQueueTest, HoldsNoMemoryWhenEmpty) {
  BufferPool pool;
  WriteQueue queue(&pool);
  queue.Append(std::string(100000, 'x'));
  EXPECT_EQ(pool.unused_bytes(), 0u);
  queue.Remove(100000);
  EXPECT_GE(pool.unused_bytes(), 100000u);
}

TEST(WriteQueueTest, ManyAppendsAndPartialRemovals) {
  WriteQueue queue(nullptr);
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string piece = absl::StrCat(i, ",");
    queue.Append(piece);
    expected += piece;
    const size_t size = queue.size() * (i % 3) / 3;
    queue.Remove(size);
    expected.erase(0, size);
    ASSERT_EQ(Text(queue), expected);
  }
}

TEST(WriteQueueTest, BorrowedComesLastAndIsCopiedWhenSomethingFollows) {
  WriteQueue queue(nullptr);
  std::string payload = "payload";
  queue.Append("header ");
  queue.AppendBorrowed(payload);
  EXPECT_EQ(queue.parts()[1].data(), payload.data());
  queue.Remove(9);
  EXPECT_EQ(Text(queue), "yload");
  queue.Append(" next");
  payload = "#######";
  EXPECT_EQ(Text(queue), "yload next");
}

TEST(WriteQueueTest, AdoptedBufferIsSentFromWhereItIs) {
  Buffer buffer(8192);
  std::memset(buffer.data(), '#', buffer.capacity());
  std::memcpy(buffer.data() + 100, "payload", 7);
  const char* at = buffer.data() + 100;
  WriteQueue queue(nullptr);
  queue.Append("header ");
  queue.AppendBorrowed({at, 7});
  queue.AdoptBorrowed(std::move(buffer));
  EXPECT_EQ(Text(queue), "header payload");
  EXPECT_EQ(queue.parts()[0].data(), at - 7);
  queue.Append(" next");
  queue.Remove(7);
  EXPECT_EQ(Text(queue), "payload next");
}

TEST(WriteQueueTest, AdoptWithNoRoomInFrontCopies) {
  Buffer buffer(4096);
  std::memcpy(buffer.data() + 3, "payload", 7);
  WriteQueue queue(nullptr);
  queue.Append("header ");
  queue.AppendBorrowed({buffer.data() + 3, 7});
  queue.AdoptBorrowed(std::move(buffer));
  EXPECT_EQ(Text(queue), "header payload");
}

// ---- Kept payloads ----

TEST(WriteQueueTest, KeptIsSentFromWhereItIsAndLetGoThen) {
  BufferPool pool;
  WriteQueue queue(&pool);
  const auto payload = std::make_shared<const std::string>(100000, 'x');
  queue.Append("header ");
  queue.AppendKept(*payload, payload);
  EXPECT_EQ(queue.size(), 100007u);
  EXPECT_LE(queue.capacity(), 2 * BufferPool::kMinCapacity) << "the payload is its owner's";
  EXPECT_EQ(queue.parts()[0], "header ");
  EXPECT_EQ(queue.parts()[1].data(), payload->data());
  queue.Append("next");
  EXPECT_EQ(queue.parts()[1].data(), payload->data()) << "also when something follows";
  queue.Remove(50000);
  EXPECT_EQ(queue.parts()[0].data(), payload->data() + 49993);
  EXPECT_EQ(payload.use_count(), 2);
  queue.Remove(50007);
  EXPECT_EQ(payload.use_count(), 1);
  EXPECT_EQ(Text(queue), "next");
  queue.Remove(4);
  EXPECT_EQ(queue.capacity(), 0u);
  EXPECT_GT(pool.unused_bytes(), 0u);
}

TEST(WriteQueueTest, KeptAmongAllElse) {
  for (const size_t size : {1, 2, 3, 5, 7, 1000}) {
    WriteQueue queue(nullptr);
    const auto first = std::make_shared<const std::string>("first ");
    const auto second = std::make_shared<const std::string>("second ");
    queue.AppendKept(*first, first);
    queue.AppendKept(*second, second);
    queue.Append("third ");
    queue.AppendBorrowed("fourth ");
    queue.AppendKept(*first, first);
    queue.AppendKept("", second);
    queue.Append("fifth ");
    queue.AppendBorrowed("sixth");
    EXPECT_EQ(first.use_count(), 3);
    EXPECT_EQ(second.use_count(), 2);
    EXPECT_EQ(queue.size(), 43u);
    EXPECT_EQ(queue.appended(), 43u);
    EXPECT_EQ(Take(queue, size), "first second third fourth first fifth sixth") << size;
    EXPECT_EQ(queue.removed(), 43u);
    EXPECT_EQ(first.use_count(), 1);
    EXPECT_EQ(second.use_count(), 1);
  }
}

TEST(WriteQueueTest, RemovesOverTheEndsOfWhatIsKept) {
  WriteQueue queue(nullptr);
  const auto kept = std::make_shared<const std::string>("kept");
  queue.Append("1");
  queue.AppendKept(*kept, kept);
  queue.Append("2");
  queue.AppendKept(*kept, kept);
  queue.Append("345");
  queue.Remove(12);
  EXPECT_EQ(Text(queue), "5");
}

TEST(WriteQueueTest, ClearForgetsAll) {
  WriteQueue queue(nullptr);
  const auto kept = std::make_shared<const std::string>("kept");
  queue.AppendKept(*kept, kept);
  queue.Append("x");
  queue.AppendBorrowed("y");
  queue.Clear();
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(kept.use_count(), 1);
  queue.Append("z");
  EXPECT_EQ(Text(queue), "z");
}

}  // namespace
}  // namespace weft
