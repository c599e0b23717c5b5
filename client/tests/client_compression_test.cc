// The client with permessage-deflate (RFC 7692).

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::ConnectOrDie;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Use = CompressionOptions::Use;

ClientOptions With(const CompressionOptions& compression) {
  ClientOptions options = testing::Quiet();
  options.connection.compression = compression;
  return options;
}

std::string Deflated(absl::string_view text) {
  Deflater deflater(DeflateSettings{});
  std::string out(deflater.Bound(text.size()), '\0');
  out.resize(deflater.Deflate(text, /*last=*/true, out.data()));
  return out;
}

// A compressed message from a server.
std::string Compressed(absl::string_view payload) {
  return testing::Frame({.rsv = kRsv1, .opcode = Opcode::kText}, payload);
}

TEST(ClientCompression, IsOfferedWhereItIsAskedFor) {
  std::vector<std::string> requests;
  for (const CompressionOptions& compression :
       {CompressionOptions{}, CompressionOptions{.use = Use::kOn},
        CompressionOptions{.use = Use::kOn, .send_takeover = false, .receive_window_bits = 15}}) {
    FakeServer server([&](FakePeer& peer) {
      const std::string request = peer.ReadRequest();
      requests.push_back(request);
      peer.Write(FakePeer::Accept(request));
      peer.EchoToEnd();
    });
    auto client = ConnectOrDie(server, With(compression));
    EXPECT_FALSE(client->compressed());
    // The server accepted nothing, which it may do.
    EXPECT_TRUE(client->SendText(std::string(1000, 'x')).ok());
    EXPECT_RECEIVES(client, std::string(1000, 'x'));
    EXPECT_TRUE(client->Close().ok());
    server.Join();
  }
  EXPECT_THAT(requests[0], Not(HasSubstr("Sec-WebSocket-Extensions")));
  EXPECT_THAT(requests[1],
              HasSubstr("\r\nSec-WebSocket-Extensions: "
                        "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, "
                        "permessage-deflate; client_max_window_bits=12\r\n"));
  EXPECT_THAT(requests[2], HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                     "client_no_context_takeover; client_max_window_bits\r\n"));
}

TEST(ClientCompression, EchoesWithEveryAgreement) {
  for (const bool takeover : {false, true}) {
    for (const int window_bits : {8, 15}) {
      const CompressionOptions compression = {.use = Use::kRequired,
                                              .send_takeover = takeover,
                                              .send_window_bits = window_bits,
                                              .receive_takeover = takeover,
                                              .receive_window_bits = window_bits,
                                              .min_bytes = 0};
      FakeServer server([&](FakePeer& peer) {
        peer.AcceptCompressed(compression);
        EXPECT_THAT(peer.EchoToEnd(), StartsWith("close 1000"));
      });
      auto client = ConnectOrDie(server, With(compression));
      EXPECT_TRUE(client->compressed());
      for (const size_t size : {0, 10, 1000, 100000, 1 << 20}) {
        std::string text;
        for (int i = 0; text.size() < size; ++i) absl::StrAppend(&text, i * 7919 % 10007, ",");
        text.resize(size);
        ASSERT_TRUE(client->SendText(text).ok());
        EXPECT_RECEIVES(client, text);
        ASSERT_TRUE(client->SendFragment(Opcode::kBinary, text, false).ok());
        ASSERT_TRUE(client->SendFragment(Opcode::kBinary, "", true).ok());
        EXPECT_RECEIVES(client, text);
      }
      EXPECT_TRUE(client->Close().ok());
    }
  }
}

// RFC 7692, section 7.2.3: the example, and the one that refers to it.
TEST(ClientCompression, ReadsTheExamplesOfTheRfc) {
  const std::string hello("\xF2\x48\xCD\xC9\xC9\x07\x00", 7), again("\xF2\x00\x11\x00\x00", 5);
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptCompressed({.use = Use::kOn}, Compressed(hello) + Compressed(again));
    peer.ReadToEnd();
  });
  auto client = ConnectOrDie(server, With({.use = Use::kOn}));
  EXPECT_RECEIVES(client, "Hello");
  EXPECT_RECEIVES(client, "Hello");
}

TEST(ClientCompression, SendsThatMustNotBeCompressed) {
  std::string first_bytes;
  const std::string text(100, 'x');
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptCompressed({.use = Use::kOn});
    for (int i = 0; i < 3; ++i) first_bytes += peer.ReadBytes(2 + 4 + 100)[0];
    first_bytes += peer.ReadBytes(1);
    peer.ReadToEnd();
  });
  auto client = ConnectOrDie(server, With({.use = Use::kOn}));
  ASSERT_TRUE(client->SendText(text, {.compress = Compress::kNo}).ok());
  ASSERT_TRUE(client->SendBinary(text, {.compress = Compress::kNo}).ok());
  ASSERT_TRUE(client->SendFragment(Opcode::kText, text, true, {.compress = Compress::kNo}).ok());
  ASSERT_TRUE(client->SendText(text).ok());
  client.reset();
  server.Join();
  EXPECT_EQ(first_bytes, "\x81\x82\x81\xC1");
}

