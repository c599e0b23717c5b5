// How a connection handles frames: one test for each rule of the RFC, with every cut of the input.

#include "weft/core/connection.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::ClosePayload;
using testing::Cuts;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::Feed;
using testing::Frame;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTestKey;
using testing::Outcome;
using testing::ServerFrame;
using ::testing::StartsWith;

Outcome FeedServer(absl::string_view input, const ConnectionOptions& options = {}) {
  return testing::FeedInEveryWay(Role::kServer, options, input,
                                 [](const std::string& text) { ADD_FAILURE() << text; });
}

Outcome FeedClient(absl::string_view input, const ConnectionOptions& options = {}) {
  return testing::FeedInEveryWay(Role::kClient, options, input,
                                 [](const std::string& text) { ADD_FAILURE() << text; });
}

// Expects that the frames in `input` are refused with `code`, that everything before them is
// delivered and that nothing after them is (record: R12).
void ExpectRefused(Role role, absl::string_view input, CloseCode code, absl::string_view why,
                   const ConnectionOptions& options = {},
                   const std::vector<std::string>& before = {}) {
  const std::string after = role == Role::kServer ? ClientFrame(Opcode::kText, "never seen")
                                                  : ServerFrame(Opcode::kText, "never seen");
  const std::string all = absl::StrCat(input, after);
  const Outcome outcome =
      role == Role::kServer ? FeedServer(all, options) : FeedClient(all, options);
  const std::string close = absl::StrCat("close ", static_cast<int>(code), " ");

  ASSERT_EQ(outcome.events.size(), before.size() + 1) << why;
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(outcome.events[i], before[i]);
  EXPECT_THAT(outcome.events.back(), StartsWith(close));
  ASSERT_FALSE(outcome.sent.empty());
  EXPECT_THAT(outcome.sent.back(), HasSubstr(close));
  EXPECT_THAT(outcome.status, HasSubstr(std::string(why)));
}

std::string MaskedHeader(const FrameHeader& header) {
  FrameHeader masked = header;
  masked.masked = true;
  masked.masking_key = kTestKey;
  char out[kMaxFrameHeaderSize];
  return std::string(out, EncodeFrameHeader(masked, out));
}

// ---- RFC 6455, section 5.7: its examples ----

TEST(ConnectionRfcExamples, UnmaskedText) {
  EXPECT_THAT(FeedClient("\x81\x05Hello").events, ElementsAre("text Hello"));
}

TEST(ConnectionRfcExamples, MaskedText) {
  EXPECT_THAT(FeedServer("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").events,
              ElementsAre("text Hello"));
}

TEST(ConnectionRfcExamples, FragmentedText) {
  EXPECT_THAT(FeedClient(absl::string_view("\x01\x03Hel\x80\x02lo", 9)).events,
              ElementsAre("text Hello"));
}

TEST(ConnectionRfcExamples, PingAndItsPong) {
  const Outcome client = FeedClient("\x89\x05Hello");
  EXPECT_THAT(client.events, ElementsAre("ping Hello"));
  EXPECT_THAT(client.sent, ElementsAre("fin masked pong Hello"));
  EXPECT_THAT(FeedServer("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").events,
              ElementsAre("pong Hello"));
}

TEST(ConnectionRfcExamples, Binary256BytesAnd64KiB) {
  const std::string small(256, 'x'), large(65536, 'y');
  const std::string input = absl::StrCat(absl::string_view("\x82\x7e\x01\x00", 4), small,
                                         absl::string_view("\x82\x7f\0\0\0\0\0\1\0\0", 10), large);
  EXPECT_THAT(FeedClient(input).events, ElementsAre("binary " + small, "binary " + large));
}

// ---- Messages ----

TEST(ConnectionTest, EmptyMessages) {
  EXPECT_THAT(FeedServer(ClientFrame(Opcode::kText, "") + ClientFrame(Opcode::kBinary, "")).events,
              ElementsAre("text ", "binary "));
}

TEST(ConnectionTest, EveryLengthAroundTheBoundaries) {
  for (const size_t size : {1, 124, 125, 126, 127, 128, 65535, 65536, 65537}) {
    const std::string payload(size, 'p');
    EXPECT_THAT(FeedServer(ClientFrame(Opcode::kBinary, payload)).events,
                ElementsAre("binary " + payload));
    EXPECT_THAT(FeedClient(ServerFrame(Opcode::kBinary, payload)).events,
                ElementsAre("binary " + payload));
  }
}

