// How a connection handles compressed messages (RFC 7692), with every cut of the input.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/hex.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::Cuts;
using ::testing::ElementsAre;
using testing::Feed;
using testing::Frame;
using ::testing::HasSubstr;
using testing::Hex;
using testing::kTestKey;
using testing::Outcome;
using testing::ServerFrame;
using ::testing::StartsWith;

constexpr DeflateAgreement kWithoutTakeover = {.send_takeover = false, .receive_takeover = false};

// The messages of RFC 7692, section 7.2.3.
const char kHello[] = "f248cdc9c90700";
const char kHelloAgain[] = "f200110000";

// A frame of a compressed message: its first, unless it is a continuation.
std::string Compressed(Opcode opcode, absl::string_view payload, bool fin = true,
                       Role receiver = Role::kServer) {
  return Frame({.fin = fin,
                .rsv = opcode == Opcode::kContinuation ? uint8_t{0} : kRsv1,
                .opcode = opcode,
                .masked = receiver == Role::kServer,
                .masking_key = kTestKey},
               payload);
}

Outcome FeedIt(absl::string_view input, const ConnectionOptions& options = {},
               const DeflateAgreement& agreement = {}, Role role = Role::kServer) {
  return testing::FeedInEveryWay(
      role, options, input, [](const std::string& text) { ADD_FAILURE() << text; }, false,
      agreement);
}

std::vector<std::string> Events(absl::string_view input, const ConnectionOptions& options = {},
                                const DeflateAgreement& agreement = {}) {
  return FeedIt(input, options, agreement).events;
}

// Expects that `input` ends the connection with `code`, after the events `before`, and that nothing
// after it is delivered.
void ExpectRefused(absl::string_view input, CloseCode code, absl::string_view why,
                   const ConnectionOptions& options = {},
                   const std::vector<std::string>& before = {}) {
  const Outcome outcome =
      FeedIt(absl::StrCat(input, ClientFrame(Opcode::kText, "never seen")), options);
  const std::string close = absl::StrCat("close ", static_cast<int>(code), " ");
  ASSERT_EQ(outcome.events.size(), before.size() + 1) << why;
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(outcome.events[i], before[i]);
  EXPECT_THAT(outcome.events.back(), StartsWith(close));
  ASSERT_FALSE(outcome.sent.empty());
  EXPECT_THAT(outcome.sent.back(), StartsWith("fin " + close));
  EXPECT_THAT(outcome.status, HasSubstr(std::string(why)));
}

std::string Deflated(absl::string_view text) {
  Deflater deflater({});
  std::string out(deflater.Bound(text.size()), '\0');
  out.resize(deflater.Deflate(text, /*last=*/true, out.data()));
  return out;
}

// ---- In: RFC 7692, section 7.2.3 ----

TEST(ConnectionDeflateRfcExamples, OneMessage) {
  EXPECT_THAT(Events(Compressed(Opcode::kText, Hex(kHello))), ElementsAre("text Hello"));
  EXPECT_THAT(FeedIt(Hex("c1 07 f248cdc9c90700"), {}, {}, Role::kClient).events,
              ElementsAre("text Hello"));
}

TEST(ConnectionDeflateRfcExamples, Fragments) {
  EXPECT_THAT(FeedIt(Hex("41 03 f248cd 80 04 c9c90700"), {}, {}, Role::kClient).events,
              ElementsAre("text Hello"));
}

TEST(ConnectionDeflateRfcExamples, SharedWindow) {
  const std::string both =
      Compressed(Opcode::kText, Hex(kHello)) + Compressed(Opcode::kText, Hex(kHelloAgain));
  EXPECT_THAT(Events(both), ElementsAre("text Hello", "text Hello"));
  EXPECT_THAT(Events(both, {}, kWithoutTakeover),
              ElementsAre("text Hello", StartsWith("close 1007 ")));
}

TEST(ConnectionDeflateRfcExamples, OtherBlocks) {
  for (const char* message :
       {"00 0500 faff 48656c6c6f 00", "f348cdc9c90700 00", "f24805000000ffffcac9c90700"}) {
    EXPECT_THAT(Events(Compressed(Opcode::kText, Hex(message))), ElementsAre("text Hello"));
  }
  EXPECT_THAT(Events(Compressed(Opcode::kBinary, Hex("00"))), ElementsAre("binary "));
}

