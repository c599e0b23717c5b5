#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/04_masking/masking.h"
#include "course/06_messages/messages.h"
#include "course/11_compression/compression.h"
#include "course/testing/expect.h"
#include "course/testing/talk.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;
using testing::kKey;
using testing::kMask;
using testing::Quoted;

// ---- The negotiation ----

void ExpectAnswer(const std::string& offers, const std::string& expected, const std::string& hint) {
  Expect({.sent = absl::StrCat("Sec-WebSocket-Extensions: ", offers),
          .expected = expected,
          .section = "RFC 7692, sections 7 and 7.1",
          .hint = hint},
         [&] {
           const absl::StatusOr<std::optional<Agreement>> agreed = Agree(offers);
           if (!agreed.ok()) return std::string("an error");
           return agreed->has_value() ? ExtensionFor(**agreed) : "declined";
         });
}

TEST(CompressionTest, OffersThatAreAccepted) {
  ExpectAnswer("permessage-deflate", "permessage-deflate", "Without parameters: the defaults.");
  ExpectAnswer("permessage-deflate; client_max_window_bits", "permessage-deflate",
               "Without a value, the client only says that it understands the parameter.");
  ExpectAnswer("permessage-deflate; client_max_window_bits=10",
               "permessage-deflate; client_max_window_bits=10",
               "The client will use this window at most; confirmed, it saves your memory.");
  ExpectAnswer(
      "permessage-deflate;server_max_window_bits=9 ; client_no_context_takeover\t;"
      "server_no_context_takeover",
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
      "server_max_window_bits=9",
      "Split at ';', and remove spaces and tabs around each part.");
  ExpectAnswer("permessage-deflate; server_max_window_bits=\"15\"",
               "permessage-deflate; server_max_window_bits=15",
               "A value may be quoted. One that was asked for is confirmed, also the default.");
}

TEST(CompressionTest, OffersThatAreDeclined) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"x", "A parameter that you do not know."},
      {"server_max_window_bits", "Only that of the client may have no value."},
      {"server_max_window_bits=7", "8 is the least."},
      {"server_max_window_bits=16", "15 is the most."},
      {"server_max_window_bits=08", "No leading zeros."},
      {"server_max_window_bits=1e1", "Digits only."},
      {"server_no_context_takeover=1", "This parameter has no value."},
      {"client_max_window_bits; client_max_window_bits=9", "The same parameter two times."}};
  for (const auto& [parameters, reason] : wrong) {
    ExpectAnswer("permessage-deflate; " + parameters, "declined",
                 reason + " Such an offer must be declined, whole.");
  }
  ExpectAnswer("", "declined", "No offer.");
  ExpectAnswer("x-webkit-deflate-frame", "declined", "An extension that you do not know.");
}

TEST(CompressionTest, TheFirstValidOfferWins) {
  ExpectAnswer(
      "permessage-deflate; server_max_window_bits=99, permessage-deflate; "
      "server_max_window_bits=10, permessage-deflate",
      "permessage-deflate; server_max_window_bits=10",
      "A client lists its offers in the order of its preference.");
  ExpectAnswer("x-other; a=\"1\", , permessage-deflate", "permessage-deflate",
               "Other extensions and empty elements are skipped.");
}

TEST(CompressionTest, ListsThatAreMalformed) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"permessage-deflate; ;", "A parameter is empty."},
      {"; x=1", "The name is empty."},
      {";", "The name is empty."},
      {"x-a; b=", "The value is empty."},
      {"x-a; b=\"c", "The second quotation mark is missing."},
      {"x-a; b=(c)", "A token has no parentheses."},
      {"x-a; b=\"c, d\"", "A token has no comma, in quotation marks either."},
      {"permessage-deflate, x y", "A token has no space. Read on after an offer that you take."}};
  for (const auto& [offers, reason] : wrong) ExpectAnswer(offers, "an error", reason);
}

// ---- Messages ----