TEST(ConnectionTest, ManyMessagesInOneRead) {
  std::string input;
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string payload = absl::StrCat("message ", i, std::string(i % 300, '.'));
    input += ClientFrame(Opcode::kText, payload);
    expected.push_back("text " + payload);
  }
  EXPECT_THAT(FeedServer(input).events, ElementsAreArray(expected));
}

// Section 5.4: control frames may come between the fragments of a message.
TEST(ConnectionTest, Section_5_4_ControlFramesBetweenFragments) {
  const Outcome outcome = FeedServer(absl::StrCat(
      ClientFrame(Opcode::kText, "one ", false), ClientFrame(Opcode::kPing, "between"),
      ClientFrame(Opcode::kContinuation, "two ", false), ClientFrame(Opcode::kPong, "again"),
      ClientFrame(Opcode::kContinuation, "three"), ClientFrame(Opcode::kText, "next")));
  EXPECT_THAT(outcome.events,
              ElementsAre("ping between", "pong again", "text one two three", "text next"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin pong between"));
}

TEST(ConnectionTest, Section_5_4_EmptyFragments) {
  EXPECT_THAT(FeedServer(absl::StrCat(ClientFrame(Opcode::kBinary, "", false),
                                      ClientFrame(Opcode::kContinuation, "", false),
                                      ClientFrame(Opcode::kContinuation, "x", false),
                                      ClientFrame(Opcode::kContinuation, "")))
                  .events,
              ElementsAre("binary x"));
}

TEST(ConnectionTest, FragmentsWithDifferentKeysAreJoined) {
  std::string input, payload;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(i * 7 % 501, static_cast<char>('a' + i % 26));
    payload += piece;
    input += Frame({.fin = i == 199,
                    .opcode = i == 0 ? Opcode::kBinary : Opcode::kContinuation,
                    .masked = true,
                    .masking_key = RandomMaskingKey()},
                   piece);
  }
  EXPECT_THAT(FeedServer(input).events, ElementsAre("binary " + payload));
}

// A read of 0 bytes without a NextEvent after it keeps the input that is held.
TEST(ConnectionTest, ReadBufferTwiceLosesNothing) {
  const std::string frame = ClientFrame(Opcode::kText, "in two halves");
  Connection connection(Role::kServer, {});
  EXPECT_THAT(Feed(connection, frame.substr(0, 9), Cuts::Whole()), IsEmpty());
  std::vector<char> scratch(1000), other(1000);
  connection.ReadBuffer(absl::MakeSpan(scratch));
  connection.ReadBuffer(absl::MakeSpan(other));
  EXPECT_THAT(Feed(connection, frame.substr(9), Cuts::Whole()), ElementsAre("text in two halves"));
}

// ---- What a peer must not send ----

TEST(ConnectionTest, Section_5_2_ReservedBits) {
  for (int bit = 0; bit < 3; ++bit) {
    for (const Opcode opcode : {Opcode::kText, Opcode::kPing, Opcode::kClose}) {
      const FrameHeader header = {.rsv = static_cast<uint8_t>(kRsv1 >> bit),
                                  .opcode = opcode,
                                  .masked = true,
                                  .masking_key = kTestKey};
      ExpectRefused(Role::kServer, Frame(header, ""), CloseCode::kProtocolError, "reserved bit");
    }
  }
}

TEST(ConnectionTest, Section_5_2_ReservedOpcodes) {
  for (const int opcode : {3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    ExpectRefused(Role::kServer, ClientFrame(static_cast<Opcode>(opcode), "x"),
                  CloseCode::kProtocolError, "the opcode is reserved");
  }
}

TEST(ConnectionTest, Section_5_1_R12_ClientMustMask) {
  for (const Opcode opcode : {Opcode::kText, Opcode::kBinary, Opcode::kPing, Opcode::kClose}) {
    ExpectRefused(Role::kServer, ServerFrame(opcode, ""), CloseCode::kProtocolError,
                  "a client must mask every frame");
  }
}

TEST(ConnectionTest, Section_5_1_R12_ServerMustNotMask) {
  for (const Opcode opcode : {Opcode::kText, Opcode::kBinary, Opcode::kPing, Opcode::kClose}) {
    ExpectRefused(Role::kClient, ClientFrame(opcode, ""), CloseCode::kProtocolError,
                  "a server must not mask");
  }
}

// R13: the rules are always strict, because no option can turn one off: what the default options
// refuse above is always refused. This test checks the limits, which are options.
TEST(ConnectionTest, R13_DefaultsHaveLimits) {
  EXPECT_LE(ConnectionOptions().max_message_bytes, 16u << 20);
  EXPECT_LE(ConnectionOptions().max_fragments, 131072u);
}

TEST(ConnectionTest, Section_5_2_LengthMustBeMinimal) {
  for (const absl::string_view header : {absl::string_view("\x82\xfe\x00\x7d", 4),
                                         absl::string_view("\x82\xff\0\0\0\0\0\0\xff\xff", 10),
                                         absl::string_view("\x82\xff\0\0\0\0\0\0\0\0", 10)}) {
    ExpectRefused(Role::kServer, absl::StrCat(header, "keyy"), CloseCode::kProtocolError,
                  "shortest form");
  }
}

// R1: lengths at the edge of 64 bits, in each state: refused, no allocation for them, no loop. If a
// limit of this end refuses the length, the peer has broken no rule.
TEST(ConnectionTest, ALimitIsNotARuleOfTheRfc) {
  const ConnectionOptions options = {.max_message_bytes = 2, .max_fragments = 1};
  EXPECT_THAT(FeedServer(ClientFrame(Opcode::kText, "abc"), options).status,
              StartsWith("RESOURCE_EXHAUSTED: the message is larger than this end accepts"));
  const std::string fragments = absl::StrCat(ClientFrame(Opcode::kText, "a", /*fin=*/false),
                                             ClientFrame(Opcode::kContinuation, "b"));
  EXPECT_THAT(FeedServer(fragments, options).status,
              StartsWith("RESOURCE_EXHAUSTED: the message has more fragments than this end"));
}

TEST(ConnectionTest, R1_LengthsAtTheEdgeOf64Bits) {
  const ConnectionOptions unlimited = {.max_message_bytes = UINT64_MAX};
  const std::string begun = ClientFrame(Opcode::kBinary, "begun", false);
  for (const uint64_t length : {uint64_t{1} << 63, UINT64_MAX - 3, UINT64_MAX}) {
    for (const bool in_message : {false, true}) {
      const std::string header =
          MaskedHeader({.opcode = in_message ? Opcode::kContinuation : Opcode::kBinary,
                        .payload_length = length});
      const std::string input = in_message ? begun + header : header;
      ExpectRefused(Role::kServer, input, CloseCode::kProtocolError, "highest bit");
      ExpectRefused(Role::kServer, input, CloseCode::kProtocolError, "highest bit", unlimited);
      ExpectRefused(Role::kServer,
                    MaskedHeader({.opcode = Opcode::kPing, .payload_length = length}),
                    CloseCode::kProtocolError, "highest bit");
    }
    char unmasked[kMaxFrameHeaderSize];
    const size_t size =
        EncodeFrameHeader({.opcode = Opcode::kBinary, .payload_length = length}, unmasked);
    ExpectRefused(Role::kClient, {unmasked, size}, CloseCode::kProtocolError, "highest bit");
  }
  const std::string largest =
      MaskedHeader({.opcode = Opcode::kBinary, .payload_length = INT64_MAX});
  ExpectRefused(Role::kServer, largest, CloseCode::kMessageTooBig, "larger than this end accepts");
  const std::string continued =
      begun + MaskedHeader({.opcode = Opcode::kContinuation, .payload_length = INT64_MAX});
  ExpectRefused(Role::kServer, continued, CloseCode::kMessageTooBig,
                "larger than this end accepts");

  // Without a limit, the connection waits for the largest legal length, in a buffer that fits the
  // bytes received.
  BufferPool pool;
  ConnectionOptions options = unlimited;
  options.pool = &pool;
  Connection connection(Role::kServer, options);
  EXPECT_THAT(Feed(connection, largest + "some bytes", Cuts::Whole()), IsEmpty());
  std::vector<char> scratch(512 << 10);
  EXPECT_LE(connection.ReadBuffer(absl::MakeSpan(scratch)).size(), scratch.size());
  EXPECT_TRUE(connection.status().ok());
}

TEST(ConnectionTest, Section_5_5_ControlFrameOf126Bytes) {
  for (const Opcode opcode : {Opcode::kPing, Opcode::kPong, Opcode::kClose}) {
    ExpectRefused(Role::kServer, ClientFrame(opcode, std::string(126, 'x')),
                  CloseCode::kProtocolError, "at most 125 bytes");
  }
  const std::string longest(125, 'x');
  EXPECT_THAT(FeedServer(ClientFrame(Opcode::kPing, longest)).events,
              ElementsAre("ping " + longest));
}

TEST(ConnectionTest, Section_5_5_FragmentedControlFrame) {
  for (const Opcode opcode : {Opcode::kPing, Opcode::kPong, Opcode::kClose}) {
    ExpectRefused(Role::kServer, ClientFrame(opcode, "x", false), CloseCode::kProtocolError,
                  "must not be fragmented");
  }
}

TEST(ConnectionTest, Section_5_4_ContinuationOfNothing) {
  for (const bool fin : {false, true}) {
    const std::string frame = ClientFrame(Opcode::kContinuation, "x", fin);
    ExpectRefused(Role::kServer, frame, CloseCode::kProtocolError, "without a message in progress");
    ExpectRefused(Role::kServer, ClientFrame(Opcode::kText, "whole") + frame,
                  CloseCode::kProtocolError, "without a message in progress", {}, {"text whole"});
  }
}

TEST(ConnectionTest, Section_5_4_MessageInsideAMessage) {
  for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
    ExpectRefused(Role::kServer,
                  ClientFrame(Opcode::kText, "begun", false) + ClientFrame(opcode, "other"),
                  CloseCode::kProtocolError, "a new message inside");
  }
}

// ---- Text ----

TEST(ConnectionTest, Section_8_1_TextIsUtf8) {
  const std::string text = "κόσμε ✓ 🧵";
  EXPECT_THAT(FeedServer(ClientFrame(Opcode::kText, text)).events, ElementsAre("text " + text));
  for (const std::string bad :
       {"\xff", "abc\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "cut \xe2\x9c"}) {
    ExpectRefused(Role::kServer, ClientFrame(Opcode::kText, bad), CloseCode::kInvalidPayload,
                  "not UTF-8");
    EXPECT_THAT(FeedServer(ClientFrame(Opcode::kBinary, bad)).events, ElementsAre("binary " + bad));
  }
}

TEST(ConnectionTest, Section_8_1_CodePointsCutByFragments) {
  const std::string text = "κόσμε ✓ 🧵";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_THAT(FeedServer(ClientFrame(Opcode::kText, text.substr(0, cut), false) +
                           ClientFrame(Opcode::kContinuation, text.substr(cut)))
                    .events,
                ElementsAre("text " + text));
  }
  ExpectRefused(Role::kServer,
                ClientFrame(Opcode::kText, text.substr(0, text.size() - 1), false) +
                    ClientFrame(Opcode::kContinuation, ""),
                CloseCode::kInvalidPayload, "not UTF-8");
}

// The bad byte is refused when it arrives, although frame and message are far from complete.
TEST(ConnectionTest, Section_8_1_FailsAtTheFirstBadByte) {
  const std::string frame =
      ClientFrame(Opcode::kText, "ok \xf4\x90" + std::string(1000, 'x'), false);
  const size_t header = frame.size() - 1005;
  Connection connection(Role::kServer, {});
  EXPECT_THAT(Feed(connection, frame.substr(0, header + 4), Cuts::ByteByByte()), IsEmpty());
  EXPECT_THAT(Feed(connection, frame.substr(header + 4, 1), Cuts::ByteByByte()),
              ElementsAre(StartsWith("close 1007")));
}

// ---- Limits ----

// R26: the limit applies on every path, also when it is 1.
TEST(ConnectionTest, R26_MessageLimitOnEveryPath) {
  for (const bool stream : {false, true}) {
    const ConnectionOptions options = {.max_message_bytes = 1, .stream_messages = stream};
    for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
      const std::string fits = absl::StrCat(OpcodeName(opcode), " x");
      EXPECT_THAT(FeedServer(ClientFrame(opcode, "x"), options).events, ElementsAre(fits));
      ExpectRefused(Role::kServer, ClientFrame(opcode, "xy"), CloseCode::kMessageTooBig, "larger",
                    options);
      ExpectRefused(Role::kClient, ServerFrame(opcode, "xy"), CloseCode::kMessageTooBig, "larger",
                    options);
      const std::vector<std::string> first =
          stream ? std::vector<std::string>{absl::StrCat(OpcodeName(opcode), " [begin] x")}
                 : std::vector<std::string>{};
      ExpectRefused(Role::kServer,
                    ClientFrame(opcode, "x", false) + ClientFrame(Opcode::kContinuation, "y"),
                    CloseCode::kMessageTooBig, "larger", options, first);
    }
  }
  const ConnectionOptions one_fragment = {.max_fragments = 1};
  EXPECT_THAT(FeedServer(ClientFrame(Opcode::kText, "x"), one_fragment).events,
              ElementsAre("text x"));
  ExpectRefused(Role::kServer,
                ClientFrame(Opcode::kText, "x", false) + ClientFrame(Opcode::kContinuation, "y"),
                CloseCode::kPolicyViolation, "more fragments", one_fragment);
}

