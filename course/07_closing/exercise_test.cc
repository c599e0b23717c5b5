#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"
#include "course/testing/expect.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;
using testing::Quoted;

// ---- Codes and payloads ----

TEST(Closing, CodesThatMayBeSent) {
  const auto expect = [](int code, bool may, const std::string& hint) {
    Expect({.sent = absl::StrCat("code ", code),
            .expected = may ? "may be sent" : "must not be sent",
            .section = "RFC 6455, section 7.4",
            .hint = hint},
           [&] { return std::string(MayBeSent(code) ? "may be sent" : "must not be sent"); });
  };
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}) {
    expect(code, true, "It is registered: the table of the README.");
  }
  for (const int code : {1005, 1006, 1015}) {
    expect(code, false, "It is for applications only, \"MUST NOT be set as a status code\".");
  }
  expect(1004, false, "It is reserved.");
  for (const int code : {3000, 3999, 4000, 4999}) {
    expect(code, true, "For libraries and frameworks (3000 to 3999) and applications (4000 on).");
  }
  for (const int code : {0, 999, 1016, 1999, 2000, 2999, 5000, 65535}) {
    expect(code, false, "It has no meaning.");
  }
}

TEST(Closing, ThePayloadOfACloseFrame) {
  const auto expect = [](int code, const std::string& reason, const std::string& hex,
                         const std::string& hint) {
    Expect({.sent = absl::StrCat("ClosePayload(", code, ", ", Quoted(reason), ")"),
            .expected = hex,
            .section = "RFC 6455, section 5.5.1",
            .hint = hint},
           [&] { return Hex(ClosePayload(code, reason)); });
  };
  expect(1000, "bye", "03 e8 62 79 65", "Two bytes of code, the higher first; then the reason.");
  expect(1000, "", "03 e8", "The reason may be empty.");
  expect(kNoCode, "", "no bytes", "1005 means: a Close frame without a payload.");
  for (const int code : {kNoCode, kNoClose, 1015, 1004, 999, 5000}) {
    expect(code, "bye", "no bytes", "A code that must not be sent is not sent, nor is its reason.");
  }
}

TEST(Closing, ALongReasonIsCutBetweenCharacters) {
  const auto expect = [](const std::string& reason, size_t kept, const std::string& hint) {
    Expect({.sent = absl::StrCat("ClosePayload(1000, a reason of ", reason.size(), " bytes)"),
            .expected = absl::StrCat("2 bytes of code, and the first ", kept, " of the reason"),
            .section = "RFC 6455, sections 5.5 and 5.5.1",
            .hint = hint},
           [&] {
             const std::string payload = ClosePayload(1000, reason);
             if (payload != Bytes("03 e8") + reason.substr(0, payload.size() - 2)) {
               return Hex(payload);
             }
             return absl::StrCat("2 bytes of code, and the first ", payload.size() - 2,
                                 " of the reason");
           });
  };
  expect(std::string(123, 'a'), 123, "A control frame has up to 125 bytes: 2 and 123.");
  expect(std::string(124, 'a'), 123, "A control frame has up to 125 bytes: 2 and 123.");
  const std::string hint =
      "Bytes 10xxxxxx are not the first of a character. Go back from the cut until the byte after "
      "it "
      "is not one of these.";
  expect(std::string(122, 'a') + "\xC3\xA4", 122, hint);
  expect(std::string(122, 'a') + "\xE2\x9C\x93", 122, hint);
  expect(std::string(121, 'a') + "\xF0\x9F\x98\x80", 121, hint);
  expect(std::string(120, 'a') + "\xE2\x9C\x93z", 123, "The character fits, the z does not.");
}

TEST(Closing, TheReceivedPayloadIsChecked) {
  const auto expect = [](const std::string& hex, const std::string& expected,
                         const std::string& section, const std::string& hint) {
    Expect({.sent = hex.empty() ? "a Close frame without a payload" : hex,
            .expected = expected,
            .section = absl::StrCat("RFC 6455, section ", section),
            .hint = hint},
           [&] {
             CloseInfo info;
             const std::optional<Failure> failure = ReadClosePayload(Bytes(hex), &info);
             if (failure.has_value()) return absl::StrCat("failure ", failure->code);
             return absl::StrCat("code ", info.code, ", reason ", Quoted(info.reason));
           });
  };
  expect("03 e8 62 79 65", "code 1000, reason \"bye\"", "5.5.1", "The code, and the rest.");
  expect("0f a0", "code 4000, reason \"\"", "5.5.1", "The code alone.");
  expect("", "code 1005, reason \"\"", "7.1.5", "No code was sent: the application sees 1005.");
  expect("03", "failure 1002", "5.5.1", "If there is a payload, it begins with two bytes of code.");
  expect("03 ed", "failure 1002", "7.4.1", "1005 must not be sent.");
  expect("00 00", "failure 1002", "7.4.2", "0 to 999 are not used.");
  expect("03 e8 ff", "failure 1007", "5.5.1 and 8.1", "The reason is UTF-8: chapter 5.");
  expect("03 e8 e2 9c", "failure 1007", "5.5.1 and 8.1", "The reason ends inside a character.");
}