TEST(ClientCompression, WhereItIsRequiredAServerWithoutIsTold1010) {
  std::string told;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    told = peer.Next();
  });
  const absl::Status status = Client::Connect(server.url(), With({.use = Use::kRequired})).status();
  EXPECT_CODE(status, kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the server did not accept compression, which this client requires"));
  server.Join();
  EXPECT_EQ(told, "close 1010 the server did not accept compression, which this client requires");
}

TEST(ClientCompression, R5_R7_WhatTheServerMustNotChoose) {
  for (const auto& [chosen, why] : std::vector<std::pair<std::string, std::string>>{
           {"permessage-deflate; server_max_window_bits=16", "is not 8 to 15"},
           {"permessage-deflate; server_max_window_bits=7", "is not 8 to 15"},
           {"permessage-deflate; server_max_window_bits", "has no value"},
           {"permessage-deflate; server_max_window_bits=", "is not a token"},
           {"permessage-deflate; server_max_window_bits=\"\"", "is not a token"},
           {"permessage-deflate; client_max_window_bits", "has no value"},
           {"permessage-deflate; server_no_context_takeover=1", "has a value"},
           {"permessage-deflate; unknown", "is not a parameter"},
           {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", "twice"},
           {"permessage-deflate, permessage-deflate", "twice"},
           {"permessage-deflate; server_max_window_bits=12", "without server_no_context_takeover"},
           {"other", "was not offered"}}) {
    FakeServer server([&, chosen = chosen](FakePeer& peer) {
      peer.Write(FakePeer::Accept(peer.ReadRequest(), "", chosen));
      peer.ReadToEnd();
    });
    const absl::Status status =
        Client::Connect(server.url(), With({.use = Use::kOn, .receive_takeover = false})).status();
    EXPECT_CODE(status, kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(why)) << chosen;
  }
}

// 200 MiB of zeros, 204 kB on the wire.
TEST(ClientCompression, R4_ABombEndsTheConnection) {
  const std::string bomb = Compressed(Deflated(std::string(200 << 20, '\0')));
  std::string told;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptCompressed({.use = Use::kOn});
    peer.Write(bomb);
    told = peer.Next();
  });
  auto client = ConnectOrDie(server, With({.use = Use::kOn}));
  EXPECT_CODE(client->Receive().status(), kResourceExhausted);
  EXPECT_EQ(client->close_info().code, CloseCode::kMessageTooBig);
  server.Join();
  EXPECT_THAT(told, StartsWith("close 1009 "));
}

TEST(ClientCompression, CorruptDataEndsTheConnection) {
  std::string told;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptCompressed({.use = Use::kOn}, Compressed("\x07"));
    told = peer.Next();
  });
  auto client = ConnectOrDie(server, With({.use = Use::kOn}));
  EXPECT_CODE(client->Receive().status(), kInvalidArgument);
  server.Join();
  EXPECT_THAT(told, StartsWith("close 1007 "));
}

TEST(ClientCompression, OptionsOutOfTheirRange) {
  const absl::Status status =
      Client::Connect("ws://127.0.0.1:1/", With({.memory_level = 10})).status();
  EXPECT_CODE(status, kInvalidArgument);
  EXPECT_EQ(status.message(), "connection.compression.memory_level is 10, expected 1 to 9");
}

// {} is the default options, for a view and for a string that could be moved from: compressed.
TEST(ClientCompression, EmptyOptionsAreTheDefault) {
  std::string bytes;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptCompressed({.use = Use::kOn});
    bytes = peer.ReadBytes(1 << 20);
  });
  auto client = ConnectOrDie(server, With({.use = Use::kOn}));
  const std::string text(1000, 'x');
  EXPECT_TRUE(client->SendText(text, {}).ok());
  EXPECT_TRUE(client->SendText(std::string(text), {}).ok());
  EXPECT_TRUE(client->SendBinary(text, {}).ok());
  EXPECT_TRUE(client->SendMessage(Opcode::kText, text, {}).ok());
  EXPECT_TRUE(client->SendFragment(Opcode::kText, text, true, {}).ok());
  EXPECT_TRUE(client->Send(Message{.opcode = Opcode::kText, .payload = text}, {}).ok());
  EXPECT_TRUE(client->Send(*EncodedMessage::Make(Opcode::kText, text, {})).ok());
  EXPECT_TRUE(client->SendText(text, {.compress = Compress::kNo}).ok());
  EXPECT_TRUE(client->Send(*EncodedMessage::Make(Opcode::kText, text, Compress::kNo)).ok());
  client.reset();
  server.Join();
  const std::vector<std::string> frames = testing::DescribeFrames(bytes);
  ASSERT_EQ(frames.size(), 9u);
  for (int i = 0; i < 7; ++i) EXPECT_THAT(frames[i], StartsWith("fin masked compressed ")) << i;
  EXPECT_EQ(frames[7], "fin masked text " + text);
  EXPECT_EQ(frames[8], "fin masked text " + text);
}

}  // namespace
}  // namespace weft