// The next message has the whole budget again.
TEST(ConnectionTest, MessageLimitIsForEachMessage) {
  const ConnectionOptions options = {.max_message_bytes = 4, .max_fragments = 2};
  const std::string message =
      ClientFrame(Opcode::kText, "ab", false) + ClientFrame(Opcode::kContinuation, "cd");
  EXPECT_THAT(FeedServer(message + message, options).events, ElementsAre("text abcd", "text abcd"));
}

// R2: a header that announces the maximum size makes the connection hold only the bytes received,
// not that size.
TEST(ConnectionTest, R2_AnnouncedLengthAllocatesNothing) {
  BufferPool pool(0);  // keeps nothing: Take returns exactly the requested size
  Connection connection(Role::kServer, {.max_message_bytes = uint64_t{1} << 40, .pool = &pool});
  const std::string header =
      MaskedHeader({.opcode = Opcode::kBinary, .payload_length = uint64_t{1} << 40});
  std::vector<char> scratch(64 << 10);
  Feed(connection, header, Cuts::Whole());
  size_t received = 0;
  for (int read = 0; read < 100; ++read) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    // The space that it offers beyond the scratch is allocated and unused.
    EXPECT_LE(into.size(), std::max(received, scratch.size()));
    connection.DidRead(into.size());
    received += into.size();
    EXPECT_FALSE(connection.NextEvent().has_value());
    if (received > 8 << 20) break;
  }
}