// ---- The handshake ----

// Collects what a Closing says, step by step.
class Script {
 public:
  explicit Script(Role role) : closing_(role) {}

  Script& Start(int code, const std::string& reason) { return Sent(closing_.Start(code, reason)); }
  Script& PeerSent(const std::string& hex) { return Sent(closing_.PeerSent(Bytes(hex))); }
  Script& Fail(int code) { return Sent(closing_.Fail({code, "why"})); }
  Script& Ended() {
    closing_.Ended();
    return *this;
  }

  // "sends 03 e8; socket: wait; ..." of all steps.
  std::string Seen() {
    static constexpr const char* kSockets[] = {"open", "wait", "half-close", "close"};
    return absl::StrCat(seen_, "socket: ", kSockets[static_cast<int>(closing_.socket())],
                        closing_.may_send() ? "; may send" : "");
  }
  std::string Info() {
    return absl::StrCat("code ", closing_.info().code, ", reason ", Quoted(closing_.info().reason));
  }

 private:
  Script& Sent(const std::optional<std::string>& payload) {
    absl::StrAppend(&seen_,
                    payload.has_value() ? absl::StrCat("sends ", Hex(*payload)) : "no Close", "; ");
    return *this;
  }

  Closing closing_;
  std::string seen_;
};

TEST(Closing, BeforeAnything) {
  Expect({.sent = "nothing",
          .expected = "socket: open; may send",
          .section = "RFC 6455, section 7.1.2",
          .hint = "No Close frame was sent or received."},
         [] { return Script(Role::kServer).Seen(); });
}

TEST(Closing, TheApplicationOfAServerCloses) {
  const std::string section = "RFC 6455, sections 5.5.1 and 7.1.1";
  Expect({.sent = "server: Start(1000, \"bye\")",
          .expected = "sends 03 e8 62 79 65; socket: open",
          .section = section,
          .hint = "After a Close frame this end sends nothing more, but the peer may: its messages "
                  "are still read until its Close frame."},
         [] { return Script(Role::kServer).Start(1000, "bye").Seen(); });
  Expect({.sent = "server: Start(1000, \"bye\"), then the peer's Close frame 03 e8",
          .expected = "sends 03 e8 62 79 65; no Close; socket: half-close",
          .section = section,
          .hint = "Both have sent a Close frame. The server ends the TCP connection first."},
         [] { return Script(Role::kServer).Start(1000, "bye").PeerSent("03 e8").Seen(); });
}

TEST(Closing, ThePeerOfAServerCloses) {
  Expect({.sent = "server: the peer's Close frame 0f a0 62 79 65",
          .expected = "sends 0f a0; socket: half-close",
          .section = "RFC 6455, section 5.5.1",
          .hint = "The answer has the code of the peer. Then both have sent a Close frame."},
         [] { return Script(Role::kServer).PeerSent("0f a0 62 79 65").Seen(); });
  Expect({.sent = "server: the peer's Close frame without a payload",
          .expected = "sends no bytes; socket: half-close",
          .section = "RFC 6455, section 5.5.1",
          .hint = "1005 must not be sent: the answer to a Close without a code has none."},
         [] { return Script(Role::kServer).PeerSent("").Seen(); });
}

TEST(Closing, AClientWaitsForTheServerToCloseTheSocket) {
  const std::string section = "RFC 6455, section 7.1.1";
  Expect({.sent = "client: Start(1000, \"\"), then the server's Close frame 03 e8",
          .expected = "sends 03 e8; no Close; socket: wait",
          .section = section,
          .hint = "The server closes the socket first, so that the server keeps TCP's TIME-WAIT."},
         [] { return Script(Role::kClient).Start(1000, "").PeerSent("03 e8").Seen(); });
  Expect({.sent = "the same, and then the end of the TCP connection",
          .expected = "sends 03 e8; no Close; socket: close",
          .section = section,
          .hint = "Ended()."},
         [] { return Script(Role::kClient).Start(1000, "").PeerSent("03 e8").Ended().Seen(); });
}

TEST(Closing, BothBeginAtTheSameTime) {
  Expect(
      {.sent = "server: Start(1001, \"\"), then the peer's own Close frame 03 e8, and Start again",
       .expected = "sends 03 e9; no Close; no Close; socket: half-close",
       .section = "RFC 6455, section 7.1.2",
       .hint = "Each end sends one Close frame, never two."},
      [] {
        return Script(Role::kServer).Start(1001, "").PeerSent("03 e8").Start(1000, "").Seen();
      });
}

