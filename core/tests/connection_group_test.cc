// Connections of a group behave as others do, and an idle one holds nothing.

#include "weft/core/connection_group.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

using testing::ClientFrame;
using testing::ClosePayload;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConnectionGroupTest : public ::testing::Test {
 protected:
  // Feeds `input` in one read, echoes messages, and writes all output. Returns the frames written.
  std::vector<std::string> Echo(Connection& connection, absl::string_view input) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch_));
    std::copy(input.begin(), input.end(), into.begin());
    connection.DidRead(input.size());
    while (const std::optional<Event> event = connection.NextEvent()) {
      EXPECT_FALSE(connection.Rest()) << "an event is in use";
      if (event->type != Event::Type::kMessage) continue;
      EXPECT_TRUE(connection.SendMessage(event->opcode, event->payload).ok());
    }
    return Written(connection);
  }

  static std::vector<std::string> Written(Connection& connection) {
    std::string bytes;
    while (connection.queued_bytes() > 0) {
      const auto parts = connection.WriteBuffers();
      absl::StrAppend(&bytes, parts[0], parts[1]);
      connection.DidWrite(parts[0].size() + parts[1].size());
    }
    std::vector<std::string> frames = testing::DescribeFrames(bytes);
    for (std::string& frame : frames) frame = std::string(absl::StripPrefix(frame, "fin "));
    return frames;
  }

  // Whether it has given its activity back, which Rest would do now: an idle one has that of all.
  bool IsAtRest(const Connection& connection) {
    const Connection idle(group_);
    return &connection.status() == &idle.status();
  }

  BufferPool pool_;
  CodecPool codecs_;
  ConnectionOptions options_ = {.pool = &pool_, .codecs = &codecs_};
  ConnectionGroup group_{Role::kServer, options_};
  std::vector<char> scratch_ = std::vector<char>(64 << 10);
};

TEST_F(ConnectionGroupTest, RestsBetweenMessages) {
  Connection connection(group_);
  EXPECT_TRUE(connection.Rest());
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Echo(connection, ClientFrame(Opcode::kText, "Hello")), ElementsAre("text Hello"));
    EXPECT_TRUE(connection.Rest());
    EXPECT_EQ(connection.queued_bytes(), 0u);
    EXPECT_EQ(connection.buffered_bytes(), 0u);
    EXPECT_TRUE(connection.open());
  }
}

TEST_F(ConnectionGroupTest, DoesNotRestWhileAnythingIsOnItsWay) {
  const std::string frame = ClientFrame(Opcode::kText, "Hello");
  for (size_t size = 1; size < frame.size(); ++size) {
    Connection connection(group_), other(group_);
    EXPECT_THAT(Echo(connection, frame.substr(0, size)), IsEmpty());
    EXPECT_FALSE(connection.Rest()) << size;
    EXPECT_THAT(Echo(other, frame), ElementsAre("text Hello")) << size;
    EXPECT_THAT(Echo(connection, frame.substr(size)), ElementsAre("text Hello")) << size;
    EXPECT_TRUE(connection.Rest()) << size;
  }
  Connection connection(group_), other(group_);
  Echo(connection, ClientFrame(Opcode::kText, "", /*fin=*/false));
  EXPECT_FALSE(connection.Rest()) << "inside a message";
  EXPECT_THAT(Echo(other, frame), ElementsAre("text Hello"));
  EXPECT_THAT(Echo(connection, ClientFrame(Opcode::kContinuation, "end")), ElementsAre("text end"));
  EXPECT_TRUE(connection.Rest());

  ASSERT_TRUE(connection.SendText("Hello").ok());
  EXPECT_FALSE(connection.Rest()) << "output waits";
  connection.DidWrite(3);
  EXPECT_FALSE(connection.Rest());
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(connection.Rest());

  ASSERT_TRUE(connection.SendFragment(Opcode::kText, "", /*fin=*/false).ok());
  Written(connection);
  EXPECT_FALSE(connection.Rest()) << "inside a message of its own";
  EXPECT_FALSE(other.in_fragmented_message());
  ASSERT_TRUE(other.SendText("Hello").ok());
  ASSERT_TRUE(connection.SendFragment(Opcode::kText, "", /*fin=*/true).ok());
  Written(connection);
  EXPECT_TRUE(connection.Rest());
}