// R2: the part of such a message that is kept between reads does not grow faster than its bytes
// arrive.
TEST(ConnectionTest, R2_UnfinishedInputIsKeptInTwiceItsSizeAtMost) {
  constexpr uint64_t kAnnounced = 64 << 20;
  for (const size_t read_size : {100, 5000, 64 << 10}) {
    for (const bool fin : {true, false}) {
      Connection connection(Role::kServer, {.max_message_bytes = kAnnounced});
      std::string input =
          MaskedHeader({.fin = fin, .opcode = Opcode::kBinary, .payload_length = kAnnounced});
      input.resize(1 << 20);
      std::vector<char> scratch(64 << 10);
      for (size_t received = 0; received < input.size();) {
        const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
        const size_t size = std::min({read_size, into.size(), input.size() - received});
        std::copy_n(&input[received], size, into.data());
        connection.DidRead(size);
        ASSERT_FALSE(connection.NextEvent().has_value());
        received += size;
        ASSERT_LE(connection.buffered_bytes(), 2 * received + 8192) << received << " bytes came";
      }
    }
  }
}

// R3: empty and 1-byte fragments cost no more memory than their bytes.
TEST(ConnectionTest, R3_TinyFragmentsStayBelowTheirLimit) {
  const ConnectionOptions options = {.max_message_bytes = 1 << 20, .max_fragments = 2000000};
  for (const absl::string_view piece : {"", "x"}) {
    Connection connection(Role::kServer, options);
    Feed(connection, ClientFrame(Opcode::kBinary, "", false), Cuts::Whole());
    std::string input;
    for (int i = 0; i < 1000; ++i) input += ClientFrame(Opcode::kContinuation, piece, false);
    std::vector<char> scratch(64 << 10);
    size_t largest = 0;
    for (int round = 0; round < 1000; ++round) {
      absl::string_view rest = input;
      while (!rest.empty()) {
        const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
        largest = std::max(largest, into.size());
        const size_t size = std::min(rest.size(), into.size());
        std::copy_n(rest.data(), size, into.data());
        rest.remove_prefix(size);
        connection.DidRead(size);
        ASSERT_FALSE(connection.NextEvent().has_value());
      }
    }
    EXPECT_LE(largest, 2u << 20);
    const std::vector<std::string> events =
        Feed(connection, ClientFrame(Opcode::kContinuation, "."), Cuts::Whole());
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].size(), 8 + 1000000 * piece.size());
  }
  // The default limit on their number ends the connection.
  std::string many = ClientFrame(Opcode::kBinary, "", false);
  for (int i = 0; i < 131072; ++i) many += ClientFrame(Opcode::kContinuation, "", false);
  Connection connection(Role::kServer, {});
  EXPECT_THAT(Feed(connection, many, Cuts::Whole()), ElementsAre(StartsWith("close 1008")));
}

