// The messages that a connection sends with permessage-deflate (RFC 7692); its peer must be able to
// read them.

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

using testing::Cuts;
using testing::DescribeFrames;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::Feed;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr DeflateAgreement kNoTakeover = {.send_takeover = false, .receive_takeover = false};

// The two ends of one connection.
class Pair {
 public:
  explicit Pair(const DeflateAgreement& server, ConnectionOptions options = {})
      : server_(Role::kServer, options), client_(Role::kClient, options) {
    server_.UseDeflate(server, options);
    client_.UseDeflate({.send_takeover = server.receive_takeover,
                        .send_window_bits = server.receive_window_bits,
                        .receive_takeover = server.send_takeover,
                        .receive_window_bits = server.send_window_bits},
                       options);
  }

  Connection& server() { return server_; }
  Connection& client() { return client_; }

  // Moves the output of one end to the other; returns the other's events.
  std::vector<std::string> ToClient(Cuts cuts = Cuts::Whole()) {
    return Move(server_, client_, cuts);
  }
  std::vector<std::string> ToServer(Cuts cuts = Cuts::Whole()) {
    return Move(client_, server_, cuts);
  }

 private:
  static std::vector<std::string> Move(Connection& from, Connection& to, Cuts cuts) {
    const std::string bytes(from.WriteBuffer());
    from.DidWrite(bytes.size());
    EXPECT_EQ(from.queued_bytes(), 0u);
    std::vector<std::string> events = Feed(to, bytes, cuts);
    EXPECT_TRUE(to.status().ok()) << to.status();
    return events;
  }

  Connection server_, client_;
};

std::string ChatLine(int i) {
  return absl::StrCat("{\"type\":\"message\",\"room\":\"general\",\"user\":\"user", i % 7,
                      "\",\"text\":\"this is line number ", i, " of the conversation\"}");
}

// Connection::SendText("...", {}) and every other {} in its place must not turn compression off.
static_assert(Compress{} == Compress::kYes);

TEST(ConnectionDeflateSend, CompressesAndTheOtherEndInflates) {
  for (const DeflateAgreement& agreement :
       {DeflateAgreement{}, kNoTakeover, DeflateAgreement{.send_takeover = false},
        DeflateAgreement{.receive_takeover = false},
        DeflateAgreement{.send_window_bits = 8, .receive_window_bits = 9}}) {
    Pair pair(agreement);
    size_t bytes = 0;
    for (int i = 0; i < 50; ++i) {
      const std::string line = ChatLine(i), large = line + std::string(100 * i, '.');
      ASSERT_TRUE(pair.server().SendText(line).ok());
      ASSERT_TRUE(pair.server().SendBinary(large).ok());
      bytes += pair.server().queued_bytes();
      EXPECT_THAT(pair.ToClient(i % 2 ? Cuts::Whole() : Cuts::Random(i + 1)),
                  ElementsAre("text " + line, "binary " + large));
      ASSERT_TRUE(pair.client().SendBinary(large).ok());
      ASSERT_TRUE(pair.client().SendText(line).ok());
      EXPECT_THAT(pair.ToServer(i % 2 ? Cuts::Random(i) : Cuts::Whole()),
                  ElementsAre("binary " + large, "text " + line));
    }
    EXPECT_LT(bytes, agreement.send_takeover && agreement.send_window_bits == 15 ? 6000u : 14000u);
  }
}

TEST(ConnectionDeflateSend, OnlyWhatIsWorthItAndMayBe) {
  Pair pair({}, {.compression = {.min_bytes = 100}});
  Connection& server = pair.server();
  const std::string small(99, 's'), large(100, 'l');
  ASSERT_TRUE(server.SendText(small).ok());
  ASSERT_TRUE(server.SendText(large).ok());
  ASSERT_TRUE(server.SendText(large, Compress::kNo).ok());
  ASSERT_TRUE(server.SendBinary(large, Compress::kNo).ok());
  ASSERT_TRUE(server.SendPing(large).ok());
  ASSERT_TRUE(server.SendFragment(Opcode::kText, small, true).ok());
  ASSERT_TRUE(server.SendFragment(Opcode::kText, "", false).ok());
  ASSERT_TRUE(server.SendFragment(Opcode::kText, small, true, Compress::kNo).ok());
  ASSERT_TRUE(server.SendFragment(Opcode::kText, "", false, Compress::kNo).ok());
  ASSERT_TRUE(server.SendFragment(Opcode::kText, large, true).ok());
  const std::vector<std::string> frames = DescribeFrames(server.WriteBuffer());
  ASSERT_EQ(frames.size(), 10u);
  EXPECT_EQ(frames[0], "fin text " + small);
  EXPECT_THAT(frames[1], StartsWith("fin compressed text "));
  EXPECT_EQ(frames[2], "fin text " + large);
  EXPECT_EQ(frames[3], "fin binary " + large);
  EXPECT_EQ(frames[4], "fin ping " + large);
  EXPECT_EQ(frames[5], "fin text " + small);
  EXPECT_EQ(frames[6], "compressed text ");
  EXPECT_THAT(frames[7], AllOf(StartsWith("fin continuation "), Not(HasSubstr(small))));
  EXPECT_EQ(frames[8], "text ");
  EXPECT_EQ(frames[9], "fin continuation " + large);
  EXPECT_THAT(pair.ToClient(),
              ElementsAre("text " + small, "text " + large, "text " + large, "binary " + large,
                          "ping " + large, "text " + small, "text " + small, "text " + large));
}