// The text of compressed messages by zlib, each of which may refer to earlier ones. The room for
// output is one byte: zlib would take what is further back than the window from the same room.
std::string InflatedByZlib(const std::vector<std::string>& messages, int bits) {
  z_stream stream = {};
  if (inflateInit2(&stream, -bits) != Z_OK) throw std::runtime_error("no zlib");
  std::string all;
  for (const std::string& message : messages) {
    std::string input = message + Bytes("00 00 ff ff");
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    int result = Z_OK;
    do {
      Bytef byte = 0;
      stream.next_out = &byte;
      stream.avail_out = 1;
      result = inflate(&stream, Z_SYNC_FLUSH);
      if (stream.avail_out == 0) all.push_back(static_cast<char>(byte));
    } while (stream.avail_out == 0);
    if (stream.avail_in > 0) all += absl::StrCat("(error ", result, ")");
  }
  inflateEnd(&stream);
  return all;
}

TEST(CompressionTest, DeflateAndTakeover) {
  Expect(
      {.sent = "\"Hello\" two times, with takeover",
       .expected = "HelloHello, the second one is smaller",
       .section = "RFC 7692, sections 7.2.1 and 7.2.3.2",
       .hint = "deflateInit2() with minus the bits, deflate() with Z_SYNC_FLUSH, and without its "
               "last 4 bytes. The same z_stream for the next message."},
      [] {
        Deflater deflater(15, /*takeover=*/true);
        const std::string first = deflater.Deflate("Hello");
        const std::string second = deflater.Deflate("Hello");
        return absl::StrCat(InflatedByZlib({first, second}, 15), ", the second one is ",
                            second.size() < first.size() ? "smaller" : "not smaller");
      });
  Expect({.sent = "\"Hello\" two times, without takeover",
          .expected = "HelloHello, the second one is equal",
          .section = "RFC 7692, section 7.1.1.1",
          .hint = "deflateReset() after a message."},
         [] {
           Deflater deflater(15, /*takeover=*/false);
           const std::string first = deflater.Deflate("Hello");
           const std::string second = deflater.Deflate("Hello");
           return absl::StrCat(InflatedByZlib({first, second}, 15), ", the second one is ",
                               second == first ? "equal" : "another");
         });
}

TEST(CompressionTest, DeflateAnEmptyAndALargeMessage) {
  Expect({.sent = "\"\", two times",
          .expected = "00 and 00",
          .section = "RFC 7692, section 7.2.3.6",
          .hint = "zlib makes nothing of a second flush without data between. One byte 00 is the "
                  "header of an empty block, whose other 4 bytes are not sent."},
         [] {
           Deflater deflater(15, true);
           const std::string first = deflater.Deflate("");
           return absl::StrCat(Hex(first), " and ", Hex(deflater.Deflate("")));
         });
  // Bytes that do not compress.
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 100000; ++i) {
    state = state * 1664525 + 1013904223;
    noise.push_back(static_cast<char>(state >> 24));
  }
  for (const int bits : {8, 9, 12, 15}) {
    Expect(
        {.sent = absl::StrCat("100,000 bytes of noise, and 2^", bits,
                              " + 50 again, two times, with a window of 2^", bits),
         .expected = "the same bytes, by an inflater with that window",
         .section = "RFC 7692, sections 7.1.2.1 and 7.2.1",
         .hint =
             "Call deflate() as long as it fills its output. It must not refer further back than "
             "the window. zlib cannot compress with 8 bits: take 9, with which it refers back "
             "250 bytes at most."},
        [&] {
          const std::string part = noise.substr(0, (size_t{1} << bits) + 50);
          const std::string message = noise + part + part;
          Deflater deflater(bits, true);
          const std::string back = InflatedByZlib({deflater.Deflate(message)}, bits);
          return std::string(back == message ? "the same bytes, by an inflater with that window"
                                             : absl::StrCat("other bytes (", back.size(), ")"));
        });
  }
}