// ---- Ping and pong ----

TEST(ConnectionTest, Section_5_5_2_PingsAreAnsweredInOrder) {
  std::string input;
  std::vector<std::string> pongs;
  for (int i = 0; i < 64; ++i) {
    input += ClientFrame(Opcode::kPing, absl::StrCat(i));
    pongs.push_back(absl::StrCat("fin pong ", i));
  }
  EXPECT_THAT(FeedServer(input).sent, ElementsAreArray(pongs));
}

TEST(ConnectionTest, Section_5_5_3_PongsOfALazyReaderAreCoalesced) {
  Connection connection(Role::kServer, {});
  for (int i = 0; i < 1000; ++i) {
    Feed(connection, ClientFrame(Opcode::kPing, absl::StrCat(i)), Cuts::Whole());
  }
  const size_t queued = connection.queued_bytes();
  std::vector<std::string> first = testing::DescribeFrames(connection.WriteBuffer());
  EXPECT_GE(first.size(), 64u);
  EXPECT_LE(first.size(), 128u);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i], absl::StrCat("fin pong ", i));

  // Byte by byte, so that the pong comes neither too early nor never: the latest one is sent.
  std::string sent;
  while (connection.queued_bytes() > 0) {
    sent += connection.WriteBuffer()[0];
    connection.DidWrite(1);
  }
  const std::vector<std::string> all = testing::DescribeFrames(sent);
  ASSERT_EQ(all.size(), first.size() + 1);
  EXPECT_EQ(all.back(), "fin pong 999");
  EXPECT_LT(queued, 128u * 8);

  // From here on, pongs are sent as before.
  Feed(connection, ClientFrame(Opcode::kPing, "next"), Cuts::Whole());
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()), ElementsAre("fin pong next"));
}

