// Frames that a connection sends, streamed input, and the memory of both.

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::Cuts;
using testing::DescribeFrames;
using ::testing::ElementsAre;
using testing::Feed;
using ::testing::IsEmpty;

MaskingKey FixedKey() { return testing::kTestKey; }

std::string Drain(Connection& connection) {
  std::string bytes;
  while (connection.queued_bytes() > 0) {
    const std::array<absl::string_view, 2> parts = connection.WriteBuffers();
    absl::StrAppend(&bytes, parts[0], parts[1]);
    connection.DidWrite(parts[0].size() + parts[1].size());
  }
  return bytes;
}

TEST(ConnectionSend, Section_5_7_Vectors) {
  Connection server(Role::kServer, {});
  ASSERT_TRUE(server.SendText("Hello").ok());
  EXPECT_EQ(Drain(server), "\x81\x05Hello");
  Connection client(Role::kClient, {.masking_key = FixedKey});
  ASSERT_TRUE(client.SendText("Hello").ok());
  EXPECT_EQ(Drain(client), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST(ConnectionSend, WhatOneSideSendsTheOtherReceives) {
  for (const size_t size : {0, 1, 125, 126, 65535, 65536, 300000}) {
    const std::string payload(size, 'x');
    Connection client(Role::kClient, {}), server(Role::kServer, {});
    ASSERT_TRUE(client.SendText(payload).ok());
    ASSERT_TRUE(client.SendBinary(payload).ok());
    EXPECT_THAT(Feed(server, Drain(client), Cuts::Random(7)),
                ElementsAre("text " + payload, "binary " + payload));
    ASSERT_TRUE(server.SendBorrowed(Opcode::kBinary, payload).ok());
    EXPECT_THAT(Feed(client, Drain(server), Cuts::Random(8)), ElementsAre("binary " + payload));
  }
}

TEST(ConnectionSend, KeptPayloadsAreNotCopied) {
  Connection server(Role::kServer, {}), client(Role::kClient, {});
  const auto payload = std::make_shared<const std::string>(100000, 'x');
  const EncodedMessage encoded = *EncodedMessage::Make(Opcode::kText, *payload);
  ASSERT_TRUE(server.SendKept(Opcode::kText, *payload, payload).ok());
  ASSERT_TRUE(server.SendEncoded(encoded, encoded.owner()).ok());
  ASSERT_TRUE(server.SendPing("between").ok());
  EXPECT_EQ(server.WriteBuffers()[1].data(), payload->data());
  EXPECT_LT(server.buffered_bytes(), 20000u);
  EXPECT_EQ(payload.use_count(), 2);
  const std::string sent = Drain(server);
  EXPECT_THAT(Feed(client, sent, Cuts::Random(9)),
              ElementsAre("text " + *payload, "text " + *payload, "ping between"));
  EXPECT_EQ(payload.use_count(), 1);

  EXPECT_EQ(server.SendKept(Opcode::kText, "\xff", payload).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(payload.use_count(), 1);
  // A client masks, so its bytes on the wire differ from the payload.
  ASSERT_TRUE(client.SendKept(Opcode::kText, *payload, payload).ok());
  EXPECT_EQ(payload.use_count(), 1);
  Drain(client);
  EXPECT_TRUE(server.SendClose(CloseCode::kNormal).ok());
  EXPECT_EQ(server.SendKept(Opcode::kText, "x", payload).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(ConnectionSend, Fragments) {
  Connection connection(Role::kServer, {});
  ASSERT_TRUE(connection.SendFragment(Opcode::kText, "κ\xcf", false).ok());  // cut code point
  ASSERT_TRUE(connection.SendPing("between").ok());
  EXPECT_EQ(connection.SendText("other").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(connection.SendFragment(Opcode::kBinary, "x", true).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(connection.SendFragment(Opcode::kText, "not the rest", true).code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(connection.SendFragment(Opcode::kText, "\x8c", false).ok());
  ASSERT_TRUE(connection.SendFragment(Opcode::kText, "", true).ok());
  ASSERT_TRUE(connection.SendText("next").ok());
  EXPECT_THAT(DescribeFrames(Drain(connection)),
              ElementsAre("text κ\xcf", "fin ping between", "continuation \x8c",
                          "fin continuation ", "fin text next"));
}

TEST(ConnectionSend, CallersMistakesChangeNothing) {
  Connection connection(Role::kServer, {});
  for (const absl::Status& status :
       {connection.SendText("\xff"), connection.SendText("cut \xe2\x9c"),
        connection.SendPing(std::string(126, 'x')), connection.SendPong(std::string(126, 'x')),
        connection.SendFragment(Opcode::kPing, "x", true),
        connection.SendFragment(Opcode::kText, "\xff", false),
        connection.SendFragment(Opcode::kText, "cut \xe2\x9c", true),
        connection.SendBorrowed(Opcode::kClose, "x"),
        connection.SendBorrowed(Opcode::kText, "\xff")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(connection.queued_bytes(), 0u);
  EXPECT_TRUE(connection.SendBinary("\xff").ok());
}

// An encoded message is neither encoded nor copied again for each connection.
TEST(ConnectionSend, BorrowedFrames) {
  const std::string frames = absl::StrCat(testing::ServerFrame(Opcode::kText, "one"),
                                          testing::ServerFrame(Opcode::kBinary, "two"));
  Connection server(Role::kServer, {}), client(Role::kClient, {});
  ASSERT_TRUE(server.SendBorrowedFrames(frames).ok());
  EXPECT_EQ(server.WriteBuffer().data(), frames.data());
  EXPECT_THAT(Feed(client, Drain(server), Cuts::Random(8)), ElementsAre("text one", "binary two"));
  ASSERT_TRUE(server.SendPing("first").ok());
  ASSERT_TRUE(server.SendBorrowedFrames(frames).ok());
  server.DidWrite(0);  // copies them
  EXPECT_THAT(Feed(client, Drain(server), Cuts::Whole()),
              ElementsAre("ping first", "text one", "binary two"));

  EXPECT_EQ(client.SendBorrowedFrames(frames).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(server.SendFragment(Opcode::kText, "open", false).ok());
  EXPECT_EQ(server.SendBorrowedFrames(frames).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(server.SendFragment(Opcode::kText, "", true).ok());
  ASSERT_TRUE(server.SendClose(CloseCode::kNormal).ok());
  EXPECT_EQ(server.SendBorrowedFrames(frames).code(), absl::StatusCode::kFailedPrecondition);
}

// R17: a key from the CSPRNG for each frame.
TEST(ConnectionSend, R17_EveryFrameHasItsOwnKey) {
  Connection client(Role::kClient, {});
  std::set<MaskingKey> keys;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(client.SendBinary("payload").ok());
    ASSERT_TRUE(client.SendPing().ok());
  }
  absl::string_view bytes = client.WriteBuffer();
  FrameHeader header;
  while (const size_t size = DecodeFrameHeader(bytes, &header)) {
    ASSERT_TRUE(header.masked);
    keys.insert(header.masking_key);
    bytes.remove_prefix(size + header.payload_length);
  }
  EXPECT_GE(keys.size(), 1998u);  // of 2,000 random keys, two are equal once in 2,000 runs
}

// R18: no byte of a control frame comes from uninitialized memory. MemorySanitizer would report it;
// without it, the same frame built on two differently dirty heaps must be the same.
TEST(ConnectionSend, R18_ControlFramesHoldNoUninitialisedBytes) {
  auto build = [](char dirt) {
    for (const size_t size : {64, 256, 4096, 5000}) {
      std::vector<std::string> dirty(50, std::string(size, dirt));
    }
    Connection connection(Role::kClient, {.masking_key = FixedKey});
    EXPECT_TRUE(connection.SendPing("").ok());
    EXPECT_TRUE(connection.SendPong("x").ok());
    EXPECT_TRUE(connection.SendPing(std::string(125, 'y')).ok());
    EXPECT_TRUE(connection.SendClose(CloseCode::kNormal, "z").ok());
    return std::string(connection.WriteBuffer());
  };
  EXPECT_EQ(build('\x55'), build('\xaa'));
}

TEST(ConnectionSend, EncodedOnceForMany) {
  const absl::StatusOr<EncodedMessage> message = EncodedMessage::Make(Opcode::kText, "for all");
  ASSERT_TRUE(message.ok());
  for (int i = 0; i < 3; ++i) {
    Connection server(Role::kServer, {});
    ASSERT_TRUE(server.SendText("own").ok());
    ASSERT_TRUE(server.SendEncoded(*message).ok());
    EXPECT_THAT(DescribeFrames(Drain(server)), ElementsAre("fin text own", "fin text for all"));
    ASSERT_TRUE(server.SendFragment(Opcode::kText, "begun", false).ok());
    EXPECT_EQ(server.SendEncoded(*message).code(), absl::StatusCode::kFailedPrecondition);
  }
  Connection client(Role::kClient, {});
  EXPECT_EQ(client.SendEncoded(*message).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(EncodedMessage::Make(Opcode::kText, "\xff").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodedMessage::Make(Opcode::kPing, "").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ConnectionSend, HandshakeLeavesBeforeTheFirstFrame) {
  Connection server(Role::kServer, {});
  server.QueueHandshake("HTTP/1.1 101 ...\r\n\r\n");
  ASSERT_TRUE(server.SendText("hi").ok());
  EXPECT_EQ(Drain(server), "HTTP/1.1 101 ...\r\n\r\n\x81\x02hi");
}

// ---- Partial writes ----

TEST(ConnectionSend, PartialWritesOfEverySize) {
  for (size_t step = 1; step < 40; ++step) {
    Connection connection(Role::kServer, {});
    std::string expected, sent;
    for (int i = 0; i < 50; ++i) {
      const std::string payload(i, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(connection.SendBinary(payload).ok());
      expected += testing::ServerFrame(Opcode::kBinary, payload);
      const absl::string_view out = connection.WriteBuffer().substr(0, step);
      sent += std::string(out);
      connection.DidWrite(out.size());
    }
    EXPECT_EQ(sent + Drain(connection), expected);
  }
}

TEST(ConnectionSend, BorrowedPayloadIsCopiedWhereItIsNotWritten) {
  for (const size_t written : {0, 1, 2, 4, 5, 1003, 1004}) {
    Connection connection(Role::kServer, {});
    std::string payload(1000, 'p');
    const std::string expected = testing::ServerFrame(Opcode::kBinary, payload);
    ASSERT_TRUE(connection.SendBorrowed(Opcode::kBinary, payload).ok());
    const std::array<absl::string_view, 2> parts = connection.WriteBuffers();
    EXPECT_EQ(parts[1].data(), payload.data());
    const std::string sent = absl::StrCat(parts[0], parts[1]).substr(0, written);
    connection.DidWrite(written);
    payload.assign(1000, '#');  // the caller may now overwrite it
    ASSERT_TRUE(connection.SendBinary("next").ok());
    EXPECT_EQ(sent + Drain(connection), expected + testing::ServerFrame(Opcode::kBinary, "next"));
  }
}

// An echo borrows the payload from the input: from a scratch buffer or from the connection's own
// buffer.
TEST(ConnectionSend, EchoOfBorrowedInput) {
  for (const size_t size : {1000, 100000, 1000000}) {
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Random(3)}) {
      for (const size_t written : {size_t{0}, size_t{7}, size / 3, size}) {
        BufferPool pool;
        Connection connection(Role::kServer, {.max_message_bytes = 1 << 20, .pool = &pool});
        const std::string payload(size, 'e');
        std::string input = ClientFrame(Opcode::kBinary, payload);
        std::vector<char> scratch(cuts.scratch_size());
        Cuts cut = cuts;
        std::string sent;
        for (absl::string_view rest = input; !rest.empty();) {
          const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
          const size_t n = std::min({rest.size(), into.size(), cut.Next()});
          std::copy_n(rest.data(), n, into.data());
          rest.remove_prefix(n);
          connection.DidRead(n);
          while (const std::optional<Event> event = connection.NextEvent()) {
            ASSERT_TRUE(connection.SendBorrowed(event->opcode, event->payload).ok());
            const auto parts = connection.WriteBuffers();
            sent += absl::StrCat(parts[0], parts[1]).substr(0, written);
            connection.DidWrite(std::min(written, parts[0].size() + parts[1].size()));
            EXPECT_EQ(event->payload, payload);  // still valid
          }
          std::fill(scratch.begin(), scratch.end(), '#');
        }
        EXPECT_EQ(sent + Drain(connection), testing::ServerFrame(Opcode::kBinary, payload));
      }
    }
  }
}

// ---- Streaming ----

TEST(ConnectionStream, PiecesAddUpToTheMessage) {
  const ConnectionOptions options = {.max_message_bytes = 1 << 20, .stream_messages = true};
  const std::string text = "κόσμε ✓ 🧵 and so on";
  const std::string input = absl::StrCat(
      ClientFrame(Opcode::kText, text.substr(0, 5), false), ClientFrame(Opcode::kPing, "p"),
      ClientFrame(Opcode::kContinuation, text.substr(5)), ClientFrame(Opcode::kBinary, ""));
  for (const Cuts& cuts : {Cuts::Whole(), Cuts::ByteByByte(), Cuts::Random(1)}) {
    Connection connection(Role::kServer, options);
    std::vector<char> scratch(cuts.scratch_size());
    Cuts cut = cuts;
    std::string joined;
    int begins = 0, ends = 0, pings = 0;
    for (absl::string_view rest = input; !rest.empty();) {
      const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
      const size_t n = std::min({rest.size(), into.size(), cut.Next()});
      std::copy_n(rest.data(), n, into.data());
      rest.remove_prefix(n);
      connection.DidRead(n);
      while (const std::optional<Event> event = connection.NextEvent()) {
        if (event->type == Event::Type::kPing) {
          ++pings;
          continue;
        }
        ASSERT_EQ(event->type, Event::Type::kMessage);
        EXPECT_EQ(event->opcode, ends == 0 ? Opcode::kText : Opcode::kBinary);
        EXPECT_EQ(event->first, begins == ends);
        begins += event->first;
        ends += event->last;
        joined += std::string(event->payload);
      }
    }
    EXPECT_EQ(joined, text);
    EXPECT_EQ(begins, 2);
    EXPECT_EQ(ends, 2);
    EXPECT_EQ(pings, 1);
  }
}

TEST(ConnectionStream, BadTextFailsBeforeItIsDelivered) {
  Connection connection(Role::kServer, {.stream_messages = true});
  const std::vector<std::string> events =
      Feed(connection,
           ClientFrame(Opcode::kText, "good", false) +
               ClientFrame(Opcode::kContinuation, "bad \xff", false),
           Cuts::Whole());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0], "text [begin] good");
  EXPECT_THAT(events[1], ::testing::StartsWith("close 1007"));
}

// 1 GiB passes through while the connection owns no memory.
TEST(ConnectionStream, AGibibyteNeedsNoMemory) {
  const uint64_t total = uint64_t{1} << 30;
  BufferPool pool(0);
  Connection connection(Role::kServer,
                        {.max_message_bytes = total, .stream_messages = true, .pool = &pool});
  char header[kMaxFrameHeaderSize];
  const size_t header_size = EncodeFrameHeader(
      {.opcode = Opcode::kBinary, .masked = true, .payload_length = total}, header);
  EXPECT_THAT(Feed(connection, {header, header_size}, Cuts::Whole()), IsEmpty());
  std::vector<char> scratch(1 << 20);
  uint64_t received = 0;
  bool last = false;
  while (received < total) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    ASSERT_EQ(into.data(), scratch.data());  // it always reads into the scratch buffer it was given
    ASSERT_EQ(into.size(), scratch.size());
    connection.DidRead(into.size());
    while (const std::optional<Event> event = connection.NextEvent()) {
      received += event->payload.size();
      last = event->last;
    }
  }
  EXPECT_EQ(received, total);
  EXPECT_TRUE(last);
}

// ---- Memory ----

// An idle connection holds no buffer: it reads into the scratch, and the pool has all buffers back.
TEST(ConnectionMemory, IdleConnectionHoldsNothing) {
  BufferPool pool;
  Connection connection(Role::kServer, {.pool = &pool});
  const std::string payload(200000, 'x');
  std::vector<char> scratch(64 << 10);
  const std::string input = ClientFrame(Opcode::kBinary, payload);
  Feed(connection, input, Cuts::Random(5));
  ASSERT_TRUE(connection.SendBinary(payload).ok());
  Drain(connection);
  EXPECT_GE(pool.unused_bytes(), payload.size());
  EXPECT_EQ(connection.ReadBuffer(absl::MakeSpan(scratch)).data(), scratch.data());
  EXPECT_LE(sizeof(Connection), 320u);
}

TEST(ConnectionMemory, AConnectionThatHasEndedCanFreeWhatItHolds) {
  Connection connection(Role::kServer, {});
  const std::string payload(200000, 'x');
  Feed(connection, ClientFrame(Opcode::kBinary, payload, /*fin=*/false), Cuts::Random(5));
  ASSERT_TRUE(connection.SendBinary(payload).ok());
  ASSERT_GE(connection.buffered_bytes(), 2 * payload.size());
  connection.ReleaseMemory();
  EXPECT_EQ(connection.buffered_bytes(), 0u);
  EXPECT_EQ(connection.queued_bytes(), 0u);
}

}  // namespace
}  // namespace weft