// The text of compressed messages, given in pieces.
std::string Inflated(Inflater& inflater, const std::string& message, size_t piece) {
  std::string all, output;
  for (size_t at = 0; at < message.size() || message.empty(); at += piece) {
    absl::string_view bytes = absl::string_view(message).substr(at, piece);
    const bool last = at + piece >= message.size();
    Inflater::Result result;
    do {
      result = inflater.Inflate(&bytes, last, &output);
      if (result == Inflater::Result::kCorrupt) return all + "(corrupt)";
      if (output.size() > Inflater::kMaxOutput) return "(more output than kMaxOutput)";
      all += output;
    } while (result == Inflater::Result::kMore);
    if (!bytes.empty()) return "(kDone, and bytes are left)";
    if (message.empty()) break;
  }
  return all;
}

TEST(CompressionTest, InflateTheExamplesOfTheRfc) {
  const auto expect = [](const std::vector<std::string>& messages, const std::string& expected,
                         const std::string& section, const std::string& hint) {
    for (const size_t piece : {size_t{1000}, size_t{1}}) {
      Expect({.sent = absl::StrCat(absl::StrJoin(messages, ", then "),
                                   piece == 1 ? ", byte by byte" : ""),
              .expected = expected,
              .section = absl::StrCat("RFC 7692, section ", section),
              .hint = hint},
             [&] {
               Inflater inflater(15, true);
               std::string all;
               for (const std::string& message : messages) {
                 all += Inflated(inflater, Bytes(message), piece) + ".";
               }
               return all;
             });
    }
  };
  expect({"f2 48 cd c9 c9 07 00"}, "Hello.", "7.2.3.1",
         "inflateInit2() with minus the bits; at the end of the message, the bytes 00 00 ff ff.");
  expect({"f2 48 cd c9 c9 07 00", "f2 00 11 00 00"}, "Hello.Hello.", "7.2.3.2",
         "The second one refers to the first: the same z_stream.");
  expect({"00 05 00 fa ff 48 65 6c 6c 6f 00"}, "Hello.", "7.2.3.3", "A block that is stored.");
  expect({"f3 48 cd c9 c9 07 00 00", "f2 00 11 00 00"}, "Hello.Hello.", "7.2.3.4",
         "A block that is marked as the last one does not end the message: after Z_STREAM_END, "
         "inflateResetKeep(), which keeps the window, and go on.");
  expect({"f2 48 05 00 00 00 ff ff ca c9 c9 07 00"}, "Hello.", "7.2.3.5", "Two blocks.");
  expect({"00"}, ".", "7.2.3.6", "An empty message.");
}

TEST(CompressionTest, InflateMoreThanTheRoom) {
  // For some lengths, zlib has read all input when the room is full. Which ones depends on zlib.
  Expect(
      {.sent = "16,385 letters a, 16,386, and so on to 16,484, each as one message",
       .expected = "the same letters",
       .section = "RFC 7692, section 7.2.2",
       .hint = "After kMore there may be no input left, but output: call inflate() at least once."},
      [] {
        for (size_t over = 1; over <= 100; ++over) {
          const std::string text(Inflater::kMaxOutput + over, 'a');
          Inflater inflater(15, true);
          const std::string message = Deflater(15, true).Deflate(text);
          const std::string back = Inflated(inflater, message, message.size());
          if (back == text) continue;
          return absl::StrCat(text.size(),
                              " letters: ", absl::StripPrefix(back, text.substr(over)));
        }
        return std::string("the same letters");
      });
}

TEST(CompressionTest, InflateWithoutTakeover) {
  Expect({.sent = "f2 48 cd c9 c9 07 00, then f2 00 11 00 00, which refers to it",
          .expected = "Hello, (corrupt)",
          .section = "RFC 7692, section 7.1.1.2",
          .hint = "inflateReset() after a message."},
         [] {
           Inflater inflater(15, /*takeover=*/false);
           const std::string first = Inflated(inflater, Bytes("f2 48 cd c9 c9 07 00"), 1000);
           return absl::StrCat(first, ", ", Inflated(inflater, Bytes("f2 00 11 00 00"), 1000));
         });
}

