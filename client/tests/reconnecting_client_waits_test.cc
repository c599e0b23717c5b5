// When a ReconnectingClient tries again, and when it gives up.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/reconnecting_client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/client/testing/reconnecting_client_tests.h"
#include "weft/core/http/http_refusal.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::ReconnectingClientTest;
using testing::Refuse;
using testing::Say;
using testing::SayAndClose;
using ::testing::StartsWith;
using testing::Text;
using Type = ReconnectEvent::Type;

using ReconnectingClientWaits = ReconnectingClientTest;

// ---- The waits ----

TEST_F(ReconnectingClientWaits, WaitsLongerAndLonger) {
  const FakeServer::Script refuse = Refuse("503 Service Unavailable");
  FakeServer server({refuse, refuse, refuse, refuse, refuse, refuse, Say(Text("at last"))});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "at last");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(4),
                                  absl::Seconds(8), absl::Seconds(10), absl::Seconds(10)));
}

TEST_F(ReconnectingClientWaits, Rfc9110Section_10_2_3_RetryAfter) {
  FakeServer server({
      Refuse("503 Service Unavailable\r\nRetry-After: 120"),
      Refuse("429 Too Many Requests\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
             "Retry-After: Sun, 06 Nov 1994 08:59:37 GMT"),
      Refuse("503 Service Unavailable\r\nRetry-After: never"),
      Refuse("503 Service Unavailable\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT"),
      Say(Text("at last")),
  });
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "at last");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(120 + 1), absl::Minutes(10) + absl::Seconds(2),
                                  absl::Seconds(4), absl::Hours(1) + absl::Seconds(8)));
}

TEST_F(ReconnectingClientWaits, WaitsLongerWhereTheServerRestartsOrHasTooMuchToDo) {
  FakeServer server({SayAndClose("", CloseCode::kServiceRestart),
                     SayAndClose("", CloseCode::kTryAgainLater), Say(Text("at last"))});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "at last");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(5 + 12.5), absl::Seconds(30 + 15)));
}

// Only then: see BackoffTest.
TEST_F(ReconnectingClientWaits, AConnectionThatHeldBeginsAnew) {
  FakeServer server({Refuse("503 x"), SayAndClose(Text("short")), SayAndClose(Text("long")),
                     Refuse("503 x"), Say(Text("the end"))});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "short");
  now_ += absl::Seconds(29);
  EXPECT_RECEIVES(client, "long");
  EXPECT_EQ(last_.attempt, 3);
  now_ += absl::Seconds(30);
  EXPECT_RECEIVES(client, "the end");
  EXPECT_EQ(last_.attempt, 2);
  EXPECT_THAT(waits_,
              ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(1), absl::Seconds(2)));
}

// ---- Giving up ----

TEST_F(ReconnectingClientWaits, GivesUpWhatAnotherAttemptCannotMend) {
  for (const char* answer : {"400 Bad Request", "401 Unauthorized", "403 Forbidden",
                             "404 Not Found", "410 Gone", "426 Upgrade Required"}) {
    FakeServer server(Refuse(answer));
    const std::unique_ptr<ReconnectingClient> client = Create(server);
    const absl::Status status = client->Receive().status();
    ASSERT_TRUE(RefusalOf(status).has_value()) << status;
    EXPECT_TRUE(absl::StartsWith(answer, absl::StrCat(RefusalOf(status)->status)));
    EXPECT_EQ(last_.type, Type::kGaveUp);
    EXPECT_EQ(last_.status, status);
    EXPECT_EQ(last_.attempt, 1);
    EXPECT_EQ(client->Receive().status(), status);
    EXPECT_EQ(client->Connect(), status);
    EXPECT_EQ(client->SendText("x"), status);
    EXPECT_EQ(client->Close(), status);
  }
}