// R16: a million control frames in one buffer: no recursion, and not a million pongs.
TEST(ConnectionTest, R16_AMillionPings) {
  std::string input;
  const std::string ping = ClientFrame(Opcode::kPing, "p");
  for (int i = 0; i < 1000000; ++i) input += ping;
  Connection connection(Role::kServer, {});
  std::vector<char> scratch(input.begin(), input.end());
  connection.ReadBuffer(absl::MakeSpan(scratch));
  connection.DidRead(scratch.size());
  size_t pings = 0;
  while (connection.NextEvent().has_value()) ++pings;
  EXPECT_EQ(pings, 1000000u);
  EXPECT_LT(connection.queued_bytes(), 1000u);
}

// ---- The closing handshake ----

TEST(ConnectionClose, Section_5_5_1_IsAnsweredWithTheSameCodeAndIsTheLast) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999}) {
    const std::string close =
        ClientFrame(Opcode::kClose, ClosePayload(static_cast<CloseCode>(code), "bye ✓"));
    const Outcome outcome = FeedServer(close + ClientFrame(Opcode::kText, "never seen") + close);
    EXPECT_THAT(outcome.events, ElementsAre(absl::StrCat("close ", code, " bye ✓")));
    EXPECT_THAT(outcome.sent, ElementsAre(absl::StrCat("fin close ", code, " bye ✓")));
    EXPECT_EQ(outcome.status, "OK");
  }
}

TEST(ConnectionClose, Section_7_4_CodesThatMustNotBeOnTheWire) {
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    ExpectRefused(Role::kServer,
                  ClientFrame(Opcode::kClose, ClosePayload(static_cast<CloseCode>(code))),
                  CloseCode::kProtocolError, absl::StrCat("got ", code));
  }
}

TEST(ConnectionClose, Section_7_1_5_NoCode) {
  const Outcome outcome = FeedServer(ClientFrame(Opcode::kClose, ""));
  EXPECT_THAT(outcome.events, ElementsAre("close 1005"));
  EXPECT_THAT(outcome.sent, ElementsAre("fin close (0 bytes)"));
}

TEST(ConnectionClose, Section_5_5_1_PayloadOfOneByte) {
  ExpectRefused(Role::kServer, ClientFrame(Opcode::kClose, "\x03"), CloseCode::kProtocolError,
                "2-byte code");
}

TEST(ConnectionClose, Section_5_5_1_ReasonIsUtf8) {
  ExpectRefused(Role::kServer,
                ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "\xff\xfe")),
                CloseCode::kInvalidPayload, "the close reason is not UTF-8");
}

TEST(ConnectionClose, CutsOffAnUnfinishedMessage) {
  EXPECT_THAT(
      FeedServer(absl::StrCat(ClientFrame(Opcode::kText, "unfinished", false),
                              ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kGoingAway))))
          .events,
      ElementsAre("close 1001"));
}

TEST(ConnectionClose, OursIsAnsweredAndMessagesStillArriveBefore) {
  Connection connection(Role::kServer, {});
  EXPECT_TRUE(connection.SendText("last words").ok());
  EXPECT_TRUE(connection.SendClose(CloseCode::kGoingAway, "restart").ok());
  EXPECT_TRUE(connection.closing());
  EXPECT_FALSE(connection.done());
  EXPECT_THAT(Feed(connection,
                   absl::StrCat(ClientFrame(Opcode::kText, "was on its way"),
                                ClientFrame(Opcode::kPing, "too"),
                                ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kGoingAway))),
                   Cuts::ByteByByte()),
              ElementsAre("text was on its way", "ping too", "close 1001"));
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()),
              ElementsAre("fin text last words", "fin close 1001 restart"));
  EXPECT_FALSE(connection.done());
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.done());
  EXPECT_TRUE(connection.status().ok());
}