TEST(CompressionTest, InflateDataThatIsCorrupt) {
  for (const char* hex : {"ff ff ff ff", "06", "00 05 00 00 00 48 65 6c 6c 6f 00"}) {
    Expect({.sent = hex,
            .expected = "(corrupt)",
            .section = "RFC 7692, section 7.2.2",
            .hint = "Any result of inflate() but Z_OK, Z_STREAM_END and Z_BUF_ERROR."},
           [&] {
             Inflater inflater(15, true);
             return Inflated(inflater, Bytes(hex), 1000);
           });
  }
  for (const char* hex : {"f2 48 cd c9 c9", "f3 48 cd c9 c9 07 00 ff", ""}) {
    Expect(
        {.sent = absl::StrCat(hex, *hex == '\0' ? "no bytes at all" : ""),
         .expected = "corrupt",
         .section = "RFC 7692, section 7.2.1",
         .hint = "A message ends in the header of an empty block. inflateSyncPoint() says whether "
                 "zlib stands right after one: ask it before you add 00 00 ff ff."},
        [&] {
          Inflater inflater(15, true);
          const std::string result = Inflated(inflater, Bytes(hex), 1000);
          return std::string(absl::StrContains(result, "(corrupt)") ? "corrupt" : result);
        });
  }
}

// ---- The wire ----

Head Offer(const std::string& offers) {
  return {.start_line = "GET / HTTP/1.1",
          .fields = {{"Host", "a"},
                     {"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", kKey},
                     {"Sec-WebSocket-Extensions", offers}}};
}

// A frame of a client with these bits instead of FIN and opcode.
std::string MaskedFrame(int first_byte, const std::string& payload) {
  std::string frame = ClientFrame(Opcode::kBinary, payload, kMask);
  frame[0] = static_cast<char>(first_byte);
  return frame;
}

// The events of a wire, in pieces, and its failure.
std::string Read(Wire& wire, const std::string& bytes, size_t piece) {
  std::vector<std::string> seen;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    for (const Event& event : wire.Read(absl::string_view(bytes).substr(at, piece))) {
      seen.push_back(absl::StrCat(static_cast<int>(event.opcode), " ",
                                  event.payload.size() > 100
                                      ? absl::StrCat(event.payload.size(), " bytes")
                                  : event.opcode == Opcode::kClose ? Hex(event.payload)
                                                                   : event.payload));
    }
  }
  if (wire.failure().has_value()) seen.push_back(absl::StrCat("failure ", wire.failure()->code));
  return absl::StrJoin(seen, ", ");
}

void ExpectRead(const std::string& sent, const std::string& frames, const std::string& expected,
                const std::string& section, const std::string& hint, uint64_t limit = 1 << 20) {
  for (const size_t piece : {size_t{1} << 30, size_t{1}}) {
    if (piece == 1 && frames.size() > 10000) continue;
    Expect({.sent =
                absl::StrCat("with permessage-deflate: ", sent, piece == 1 ? ", byte by byte" : ""),
            .expected = expected,
            .section = absl::StrCat("RFC 7692, section ", section),
            .hint = hint},
           [&] {
             DeflateWire wire(limit);
             wire.Answer(Offer("permessage-deflate"));
             return Read(wire, frames, piece);
           });
  }
}

const char kHello[] = "f2 48 cd c9 c9 07 00";

TEST(CompressionTest, TheResponseAgrees) {
  Expect({.sent = "a request with permessage-deflate; server_max_window_bits=10",
          .expected = "permessage-deflate; server_max_window_bits=10, and the response is whole",
          .section = "RFC 7692, section 7.1",
          .hint = "Wire::Answer() gives the response; insert the field before the empty line."},
         [] {
           DeflateWire wire;
           const std::string answer =
               wire.Answer(Offer("permessage-deflate; server_max_window_bits=10"));
           const bool whole = HeadSize(answer) == answer.size();
           const absl::StatusOr<Head> head = ParseHead(answer);
           if (!head.ok()) return Quoted(answer);
           return absl::StrCat(ValueOf(*head, "Sec-WebSocket-Extensions"), ", and the response is ",
                               whole ? "whole" : "not whole");
         });
  Expect({.sent = "a request without a key, one that offers \"x; y=\", and one that offers nothing",
          .expected = "400, 400, 101 and no extension; then a frame with RSV1: failure 1002",
          .section = "RFC 7692, section 5",
          .hint = "Without an agreement, everything is as of Wire."},
         [] {
           DeflateWire refused;
           Head without_key = Offer("permessage-deflate");
           without_key.fields[4].second = "";
           const std::string refusal = refused.Answer(without_key);
           DeflateWire malformed;
           const std::string bad_list = malformed.Answer(Offer("x; y="));
           DeflateWire wire;
           const std::string answer = wire.Answer(Offer(""));
           return absl::StrCat(refusal.substr(9, 3), ", ", bad_list.substr(9, 3), ", ",
                               answer.substr(9, 3), " and ",
                               absl::StrContains(answer, "Extensions") ? "an" : "no",
                               " extension; then a frame with RSV1: ",
                               Read(wire, MaskedFrame(0xC1, Bytes(kHello)), 1000));
         });
}