TEST(ConnectionDeflateSend, FragmentsWithControlFramesInBetween) {
  for (const DeflateAgreement& agreement : {DeflateAgreement{}, kNoTakeover}) {
    Pair pair(agreement);
    for (const std::vector<std::string>& parts : std::vector<std::vector<std::string>>{
             {"Schu\xC3", "\x9F"}, {"", "x", ""}, {"", "", ""}, {ChatLine(1), ChatLine(2)}}) {
      std::string text;
      for (const std::string& part : parts) {
        text += part;
        for (Connection* from : {&pair.server(), &pair.client()}) {
          ASSERT_TRUE(from->SendFragment(Opcode::kText, part, &part == &parts.back()).ok());
          ASSERT_TRUE(from->SendPong("p").ok());
        }
      }
      std::vector<std::string> expected(parts.size(), "pong p");
      expected.insert(expected.end() - 1, "text " + text);
      EXPECT_THAT(pair.ToClient(), ElementsAreArray(expected));
      EXPECT_THAT(pair.ToServer(Cuts::ByteByByte()), ElementsAreArray(expected));
    }
  }
}

TEST(ConnectionDeflateSend, MistakesChangeNothing) {
  Pair pair({});
  const std::string bad = ChatLine(1) + "\xFF";
  EXPECT_EQ(pair.server().SendText(bad).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pair.server().SendBorrowed(Opcode::kText, bad).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pair.server().SendFragment(Opcode::kText, bad, true).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pair.server().queued_bytes(), 0u);
  ASSERT_TRUE(pair.server().SendText(ChatLine(1)).ok());
  EXPECT_THAT(pair.ToClient(), ElementsAre("text " + ChatLine(1)));
}

// The echoed payload lies in the connection's own memory.
TEST(ConnectionDeflateSend, EchoOfWhatWasInflated) {
  for (const Compress compress : {Compress::kYes, Compress::kNo}) {
    for (const size_t size : {200, 20000, 300000}) {
      Pair pair({});
      std::string text;
      for (int i = 0; text.size() < size; ++i) text += ChatLine(i);
      ASSERT_TRUE(pair.client().SendText(text).ok());
      ASSERT_TRUE(pair.client().SendText(text).ok());
      const std::string bytes(pair.client().WriteBuffer());
      std::vector<char> scratch(bytes.size());
      Connection& server = pair.server();
      const absl::Span<char> into = server.ReadBuffer(absl::MakeSpan(scratch));
      std::copy(bytes.begin(), bytes.end(), into.begin());
      server.DidRead(bytes.size());
      for (int i = 0; i < 2; ++i) {
        const std::optional<Event> event = server.NextEvent();
        ASSERT_TRUE(event.has_value() && event->payload == text);
        ASSERT_TRUE(server.SendBorrowed(event->opcode, event->payload, compress).ok());
        server.DidWrite(0);
      }
      EXPECT_FALSE(server.NextEvent().has_value());
      EXPECT_THAT(pair.ToClient(), ElementsAre("text " + text, "text " + text));
    }
  }
}

