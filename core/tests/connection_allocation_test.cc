// A busy connection allocates nothing, and a flooded one little. This test counts every call of
// malloc and related functions, which sanitizers replace: it is not built with them.

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/connection_group.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/testing/frames.h"

namespace {

std::atomic<size_t> allocations{0};
std::atomic<size_t> bytes{0};  // allocated and not freed
std::atomic<size_t> most_bytes{0};
std::atomic<bool> fails{false};  // malloc finds no memory

void* Count(void* block) {
  ++allocations;
  bytes += malloc_usable_size(block);
  most_bytes = std::max<size_t>(most_bytes, bytes);
  return block;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_realloc(void* block, size_t size);
void __libc_free(void* block);

void* malloc(size_t size) { return fails ? nullptr : Count(__libc_malloc(size)); }

void* realloc(void* block, size_t size) {
  bytes -= malloc_usable_size(block);
  return Count(__libc_realloc(block, size));
}

void free(void* block) {
  bytes -= malloc_usable_size(block);
  __libc_free(block);
}
}

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

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
      // Reads that contain many messages, or half of one.
      for (const size_t read_size : {input.size(), payload * 2 / 3}) {
        for (int i = 0; i < 3; ++i) Echo(connection, input, read_size, scratch);  // fill the pool
        const size_t before = allocations;
        for (int i = 0; i < 10; ++i) Echo(connection, input, read_size, scratch);
        // A rest smaller than a pooled buffer is allocated: at most one for each read.
        const bool tails = read_size < BufferPool::kMinCapacity / 2;
        EXPECT_LE(allocations - before, tails ? 10 * (input.size() / read_size + 1) : 0u)
            << payload << " bytes, reads of " << read_size;
      }
    }
  }
}

// For a large message the buffer grows a few times, whatever the size of the reads: otherwise a
// slow peer could make every byte move all bytes before it.
TEST(ConnectionAllocation, FewForALargeMessageThatComesByteByByte) {
  for (const bool fin : {false, true}) {
    Connection connection(Role::kServer, {});
    std::vector<char> scratch(512 << 10);
    const std::string input = testing::ClientFrame(Opcode::kBinary, std::string(500000, 'x'), fin);
    const size_t before = allocations;
    for (const char byte : input) {
      connection.ReadBuffer(absl::MakeSpan(scratch))[0] = byte;
      connection.DidRead(1);
      if (connection.NextEvent().has_value()) break;
    }
    constexpr size_t kFirst = 4096 + kMaxFrameHeaderSize;  // small enough to be moved each time
    EXPECT_LE(allocations - before, kFirst + 20);
  }
}

std::string Compressed(absl::string_view text, Role receiver = Role::kServer) {
  Deflater deflater({});
  std::string deflated(deflater.Bound(text.size()), '\0');
  deflated.resize(deflater.Deflate(text, /*last=*/true, deflated.data()));
  return testing::Frame({.rsv = kRsv1,
                         .opcode = Opcode::kText,
                         .masked = receiver == Role::kServer,
                         .masking_key = testing::kTestKey},
                        deflated);
}

TEST(ConnectionAllocation, NoneForEachCompressedMessageInSteadyState) {
  for (const bool takeover : {false, true}) {
    BufferPool pool;
    CodecPool codecs;
    const ConnectionOptions options = {
        .max_message_bytes = 1 << 20, .pool = &pool, .codecs = &codecs};
    Connection connection(Role::kServer, options);
    connection.UseDeflate({.send_takeover = takeover, .receive_takeover = takeover}, options);
    std::string input;
    for (const size_t size : {200, 1000, 70000, 500000}) {
      std::string text;
      for (size_t i = 0; text.size() < size; ++i) absl::StrAppend(&text, i * 7919 % 10007, " ");
      input += Compressed(text);
    }
    std::vector<char> scratch(512 << 10);
    for (int i = 0; i < 3; ++i) Echo(connection, input, input.size(), scratch);
    const size_t before = allocations;
    for (int i = 0; i < 3; ++i) Echo(connection, input, input.size(), scratch);
    EXPECT_EQ(allocations - before, 0u) << "takeover: " << takeover;
  }
}

// The codec of a connection at rest is made when it is needed.
TEST(ConnectionAllocation, AConnectionThatGetsNoCodecStaysAtRest) {
  BufferPool pool;
  CodecPool codecs;
  ConnectionGroup group(Role::kServer, {.pool = &pool, .codecs = &codecs});
  const Connection idle(group);
  Connection connection(group);
  connection.UseDeflate({.send_takeover = false, .receive_takeover = false}, group.options());
  const std::string text(1000, 'x');
  std::vector<char> scratch(64 << 10);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(connection.Rest());
    bool thrown = false;
    fails = true;
    try {
      connection.SendMessage(Opcode::kText, text).IgnoreError();
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    fails = false;
    EXPECT_TRUE(thrown);
    EXPECT_EQ(&connection.status(), &idle.status());
    EXPECT_EQ(connection.queued_bytes(), 0u);
    Echo(connection, Compressed(text), text.size(), scratch);
    ASSERT_TRUE(connection.SendMessage(Opcode::kText, text).ok());
    EXPECT_LT(connection.queued_bytes(), text.size() / 2);  // is compressed
    connection.DidWrite(connection.queued_bytes());
    connection.ReleaseIdle();
  }
}

