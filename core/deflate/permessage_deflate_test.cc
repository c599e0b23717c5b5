#include "weft/core/deflate/permessage_deflate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using Use = CompressionOptions::Use;

constexpr absl::string_view kName = "permessage-deflate";

// With the largest windows, nothing of them is in the answer.
constexpr CompressionOptions kLarge = {
    .use = Use::kOn, .send_window_bits = 15, .receive_window_bits = 15};

// "send 15 takeover, receive 10", after the text on the wire.
std::string Describe(absl::string_view extension, const DeflateAgreement& agreement) {
  return absl::StrCat(extension, " | send ", agreement.send_window_bits,
                      agreement.send_takeover ? " takeover" : "", ", receive ",
                      agreement.receive_window_bits, agreement.receive_takeover ? " takeover" : "");
}

// A server's answer to the value of Sec-WebSocket-Extensions: "none" if it accepts nothing.
std::string Accept(absl::string_view header, CompressionOptions options = kLarge) {
  if (options.use == Use::kOff) options.use = Use::kOn;
  ExtensionList offers;
  if (absl::Status status = ParseExtensions(header, &offers); !status.ok()) {
    return std::string(status.message());
  }
  const absl::StatusOr<std::optional<AcceptedDeflate>> answer = AcceptDeflate(offers, options);
  if (!answer.ok()) return std::string(answer.status().message());
  const std::optional<AcceptedDeflate>& accepted = *answer;
  return accepted.has_value() ? Describe(accepted->extension, accepted->agreement) : "none";
}

