#include "examples/inspect/conversation.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/hex.h"

namespace examples {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using weft::Opcode;
using weft::Role;
using weft::testing::ClientFrame;
using weft::testing::Frame;
using weft::testing::Hex;
using weft::testing::ServerFrame;

constexpr char kRequest[] =
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
constexpr char kResponse[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string WithDeflate(absl::string_view response) {
  return absl::StrReplaceAll(
      response, {{"\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"}});
}

// A log, and one conversation in it, whose clock the test controls.
class ConversationTest : public ::testing::Test {
 protected:
  void Client(absl::string_view bytes) { conversation_.Read(Role::kClient, bytes); }
  void Server(absl::string_view bytes) { conversation_.Read(Role::kServer, bytes); }
  void Open() {
    Client(kRequest);
    Server(kResponse);
    seen_ = 2;
  }

  // The new entries since the last call: "client text Hello", with errors after two dashes.
  std::vector<std::string> Seen() {
    std::vector<std::string> lines;
    while (const std::optional<TapEntry> entry = log_.Find(seen_ + 1)) {
      ++seen_;
      const nlohmann::json summary = SummaryJson(*entry);
      const bool frame = entry->kind == TapEntry::Kind::kFrame;
      std::string line = absl::StrCat(
          summary["sender"].get<std::string>(), " ",
          frame ? summary["name"].get<std::string>() + " " : "",
          summary.contains("start") ? summary["start"].get<std::string>() : "", entry->text);
      const std::string problem = summary["problem"].get<std::string>();
      if (!problem.empty()) absl::StrAppend(&line, " -- ", problem);
      lines.push_back(std::move(line));
    }
    return lines;
  }

  TapLog log_;
  absl::Time now_ = absl::UnixEpoch();
  Conversation conversation_{1, log_, [this] { return now_; }};
  uint64_t seen_ = 0;
};

TEST_F(ConversationTest, AHandshakeAndFramesOfBothDirections) {
  Client(kRequest);
  Server(kResponse);
  now_ += absl::Milliseconds(1500);
  Client(ClientFrame(Opcode::kText, "Hello"));
  Server(ServerFrame(Opcode::kBinary, Hex("00 ff")));
  Client(ClientFrame(Opcode::kClose, weft::testing::ClosePayload(weft::CloseCode::kNormal, "bye")));
  EXPECT_THAT(Seen(),
              ElementsAre("client GET /chat HTTP/1.1", "server HTTP/1.1 101 Switching Protocols",
                          "client text Hello", "server binary 00 ff", "client close 1000 bye"));
  EXPECT_EQ(log_.Find(2)->since_open, absl::ZeroDuration());
  EXPECT_EQ(log_.Find(3)->since_open, absl::Milliseconds(1500));
}

TEST_F(ConversationTest, BytesThatComeOneByOne) {
  for (const char byte : std::string(kRequest)) Client({&byte, 1});
  for (const char byte : kResponse + ServerFrame(Opcode::kText, "Hello")) Server({&byte, 1});
  EXPECT_THAT(Seen(), ElementsAre("client GET /chat HTTP/1.1",
                                  "server HTTP/1.1 101 Switching Protocols", "server text Hello"));
}

TEST_F(ConversationTest, FramesBehindTheHandshakeInOneRead) {
  Client(kRequest);
  Server(kResponse + ServerFrame(Opcode::kText, "a") + ServerFrame(Opcode::kText, "b"));
  EXPECT_THAT(Seen(), ElementsAre(StartsWith("client"), StartsWith("server HTTP"), "server text a",
                                  "server text b"));
}

TEST_F(ConversationTest, CompressionIsWhatWasAgreedOn) {
  Client(kRequest);
  Server(WithDeflate(kResponse));
  Seen();
  const std::string hello = Hex("f2 48 cd c9 c9 07 00"), again = Hex("f2 00 11 00 00");
  for (const std::string& payload : {hello, again}) {
    Client(Frame({.rsv = weft::kRsv1, .masked = true}, payload));
    Server(Frame({.rsv = weft::kRsv1}, payload));
  }
  EXPECT_THAT(Seen(), ElementsAre("client text Hello", "server text Hello", "client text Hello",
                                  "server text Hello"));
}

TEST_F(ConversationTest, EachBrokenFrameAndItsRule) {
  Open();
  Client(ServerFrame(Opcode::kText, "unmasked") + Frame({.rsv = weft::kRsv3, .masked = true}, "a") +
         ClientFrame(Opcode::kText, "\xff") + ClientFrame(Opcode::kPing, "b", false) +
         ClientFrame(Opcode::kPing, std::string(126, 'x')) +
         Frame({.rsv = weft::kRsv1, .masked = true}, Hex("f2 48 cd c9 c9 07 00")));
  Server(ServerFrame(Opcode::kText, "good") +
         ServerFrame(Opcode::kClose, weft::testing::ClosePayload(weft::CloseCode::kAbnormal)));
  const std::vector<std::string> seen = Seen();
  EXPECT_THAT(
      seen,
      ElementsAre("client text unmasked -- a client must mask every frame (RFC 6455, section 5.1)",
                  HasSubstr("a reserved bit is set that no extension uses"),
                  HasSubstr("the text is not UTF-8 (RFC 6455, section 8.1)"),
                  HasSubstr("a control frame must not be fragmented (RFC 6455, section 5.5)"),
                  HasSubstr("a control frame carries at most 125 bytes (RFC 6455, section 5.5)"),
                  HasSubstr("a reserved bit is set that no extension uses (RFC 6455, section 5.2)"),
                  "server text good",
                  HasSubstr("the close code is not allowed on the wire (RFC 6455, section 7.4)")));
}

TEST_F(ConversationTest, AnAcceptKeyThatIsWrong) {
  Client(kRequest);
  Server(absl::StrReplaceAll(kResponse, {{"s3pPLM", "XXXXXX"}}));
  Server(ServerFrame(Opcode::kText, "still read"));
  EXPECT_THAT(Seen(), ElementsAre(StartsWith("client"),
                                  AllOf(StartsWith("server HTTP/1.1 101"),
                                        HasSubstr("but must be s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
                                  "server text still read"));
}

TEST_F(ConversationTest, APageIsLoggedByItsHeadAlone) {
  Client("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello");
  Client("GET /icon HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(Seen(),
              ElementsAre(AllOf(StartsWith("client GET / HTTP/1.1"), HasSubstr("a WebSocket")),
                          AllOf(StartsWith("server HTTP/1.1 200 OK"), HasSubstr("a WebSocket"))));
}

TEST_F(ConversationTest, ARefusedUpgradeIsTheEndOfIt) {
  Client(kRequest);
  Server("HTTP/1.1 403 Forbidden\r\n\r\nno");
  Client(ClientFrame(Opcode::kText, "who listens?"));
  EXPECT_THAT(Seen(), ElementsAre("client GET /chat HTTP/1.1",
                                  "server HTTP/1.1 403 Forbiddendoes not open a WebSocket"));
}

TEST_F(ConversationTest, WhatIsNoHttp) {
  Client("SSH-2.0-OpenSSH\r\n\r\n");
  const std::vector<std::string> seen = Seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_THAT(seen[0], HasSubstr(" -- "));
}

TEST_F(ConversationTest, AHeadWithoutAnEnd) {
  for (int i = 0; i < 100; ++i) Client(std::string(1024, 'x'));
  const std::vector<std::string> seen = Seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_THAT(seen[0], HasSubstr(" -- "));
}

TEST_F(ConversationTest, AStreamThatEndsInsideAFrame) {
  Open();
  Client(ClientFrame(Opcode::kText, "Hello").substr(0, 8));
  conversation_.End(Role::kClient);
  conversation_.End(Role::kServer);
  EXPECT_THAT(
      Seen(),
      ElementsAre(
          "client the client ended its stream -- it ended inside a frame, of which 8 bytes came",
          "server the server ended its stream"));
}

TEST_F(ConversationTest, AFrameThatArrivesSlowlyIsShownBefore) {
  Open();
  const std::string frame = ServerFrame(Opcode::kText, std::string(1000, 'x'));  // a header of 4
  const auto shown = [this] {
    const std::optional<TapEntry> entry = log_.FindArriving(1, Role::kServer);
    return entry.has_value() ? static_cast<int>(entry->frame.payload_bytes) : -1;
  };
  Server(frame.substr(0, 3));
  EXPECT_FALSE(conversation_.HasProgress(Role::kServer)) << "its header is not complete";
  Server(frame.substr(3, 101));
  EXPECT_TRUE(conversation_.HasProgress(Role::kServer));
  now_ += Conversation::kProgressPause - absl::Milliseconds(1);
  Server(frame.substr(104, 50));
  EXPECT_EQ(shown(), -1) << "it has just begun";
  now_ += absl::Milliseconds(1);
  Server(frame.substr(154, 50));
  EXPECT_EQ(shown(), 200);
  EXPECT_FALSE(conversation_.HasProgress(Role::kServer));
  Server(frame.substr(204, 100));
  EXPECT_EQ(shown(), 200) << "less than the pause later";
  EXPECT_TRUE(conversation_.HasProgress(Role::kServer));
  conversation_.ShowProgress(Role::kServer);  // it stalls
  EXPECT_EQ(shown(), 300);
  EXPECT_FALSE(conversation_.HasProgress(Role::kClient));
  Server(frame.substr(304) + frame.substr(0, 200));
  EXPECT_EQ(shown(), -1) << "complete; and the next has just begun";
  conversation_.ShowProgress(Role::kServer);
  EXPECT_EQ(shown(), 196);
  conversation_.Close();
  EXPECT_EQ(shown(), -1);
}

TEST_F(ConversationTest, TheLogKeepsTheLast) {
  Open();
  for (size_t i = 0; i < TapLog::kKept; ++i) Client(ClientFrame(Opcode::kText, "x"));
  EXPECT_FALSE(log_.Find(0).has_value());
  EXPECT_FALSE(log_.Find(2).has_value());
  EXPECT_EQ(log_.Find(3)->id, 3u);
  EXPECT_TRUE(log_.Find(TapLog::kKept + 2).has_value());
  EXPECT_FALSE(log_.Find(TapLog::kKept + 3).has_value());
}

}  // namespace
}  // namespace examples