// Some libraries refuse the first, or deliver the second as empty.
TEST(ConnectionDeflateTest, FinalBlockEndsNothing) {
  const std::string final = Compressed(Opcode::kText, Hex("f348cdc9c90700 00"));
  EXPECT_THAT(Events(final + final + Compressed(Opcode::kText, Hex(kHelloAgain))),
              ElementsAre("text Hello", "text Hello", "text Hello"));
  EXPECT_THAT(Events(final + final, {}, kWithoutTakeover), ElementsAre("text Hello", "text Hello"));
}

// ---- In: which messages are compressed ----

TEST(ConnectionDeflateTest, PlainMessagesAndControlFramesInBetween) {
  const std::string hello = Hex(kHello);
  EXPECT_THAT(
      Events(Compressed(Opcode::kText, hello) + ClientFrame(Opcode::kText, "plain") +
             ClientFrame(Opcode::kBinary, std::string(200, 'p')) +
             Compressed(Opcode::kText, Hex(kHelloAgain))),
      ElementsAre("text Hello", "text plain", "binary " + std::string(200, 'p'), "text Hello"));
  const Outcome outcome = FeedIt(
      Compressed(Opcode::kText, hello.substr(0, 3), false) + ClientFrame(Opcode::kPing, "plain") +
      Compressed(Opcode::kContinuation, "", false) + ClientFrame(Opcode::kPong, hello) +
      Compressed(Opcode::kContinuation, hello.substr(3), false) +
      Compressed(Opcode::kContinuation, ""));
  EXPECT_THAT(outcome.events, ElementsAre("ping plain", "pong " + hello, "text Hello"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin pong plain"));
}

TEST(ConnectionDeflateTest, Rfc7692Section_6_Rsv1OnlyOnTheFirstFrameOfAMessage) {
  const FrameHeader masked = {.rsv = kRsv1, .masked = true, .masking_key = kTestKey};
  for (const Opcode opcode : {Opcode::kPing, Opcode::kPong, Opcode::kClose}) {
    FrameHeader header = masked;
    header.opcode = opcode;
    ExpectRefused(Frame(header, ""), CloseCode::kProtocolError,
                  "broke RFC 7692 section 6: RSV1 marks the first frame");
  }
  FrameHeader header = masked;
  header.opcode = Opcode::kContinuation;
  const std::string hello = Hex(kHello);
  ExpectRefused(
      Compressed(Opcode::kText, hello.substr(0, 3), false) + Frame(header, hello.substr(3)),
      CloseCode::kProtocolError, "RSV1 marks the first frame");
  ExpectRefused(ClientFrame(Opcode::kText, "Hel", false) + Frame(header, "lo"),
                CloseCode::kProtocolError, "RSV1 marks the first frame");
}

TEST(ConnectionDeflateTest, Section_5_2_OtherReservedBits) {
  for (const int rsv : {0 | kRsv2, 0 | kRsv3, kRsv1 | kRsv2, kRsv1 | kRsv3}) {
    const FrameHeader header = {
        .rsv = static_cast<uint8_t>(rsv), .masked = true, .masking_key = kTestKey};
    ExpectRefused(Frame(header, Hex(kHello)), CloseCode::kProtocolError, "a reserved bit is set");
  }
}

// ---- In: errors ----

TEST(ConnectionDeflateTest, R6_WhatIsNoDeflateIs1007) {
  for (const char* message : {"", "07", "0000ffff", "f248cdc9c9", "f248cdc9c90700 00",
                              "f248cdc9c90700 0000ffff", "f200110000"}) {
    ExpectRefused(Compressed(Opcode::kText, Hex(message)), CloseCode::kInvalidPayload,
                  "broke RFC 7692 section 7.2.2: the compressed message cannot be inflated");
  }
  // At the first bad byte, before the message ends.
  ExpectRefused(Compressed(Opcode::kText, Hex("07"), false), CloseCode::kInvalidPayload,
                "invalid block type");
}

TEST(ConnectionDeflateTest, Section_8_1_TextIsCheckedWhenItIsInflated) {
  const std::string text = "Schu\xC3\x9F, \xE7\xB9\x94\xE7\x89\xA9 \xF0\x9F\xA7\xB5";
  EXPECT_THAT(Events(Compressed(Opcode::kText, Deflated(text))), ElementsAre("text " + text));
  EXPECT_THAT(Events(Compressed(Opcode::kBinary, Deflated("\xFF"))), ElementsAre("binary \xFF"));
  for (const char* bad : {"\xFF", "x\xC3", "\xE7\xB9", "\xF0\x9F\xA7", "ok \xED\xA0\x80"}) {
    ExpectRefused(Compressed(Opcode::kText, Deflated(bad)), CloseCode::kInvalidPayload,
                  "the text is not UTF-8");
  }
  // The first error is reported, however the input is cut.
  ExpectRefused(Compressed(Opcode::kText, Deflated("x\xFF") + Hex("0000ffff 07")),
                CloseCode::kInvalidPayload, "the text is not UTF-8");
  ExpectRefused(Compressed(Opcode::kText, Hex("00 0900 f6ff 48656c6c6f")),
                CloseCode::kInvalidPayload, "cannot be inflated");
  // Before the message ends: each fragment is a whole number of blocks.
  ExpectRefused(Compressed(Opcode::kText, Deflated("x\xFF") + Hex("0000ffff"), false),
                CloseCode::kInvalidPayload, "the text is not UTF-8");
}

// ---- In: limits ----

TEST(ConnectionDeflateTest, R26_MessageLimitOnEveryPath) {
  for (const bool stream : {false, true}) {
    const ConnectionOptions options = {.max_message_bytes = 1, .stream_messages = stream};
    for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
      const std::string x = Deflated("x"), xy = Deflated("xy");
      EXPECT_THAT(Events(Compressed(opcode, Deflated("")) + Compressed(opcode, x) +
                             ClientFrame(opcode, "x"),
                         options)
                      .back(),
                  testing::Describe({{.opcode = opcode, .payload = "x"}}));
      const auto refused = [&](absl::string_view input) {
        const Outcome outcome = FeedIt(input, options);
        EXPECT_THAT(outcome.events.back(), StartsWith("close 1009 "));
        for (const std::string& event : outcome.events) EXPECT_THAT(event, Not(HasSubstr("xy")));
      };
      refused(Compressed(opcode, xy));
      for (size_t cut = 0; cut <= xy.size(); ++cut) {
        refused(Compressed(opcode, xy.substr(0, cut), false) +
                Compressed(Opcode::kContinuation, xy.substr(cut)));
      }
      EXPECT_THAT(FeedIt(Compressed(opcode, xy, true, Role::kClient), options, {}, Role::kClient)
                      .events.back(),
                  StartsWith("close 1009 "));
    }
  }
}

// 200 MiB of zeros are 204 kB on the wire.
TEST(ConnectionDeflateTest, R4_InflatingStopsAtTheLimit) {
  const std::string bomb = Deflated(std::string(200 << 20, '\0'));
  constexpr uint64_t kLimit = 1 << 20;
  for (const Role role : {Role::kServer, Role::kClient}) {
    for (const bool takeover : {false, true}) {
      for (const bool stream : {false, true}) {
        for (const size_t fragments : {1, 10, 1000}) {
          std::string input;
          for (size_t i = 0; i < fragments; ++i) {
            const size_t size = bomb.size() / fragments, begin = i * size;
            const bool last = i + 1 == fragments;
            input += Compressed(i == 0 ? Opcode::kBinary : Opcode::kContinuation,
                                bomb.substr(begin, last ? std::string::npos : size), last, role);
          }
          Connection connection(role, {.max_message_bytes = kLimit, .stream_messages = stream});
          connection.UseDeflate({.receive_takeover = takeover}, {.max_message_bytes = kLimit});
          std::vector<char> scratch(4096);
          uint64_t delivered = 0, most_held = 0;
          std::optional<Event> event;
          for (absl::string_view rest = input; !rest.empty() && !connection.closing();) {
            const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
            const size_t size = std::min(into.size(), rest.size());
            std::copy_n(rest.data(), size, into.data());
            rest.remove_prefix(size);
            connection.DidRead(size);
            do {
              event = connection.NextEvent();
              most_held = std::max<uint64_t>(most_held, connection.buffered_bytes());
              if (event.has_value() && event->type == Event::Type::kMessage) {
                delivered += event->payload.size();
              }
            } while (event.has_value() && event->type == Event::Type::kMessage);
          }
          ASSERT_TRUE(event.has_value());
          EXPECT_EQ(event->close_code, CloseCode::kMessageTooBig);
          EXPECT_LE(delivered, stream ? kLimit : 0);
          EXPECT_LE(most_held, kLimit + (64 << 10));
          connection.NextEvent();
          connection.DidWrite(connection.queued_bytes());
          EXPECT_LE(connection.buffered_bytes(), Inflater::MemoryBytes(15));
        }
      }
    }
  }
}

// A message that flushes after every byte takes several times its size, and is within the limit.
TEST(ConnectionDeflateTest, LimitIsForTheInflatedBytesNotForThoseOfTheWire) {
  const std::string text = "every byte of this in a fragment of its own";
  const ConnectionOptions options = {.max_message_bytes = text.size()};
  Deflater deflater({});
  std::string input, wire;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    std::string out(deflater.Bound(1), '\0');
    out.resize(deflater.Deflate(text.substr(i, 1), last, out.data()));
    wire += out;
    input += Compressed(i == 0 ? Opcode::kText : Opcode::kContinuation, out, last);
  }
  EXPECT_GT(wire.size(), 6 * text.size());
  EXPECT_THAT(Events(input, options), ElementsAre("text " + text));
  EXPECT_THAT(Events(Compressed(Opcode::kText, wire), options), ElementsAre("text " + text));
  // But there is a limit: otherwise empty blocks could continue forever and inflate to nothing.
  std::string empty;
  while (empty.size() < 20 * text.size()) empty += Hex("00 0000ffff");
  ExpectRefused(Compressed(Opcode::kText, empty), CloseCode::kMessageTooBig, "larger", options);
  const std::string part = empty.substr(0, 5 * text.size());
  ExpectRefused(Compressed(Opcode::kText, part, false) +
                    Compressed(Opcode::kContinuation, part, false) +
                    Compressed(Opcode::kContinuation, part),
                CloseCode::kMessageTooBig, "larger", options);
}

