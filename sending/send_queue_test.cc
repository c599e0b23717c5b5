#include "weft/sending/send_queue.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/encoded_message.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WaitingMessage Text(std::string payload) {
  return {.opcode = Opcode::kText, .payload = std::move(payload)};
}

WaitingMessage Droppable(std::string payload) {
  return {.opcode = Opcode::kText, .droppable = true, .payload = std::move(payload)};
}

std::string PopText(SendQueue& queue) { return std::get<std::string>(queue.Pop().payload); }

std::vector<std::string> PopAll(SendQueue& queue) {
  std::vector<std::string> payloads;
  while (!queue.empty()) payloads.push_back(PopText(queue));
  return payloads;
}

TEST(SendQueueTest, AForgottenKeyKeepsItsMessageInItsPlace) {
  SendQueue queue;
  queue.Push(Text("one"), "key");
  queue.ForgetKey("other");
  queue.ForgetKey("key");
  EXPECT_EQ(queue.bytes(), SendQueue::CostOf(3, ""));
  queue.Push(Text("between"));
  EXPECT_FALSE(queue.Push(Text("two"), "key"));
  EXPECT_TRUE(queue.Push(Text("three"), "key"));
  EXPECT_THAT(PopAll(queue), ElementsAre("one", "between", "three"));
  EXPECT_EQ(queue.bytes(), 0u);
  queue.ForgetKey("key");
}

TEST(SendQueueTest, FirstInFirstOut) {
  SendQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.Push(Text("one")));
  EXPECT_FALSE(queue.Push(Text("two")));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.bytes(), 2 * kMessageOverhead + 6);
  EXPECT_EQ(PopText(queue), "one");
  EXPECT_FALSE(queue.Push(Text("three")));
  EXPECT_THAT(PopAll(queue), ElementsAre("two", "three"));
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(SendQueueTest, KeepsWhatBelongsToAMessage) {
  SendQueue queue;
  queue.Push({.opcode = Opcode::kText, .compress = Compress::kNo, .payload = std::string("x")});
  const WaitingMessage message = queue.Pop();
  EXPECT_EQ(message.opcode, Opcode::kText);
  EXPECT_EQ(message.compress, Compress::kNo);
}

// ---- Who owns the payload ----

TEST(SendQueueTest, CopiesAPayloadThatTheCallerOwns) {
  SendQueue queue;
  std::string payload = "mine";
  queue.Push({.payload = absl::string_view(payload)});
  payload = "####";
  EXPECT_EQ(PopText(queue), "mine");
}

TEST(SendQueueTest, TakesOverWithoutACopy) {
  SendQueue queue;
  std::string payload(100000, 'x');
  const char* const bytes = payload.data();
  queue.Push({.payload = std::move(payload)});
  EXPECT_EQ(queue.bytes(), kMessageOverhead + 100000);
  const WaitingMessage message = queue.Pop();
  EXPECT_EQ(std::get<std::string>(message.payload).data(), bytes);
}

TEST(SendQueueTest, SharesWithoutACopy) {
  SendQueue queue;
  const auto shared = std::make_shared<const std::string>(100000, 'x');
  const EncodedMessage encoded = *EncodedMessage::Make(Opcode::kBinary, *shared);
  queue.Push({.payload = shared});
  queue.Push({.payload = encoded});
  EXPECT_EQ(shared.use_count(), 2);
  EXPECT_EQ(queue.bytes(), 2 * (kMessageOverhead + 100000));
  EXPECT_EQ(std::get<WaitingMessage::Shared>(queue.Pop().payload), shared);
  EXPECT_EQ(std::get<EncodedMessage>(queue.Pop().payload).frame().data(), encoded.frame().data());
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(queue.bytes(), 0u);
}

// A payload with a hold counts as waiting, but not as memory of this queue.
TEST(SendQueueTest, HeldPayloadsAreCountedElsewhere) {
  SendQueue queue;
  const auto shared = std::make_shared<const std::string>(100000, 'x');
  queue.Push({.payload = shared, .hold = shared}, "key");
  EXPECT_EQ(queue.bytes(), kMessageOverhead + 100003);
  EXPECT_EQ(queue.memory_bytes(), kMessageOverhead + 3);
  queue.Push(Text("x"), "key");
  EXPECT_EQ(queue.memory_bytes(), kMessageOverhead + 4);
  queue.Push({.droppable = true, .payload = shared, .hold = shared});
  EXPECT_EQ(queue.DropOldest(1), 1u);
  EXPECT_EQ(queue.memory_bytes(), kMessageOverhead + 4);
  EXPECT_EQ(shared.use_count(), 1);
  queue.Pop();
  EXPECT_EQ(queue.memory_bytes(), 0u);
}

// ---- The latest of a key ----