TEST(Closing, AFailureDoesNotWaitForAnAnswer) {
  const std::string section = "RFC 6455, section 7.1.7";
  const std::string hint =
      "After a failure nothing of the peer is processed, not even its Close frame.";
  Expect({.sent = "server: Fail(1002)",
          .expected = "sends 03 ea 77 68 79; socket: half-close",
          .section = section,
          .hint = hint},
         [] { return Script(Role::kServer).Fail(1002).Seen(); });
  Expect({.sent = "client: Fail(1002)",
          .expected = "sends 03 ea 77 68 79; socket: half-close",
          .section = section,
          .hint = hint},
         [] { return Script(Role::kClient).Fail(1002).Seen(); });
  Expect({.sent = "server: the peer's Close frame with code 1005, which must not be sent",
          .expected = "a Close frame with 1002; socket: half-close",
          .section = "RFC 6455, sections 7.1.7 and 7.4.1",
          .hint = "ReadClosePayload returns a failure: this is Fail()."},
         [] {
           Closing closing(Role::kServer);
           const std::optional<std::string> payload = closing.PeerSent(Bytes("03 ed"));
           return absl::StrCat(payload.has_value() && payload->substr(0, 2) == Bytes("03 ea")
                                   ? "a Close frame with 1002"
                                   : "another answer",
                               closing.socket() == Socket::kHalfClose ? "; socket: half-close"
                                                                      : "; another socket");
         });
}

TEST(Closing, TheCodeThatTheApplicationSees) {
  Expect({.sent = "server: the peer's Close frame 03 e8 62 79 65",
          .expected = "code 1000, reason \"bye\"",
          .section = "RFC 6455, sections 7.1.5 and 7.1.6",
          .hint = "The code and the reason of the peer's Close frame."},
         [] { return Script(Role::kServer).PeerSent("03 e8 62 79 65").Info(); });
  Expect({.sent = "server: the peer's Close frame without a payload",
          .expected = "code 1005, reason \"\"",
          .section = "RFC 6455, section 7.1.5",
          .hint = "There was a Close frame, but no code."},
         [] { return Script(Role::kServer).PeerSent("").Info(); });
  Expect({.sent = "server: Start(1000, \"\"), and then the TCP connection ends",
          .expected = "code 1006, reason \"\"",
          .section = "RFC 6455, section 7.1.5",
          .hint = "The peer did not send a Close frame, whatever this end has sent."},
         [] { return Script(Role::kServer).Start(1000, "").Ended().Info(); });
}

TEST(Closing, TheConnectionEndsWithoutAClose) {
  Expect({.sent = "server: the TCP connection ends",
          .expected = "socket: close",
          .section = "RFC 6455, section 7.1.4",
          .hint = "Nobody is left to send to: may_send() is false, too."},
         [] { return Script(Role::kServer).Ended().Seen(); });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, OneByteIsNoCode) {
  Expect({.sent = "server: the peer's Close frame 03",
          .expected = "a Close with 1002; code 1006",
          .section = "RFC 6455, section 5.5.1",
          .hint = "An empty payload has no code, and one byte is wrong."},
         [] {
           Closing closing(Role::kServer);
           const std::optional<std::string> sent = closing.PeerSent("\x03");
           return absl::StrCat(sent.has_value() && sent->substr(0, 2) == Bytes("03 ea")
                                   ? "a Close with 1002"
                                   : "another Close",
                               "; code ", closing.info().code);
         });
}

TEST(Mistakes, TwoBytesOfAnEmptyPayload) {
  Expect({.sent = "server: the peer's Close frame without a payload",
          .expected = "sends no bytes; socket: half-close",
          .section = "RFC 6455, section 5.5.1",
          .hint = "Look at the size before you look at the code. The answer has no code, either."},
         [] { return Script(Role::kServer).PeerSent("").Seen(); });
}

TEST(Mistakes, CodesThatAreForApplicationsAreSent) {
  for (const int code : {kNoCode, kNoClose, 1015}) {
    Expect(
        {.sent = absl::StrCat("Start(", code, ", \"\") of an application that passes the code of ",
                              "another connection on"),
         .expected = "sends no bytes; socket: open",
         .section = "RFC 6455, section 7.4.1",
         .hint = "ClosePayload has no bytes for these codes: a Close frame without a payload."},
        [&] { return Script(Role::kServer).Start(code, "").Seen(); });
  }
  for (const char* hex : {"03 ed", "03 ee", "03 f7"}) {
    Expect(
        {.sent = absl::StrCat("server: the peer's Close frame ", hex),
         .expected = "1002",
         .section = "RFC 6455, section 7.4.1",
         .hint = "1005, 1006 and 1015 must not be in a frame."},
        [&] {
          Closing closing(Role::kServer);
          const std::optional<std::string> sent = closing.PeerSent(Bytes(hex));
          return std::string(sent.value_or("").substr(0, 2) == Bytes("03 ea") ? "1002" : "another");
        });
  }
}

TEST(Mistakes, AReasonIsCutInsideACharacter) {
  std::string faces;
  for (int i = 0; i < 40; ++i) faces += "\xF0\x9F\x98\x80";
  Expect({.sent = "ClosePayload(1000, 40 faces of 4 bytes each), read by ReadClosePayload",
          .expected = "30 faces",
          .section = "RFC 6455, sections 5.5 and 5.5.1",
          .hint = "120 bytes: the character that begins at byte 120 does not fit into 123."},
         [&] {
           CloseInfo info;
           if (ReadClosePayload(ClosePayload(1000, faces), &info).has_value())
             return std::string("refused");
           return absl::StrCat(info.reason.size() / 4, " faces");
         });
}

}  // namespace
}  // namespace course