// The client's result for that answer, or the error's message.
std::string Check(absl::string_view header, CompressionOptions options = kLarge) {
  if (options.use == Use::kOff) options.use = Use::kOn;
  ExtensionList response;
  if (absl::Status status = ParseExtensions(header, &response); !status.ok()) {
    return std::string(status.message());
  }
  const auto agreement = CheckDeflateResponse(response, options);
  if (!agreement.ok()) {
    EXPECT_EQ(agreement.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(agreement.status().message());
  }
  return agreement->has_value() ? Describe("ok", **agreement) : "none";
}

// With `parameters` after the name.
std::string With(absl::string_view parameters) {
  return absl::StrCat(kName, parameters.empty() ? "" : "; ", parameters);
}

TEST(AcceptDeflateTest, Rfc7692Section_7_1_3_Examples) {
  EXPECT_EQ(Accept("permessage-deflate"),
            "permessage-deflate | send 15 takeover, receive 15 takeover");
  EXPECT_EQ(Accept("permessage-deflate; client_max_window_bits; server_max_window_bits=10"),
            "permessage-deflate; server_max_window_bits=10 | "
            "send 10 takeover, receive 15 takeover");
  // The first offer is preferred.
  EXPECT_EQ(Accept("permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                   "permessage-deflate; client_max_window_bits"),
            "permessage-deflate; server_max_window_bits=10 | "
            "send 10 takeover, receive 15 takeover");
}

TEST(AcceptDeflateTest, Section_7_1_1_ContextTakeover) {
  // The server confirms and applies what a client requests.
  EXPECT_EQ(Accept(With("server_no_context_takeover")),
            "permessage-deflate; server_no_context_takeover | send 15, receive 15 takeover");
  // A client's statement about itself need not be confirmed; if it is, the server can rely on it.
  EXPECT_EQ(Accept(With("client_no_context_takeover")),
            "permessage-deflate; client_no_context_takeover | send 15 takeover, receive 15");
  // A server may require both without being asked.
  EXPECT_EQ(Accept(kName, {.send_takeover = false, .receive_takeover = false}),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover | "
            "send 15, receive 15");
}

TEST(AcceptDeflateTest, Section_7_1_2_1_ServerWindow) {
  for (int offered = 8; offered <= 15; ++offered) {
    for (int wanted = 8; wanted <= 15; ++wanted) {
      const int agreed = std::min(offered, wanted);
      EXPECT_EQ(Accept(With(absl::StrCat("server_max_window_bits=", offered)),
                       {.send_window_bits = wanted}),
                absl::StrCat("permessage-deflate; server_max_window_bits=", agreed, " | send ",
                             agreed, " takeover, receive 15 takeover"));
    }
  }
  EXPECT_EQ(Accept(kName, {.send_window_bits = 9}),
            "permessage-deflate; server_max_window_bits=9 | "
            "send 9 takeover, receive 15 takeover");
}

TEST(AcceptDeflateTest, Section_7_1_2_2_ClientWindow) {
  for (int offered = 8; offered <= 15; ++offered) {
    for (int wanted = 8; wanted <= 15; ++wanted) {
      const int agreed = std::min(offered, wanted);
      EXPECT_EQ(Accept(With(absl::StrCat("client_max_window_bits=", offered)),
                       {.send_window_bits = 15, .receive_window_bits = wanted}),
                absl::StrCat("permessage-deflate; client_max_window_bits=", agreed,
                             " | send 15 takeover, receive ", agreed, " takeover"));
    }
  }
  EXPECT_EQ(
      Accept(With("client_max_window_bits"), {.send_window_bits = 15, .receive_window_bits = 9}),
      "permessage-deflate; client_max_window_bits=9 | "
      "send 15 takeover, receive 9 takeover");
  // A client that did not state that it understands the parameter must not be sent it. It keeps its
  // takeover.
  EXPECT_EQ(Accept(kName, {.send_window_bits = 15, .receive_window_bits = 9}),
            "permessage-deflate | send 15 takeover, receive 15 takeover");
}

// Without takeover codecs are shared: a small window would save no memory, only make messages
// larger.
TEST(AcceptDeflateTest, WithoutTakeoverTheWindowIsTheLargest) {
  EXPECT_EQ(Accept(With("client_max_window_bits"), {.send_takeover = false,
                                                    .send_window_bits = 9,
                                                    .receive_takeover = false,
                                                    .receive_window_bits = 9}),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover | "
            "send 15, receive 15");
  EXPECT_EQ(Accept(With("server_no_context_takeover; server_max_window_bits=10"), {}),
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10 | "
            "send 10, receive 15 takeover");
}

TEST(AcceptDeflateTest, TheOffersOfBrowsersWithTheDefaults) {
  // Chromium and Safari
  EXPECT_EQ(Accept(With("client_max_window_bits"), {}),
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12 | "
            "send 12 takeover, receive 12 takeover");
  // Firefox
  EXPECT_EQ(Accept(kName, {}),
            "permessage-deflate; server_max_window_bits=12 | "
            "send 12 takeover, receive 15 takeover");
}

// Section 7.1: the server must decline such an offer. The next may be acceptable.
TEST(AcceptDeflateTest, R5_R7_OffersThatMakeNoSenseArePassedOver) {
  for (const absl::string_view parameters :
       {"unknown",
        "unknown=1",
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=0",
        "server_max_window_bits=08",
        "server_max_window_bits=+9",
        "server_max_window_bits=-9",
        "server_max_window_bits=1e1",
        "server_max_window_bits=10.0",
        "server_max_window_bits=0xa",
        "server_max_window_bits=4294967306",
        "server_max_window_bits=99999999999999999999",
        "server_max_window_bits=ten",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=010",
        "client_max_window_bits=x",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; client_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits",
        "client_max_window_bits=10; client_max_window_bits=10",
        "SERVER_MAX_WINDOW_BITS=10"}) {
    const std::string offer = With(parameters);
    EXPECT_EQ(Accept(offer), "none") << parameters;
    EXPECT_EQ(Accept(absl::StrCat("x-webkit-deflate-frame, ", offer, ", ", kName,
                                  "; server_max_window_bits=11")),
              "permessage-deflate; server_max_window_bits=11 | "
              "send 11 takeover, receive 15 takeover")
        << parameters;
  }
}

// Section 9.1 of RFC 6455: a quoted value must be a token, too.
TEST(AcceptDeflateTest, R5_QuotedValues) {
  EXPECT_EQ(Accept(With("server_max_window_bits=\"10\"")),
            "permessage-deflate; server_max_window_bits=10 | "
            "send 10 takeover, receive 15 takeover");
  EXPECT_EQ(Accept(With("server_max_window_bits=\"16\"")), "none");
  for (const absl::string_view broken : {"server_max_window_bits=", "server_max_window_bits=\"\"",
                                         "server_max_window_bits=\"10", "; ", "=10"}) {
    EXPECT_THAT(Accept(With(broken)), HasSubstr("in Sec-WebSocket-Extensions")) << broken;
  }
}

TEST(AcceptDeflateTest, RequiredAndNotOffered) {
  const CompressionOptions required = {.use = Use::kRequired};
  const std::string error = "this server wants compression: offer permessage-deflate";
  EXPECT_EQ(AcceptDeflate({}, required).status(), absl::InvalidArgumentError(error));
  EXPECT_EQ(Accept("x-webkit-deflate-frame", required), error);
  EXPECT_EQ(Accept("permessage-deflate; unknown", required), error);
  EXPECT_EQ(Accept("permessage-deflate", required), Accept("permessage-deflate", {}));
}

TEST(AcceptDeflateTest, OtherExtensionsAndOptions) {
  EXPECT_EQ(Accept("deflate-stream, x-webkit-deflate-frame; a=1"), "none");
  ExtensionList offers;
  EXPECT_EQ(*AcceptDeflate(offers, {.use = Use::kOn}), std::nullopt);
  ASSERT_TRUE(ParseExtensions(kName, &offers).ok());
  EXPECT_EQ(*AcceptDeflate(offers, {.use = Use::kOff}), std::nullopt);
}

TEST(AcceptDeflateTest, R7_AThousandOffers) {
  std::string header;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&header, kName, "; server_max_window_bits=7, ");
  EXPECT_EQ(Accept(header), "none");
  EXPECT_EQ(Accept(absl::StrCat(header, kName)),
            "permessage-deflate | send 15 takeover, receive 15 takeover");
}

TEST(DeflateOfferTest, SaysWhatDiffersFromTheProtocolsDefaults) {
  EXPECT_EQ(DeflateOffer({}), "");
  EXPECT_EQ(DeflateOffer(kLarge), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(DeflateOffer({.use = Use::kRequired,
                          .send_takeover = false,
                          .send_window_bits = 9,
                          .receive_window_bits = 15}),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(DeflateOffer({.use = Use::kOn,
                          .send_window_bits = 8,
                          .receive_takeover = false,
                          .receive_window_bits = 8}),
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=8");
}

// A server that does not know the parameter of the first offer has to decline it (section 7.1.2.1).
TEST(DeflateOfferTest, ASecondOfferDoesWithoutASmallWindow) {
  EXPECT_EQ(DeflateOffer({.use = Use::kOn}),
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, "
            "permessage-deflate; client_max_window_bits=12");
}

TEST(CheckDeflateResponseTest, WhatTheServerChose) {
  EXPECT_EQ(Check(kName), "ok | send 15 takeover, receive 15 takeover");
  EXPECT_EQ(Check(With("server_no_context_takeover; server_max_window_bits=12")),
            "ok | send 15 takeover, receive 12");
  EXPECT_EQ(Check(With("client_no_context_takeover; client_max_window_bits=8")),
            "ok | send 8, receive 15 takeover");
  // A client keeps its own promise, whether or not the server used the hint.
  EXPECT_EQ(Check(With("client_max_window_bits=12"), {.send_window_bits = 10}),
            "ok | send 10 takeover, receive 15 takeover");
  EXPECT_EQ(Check(With("client_no_context_takeover"), {.send_window_bits = 10}),
            "ok | send 10, receive 15 takeover");
  EXPECT_EQ(Check(With("client_max_window_bits=12"), {.send_takeover = false}),
            "ok | send 12, receive 15 takeover");
}

TEST(CheckDeflateResponseTest, NoneWhereItIsRequired) {
  EXPECT_EQ(*CheckDeflateResponse({}, {.use = Use::kOn}), std::nullopt);
  EXPECT_EQ(*CheckDeflateResponse({}, {.use = Use::kOff}), std::nullopt);
  EXPECT_EQ(CheckDeflateResponse({}, {.use = Use::kRequired}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(CheckDeflateResponseTest, Section_7_1_WhatWasAskedForMustBeAgreedTo) {
  EXPECT_EQ(Check(kName, {.receive_takeover = false}),
            "the server chose permessage-deflate without server_no_context_takeover");
  EXPECT_EQ(Check(With("server_no_context_takeover; server_max_window_bits=12"),
                  {.send_window_bits = 15, .receive_takeover = false}),
            "ok | send 15 takeover, receive 12");
  // The second offer leaves the window to the server.
  EXPECT_EQ(Check(kName, {}), "ok | send 12 takeover, receive 15 takeover");
  EXPECT_EQ(Check(With("server_max_window_bits=13"), {}),
            "ok | send 12 takeover, receive 13 takeover");
}

TEST(CheckDeflateResponseTest, R5_R7_WhatMakesNoSenseFailsTheConnection) {
  for (const auto& [parameters, why] : std::vector<std::pair<absl::string_view, absl::string_view>>{
           {"unknown=1", "\"unknown=1\" is not a parameter"},
           {"server_no_context_takeover=1", "has a value"},
           {"client_no_context_takeover; client_no_context_takeover", "appears twice"},
           {"server_max_window_bits", "has no value"},
           {"server_max_window_bits=7", "\"server_max_window_bits=7\" is not 8 to 15"},
           {"server_max_window_bits=16", "is not 8 to 15"},
           {"server_max_window_bits=1000", "is not 8 to 15"},
           {"server_max_window_bits=\"08\"", "is not 8 to 15"},
           {"server_max_window_bits=10; server_max_window_bits=10", "appears twice"},
           {"client_max_window_bits", "has no value"},
           {"client_max_window_bits=0", "is not 8 to 15"},
           {"client_max_window_bits=16", "is not 8 to 15"},
           {"client_max_window_bits=9; client_max_window_bits=9", "appears twice"},
           {"server_max_window_bits=", "is not a token"}}) {
    EXPECT_THAT(Check(With(parameters)), HasSubstr(std::string(why))) << parameters;
  }
  EXPECT_EQ(Check("permessage-deflate, permessage-deflate"),
            "the server chose permessage-deflate twice");
  EXPECT_EQ(Check("permessage-deflate, other"),
            "the server chose the extension \"other\", which was not offered");
  ExtensionList response;
  ASSERT_TRUE(ParseExtensions(kName, &response).ok());
  EXPECT_EQ(CheckDeflateResponse(response, {.use = Use::kOff}).status().message(),
            "the server chose the extension \"permessage-deflate\", which was not offered");
}

// Both ends, with every combination of options: they agree, within the options of each.
TEST(PermessageDeflateTest, EveryCombinationOfOptionsEndsInAgreement) {
  std::vector<CompressionOptions> all;
  for (const bool send : {false, true}) {
    for (const bool receive : {false, true}) {
      for (const int send_bits : {8, 12, 15}) {
        for (const int receive_bits : {8, 12, 15}) {
          all.push_back({.use = Use::kOn,
                         .send_takeover = send,
                         .send_window_bits = send_bits,
                         .receive_takeover = receive,
                         .receive_window_bits = receive_bits});
        }
      }
    }
  }
  for (const CompressionOptions& client : all) {
    for (const CompressionOptions& server : all) {
      const std::string offer = DeflateOffer(client);
      ExtensionList offers, response;
      ASSERT_TRUE(ParseExtensions(offer, &offers).ok());
      const std::optional<AcceptedDeflate> accepted = *AcceptDeflate(offers, server);
      ASSERT_TRUE(accepted.has_value()) << offer;
      ASSERT_TRUE(ParseExtensions(accepted->extension, &response).ok());
      const auto checked = CheckDeflateResponse(response, client);
      ASSERT_TRUE(checked.ok()) << offer << " -> " << accepted->extension << checked.status();
      const DeflateAgreement& ours = accepted->agreement;
      const DeflateAgreement& theirs = **checked;
      EXPECT_EQ(theirs.receive_takeover, ours.send_takeover);
      EXPECT_EQ(theirs.receive_window_bits, ours.send_window_bits);
      EXPECT_EQ(theirs.send_takeover, ours.receive_takeover);
      EXPECT_EQ(theirs.send_window_bits, ours.receive_window_bits);
      EXPECT_EQ(ours.send_takeover, server.send_takeover && client.receive_takeover);
      EXPECT_EQ(ours.receive_takeover, server.receive_takeover && client.send_takeover);
      const auto bits = [](bool takeover, int bits) { return takeover ? bits : 15; };
      EXPECT_EQ(ours.send_window_bits,
                std::min(bits(ours.send_takeover, server.send_window_bits),
                         bits(client.receive_takeover, client.receive_window_bits)));
      EXPECT_EQ(ours.receive_window_bits,
                std::min(bits(ours.receive_takeover, server.receive_window_bits),
                         bits(client.send_takeover, client.send_window_bits)));
    }
  }
}

TEST(CheckCompressionOptionsTest, Ranges) {
  EXPECT_TRUE(CheckCompressionOptions({}).ok());
  EXPECT_EQ(CheckCompressionOptions({.send_window_bits = 7}).message(),
            "compression.send_window_bits is 7, expected 8 to 15");
  EXPECT_EQ(CheckCompressionOptions({.receive_window_bits = 16}).message(),
            "compression.receive_window_bits is 16, expected 8 to 15");
  EXPECT_EQ(CheckCompressionOptions({.memory_level = 0}).message(),
            "compression.memory_level is 0, expected 1 to 9");
  EXPECT_EQ(CheckCompressionOptions({.level = 10}).message(),
            "compression.level is 10, expected 1 to 9");
}

}  // namespace
}  // namespace weft