TEST(ConnectionDeflateSend, PropertyRoundTrips) {
  std::mt19937 random(7);
  for (int round = 0; round < 40; ++round) {
    Pair pair({.send_takeover = random() % 2 == 0,
               .send_window_bits = 8 + static_cast<int>(random() % 8),
               .receive_takeover = random() % 2 == 0,
               .receive_window_bits = 8 + static_cast<int>(random() % 8)},
              {.compression = {.memory_level = 1 + static_cast<int>(random() % 9),
                               .level = 1 + static_cast<int>(random() % 9),
                               .min_bytes = random() % 200}});
    std::string history;
    for (int i = 0; i < 20; ++i) {
      std::string data;
      const size_t size = random() % (size_t{1} << (random() % 16));
      while (data.size() < size) {  // new bytes, and some that were sent earlier
        const size_t part = random() % 100;
        if (random() % 2 == 0 && history.size() > part) {
          data += history.substr(random() % (history.size() - part), part);
        } else {
          for (size_t b = 0; b < part; ++b) data += static_cast<char>(random());
        }
      }
      history += data;
      const bool to_client = random() % 2 == 0;
      Connection& from = to_client ? pair.server() : pair.client();
      const size_t cut = random() % (data.size() + 1);
      switch (random() % 4) {
        case 0:
          ASSERT_TRUE(from.SendBinary(data).ok());
          break;
        case 1:
          ASSERT_TRUE(from.SendBinary(data, Compress::kNo).ok());
          break;
        case 2:
          ASSERT_TRUE(from.SendFragment(Opcode::kBinary, data.substr(0, cut), false).ok());
          ASSERT_TRUE(from.SendFragment(Opcode::kBinary, data.substr(cut), true).ok());
          break;
        case 3:
          if (to_client) {
            ASSERT_TRUE(from.SendEncoded(*EncodedMessage::Make(Opcode::kBinary, data)).ok());
          } else {
            ASSERT_TRUE(from.SendBorrowed(Opcode::kBinary, data).ok());
          }
          break;
      }
      const Cuts cuts = random() % 2 == 0 ? Cuts::Whole() : Cuts::Random(round * 20 + i + 1);
      EXPECT_THAT(to_client ? pair.ToClient(cuts) : pair.ToServer(cuts),
                  ElementsAre("binary " + data));
    }
  }
}

// A frame compressed for many connections, between messages that refer to each other: this
// corrupted the next message in another library.
TEST(ConnectionDeflateSend, EncodedForManyBetweenMessagesWithTakeover) {
  const std::string news = absl::StrCat("the same for all, ", ChatLine(100), ChatLine(101));
  for (const int window_bits : {8, 11, 15}) {
    const EncodedMessage message = *EncodedMessage::Make(Opcode::kText, news);
    for (const bool takeover : {false, true}) {
      Pair pair({.send_takeover = takeover, .send_window_bits = window_bits});
      for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(pair.server().SendText(ChatLine(i)).ok());
        ASSERT_TRUE(pair.server().SendEncoded(message).ok());
        ASSERT_TRUE(pair.server().SendEncoded(message).ok());
        ASSERT_TRUE(pair.server().SendText(ChatLine(i)).ok());
        ASSERT_TRUE(pair.server().SendText(ChatLine(i + 1)).ok());
        const std::vector<std::string> frames = DescribeFrames(pair.server().WriteBuffer());
        for (const std::string& frame : frames) EXPECT_THAT(frame, StartsWith("fin compressed "));
        // Takeover continues after it.
        EXPECT_EQ(takeover, frames[4].size() < frames[3].size() / 2);
        EXPECT_THAT(pair.ToClient(),
                    ElementsAre("text " + ChatLine(i), "text " + news, "text " + news,
                                "text " + ChatLine(i), "text " + ChatLine(i + 1)));
      }
    }
  }
}

TEST(ConnectionDeflateSend, EncodedForManyGoesPlainToWhomItMust) {
  const std::string news = ChatLine(1) + ChatLine(2);
  Pair pair({}, {.compression = {.min_bytes = 1000}});
  ASSERT_TRUE(pair.server().SendEncoded(*EncodedMessage::Make(Opcode::kText, news)).ok());
  Connection plain(Role::kServer, {});
  ASSERT_TRUE(plain.SendEncoded(*EncodedMessage::Make(Opcode::kText, news)).ok());
  Pair secret({});
  ASSERT_TRUE(
      secret.server().SendEncoded(*EncodedMessage::Make(Opcode::kText, news, Compress::kNo)).ok());
  for (Connection* connection : {&pair.server(), &plain, &secret.server()}) {
    EXPECT_THAT(DescribeFrames(connection->WriteBuffer()), ElementsAre("fin text " + news));
  }
}

TEST(ConnectionDeflateSend, ReleaseIdleIsUnseenByThePeer) {
  Pair pair({}, {.compression = {.release_when_idle = true}});
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.server().SendText(ChatLine(i)).ok());
    EXPECT_THAT(pair.ToClient(), ElementsAre("text " + ChatLine(i)));
    pair.server().ReleaseIdle();
    if (i % 2 == 0) pair.server().ReleaseIdle();
  }
}

}  // namespace
}  // namespace weft