TEST(ConnectionDeflateTest, R1_R2_AnnouncedLengths) {
  for (const uint64_t length :
       {uint64_t{INT64_MAX}, uint64_t{1} << 63, UINT64_MAX - 3, UINT64_MAX}) {
    for (const uint64_t limit : {uint64_t{0}, uint64_t{1} << 20, uint64_t{INT64_MAX}, UINT64_MAX}) {
      const FrameHeader header = {.rsv = kRsv1,
                                  .opcode = Opcode::kBinary,
                                  .masked = true,
                                  .payload_length = length,
                                  .masking_key = kTestKey};
      char bytes[kMaxFrameHeaderSize];
      const std::string frame(bytes, EncodeFrameHeader(header, bytes));
      Connection connection(Role::kServer, {.max_message_bytes = limit});
      connection.UseDeflate({}, {});
      Feed(connection, frame, Cuts::Whole());
      EXPECT_LE(connection.buffered_bytes(), 256u);
      const bool accepted = length == INT64_MAX && limit >= INT64_MAX / kMaxDeflateExpansion;
      EXPECT_EQ(connection.status().ok(), accepted) << length << " of " << limit;
    }
  }
}

TEST(ConnectionDeflateTest, R3_TinyFragmentsHoldNoMoreThanTheirText) {
  Connection connection(Role::kServer, {});
  connection.UseDeflate(kWithoutTakeover, {});
  std::string input = Compressed(Opcode::kBinary, "", false);
  const std::string hello = Hex("f248cdc9c907 0000 00ffff");
  for (int i = 0; i < 10000; ++i) {
    input += Compressed(Opcode::kContinuation, hello.substr(i % hello.size(), 1), false) +
             Compressed(Opcode::kContinuation, "", false);
  }
  Feed(connection, input, Cuts::Random(3));
  EXPECT_TRUE(connection.status().ok()) << connection.status();
  EXPECT_LE(connection.buffered_bytes(), 16384 + Inflater::MemoryBytes(15));

  Connection nothing(Role::kServer, {});
  nothing.UseDeflate(kWithoutTakeover, {});
  input = Compressed(Opcode::kBinary, "", false);
  for (int i = 0; i < 1000; ++i) input += Compressed(Opcode::kContinuation, "", false);
  Feed(nothing, input, Cuts::Random(3));
  EXPECT_EQ(nothing.buffered_bytes(), 0u);
}

