#include "weft/core/opening_handshake.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "weft/core/connection.h"
#include "weft/core/http/http_status.h"
#include "weft/core/testing/frames.h"

namespace weft {
namespace {

using Use = CompressionOptions::Use;

ClientHandshake Ask(Use use, UpgradeOffer offer = {}) {
  return *ClientHandshake::Create(*ParseUrl("ws://localhost/chat"), {.use = use}, offer);
}

absl::StatusOr<AcceptedHandshake> Answer(const ClientHandshake& client, Use use,
                                         absl::string_view subprotocol = "") {
  const HttpRequest http = *ParseHttpRequest(client.request());
  return AcceptHandshake(*ParseUpgradeRequest(http), {.use = use}, subprotocol);
}

absl::StatusOr<AgreedHandshake> Check(const ClientHandshake& client,
                                      const AcceptedHandshake& accepted) {
  return client.Check(*ParseHttpResponse(accepted.response));
}

TEST(OpeningHandshakeTest, BothAgreeOnASubprotocolAndCompression) {
  const ClientHandshake client = Ask(Use::kOn, {.subprotocols = {"chat", "superchat"}});
  const absl::StatusOr<AcceptedHandshake> accepted = Answer(client, Use::kOn, "superchat");
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_TRUE(accepted->deflate.has_value());
  const absl::StatusOr<AgreedHandshake> agreed = Check(client, *accepted);
  ASSERT_TRUE(agreed.ok()) << agreed.status();
  EXPECT_TRUE(agreed->deflate.has_value());
  EXPECT_EQ(agreed->subprotocol, "superchat");
}

TEST(OpeningHandshakeTest, NothingIsCompressedUnlessBothWantIt) {
  for (const auto& [client_use, server_use] :
       {std::pair{Use::kOff, Use::kOn}, {Use::kOn, Use::kOff}, {Use::kOff, Use::kOff}}) {
    const ClientHandshake client = Ask(client_use);
    const absl::StatusOr<AcceptedHandshake> accepted = Answer(client, server_use);
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    EXPECT_FALSE(accepted->deflate.has_value());
    const absl::StatusOr<AgreedHandshake> agreed = Check(client, *accepted);
    ASSERT_TRUE(agreed.ok()) << agreed.status();
    EXPECT_FALSE(agreed->deflate.has_value());
  }
}

TEST(OpeningHandshakeTest, RequiredCompressionThatTheOtherSideDoesNotHave) {
  const absl::StatusOr<AcceptedHandshake> accepted = Answer(Ask(Use::kOff), Use::kRequired);
  EXPECT_EQ(HttpStatusOf(accepted.status()), 400) << accepted.status();
  const ClientHandshake client = Ask(Use::kRequired);
  const absl::StatusOr<AgreedHandshake> agreed = Check(client, *Answer(client, Use::kOff));
  EXPECT_TRUE(absl::IsFailedPrecondition(agreed.status())) << agreed.status();
}

TEST(OpeningHandshakeTest, AnAnswerToAnotherRequestIsRefused) {
  const absl::StatusOr<AgreedHandshake> agreed =
      Check(Ask(Use::kOff), *Answer(Ask(Use::kOff), Use::kOff));
  EXPECT_TRUE(absl::IsInvalidArgument(agreed.status())) << agreed.status();
}

TEST(OpeningHandshakeTest, WhatCannotBeSentIsAnError) {
  const absl::StatusOr<ClientHandshake> client =
      ClientHandshake::Create(*ParseUrl("ws://localhost/"), {}, {.subprotocols = {"not a token"}});
  EXPECT_TRUE(absl::IsInvalidArgument(client.status())) << client.status();
}

std::string Early(const ClientHandshake& client) {
  return absl::StrCat(client.request(), testing::ClientFrame(Opcode::kText, "early"));
}

TEST(OpeningHandshakeTest, FramesThatFollowTheHeadAreTheFirstInput) {
  const ClientHandshake client = Ask(Use::kOff);
  HandshakeReader reader;
  ASSERT_TRUE(reader.Read(Early(client)).ok());
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.head(), client.request());

  Connection connection(Role::kServer, {});
  reader.GiveRestTo(connection);
  const std::optional<Event> event = connection.NextEvent();
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->payload, "early");
  EXPECT_FALSE(connection.NextEvent().has_value());
}

// Wherever it is cut, the rest of a frame may be read from elsewhere.
TEST(OpeningHandshakeTest, EveryCutOfHeadAndFirstFrame) {
  const ClientHandshake client = Ask(Use::kOff);
  const std::string sent = Early(client);
  for (size_t cut = 1; cut < sent.size(); ++cut) {
    HandshakeReader reader;
    Connection connection(Role::kServer, {});
    ASSERT_TRUE(reader.Read(absl::MakeConstSpan(sent).first(cut)).ok());
    reader.GiveRestTo(connection);
    EXPECT_EQ(reader.complete(), cut >= client.request().size());
    EXPECT_EQ(reader.head(), reader.complete() ? client.request() : "");
    EXPECT_FALSE(connection.NextEvent().has_value());

    const std::string rest = sent.substr(cut);
    char scratch[100];
    if (reader.complete()) {
      const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
      std::copy(rest.begin(), rest.end(), into.begin());
      connection.DidRead(rest.size());
    } else {
      ASSERT_TRUE(reader.Read(rest).ok());
      reader.GiveRestTo(connection);
    }
    const std::optional<Event> event = connection.NextEvent();
    ASSERT_TRUE(event.has_value()) << cut;
    EXPECT_EQ(event->payload, "early");
  }
}

TEST(OpeningHandshakeTest, WhatIsNoHandshakeIsAnError) {
  HandshakeReader reader({.max_head_bytes = 20});
  EXPECT_TRUE(reader.Read(absl::MakeConstSpan("GET / ", 6)).ok());
  EXPECT_EQ(HttpStatusOf(reader.Read(std::string(20, 'x'))), 431);
  EXPECT_EQ(HttpStatusOf(ReadUpgradeRequest("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status()), 426);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadUpgradeRequest("nonsense\r\n\r\n").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ask(Use::kOff).Check("nonsense\r\n\r\n").status()));
  HandshakeReader complete;
  EXPECT_TRUE(complete.Read(absl::MakeConstSpan("GET / HTTP/1.1\r\n\r\n", 18)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(complete.Read(absl::MakeConstSpan("x", 1))));
}

}  // namespace
}  // namespace weft