// The buffer of written output serves the next connection, but not while that waits for a frame.
TEST_F(ConnectionGroupTest, AnUnfinishedFrameHoldsNoBufferOfAnotherConnection) {
  Connection first(group_), second(group_);
  const std::string large(10000, 'x'), frame = ClientFrame(Opcode::kText, "Hello");
  EXPECT_THAT(Echo(first, ClientFrame(Opcode::kText, large)), ElementsAre("text " + large));
  ASSERT_TRUE(first.Rest());
  EXPECT_THAT(Echo(second, frame.substr(0, 8)), IsEmpty());
  EXPECT_TRUE(second.has_unfinished_input());
  EXPECT_LT(second.buffered_bytes(), 100u);
  EXPECT_THAT(Echo(second, frame.substr(8)), ElementsAre("text Hello"));
}

TEST_F(ConnectionGroupTest, RestsOncePayloadsThatWereNotCopiedAreWritten) {
  Connection connection(group_);
  const std::string frame(EncodedMessage::Make(Opcode::kText, "Hello")->frame());
  const auto kept = std::make_shared<const std::string>(1000, 'x');
  ASSERT_TRUE(connection.SendBorrowedFrames(frame).ok());
  EXPECT_FALSE(IsAtRest(connection));
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(IsAtRest(connection)) << "after borrowed frames";
  ASSERT_TRUE(connection.SendKept(Opcode::kText, *kept, kept).ok());
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(IsAtRest(connection)) << "after a kept payload";
  EXPECT_EQ(kept.use_count(), 1);
  ASSERT_TRUE(connection.SendBinary(std::string(100000, 'x')).ok());
  connection.DidWrite(connection.queued_bytes());
  EXPECT_TRUE(IsAtRest(connection)) << "after a large buffer";
}

MaskingKey NoKey() { throw std::runtime_error("no random numbers"); }

TEST_F(ConnectionGroupTest, AFragmentThatThrowsLeavesNothingToAnotherConnection) {
  ConnectionGroup clients(Role::kClient, {.masking_key = NoKey});
  Connection connection(clients), other(clients);
  EXPECT_THROW(connection.SendFragment(Opcode::kText, "x", /*fin=*/false).IgnoreError(),
               std::runtime_error);
  EXPECT_FALSE(connection.Rest()) << "inside a message of its own";
  EXPECT_THROW(other.SendPing().IgnoreError(), std::runtime_error);
  EXPECT_FALSE(other.in_fragmented_message());
}

TEST_F(ConnectionGroupTest, DoesNotRestOnceItEnds) {
  Connection closed(group_), failed(group_), ended(group_), closing(group_), owes(group_);
  Echo(closed, ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "")));
  Echo(failed, "xx");
  ended.DidReadEof();
  ASSERT_TRUE(closing.SendClose(CloseCode::kNormal).ok());
  owes.set_answers_close_later(true);
  Echo(owes, ClientFrame(Opcode::kClose, ClosePayload(CloseCode::kNormal, "")));
  for (Connection* connection : {&closed, &failed, &ended, &closing, &owes}) {
    Written(*connection);
    EXPECT_FALSE(connection->Rest());
    EXPECT_TRUE(connection->closing());
  }
  EXPECT_FALSE(failed.status().ok());
  owes.AnswerClose();
  EXPECT_THAT(Written(owes), ElementsAre("close 1000"));

  // Their memory serves others, without their state.
  {
    Connection gone(group_);
    Echo(gone, "xx");
  }
  Connection connection(group_);
  EXPECT_TRUE(connection.status().ok());
  EXPECT_THAT(Echo(connection, ClientFrame(Opcode::kText, "Hello")), ElementsAre("text Hello"));
}