TEST(ConnectionClose, NothingFollowsIt) {
  Connection connection(Role::kServer, {});
  ASSERT_TRUE(connection.SendClose(CloseCode::kNormal).ok());
  for (const absl::Status& status :
       {connection.SendText("x"), connection.SendBinary("x"), connection.SendPing(),
        connection.SendPong(), connection.SendFragment(Opcode::kText, "x", true),
        connection.SendBorrowed(Opcode::kText, "x"), connection.SendClose(CloseCode::kNormal)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()), ElementsAre("fin close 1000"));
}

TEST(ConnectionReceive, TellsWhatItHoldsOfAMessageThatIsNotFinished) {
  Connection connection(Role::kServer, {});
  EXPECT_FALSE(connection.has_unfinished_input());
  Feed(connection, ClientFrame(Opcode::kText, "whole"), Cuts::Whole());
  EXPECT_FALSE(connection.has_unfinished_input());
  EXPECT_EQ(connection.unfinished_bytes(), 0u);

  Feed(connection, ClientFrame(Opcode::kText, "", false), Cuts::Whole());
  EXPECT_TRUE(connection.has_unfinished_input()) << "nothing of it is held, and it has begun";
  EXPECT_EQ(connection.unfinished_bytes(), 0u);
  Feed(connection, ClientFrame(Opcode::kContinuation, "123", false), Cuts::Whole());
  EXPECT_EQ(connection.unfinished_bytes(), 3u);
  Feed(connection, ClientFrame(Opcode::kContinuation, "456").substr(0, 7), Cuts::Whole());
  EXPECT_EQ(connection.unfinished_bytes(), 4u);
  Feed(connection, ClientFrame(Opcode::kContinuation, "456").substr(7), Cuts::Whole());
  EXPECT_FALSE(connection.has_unfinished_input());
  EXPECT_EQ(connection.unfinished_bytes(), 0u);

  Feed(connection, ClientFrame(Opcode::kPing, "").substr(0, 1), Cuts::Whole());
  EXPECT_TRUE(connection.has_unfinished_input()) << "half a header";
}

// For an owner that must first send messages from its own queue.
TEST(ConnectionClose, IsAnsweredByTheOwnerWhereItAskedForThat) {
  Connection connection(Role::kServer, {});
  connection.set_answers_close_later(true);
  EXPECT_THAT(Feed(connection, ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "bye")),
                   Cuts::ByteByByte()),
              ElementsAre("close 1000 bye"));
  EXPECT_TRUE(connection.closing());
  EXPECT_EQ(connection.queued_bytes(), 0u);
  EXPECT_FALSE(connection.done());
  EXPECT_TRUE(connection.SendText("waited").ok());
  connection.AnswerClose();
  EXPECT_FALSE(connection.SendText("too late").ok());
  connection.AnswerClose();
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()),
              ElementsAre("fin text waited", "fin close 1000 bye"));
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.done());
}

// The same for the Close frame that reports the peer's broken rule.
TEST(ConnectionClose, OfAViolationIsSentByTheOwnerWhereItAskedForThat) {
  const std::string bad =
      ClientFrame(Opcode::kText, "good") + ClientFrame(Opcode::kContinuation, "");
  Connection connection(Role::kServer, {});
  connection.set_answers_close_later(true);
  EXPECT_THAT(Feed(connection, bad, Cuts::ByteByByte()),
              ElementsAre("text good", ::testing::StartsWith("close 1002 ")));
  EXPECT_FALSE(connection.status().ok());
  EXPECT_TRUE(connection.closing());
  EXPECT_FALSE(connection.done());
  EXPECT_TRUE(connection.SendText("answer").ok());
  connection.AnswerClose();
  EXPECT_FALSE(connection.SendText("too late").ok());
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()),
              ElementsAre("fin text answer", ::testing::StartsWith("fin close 1002 ")));
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.done());

  Connection refused(Role::kServer, {});
  refused.set_answers_close_later(true);
  refused.Refuse(CloseCode::kPolicyViolation, "too fast");
  EXPECT_EQ(refused.queued_bytes(), 0u);
  refused.AnswerClose();
  EXPECT_THAT(testing::DescribeFrames(refused.WriteBuffer()),
              ElementsAre("fin close 1008 too fast"));
}