TEST_F(ReconnectingClientWaits, TriesAgainWhatPasses) {
  std::vector<FakeServer::Script> scripts;
  const std::vector<std::string> answers = {
      "408 Request Timeout",       "425 Too Early",   "429 Too Many Requests",
      "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable",
      "504 Gateway Timeout",       "200 OK",          "302 Found"};
  for (const std::string& answer : answers) scripts.push_back(Refuse(answer));
  scripts.push_back([](FakePeer& peer) { peer.ReadRequest(); });  // no answer
  scripts.push_back(Say(Text("at last")));
  FakeServer server(scripts);
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "at last");
  EXPECT_EQ(last_.attempt, static_cast<int>(answers.size()) + 2);
}

TEST_F(ReconnectingClientWaits, GivesUpOnAnAnswerThatIsNoHttp) {
  FakeServer server([](FakePeer& peer) { peer.Write("SSH-2.0-OpenSSH_9.2\r\n\r\n"); });
  EXPECT_CODE(Create(server)->Receive().status(), kInvalidArgument);
}

TEST_F(ReconnectingClientWaits, GivesUpOnABadUrl) {
  const auto client = *ReconnectingClient::Create("http://example.com", Options());
  EXPECT_CODE(client->Receive().status(), kInvalidArgument);
  EXPECT_THAT(events_, ElementsAre("connecting, attempt 1", StartsWith("gave up: ")));
}

TEST_F(ReconnectingClientWaits, R19_GivesUpOnABadCertificate) {
  const auto tls = testing::TestTlsServer({.identities = {testing::TestIdentity("expired")}});
  FakeServer server([&](FakePeer& peer) {
    peer.StartTls(*tls);
    EXPECT_EQ(peer.ReadRequest(), "");
  });
  const auto client =
      *ReconnectingClient::Create(absl::StrCat("wss://127.0.0.1:", server.port()), Options());
  EXPECT_CODE(client->Receive().status(), kUnauthenticated);
  EXPECT_THAT(events_, ElementsAre("connecting, attempt 1", HasSubstr("expired")));
}

TEST_F(ReconnectingClientWaits, GivesUpAfterSoManyAttempts) {
  FakeServer server({Refuse("503 x"), SayAndClose(Text("one")), Refuse("503 x")});
  ReconnectOptions options = Options();
  options.retry.max_attempts = 3;
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_RECEIVES(client, "one");
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()), StartsWith("gave up after 3 attempts in 3s: "));
  EXPECT_EQ(client->SendText("x"), status);
}

// It does not start a wait that would end too late.
TEST_F(ReconnectingClientWaits, GivesUpAfterSoMuchTime) {
  FakeServer server({Refuse("503 x"), Refuse("503 x"), Refuse("503 x\r\nRetry-After: 60")});
  ReconnectOptions options = Options();
  options.retry.give_up_after = absl::Minutes(1);
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_CODE(client->Receive().status(), kUnavailable);
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(1), absl::Seconds(2)));
}

TEST_F(ReconnectingClientWaits, AConnectionThatHeldGivesItAllItsAttemptsAndTimeAgain) {
  FakeServer server({SayAndClose(Text("one")), SayAndClose(Text("two")), Say(Text("three"))});
  ReconnectOptions options = Options();
  options.retry.max_attempts = 1;
  options.retry.give_up_after = absl::Seconds(10);
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_RECEIVES(client, "one");
  now_ += absl::Hours(1);
  EXPECT_RECEIVES(client, "two");
  now_ += absl::Hours(1);
  EXPECT_RECEIVES(client, "three");
}

TEST_F(ReconnectingClientWaits, OptionsThatMakeNoSense) {
  ReconnectOptions options;
  options.retry.max_attempts = 0;
  EXPECT_CODE(ReconnectingClient::Create("ws://x", options).status(), kInvalidArgument);
  options = {};
  options.retry.backoff.first = absl::ZeroDuration();
  EXPECT_CODE(ReconnectingClient::Create("ws://x", options).status(), kInvalidArgument);
  options = {};
  options.client.timeouts.ping_interval = absl::ZeroDuration();
  EXPECT_CODE(ReconnectingClient::Create("ws://x", options).status(), kInvalidArgument);
}

}  // namespace
}  // namespace weft
