#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;
using testing::Quoted;

constexpr uint64_t kMaxMessage = 1000;

// ---- The table ----

std::string Shown(const Transition& transition) {
  static constexpr const char* kMeanings[] = {"control", "first", "next", "forbidden"};
  static constexpr const char* kInside[] = {"nothing", "text", "binary"};
  const std::string meaning = kMeanings[static_cast<int>(transition.meaning)];
  if (transition.meaning == Meaning::kForbidden) return meaning;
  return absl::StrCat(meaning, ", after it inside ", kInside[static_cast<int>(transition.after)]);
}

void ExpectNext(Inside inside, Opcode opcode, bool fin, const std::string& expected,
                const std::string& hint) {
  static constexpr const char* kStates[] = {"no message", "a text", "a binary message"};
  Expect({.sent = absl::StrCat("inside ", kStates[static_cast<int>(inside)], ": opcode ",
                               static_cast<int>(opcode), fin ? ", FIN" : ", not FIN"),
          .expected = expected,
          .section = "RFC 6455, section 5.4",
          .hint = hint},
         [&] { return Shown(Next(inside, opcode, fin)); });
}

TEST(Messages, TheTableBetweenMessages) {
  const std::string hint = "A message begins. With FIN it is complete at once.";
  ExpectNext(Inside::kNothing, Opcode::kText, true, "first, after it inside nothing", hint);
  ExpectNext(Inside::kNothing, Opcode::kText, false, "first, after it inside text", hint);
  ExpectNext(Inside::kNothing, Opcode::kBinary, true, "first, after it inside nothing", hint);
  ExpectNext(Inside::kNothing, Opcode::kBinary, false, "first, after it inside binary", hint);
  ExpectNext(Inside::kNothing, Opcode::kContinuation, true, "forbidden",
             "There is no message to continue.");
  ExpectNext(Inside::kNothing, Opcode::kContinuation, false, "forbidden",
             "There is no message to continue.");
}

TEST(Messages, TheTableInsideAMessage) {
  ExpectNext(Inside::kText, Opcode::kContinuation, false, "next, after it inside text",
             "The message is not complete yet.");
  ExpectNext(Inside::kText, Opcode::kContinuation, true, "next, after it inside nothing",
             "FIN: the message is complete.");
  ExpectNext(Inside::kBinary, Opcode::kContinuation, false, "next, after it inside binary",
             "The message is not complete yet.");
  ExpectNext(Inside::kText, Opcode::kText, true, "forbidden",
             "The frames of one message must not be mixed with those of another.");
  ExpectNext(Inside::kBinary, Opcode::kText, false, "forbidden",
             "The frames of one message must not be mixed with those of another.");
}

TEST(Messages, TheTableForControlFrames) {
  for (const Opcode opcode : {Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    const std::string hint = "A control frame may come anywhere, and changes nothing.";
    ExpectNext(Inside::kNothing, opcode, true, "control, after it inside nothing", hint);
    ExpectNext(Inside::kText, opcode, true, "control, after it inside text", hint);
    ExpectNext(Inside::kBinary, opcode, true, "control, after it inside binary", hint);
  }
}

// ---- The reader ----

// The events of a reader for bytes that arrive in pieces of `piece` bytes.
std::string ReadInPieces(Role role, const std::string& bytes, size_t piece) {
  static constexpr const char* kNames[] = {"", "text", "binary", "",     "",    "",
                                           "", "",     "close",  "ping", "pong"};
  MessageReader reader(role, kMaxMessage);
  std::string seen;
  const auto add = [&](const std::string& text) {
    absl::StrAppend(&seen, seen.empty() ? "" : "\n", text);
  };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    for (const Event& event : reader.Read(absl::string_view(bytes).substr(at, piece))) {
      add(absl::StrCat(kNames[static_cast<int>(event.opcode)], " ",
                       event.payload.size() > 100 ? absl::StrCat(event.payload.size(), " bytes")
                                                  : Quoted(event.payload)));
    }
  }
  if (reader.failure().has_value()) add(absl::StrCat("failure ", reader.failure()->code));
  return seen.empty() ? "nothing yet" : seen;
}