TEST_F(ConnectionGroupTest, SeveralMixedByTheByte) {
  constexpr int kConnections = 5;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<std::string> inputs, expected, written(kConnections);
  for (int i = 0; i < kConnections; ++i) {
    connections.push_back(std::make_unique<Connection>(group_));
    if (i % 2 == 1) connections.back()->UseDeflate({}, options_);
    inputs.push_back(absl::StrCat(ClientFrame(Opcode::kText, std::string(i, 'x'), false),
                                  ClientFrame(Opcode::kPing, "ping"),
                                  ClientFrame(Opcode::kContinuation, std::string(300 * i, 'y')),
                                  ClientFrame(Opcode::kBinary, absl::StrCat("end of ", i))));
  }
  for (size_t at = 0; at < 2000; ++at) {
    for (int i = 0; i < kConnections; ++i) {
      if (at >= inputs[i].size()) continue;
      for (const std::string& frame : Echo(*connections[i], inputs[i].substr(at, 1))) {
        absl::StrAppend(&written[i], frame.substr(0, 12), "|");
      }
      EXPECT_EQ(connections[i]->Rest(),
                at + 1 == inputs[i].size() || connections[i]->has_unfinished_input() == false);
    }
  }
  for (int i = 0; i < kConnections; ++i) {
    EXPECT_TRUE(connections[i]->Rest());
    EXPECT_TRUE(connections[i]->status().ok());
    EXPECT_THAT(written[i], ::testing::StartsWith("pong ping|")) << i;
  }
}

// Its compressor's window stays with the connection.
TEST_F(ConnectionGroupTest, RestsWithCompression) {
  Connection connection(group_), other(group_), client(Role::kClient, {});
  connection.UseDeflate({}, options_);
  client.UseDeflate({}, options_);
  const std::string text(1000, 'x');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.SendText(text).ok());
    const std::string frame(client.WriteBuffer());
    client.DidWrite(frame.size());
    const std::vector<std::string> echo = Echo(connection, frame);
    ASSERT_EQ(echo.size(), 1u);
    EXPECT_THAT(echo[0], ::testing::StartsWith("compressed"));
    EXPECT_TRUE(connection.Rest());
    EXPECT_TRUE(connection.compressed());
    EXPECT_THAT(Echo(other, ClientFrame(Opcode::kText, text)),
                ElementsAre(absl::StrCat("text ", text)))
        << "the codec is not the other's";
  }
}

// Without takeover it has no codec while it rests.
TEST_F(ConnectionGroupTest, RestsWithCompressionWithoutTakeover) {
  const DeflateAgreement agreement = {.send_takeover = false,
                                      .send_window_bits = 9,
                                      .receive_takeover = false,
                                      .receive_window_bits = 10};
  Connection connection(group_), client(Role::kClient, {});
  connection.UseDeflate(agreement, options_);
  client.UseDeflate({.send_takeover = false,
                     .send_window_bits = 10,
                     .receive_takeover = false,
                     .receive_window_bits = 9},
                    options_);
  const std::string text(1000, 'x');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.SendText(text).ok());
    const std::string frame(client.WriteBuffer());
    client.DidWrite(frame.size());
    // Cut anywhere: the codec that has begun a message stays.
    EXPECT_THAT(Echo(connection, frame.substr(0, frame.size() - 3)), IsEmpty());
    EXPECT_FALSE(connection.Rest());
    const std::vector<std::string> echo = Echo(connection, frame.substr(frame.size() - 3));
    ASSERT_EQ(echo.size(), 1u);
    EXPECT_THAT(echo[0], ::testing::StartsWith("compressed"));
    EXPECT_TRUE(connection.Rest());
    EXPECT_TRUE(connection.compressed());
    EXPECT_EQ(connection.compression_bytes(), 0u);
    EXPECT_EQ(connection.buffered_bytes(), 0u);
    EXPECT_GT(codecs_.unused_deflaters(), 0u);
    ASSERT_TRUE(connection.SendText(text).ok()) << "also when it sends first";
    EXPECT_LT(connection.queued_bytes(), text.size());
    Written(connection);
    EXPECT_TRUE(connection.Rest());
  }
}

TEST_F(ConnectionGroupTest, AloneItNeverRests) {
  Connection connection(Role::kServer, options_);
  Echo(connection, ClientFrame(Opcode::kText, "Hello"));
  EXPECT_FALSE(connection.Rest());
  EXPECT_EQ(connection.buffered_bytes(), 0u);
}

// A slow reader's large output does not stay in the memory that the next connection gets.
TEST_F(ConnectionGroupTest, LargeBuffersGoBackToThePool) {
  Connection connection(group_);
  ASSERT_TRUE(connection.SendBinary(std::string(1 << 20, 'x')).ok());
  Written(connection);
  EXPECT_TRUE(connection.Rest());
  EXPECT_GE(pool_.unused_bytes(), 1u << 20);
}

}  // namespace
}  // namespace weft