TEST(CompressionTest, AMessageIsRead) {
  ExpectRead("\"Hello\" with RSV1", MaskedFrame(0xC1, Bytes(kHello)), "1 Hello", "6",
             "RSV1 is 0x40 of the first byte.");
  ExpectRead("the same in three fragments with a ping between, and then a Close",
             MaskedFrame(0x41, Bytes("f2 48 cd")) + MaskedFrame(0x89, "p") +
                 MaskedFrame(0x00, Bytes("c9 c9")) + MaskedFrame(0x80, Bytes("07 00")) +
                 MaskedFrame(0x88, Bytes("03 e8")),
             "9 p, 1 Hello, 8 03 e8", "6.2",
             "RSV1 is in the first frame of the message only. Control frames are not compressed.");
  ExpectRead("a Close, and then ff ff with RSV1",
             MaskedFrame(0x88, Bytes("03 e8")) + MaskedFrame(0xC1, Bytes("ff ff")), "8 03 e8",
             "6.2", "Nothing is read after a Close frame, so nothing is inflated.");
  ExpectRead("\"plain\" without RSV1, and then \"Hello\" with it",
             MaskedFrame(0x81, "plain") + MaskedFrame(0xC2, Bytes(kHello)), "1 plain, 2 Hello", "6",
             "A sender may compress some messages and others not.");
  ExpectRead("an empty first and an empty last fragment",
             MaskedFrame(0x41, "") + MaskedFrame(0x00, Bytes(kHello)) + MaskedFrame(0x80, ""),
             "1 Hello", "6.2", "The end of the message may be a frame without payload.");
}

TEST(CompressionTest, FramesThatBreakARule) {
  ExpectRead("a ping with RSV1", MaskedFrame(0xC9, ""), "failure 1002", "6.1",
             "RSV1 is only for the first frame of a text or a binary message.");
  ExpectRead("RSV1 in the second fragment",
             MaskedFrame(0x41, Bytes("f2 48")) + MaskedFrame(0xC0, Bytes("cd c9 c9 07 00")),
             "failure 1002", "6.1", "RSV1 is only for the first frame.");
  ExpectRead("RSV2", MaskedFrame(0xE1, Bytes(kHello)), "failure 1002", "6",
             "The extension uses only RSV1.");
  ExpectRead("\"Hello\" with RSV1, not masked", Bytes("c1 07 f2 48 cd c9 c9 07 00"), "failure 1002",
             "6", "All rules of RFC 6455 still hold.");
  ExpectRead("a new message inside a compressed one",
             MaskedFrame(0x41, Bytes("f2 48")) + MaskedFrame(0xC1, Bytes(kHello)), "failure 1002",
             "6.1", "The table of chapter 6.");
  ExpectRead("ff ff ff ff with RSV1", MaskedFrame(0xC2, Bytes("ff ff ff ff")), "failure 1007",
             "7.2.2", "Inflater::Result::kCorrupt.");
}

