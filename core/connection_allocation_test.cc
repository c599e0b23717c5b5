// A busy connection allocates nothing. This test counts every call of malloc and its kin, which
// sanitizers replace themselves: it is not built with them.

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/testing/frames.h"

namespace {
std::atomic<size_t> allocations{0};
}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_realloc(void* block, size_t size);

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

void* realloc(void* block, size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}
}

namespace weft {
namespace {

// Echoes everything in `input`, read by read of `read_size` bytes.
void Echo(Connection& connection, absl::string_view input, size_t read_size,
          std::vector<char>& scratch) {
  while (!input.empty()) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    const size_t size = std::min({input.size(), into.size(), read_size});
    std::copy_n(input.data(), size, into.data());
    input.remove_prefix(size);
    connection.DidRead(size);
    while (const std::optional<Event> event = connection.NextEvent()) {
      ASSERT_EQ(event->type, Event::Type::kMessage);
      ASSERT_TRUE(connection.SendBorrowed(event->opcode, event->payload).ok());
      connection.DidWrite(connection.WriteBuffer().size() / 2);
    }
    connection.DidWrite(connection.queued_bytes());
  }
}

TEST(ConnectionAllocation, TheCounterCounts) {
  const size_t before = allocations;
  delete new std::string(1000, 'x');
  EXPECT_GE(allocations - before, 2u);
}

TEST(ConnectionAllocation, NoneForEachMessageInSteadyState) {
  for (const size_t payload : {16, 1000, 70000, 1000000}) {
    for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
      BufferPool pool;
      Connection connection(Role::kServer, {.max_message_bytes = 1 << 20, .pool = &pool});
      std::string input;
      for (int i = 0; i < 4; ++i) {
        input += testing::ClientFrame(opcode, std::string(payload, 'x'));
        input += testing::ClientFrame(opcode, std::string(payload / 2, 'y'), false);
        input += testing::ClientFrame(Opcode::kContinuation, std::string(payload / 2, 'z'));
      }
      std::vector<char> scratch(512 << 10);
      // Reads that hold many messages, or half of one.
      for (const size_t read_size : {input.size(), payload * 2 / 3}) {
        for (int i = 0; i < 3; ++i) Echo(connection, input, read_size, scratch);  // fill the pool
        const size_t before = allocations;
        for (int i = 0; i < 10; ++i) Echo(connection, input, read_size, scratch);
        // A tail smaller than a pooled buffer is allocated: at most one for each read.
        const bool tails = read_size < BufferPool::kMinCapacity / 2;
        EXPECT_LE(allocations - before, tails ? 10 * (input.size() / read_size + 1) : 0u)
            << payload << " bytes, reads of " << read_size;
      }
    }
  }
}

}  // namespace
}  // namespace weft