// ---- In: pieces ----

TEST(ConnectionDeflateTest, StreamedMessagesComeInPieces) {
  std::string text;
  for (int i = 0; i < 60000; ++i) absl::StrAppend(&text, i * 7919 % 10007, " \xC3\x9F,");
  ASSERT_GT(text.size(), 400000u);
  const std::string message = Deflated(text);
  const std::string input = Compressed(Opcode::kText, message.substr(0, 1000), false) +
                            ClientFrame(Opcode::kPing, "p") +
                            Compressed(Opcode::kContinuation, message.substr(1000)) +
                            Compressed(Opcode::kText, Hex("00")) + ClientFrame(Opcode::kText, "x");
  for (const Cuts& cuts : {Cuts::Whole(), Cuts::ByteByByte(), Cuts::Random(1), Cuts::Random(2)}) {
    BufferPool pool;
    CodecPool codecs;
    const ConnectionOptions options = {.stream_messages = true, .pool = &pool, .codecs = &codecs};
    Connection connection(Role::kServer, options);
    connection.UseDeflate(kWithoutTakeover, options);
    std::string whole;
    int pings = 0;
    std::vector<std::string> rest;
    for (const std::string& event : Feed(connection, input, cuts)) {
      absl::string_view view = event;
      if (event == "ping p") {
        ++pings;
      } else if (absl::ConsumePrefix(&view, "text [begin] ")) {
        EXPECT_EQ(whole, "");
        absl::StrAppend(&whole, view);
      } else if (absl::ConsumePrefix(&view, "text [more] ") ||
                 absl::ConsumePrefix(&view, "text [end] ")) {
        absl::StrAppend(&whole, view);
      } else {
        rest.push_back(event);
      }
      EXPECT_LE(view.size(), 64u << 10);
    }
    EXPECT_EQ(whole, text);
    EXPECT_EQ(pings, 1);
    EXPECT_THAT(rest, ElementsAre("text ", "text x"));
    connection.DidWrite(connection.queued_bytes());
    EXPECT_EQ(connection.buffered_bytes(), 0u);
    EXPECT_EQ(codecs.unused_inflaters(), 1u);
  }
}