// The same for the bytes at once, and byte by byte.
void ExpectRead(Role role, const std::string& bytes, const std::string& expected,
                const std::string& section, const std::string& hint) {
  const auto expect = [&](const char* how, size_t piece) {
    Expect({.sent = absl::StrCat("to a ", role == Role::kServer ? "server, " : "client, ", how,
                                 ": ", Hex(bytes)),
            .expected = expected,
            .section = absl::StrCat("RFC 6455, section ", section),
            .hint = hint},
           [&] { return ReadInPieces(role, bytes, piece); });
  };
  expect("at once", bytes.size());
  expect("byte by byte", 1);
}

void ExpectClientReads(const std::string& hex, const std::string& expected,
                       const std::string& section, const std::string& hint) {
  ExpectRead(Role::kClient, Bytes(hex), expected, section, hint);
}

TEST(Messages, AMessageInOneFrame) {
  ExpectClientReads("81 05 48 65 6c 6c 6f", "text \"Hello\"", "5.6",
                    "Collect the header until DecodeHeader gives its size; then the payload.");
  ExpectClientReads("82 03 01 02 7f", "binary \"\\x01\\x02\\x7f\"", "5.6", "Opcode 2 is binary.");
  ExpectClientReads("81 00", "text \"\"", "5.6",
                    "A payload without bytes is complete as soon as its header is.");
}

TEST(Messages, AServerUnmasks) {
  ExpectRead(Role::kServer, Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"), "text \"Hello\"", "5.3",
             "Mask() of chapter 4. If it is right at once but not byte by byte: its offset is the "
             "number of payload bytes before this piece.");
}

TEST(Messages, AnEndThatMasksWronglyFails) {
  ExpectRead(Role::kServer, Bytes("81 05 48 65 6c 6c 6f"), "failure 1002", "5.1",
             "A server must not accept a frame that is not masked.");
  ExpectRead(Role::kClient, Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"), "failure 1002", "5.1",
             "A client must not accept a frame that is masked.");
}

TEST(Messages, SeveralMessagesAndTheBeginningOfOne) {
  ExpectClientReads("81 01 61 82 01 62 81 01 63 81 05 48 65",
                    "text \"a\"\nbinary \"b\"\ntext \"c\"", "5.2",
                    "One Read() may complete several events: loop until no bytes are left.");
  ExpectClientReads("81 05 48 65", "nothing yet", "5.2", "The payload is not complete.");
  ExpectClientReads("81 7e", "nothing yet", "5.2", "The header is not complete.");
}

TEST(Messages, AMessageInFragments) {
  ExpectClientReads("01 03 48 65 6c 80 02 6c 6f", "text \"Hello\"", "5.4",
                    "The opcode is that of the first frame; the payloads are joined.");
  ExpectClientReads("02 01 61 00 01 62 00 00 80 01 63", "binary \"abc\"", "5.4",
                    "A fragment may be empty.");
  ExpectClientReads("01 01 61 80 01 62 81 01 63", "text \"ab\"\ntext \"c\"", "5.4",
                    "After the last fragment the next message begins with nothing.");
}

TEST(Messages, AControlFrameBetweenFragments) {
  ExpectClientReads("01 03 48 65 6c 89 02 48 69 80 02 6c 6f", "ping \"Hi\"\ntext \"Hello\"", "5.4",
                    "The ping is an event at once. Its payload must not get into the message.");
  ExpectRead(Role::kServer,
             Bytes("01 83 37 fa 21 3d 7f 9f 4d 89 82 37 fa 21 3d 7f 93 80 82 37 fa 21 3d 5b 95"),
             "ping \"Hi\"\ntext \"Hello\"", "5.4",
             "Each frame has a key of its own, which begins again at its first byte.");
}

TEST(Messages, FramesThatMustNotComeNow) {
  ExpectClientReads("80 01 61", "failure 1002", "5.4", "There is no message to continue.");
  ExpectClientReads("01 01 61 81 01 62", "failure 1002", "5.4", "A message inside a message.");
  ExpectClientReads("83 01 61", "failure 1002", "5.2",
                    "DecodeHeader returns an error: the connection fails with 1002.");
  ExpectClientReads("81 01 61 83 00 81 01 62", "text \"a\"\nfailure 1002", "7.1.7",
                    "The message before it counts; nothing after it does.");
}