TEST(ConnectionClose, IsAnsweredOnceAlsoByTheOwner) {
  const std::string close = ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal));
  Connection own(Role::kServer, {});  // the owner answers with a Close frame of its own
  own.set_answers_close_later(true);
  Feed(own, close, Cuts::Whole());
  EXPECT_TRUE(own.SendClose(CloseCode::kGoingAway).ok());
  own.AnswerClose();
  EXPECT_THAT(testing::DescribeFrames(own.WriteBuffer()), ElementsAre("fin close 1001"));

  Connection first(Role::kServer, {});  // it was sent first
  first.set_answers_close_later(true);
  EXPECT_TRUE(first.SendClose(CloseCode::kGoingAway).ok());
  Feed(first, close, Cuts::Whole());
  first.AnswerClose();
  EXPECT_THAT(testing::DescribeFrames(first.WriteBuffer()), ElementsAre("fin close 1001"));
}

TEST(ConnectionClose, RefusesWhatMustNotBeSent) {
  Connection connection(Role::kServer, {});
  for (const absl::Status& status :
       {connection.SendClose(CloseCode::kAbnormal), connection.SendClose(CloseCode::kTlsHandshake),
        connection.SendClose(static_cast<CloseCode>(2500)),
        connection.SendClose(CloseCode::kNoStatus, "a reason"),
        connection.SendClose(CloseCode::kNormal, std::string(124, 'x')),
        connection.SendClose(CloseCode::kNormal, "\xff")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(connection.queued_bytes(), 0u);
  EXPECT_TRUE(connection.open());
  EXPECT_TRUE(connection.SendClose(CloseCode::kNormal, std::string(123, 'x')).ok());
}

TEST(ConnectionClose, EndOfStreamWithoutClose) {
  for (const std::string& input : {std::string(), ClientFrame(Opcode::kText, "cut").substr(0, 7),
                                   ClientFrame(Opcode::kText, "cut", false)}) {
    const Outcome outcome = testing::FeedInEveryWay(
        Role::kServer, {}, input, [](const std::string& text) { ADD_FAILURE() << text; }, true);
    EXPECT_THAT(outcome.events, ElementsAre("close 1006"));
    EXPECT_THAT(outcome.sent, IsEmpty());
    EXPECT_THAT(outcome.status, HasSubstr("without a Close frame"));
  }
}

TEST(ConnectionClose, EndOfStreamAfterCloseIsClean) {
  const Outcome outcome = testing::FeedInEveryWay(
      Role::kServer, {},
      ClientFrame(Opcode::kText, "x") +
          ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal)),
      [](const std::string& text) { ADD_FAILURE() << text; }, true);
  EXPECT_THAT(outcome.events, ElementsAre("text x", "close 1000"));
  EXPECT_EQ(outcome.status, "OK");
}

TEST(ConnectionClose, WhatWasQueuedBeforeAViolationStillLeaves) {
  Connection connection(Role::kServer, {});
  ASSERT_TRUE(connection.SendText("before").ok());
  Feed(connection, ServerFrame(Opcode::kText, "not masked"), Cuts::Whole());
  EXPECT_TRUE(connection.closing());
  const std::vector<std::string> sent = testing::DescribeFrames(connection.WriteBuffer());
  EXPECT_THAT(sent, ElementsAre("fin text before", StartsWith("fin close 1002 ")));
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.done());
}

TEST(ConnectionClose, RefusedByItsOwner) {
  Connection connection(Role::kServer, {});
  const std::string two = ClientFrame(Opcode::kText, "one") + ClientFrame(Opcode::kText, "two");
  std::string scratch(100, ' ');
  const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
  two.copy(into.data(), two.size());
  connection.DidRead(two.size());
  ASSERT_EQ(connection.NextEvent()->payload, "one");
  connection.Refuse(CloseCode::kPolicyViolation, "one is enough");
  EXPECT_FALSE(connection.NextEvent().has_value());
  EXPECT_THAT(Feed(connection, two, Cuts::ByteByByte()), IsEmpty());
  EXPECT_THAT(testing::DescribeFrames(connection.WriteBuffer()),
              ElementsAre("fin close 1008 one is enough"));
  EXPECT_EQ(connection.status().code(), absl::StatusCode::kResourceExhausted);
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.done());
  connection.Refuse(CloseCode::kPolicyViolation, "again");
  EXPECT_EQ(connection.queued_bytes(), 0u);
}

TEST(ConnectionClose, StatusSaysRuleAndWhatWasSeen) {
  EXPECT_EQ(FeedServer("\x81\x05").status,
            "INVALID_ARGUMENT: the peer broke RFC 6455 section 5.1: a client must mask every frame "
            "(fin text length=5)");
}

}  // namespace
}  // namespace weft