// ---- Memory ----

TEST(ConnectionDeflateTest, SharedCodecsAndNoMemoryWhenIdle) {
  BufferPool pool;
  CodecPool codecs;
  const ConnectionOptions options = {.pool = &pool, .codecs = &codecs};
  std::vector<std::unique_ptr<Connection>> servers;
  for (int i = 0; i < 10; ++i) {
    servers.push_back(std::make_unique<Connection>(Role::kServer, options));
    servers.back()->UseDeflate(kWithoutTakeover, options);
    EXPECT_EQ(servers.back()->compression_bytes(), 0u);
  }
  const std::string line = std::string(200, 'x');
  for (const std::unique_ptr<Connection>& server : servers) {
    EXPECT_THAT(Feed(*server, Compressed(Opcode::kText, Deflated(line)), Cuts::Whole()),
                ElementsAre("text " + line));
    ASSERT_TRUE(server->SendText(line).ok());
    server->DidWrite(server->queued_bytes());
    EXPECT_EQ(server->buffered_bytes(), 0u);
  }
  EXPECT_EQ(codecs.unused_deflaters(), 1u);
  EXPECT_EQ(codecs.unused_inflaters(), 1u);

  Connection with_takeover(Role::kServer, options);
  with_takeover.UseDeflate({}, options);
  EXPECT_EQ(with_takeover.compression_bytes(),
            Deflater::MemoryBytes({.memory_level = 4}) + Inflater::MemoryBytes(15));
  EXPECT_EQ(servers[0]->buffered_bytes(), 0u);
}

// The memory of an earlier, inflated message was returned instead, and that of this one freed.
TEST(ConnectionDeflate, TakesTheMemoryOfAPlainMessageAfterACompressedOne) {
  Connection connection(Role::kServer, {});
  connection.UseDeflate(kWithoutTakeover, {});
  const std::string plain(1000, 'x');
  const std::string input =
      absl::StrCat(ClientFrame(Opcode::kText, "first"), Compressed(Opcode::kText, Hex(kHello)),
                   ClientFrame(Opcode::kText, plain));
  std::vector<char> scratch(input.size());
  const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
  std::copy(input.begin(), input.end(), into.begin());
  connection.DidRead(input.size());
  ASSERT_TRUE(connection.NextEvent().has_value());
  connection.KeepInput();
  ASSERT_EQ(connection.NextEvent()->payload, "Hello");

  const std::optional<Event> event = connection.NextEvent();
  ASSERT_TRUE(event.has_value());
  const Buffer taken = connection.TakePayload();
  EXPECT_GE(event->payload.data(), taken.data());
  ASSERT_LE(event->payload.data() + plain.size(), taken.data() + taken.capacity());
  EXPECT_EQ(event->payload, plain);
}

}  // namespace
}  // namespace weft