TEST(Messages, NothingIsReadAfterAClose) {
  ExpectClientReads("88 02 03 e8 81 01 61", "close \"\\x03\\xe8\"", "5.5.1",
                    "A Close is the last frame of its sender. The rest is ignored.");
}

TEST(Messages, TextIsUtf8) {
  ExpectClientReads("81 02 c3 28", "failure 1007", "8.1", "Utf8Checker::Append of chapter 5.");
  ExpectClientReads("81 02 e2 9c", "failure 1007", "8.1",
                    "The message ends inside a character: AtEnd().");
  ExpectClientReads("01 02 e2 9c 80 01 93", "text \"\\xe2\\x9c\\x93\"", "5.6",
                    "Only the whole message must be UTF-8: one checker for all its fragments.");
  ExpectClientReads("82 02 c3 28", "binary \"\\xc3(\"", "5.6", "Binary data are any bytes.");
  ExpectClientReads("01 02 e2 9c 89 01 ff 80 01 93", "ping \"\\xff\"\ntext \"\\xe2\\x9c\\x93\"",
                    "5.5.2", "The payload of a ping is any bytes, and not a part of the text.");
}

TEST(Messages, AWrongByteFailsBeforeTheFrameIsComplete) {
  ExpectClientReads("81 7e 03 e8 48 ff", "failure 1007", "8.1",
                    "1000 bytes are announced, and the second is wrong: check what has arrived.");
}

TEST(Messages, ALimitForMessages) {
  const std::string hint =
      "The limit in this test is 1000 bytes for the payload of a whole message. Fail when the "
      "header announces more, before the payload arrives.";
  ExpectClientReads("82 7e 03 e9", "failure 1009", "10.4", hint);
  ExpectRead(Role::kClient, Bytes("82 7e 03 e8") + std::string(1000, 'a'), "binary 1000 bytes",
             "10.4", hint);
  ExpectRead(Role::kClient, Bytes("02 7e 03 20") + std::string(800, 'a') + Bytes("80 7e 00 c9"),
             "failure 1009", "10.4", "800 bytes, and then 201: together they are too many.");
  ExpectRead(Role::kClient, Bytes("02 01 61 80 7f 7f ff ff ff ff ff ff ff"), "failure 1009", "10.4",
             "Compare with what is left of the limit. The sum of both could overflow.");
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, APongBetweenFragments) {
  ExpectClientReads("01 01 61 8a 01 70 80 01 62", "pong \"p\"\ntext \"ab\"", "5.4",
                    "All three kinds of control frames may come between.");
}

TEST(Mistakes, APingBecomesAPartOfTheMessage) {
  ExpectClientReads("01 05 68 65 6c 6c 6f 89 00 80 05 77 6f 72 6c 64",
                    "ping \"\"\ntext \"helloworld\"", "5.4", "The bytes of the thread.");
}

TEST(Mistakes, TheFinOfAPingEndsTheMessage) {
  ExpectClientReads("01 01 61 89 01 70 00 01 62 89 00 80 01 63",
                    "ping \"p\"\nping \"\"\ntext \"abc\"", "5.4",
                    "FIN of a control frame says nothing about the message.");
}

TEST(Mistakes, LengthsAreAddedAndOverflow) {
  ExpectClientReads("02 01 61 80 7f 7f ff ff ff ff ff ff ff", "failure 1009", "10.4",
                    "Compare the length with the limit minus what is there: that cannot overflow.");
}

TEST(Mistakes, ALengthIsBelieved) {
  ExpectClientReads("82 7f 00 00 01 00 00 00 00 00", "failure 1009", "10.4",
                    "A header of 1 TB: compare before you reserve anything.");
}

TEST(Mistakes, TheMaskBitIsIgnored) {
  ExpectRead(Role::kServer, Bytes("81 06 37 fa 21 3d 7f 9f"), "failure 1002", "5.1",
             "Without the bit there is no key, and a server must not read on.");
}

}  // namespace
}  // namespace course