TEST(CompressionTest, TheLimitIsForTheInflatedMessage) {
  const auto zeros = [](size_t size) {
    return MaskedFrame(0xC2, Deflater(15, true).Deflate(std::string(size, '\0')));
  };
  Expect({.sent = "64 MB of zeros, which are 64 kB compressed; the limit is 1 MB",
          .expected = "failure 1009",
          .section = "RFC 6455, sections 7.4.1 and 10.4; RFC 7692, section 7.2.2",
          .hint = "Inflate kMaxOutput bytes, give them to the reader, and stop if it has failed."},
         [&] {
           DeflateWire wire(1 << 20);
           wire.Answer(Offer("permessage-deflate"));
           return Read(wire, zeros(64 << 20), 1 << 30);
         });
  Expect({.sent = "a message of 1,000,000 bytes, and one of 1,000,001; the limit is 1,000,000",
          .expected = "2 1000000 bytes; failure 1009",
          .section = "RFC 6455, section 10.4; RFC 7692, section 7.2.2",
          .hint = "Not the compressed length is compared with the limit."},
         [&] {
           DeflateWire wire(1000000);
           wire.Answer(Offer("permessage-deflate; client_no_context_takeover"));
           const std::string first = Read(wire, zeros(1000000), 1 << 30);
           return absl::StrCat(first, "; ", Read(wire, zeros(1000001), 1 << 30));
         });
}

TEST(CompressionTest, ATextIsCheckedWhileItIsInflated) {
  Expect({.sent = "the first fragment of a text that has the byte ff",
          .expected = "failure 1007",
          .section = "RFC 6455, sections 5.6 and 8.1",
          .hint = "Inflate each piece when it arrives. The reader checks it."},
         [&] {
           DeflateWire wire;
           wire.Answer(Offer("permessage-deflate"));
           const std::string wrong = Deflater(15, true).Deflate("good \xff") + Bytes("00");
           return Read(wire, MaskedFrame(0x41, wrong), 1000);
         });
}

TEST(CompressionTest, MessagesAreSentCompressed) {
  Expect({.sent = "Frame(kText, \"Hello\"), Frame(kPing, \"Hi\")",
          .expected = "c1, \"Hello\"; 89 02 48 69",
          .section = "RFC 7692, section 6.1",
          .hint = "The first byte has RSV1, 0x40. Control frames are never compressed."},
         [] {
           DeflateWire wire;
           wire.Answer(Offer("permessage-deflate"));
           const std::string frame = wire.Frame(Opcode::kText, "Hello");
           return absl::StrCat(Hex(frame.substr(0, 1)), ", ",
                               Quoted(InflatedByZlib({frame.substr(2)}, 15)), "; ",
                               Hex(wire.Frame(Opcode::kPing, "Hi")));
         });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, TheLimitIsForTheCompressedLength) {
  Expect({.sent = "a text of 4096 letters a, compressed to less than 30 bytes; the limit is 128",
          .expected = "failure 1009",
          .section = "RFC 6455, section 10.4; RFC 7692, section 7.2.2",
          .hint = "Give each piece of output to the reader, which has the limit."},
         [] {
           DeflateWire wire(128);
           wire.Answer(Offer("permessage-deflate"));
           return Read(wire, MaskedFrame(0xC1, Deflater(15, true).Deflate(std::string(4096, 'a'))),
                       1000);
         });
}

TEST(Mistakes, TheLimitIsComparedTooLate) {
  Expect({.sent = "20,000 letters a, compressed, and then ff ff, in a frame; the limit is 128",
          .expected = "failure 1009",
          .section = "RFC 6455, section 10.4; RFC 7692, section 7.2.2",
          .hint = "1007 comes of ff ff: do not inflate what follows the first piece of output that "
                  "the reader refuses."},
         [] {
           DeflateWire wire(128);
           wire.Answer(Offer("permessage-deflate"));
           const std::string letters = Deflater(15, true).Deflate(std::string(20000, 'a'));
           return Read(wire, MaskedFrame(0xC1, letters + Bytes("00 00 ff ff ff ff")), 1 << 20);
         });
}