TEST(SendQueueTest, TheLatestOfAKeyTakesThePlaceOfTheOneBefore) {
  SendQueue queue;
  queue.Push(Text("first"));
  EXPECT_FALSE(queue.Push(Text("at 1,1"), "cursor/1"));
  EXPECT_FALSE(queue.Push(Text("at 2,2"), "cursor/2"));
  queue.Push(Text("last"));
  EXPECT_TRUE(queue.Push(Text("at 1,100"), "cursor/1"));
  EXPECT_EQ(queue.BytesOf("cursor/1"), SendQueue::CostOf(8, "cursor/1"));
  EXPECT_EQ(queue.bytes(),
            4 * kMessageOverhead + 5 + 8 + 6 + 4 + 2 * std::string("cursor/1").size());
  EXPECT_THAT(PopAll(queue), ElementsAre("first", "at 1,100", "at 2,2", "last"));
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(SendQueueTest, AMessageThatHasLeftIsNotReplaced) {
  SendQueue queue;
  queue.Push(Text("old"), "key");
  EXPECT_EQ(PopText(queue), "old");
  EXPECT_EQ(queue.BytesOf("key"), 0u);
  EXPECT_FALSE(queue.Push(Text("new"), "key"));
  EXPECT_THAT(PopAll(queue), ElementsAre("new"));
}

TEST(SendQueueTest, AnEmptyKeyReplacesNothing) {
  SendQueue queue;
  queue.Push(Text("a"), "");
  EXPECT_FALSE(queue.Push(Text("b"), ""));
  EXPECT_EQ(queue.BytesOf(""), 0u);
  EXPECT_THAT(PopAll(queue), ElementsAre("a", "b"));
}

// ---- Drop oldest ----

TEST(SendQueueTest, DropsTheOldestThatMayBeDropped) {
  SendQueue queue;
  queue.Push(Text("promised"));
  queue.Push(Droppable("old"));
  queue.Push(Text("promised, too"));
  queue.Push(Droppable("newer"));
  queue.Push(Droppable("newest"));
  EXPECT_EQ(queue.DropOldest(1), 1u);
  EXPECT_EQ(queue.DropOldest(SendQueue::CostOf(5, "")), 1u);
  EXPECT_THAT(PopAll(queue), ElementsAre("promised", "promised, too", "newest"));
}

TEST(SendQueueTest, DropsUntilEnoughIsFreed) {
  SendQueue queue;
  for (int i = 0; i < 10; ++i) queue.Push(Droppable("x"));
  EXPECT_EQ(queue.DropOldest(3 * SendQueue::CostOf(1, "") - 1), 3u);
  EXPECT_EQ(queue.size(), 7u);
  EXPECT_EQ(queue.bytes(), 7 * SendQueue::CostOf(1, ""));
}

TEST(SendQueueTest, DropsNothingIfAllWouldNotBeEnough) {
  SendQueue queue;
  queue.Push(Text(std::string(1000, 'x')));
  queue.Push(Droppable("x"));
  EXPECT_EQ(queue.DropOldest(SendQueue::CostOf(1, "") + 1), 0u);
  EXPECT_EQ(queue.size(), 2u);
}

TEST(SendQueueTest, ADroppedKeyIsForgotten) {
  SendQueue queue;
  queue.Push(Droppable("old"), "key");
  EXPECT_EQ(queue.DropOldest(1), 1u);
  EXPECT_FALSE(queue.Push(Droppable("new"), "key"));
  EXPECT_THAT(PopAll(queue), ElementsAre("new"));
}

TEST(SendQueueTest, AReplacementIsDroppableIfTheFirstMessageInItsPlaceWas) {
  SendQueue queue;
  queue.Push(Droppable("a"), "a");
  queue.Push(Text("b"), "b");
  EXPECT_TRUE(queue.Push(Text("a much longer one"), "a"));
  EXPECT_TRUE(queue.Push(Droppable("b2"), "b"));
  EXPECT_EQ(queue.DropOldest(SendQueue::CostOf(17, "a")), 1u);
  EXPECT_EQ(queue.DropOldest(1), 0u);
  EXPECT_THAT(PopAll(queue), ElementsAre("b2"));
}

// Random operations on the queue, compared with a simple but slow model.
TEST(SendQueueTest, AgreesWithAVector) {
  struct Expected {
    std::string payload, key;
    bool droppable;
    size_t cost() const { return SendQueue::CostOf(payload.size(), key); }
  };
  SendQueue queue;
  std::vector<Expected> expected;
  uint32_t random = 1;
  auto next = [&](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 16) % below;
  };
  for (int step = 0; step < 20000; ++step) {
    const uint32_t what = next(10);
    if (what < 6) {
      const std::string key = next(2) == 0 ? "" : absl::StrCat("key ", next(20));
      const std::string payload = absl::StrCat(step, std::string(next(300), 'x'));
      const bool droppable = next(2) == 0;
      const auto same = std::find_if(expected.begin(), expected.end(), [&](const Expected& e) {
        return !key.empty() && e.key == key;
      });
      const bool replaces = same != expected.end();
      if (replaces) {
        same->payload = payload;
      } else {
        expected.push_back({payload, key, droppable});
      }
      ASSERT_EQ(queue.Push(droppable ? Droppable(payload) : Text(payload), key), replaces);
    } else if (what < 9) {
      if (expected.empty()) continue;
      ASSERT_EQ(PopText(queue), expected.front().payload);
      expected.erase(expected.begin());
    } else {
      const size_t bytes = 1 + next(3000);
      size_t droppable = 0, dropped = 0, freed = 0;
      for (const Expected& e : expected) droppable += e.droppable ? e.cost() : 0;
      while (droppable >= bytes && freed < bytes) {
        const auto oldest = std::find_if(expected.begin(), expected.end(),
                                         [](const Expected& e) { return e.droppable; });
        freed += oldest->cost();
        expected.erase(oldest);
        ++dropped;
      }
      ASSERT_EQ(queue.DropOldest(bytes), dropped);
    }
    size_t bytes = 0;
    for (const Expected& e : expected) bytes += e.cost();
    ASSERT_EQ(queue.bytes(), bytes);
    ASSERT_EQ(queue.size(), expected.size());
  }
  std::vector<std::string> payloads;
  payloads.reserve(expected.size());
  for (const Expected& e : expected) payloads.push_back(e.payload);
  EXPECT_EQ(PopAll(queue), payloads);
  EXPECT_THAT(PopAll(queue), IsEmpty());
}

}  // namespace
}  // namespace weft