// 200 MiB of zeros, 204 kB on the wire.
TEST(ConnectionAllocation, R4_ABombAllocatesTheLimitAndAChunkAtTheMost) {
  constexpr size_t kLimit = 1 << 20, kChunk = 64 << 10;
  for (const Role role : {Role::kServer, Role::kClient}) {
    const std::string bomb = Compressed(std::string(200 << 20, '\0'), role);
    for (const bool takeover : {false, true}) {
      for (const size_t read_size : {bomb.size(), size_t{1000}}) {
        BufferPool pool;
        CodecPool codecs;
        const ConnectionOptions options = {
            .max_message_bytes = kLimit, .pool = &pool, .codecs = &codecs};
        std::vector<char> scratch(512 << 10);
        const size_t before = bytes;
        most_bytes = before;
        Connection connection(role, options);
        connection.UseDeflate({.receive_takeover = takeover}, options);
        for (absl::string_view input = bomb; !input.empty() && !connection.closing();) {
          const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
          const size_t size = std::min({input.size(), into.size(), read_size});
          std::copy_n(input.data(), size, into.data());
          input.remove_prefix(size);
          connection.DidRead(size);
          while (const std::optional<Event> event = connection.NextEvent()) {
            EXPECT_EQ(event->close_code, CloseCode::kMessageTooBig);
          }
        }
        EXPECT_TRUE(connection.closing());
        EXPECT_LE(most_bytes - before,
                  kLimit + kChunk + Inflater::MemoryBytes(15) + sizeof(MessageCodec));
      }
    }
  }
}

// Bytes that a compressor holds after its first use, and a decompressor.
size_t DeflaterBytes(const DeflateSettings& settings) {
  std::string text(100000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i % 251);
  std::string deflated(text.size() * 2, '\0');
  const size_t before = bytes;
  Deflater deflater(settings);
  deflater.Deflate(text, /*last=*/true, deflated.data());
  return bytes - before;
}

size_t InflaterBytes(int window_bits) {
  const std::string text(100000, 'x');
  std::string deflated(text.size(), '\0'), inflated(text.size() + 1, '\0');
  absl::string_view in(
      deflated.data(),
      Deflater({.window_bits = window_bits}).Deflate(text, /*last=*/true, deflated.data()));
  absl::Span<char> out = absl::MakeSpan(inflated);
  const size_t before = bytes;
  Inflater inflater(window_bits);
  EXPECT_EQ(inflater.Inflate(&in, &out, /*last=*/true), Inflater::Result::kDone);
  return bytes - before;
}

// The estimates that a budget for compression memory uses.
TEST(ConnectionAllocation, CodecsTakeNoMoreThanTheySay) {
  for (int window_bits = 8; window_bits <= 15; ++window_bits) {
    for (int memory_level = 1; memory_level <= 9; ++memory_level) {
      const DeflateSettings settings = {.window_bits = window_bits, .memory_level = memory_level};
      EXPECT_LE(DeflaterBytes(settings), Deflater::MemoryBytes(settings));
      EXPECT_GE(DeflaterBytes(settings), Deflater::MemoryBytes(settings) * 3 / 5) << "far less";
    }
    EXPECT_LE(InflaterBytes(window_bits), Inflater::MemoryBytes(window_bits));
    EXPECT_GE(InflaterBytes(window_bits), Inflater::MemoryBytes(window_bits) * 3 / 5) << "far less";
  }
}

constexpr size_t kColumns = 7;

// The rows of docs/compression.md that contain numbers.
std::vector<std::vector<size_t>> DocumentedTable() {
  std::ifstream file("docs/compression.md");
  std::vector<std::vector<size_t>> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<size_t> row;
    line = absl::StrReplaceAll(line, {{",", ""}});
    for (const absl::string_view cell : absl::StrSplit(line, '|', absl::SkipWhitespace())) {
      size_t number;
      if (absl::SimpleAtoi(cell, &number)) row.push_back(number);
    }
    if (row.size() == kColumns) rows.push_back(std::move(row));
  }
  return rows;
}

// Window bits; a compressor with each memory level of the heading; a decompressor. Another zlib or
// malloc may differ slightly.
TEST(ConnectionAllocation, CodecsTakeWhatTheDocumentationSays) {
  const std::vector<std::vector<size_t>> rows = DocumentedTable();
  ASSERT_EQ(rows.size(), 8u);
  const auto about = [](size_t documented) {
    return AllOf(Ge(documented * 9 / 10), Le(documented * 11 / 10));
  };
  for (int window_bits = 8; window_bits <= 15; ++window_bits) {
    const std::vector<size_t>& row = rows[window_bits - 8];
    EXPECT_EQ(row[0], static_cast<size_t>(window_bits));
    size_t column = 1;
    for (const int memory_level : {1, 4, 6, 8, 9}) {
      EXPECT_THAT(DeflaterBytes({.window_bits = window_bits, .memory_level = memory_level}),
                  about(row[column++]));
    }
    EXPECT_THAT(InflaterBytes(window_bits), about(row[column]));
  }
}

}  // namespace
}  // namespace weft