TEST(Mistakes, OneByteOverTheLimitIsCut) {
  Expect({.sent = "messages of 1 byte to 100 bytes over a limit of 16,384, each to its own wire",
          .expected = "failure 1009",
          .section = "RFC 6455, section 10.4; RFC 7692, section 7.2.2",
          .hint = "All input may be read while there is still output: kMore."},
         [] {
           for (size_t over = 1; over <= 100; ++over) {
             DeflateWire wire(Inflater::kMaxOutput);
             wire.Answer(Offer("permessage-deflate"));
             const std::string message(Inflater::kMaxOutput + over, '\x01');
             const std::string read =
                 Read(wire, MaskedFrame(0xC2, Deflater(15, true).Deflate(message)), 1 << 20);
             if (read != "failure 1009") return absl::StrCat(over, " over: ", read);
           }
           return std::string("failure 1009");
         });
}

TEST(Mistakes, AnEmptyMessageAmongOthers) {
  Expect({.sent = "\"\", \"a\", \"\", \"\", \"a\", each from Frame() to zlib",
          .expected = "aa",
          .section = "RFC 7692, section 7.2.3.6",
          .hint = "Each empty message is the byte 00, and changes nothing."},
         [] {
           DeflateWire wire;
           wire.Answer(Offer("permessage-deflate"));
           std::vector<std::string> messages;
           for (const char* text : {"", "a", "", "", "a"}) {
             messages.push_back(wire.Frame(Opcode::kText, text).substr(2));
           }
           return InflatedByZlib(messages, 15);
         });
}

TEST(Mistakes, AWindowOf8Bits) {
  Expect(
      {.sent = "permessage-deflate; server_max_window_bits=8; 2000 bytes that repeat after 300",
       .expected = "the same bytes, by an inflater with 2^8",
       .section = "RFC 7692, section 7.1.2.1",
       .hint = "deflateInit2() refuses 8 bits without a header of zlib: take 9."},
      [] {
        std::string part, message;
        for (int i = 0; i < 300; ++i) part.push_back(static_cast<char>(i * i % 251));
        while (message.size() < 2000) message += part;
        DeflateWire wire;
        wire.Answer(Offer("permessage-deflate; server_max_window_bits=8"));
        std::string frame = wire.Frame(Opcode::kBinary, message);
        FrameHeader header;
        frame[0] = static_cast<char>(0x82);
        const size_t size = DecodeHeader(frame, &header).value();
        const std::string back = InflatedByZlib({frame.substr(size)}, 8);
        return std::string(back == message ? "the same bytes, by an inflater with 2^8" : "others");
      });
}

TEST(Mistakes, AMessageThatDoesNotCompress) {
  Expect(
      {.sent = "a text, bytes that do not compress, and the text again",
       .expected = "all three are the same",
       .section = "RFC 7692, section 7.2.1",
       .hint = "A message that went through deflate() must be sent so, even if it became larger."},
      [] {
        std::string noise;
        for (uint32_t i = 1; i < 120; ++i)
          noise.push_back(static_cast<char>(i * 2654435761u >> 24));
        DeflateWire wire;
        wire.Answer(Offer("permessage-deflate"));
        std::vector<std::string> messages;
        for (const std::string& message : {std::string("Hello"), noise, "Hello" + noise}) {
          const std::string frame = wire.Frame(Opcode::kBinary, message);
          const bool compressed = (frame[0] & 0x40) != 0;
          const size_t header = frame[1] == 126 ? 4 : 2;
          if (compressed) messages.push_back(frame.substr(header));
        }
        return std::string(InflatedByZlib(messages, 15) == "Hello" + noise + "Hello" + noise
                               ? "all three are the same"
                               : "they differ");
      });
}

TEST(Mistakes, TheMaskCountsInflatedBytes) {
  const std::string text(1000, 'a');
  Expect({.sent = "1000 letters a, compressed, in reads of 3 bytes",
          .expected = "1 1000 bytes",
          .section = "RFC 6455, section 5.3",
          .hint = "The place in the key is that of the byte in the frame."},
         [&] {
           DeflateWire wire;
           wire.Answer(Offer("permessage-deflate"));
           return Read(wire, MaskedFrame(0xC1, Deflater(15, true).Deflate(text)), 3);
         });
}

}  // namespace
}  // namespace course
