#include "weft/client/reconnecting_client.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/testing/client_tests.h"
#include "weft/client/testing/reconnecting_client_tests.h"
#include "weft/core/encoded_message.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::CloseFrame;
using testing::Echo;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Ignore;
using testing::ReconnectingClientTest;
using testing::Say;
using testing::SayAndClose;
using ::testing::StartsWith;
using testing::Text;
using Type = ReconnectEvent::Type;

// ---- Reconnecting ----

TEST_F(ReconnectingClientTest, ReceivesFromOneConnectionAfterTheOther) {
  FakeServer server({SayAndClose(Text("one")), SayAndClose(Text("two")), Say(Text("three"))});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "one");
  EXPECT_RECEIVES(client, "two");
  EXPECT_RECEIVES(client, "three");
  EXPECT_THAT(
      events_,
      ElementsAre("connecting, attempt 1", "connected at attempt 1",
                  AllOf(StartsWith("lost the connection: "), HasSubstr("1001 going away")),
                  AllOf(StartsWith("waiting 1s before attempt 2: "), HasSubstr("1001")),
                  "connecting, attempt 2", "connected at attempt 2",
                  StartsWith("lost the connection: "), StartsWith("waiting 2s before attempt 3: "),
                  "connecting, attempt 3", "connected at attempt 3"));
}

TEST_F(ReconnectingClientTest, SendsAllThatAClientSends) {
  FakeServer server([](FakePeer& peer) {
    peer.Write(FakePeer::Accept(peer.ReadRequest(), "chat"));
    peer.EchoToEnd();
  });
  ReconnectOptions options = Options();
  options.client.request.subprotocols = {"chat"};
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  const Message message = {.opcode = Opcode::kText, .payload = "a message"};
  const EncodedMessage encoded = *EncodedMessage::Make(Opcode::kText, "encoded");
  EXPECT_CODE(client->Send(message), kUnavailable);
  EXPECT_CODE(client->Send(encoded), kUnavailable);
  EXPECT_CODE(client->SendPing(), kUnavailable);
  EXPECT_EQ(client->subprotocol(), "");

  ASSERT_TRUE(client->Connect().ok());
  EXPECT_EQ(client->subprotocol(), "chat");
  EXPECT_TRUE(client->Send(message).ok());
  EXPECT_RECEIVES(client, "a message");
  EXPECT_TRUE(client->SendPing().ok());
  EXPECT_TRUE(client->Send(encoded).ok());
  EXPECT_RECEIVES(client, "encoded");
  EXPECT_TRUE(client->SendMessage(Opcode::kBinary, "binary", {}).ok());
  EXPECT_RECEIVES(client, "binary");
  EXPECT_TRUE(client->Close().ok());
  EXPECT_EQ(client->subprotocol(), "");
}

TEST_F(ReconnectingClientTest, ItDoesNotMatterHowTheConnectionEnded) {
  FakeServer server({
      SayAndClose("", CloseCode::kNormal),
      SayAndClose("", CloseCode::kPolicyViolation),
      Say(testing::ClientFrame(Opcode::kText, "masked")),
      [](FakePeer& peer) {
        peer.AcceptUpgrade();
        peer.Reset();
      },
      [](FakePeer& peer) { peer.AcceptUpgrade(); },
      Say(Text("hi")),
  });
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_RECEIVES(client, "hi");
  EXPECT_EQ(last_.attempt, 6);
}

TEST_F(ReconnectingClientTest, NobodyListens) {
  std::string url;
  {
    FakeServer server([](FakePeer&) {});
    url = server.url();
  }
  ReconnectOptions options = Options();
  options.retry.max_attempts = 3;
  const auto client = *ReconnectingClient::Create(url, options);
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(StartsWith("gave up after 3 attempts in 3s: "), HasSubstr("refused")));
}

// ---- Callbacks ----

TEST_F(ReconnectingClientTest, BeforeConnectMayBringAFreshToken) {
  std::vector<std::string> requests;
  const auto refuse = [&](FakePeer& peer) {
    requests.push_back(peer.ReadRequest());
    peer.Write("HTTP/1.1 503 x\r\n\r\n");
  };
  FakeServer server({refuse, refuse, Say(Text("welcome"))});
  ReconnectOptions options = Options();
  int token = 0;
  options.hooks.before_connect = [&](ClientOptions& client) {
    client.request.headers.emplace_back("X-Token", absl::StrCat(++token));
    return absl::OkStatus();
  };
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_RECEIVES(client, "welcome");
  EXPECT_THAT(requests, ElementsAre(HasSubstr("X-Token: 1\r\n"), HasSubstr("X-Token: 2\r\n")));
  EXPECT_EQ(requests[1].find("X-Token: 1"), std::string::npos);
}

TEST_F(ReconnectingClientTest, BeforeConnectMayFail) {
  FakeServer server(Say(Text("welcome")));
  ReconnectOptions options = Options();
  int calls = 0;
  options.hooks.before_connect = [&](ClientOptions&) {
    return ++calls < 3 ? absl::UnavailableError("no token") : absl::OkStatus();
  };
  std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_RECEIVES(client, "welcome");
  EXPECT_EQ(last_.attempt, 3);

  for (const absl::Status& error :
       {absl::UnauthenticatedError("wrong password"), absl::CancelledError("no more")}) {
    options.hooks.before_connect = [&](ClientOptions&) { return error; };
    EXPECT_EQ(Create(server, options)->Receive().status(), error);
  }
}

// The first message that the server gets on every connection is the one of after_connect.
TEST_F(ReconnectingClientTest, AfterConnectSubscribesBeforeOthersSend) {
  std::vector<std::string> seen;
  const auto script = [&](FakePeer& peer) {
    peer.AcceptUpgrade();
    seen.push_back(peer.Next());
    peer.Write(Text("subscribed") + Text("news"));
    seen.push_back(peer.Next());
  };
  FakeServer server({script, script});
  ReconnectOptions options = Options();
  ReconnectingClient* reconnecting = nullptr;
  options.hooks.after_connect = [&](Client& fresh) {
    EXPECT_EQ(reconnecting->client(), nullptr);
    EXPECT_CODE(reconnecting->SendText("too early"), kUnavailable);
    const absl::Status status = fresh.SendText("subscribe");
    return status.ok() ? fresh.Receive().status() : status;
  };
  std::unique_ptr<ReconnectingClient> client = Create(server, options);
  reconnecting = client.get();
  for (int i = 0; i < 2; ++i) {
    EXPECT_RECEIVES(client, "news");
    EXPECT_NE(client->client(), nullptr);
    EXPECT_TRUE(client->SendText("hello").ok());
  }
  server.Join();
  EXPECT_THAT(seen, ElementsAre("text subscribe", "text hello", "text subscribe", "text hello"));
}

TEST_F(ReconnectingClientTest, AfterConnectMayFail) {
  FakeServer server({Ignore, Ignore, Ignore});
  ReconnectOptions options = Options();
  int calls = 0;
  options.hooks.after_connect = [&](Client&) {
    return ++calls < 3 ? absl::UnavailableError("not now") : absl::PermissionDeniedError("never");
  };
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_EQ(client->Receive().status(), absl::PermissionDeniedError("never"));
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(1), absl::Seconds(2)));
}

// If the connection ends there, for whatever reason, it counts as lost.
TEST_F(ReconnectingClientTest, AConnectionThatEndsInAfterConnect) {
  FakeServer server({SayAndClose("", CloseCode::kTryAgainLater),
                     Say(testing::ClientFrame(Opcode::kText, "masked")),
                     Say(Text("ok") + Text("first"))});
  ReconnectOptions options = Options();
  options.hooks.after_connect = [](Client& fresh) { return fresh.Receive().status(); };
  const std::unique_ptr<ReconnectingClient> client = Create(server, options);
  EXPECT_RECEIVES(client, "first");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(45), absl::Seconds(2)));
}

// For close codes of an application that mean "do not come back".
TEST_F(ReconnectingClientTest, OnEventMayEndIt) {
  for (const bool cancel : {true, false}) {
    FakeServer server(SayAndClose("", static_cast<CloseCode>(4001)));
    std::unique_ptr<ReconnectingClient> client;
    ReconnectOptions options = Options();
    std::vector<Type> types;
    options.hooks.on_event = [&](const ReconnectEvent& event) {
      types.push_back(event.type);
      if (event.type != Type::kLost) return;
      EXPECT_THAT(std::string(event.status.message()), HasSubstr("4001"));
      if (cancel) {
        client->Cancel();
      } else {
        EXPECT_TRUE(client->Close().ok());
      }
    };
    client = Create(server, options);
    const absl::Status status = client->Receive().status();
    EXPECT_EQ(status.code(),
              cancel ? absl::StatusCode::kCancelled : absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(types, ElementsAre(Type::kConnecting, Type::kConnected, Type::kLost));
  }
}

// ---- Receiving ----

TEST_F(ReconnectingClientTest, ATimeoutDoesNotBeginTheWaitAnew) {
  FakeServer server({SayAndClose("", CloseCode::kServiceRestart), Say(Text("back"))});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  const absl::Status status = client->Receive(absl::Seconds(10)).status();
  EXPECT_CODE(status, kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1012"));
  EXPECT_CODE(client->Connect(absl::Seconds(5)), kDeadlineExceeded);
  EXPECT_RECEIVES(client, "back");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(10), absl::Seconds(5), absl::Seconds(2.5)));
}

TEST_F(ReconnectingClientTest, ATimeoutKeepsTheConnection) {
  FakeServer server(Echo);
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_CODE(client->Receive(absl::ZeroDuration()).status(), kDeadlineExceeded);
  EXPECT_TRUE(client->SendText("still here").ok());
  EXPECT_RECEIVES(client, "still here");
  EXPECT_EQ(events_.size(), 2u);
}

// ---- Sending ----

// No message is kept for later, and the caller knows it.
TEST_F(ReconnectingClientTest, SendsNothingWithoutAConnection) {
  std::string first;
  FakeServer server({SayAndClose(""), [&](FakePeer& peer) {
                       peer.AcceptUpgrade(Text("back"));
                       first = peer.Next();
                     }});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  absl::Status status = client->SendText("lost 1");
  EXPECT_EQ(status, absl::UnavailableError(absl::StrCat("not connected to ", server.url())));
  EXPECT_CODE(client->Receive(absl::Milliseconds(500)).status(), kDeadlineExceeded);
  status = client->SendBinary("lost 2");
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1001 going away"));
  EXPECT_RECEIVES(client, "back");
  EXPECT_TRUE(client->SendText("first").ok());
  server.Join();
  EXPECT_EQ(first, "text first");
}

// A program with one thread: Send*() fails before any thread has noticed the loss.
TEST_F(ReconnectingClientTest, ConnectFollowsAFailedSend) {
  FakeServer server({[](FakePeer& peer) {
                       peer.AcceptUpgrade(Text("unread") + CloseFrame(CloseCode::kTryAgainLater));
                       peer.Shutdown();
                       peer.Next();
                     },
                     Echo});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_TRUE(client->Connect().ok());
  EXPECT_TRUE(client->Connect().ok());  // once is enough
  absl::Status status;
  while ((status = client->SendText("x")).ok()) {
  }
  EXPECT_CODE(status, kUnavailable);
  EXPECT_EQ(client->client(), nullptr);
  EXPECT_CODE(client->SendText("x"), kUnavailable);
  EXPECT_TRUE(client->Connect().ok());
  EXPECT_TRUE(client->SendText("again").ok());
  EXPECT_RECEIVES(client, "again");
  EXPECT_THAT(waits_, ElementsAre(absl::Seconds(45)));  // the Close frame was read
}

TEST_F(ReconnectingClientTest, TheCallersMistakesChangeNothing) {
  FakeServer server(Echo);
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_TRUE(client->Connect().ok());
  EXPECT_CODE(client->SendText("\xff"), kInvalidArgument);
  EXPECT_CODE(client->Close(CloseCode::kAbnormal), kInvalidArgument);
  EXPECT_TRUE(client->SendBinary("still here").ok());
  EXPECT_RECEIVES(client, "still here");
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(ReconnectingClientTest, TheConnectionOfTheMoment) {
  FakeServer server({Echo, Echo});
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_EQ(client->client(), nullptr);
  EXPECT_TRUE(client->Connect().ok());
  const std::shared_ptr<Client> first = client->client();
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->SendFragment(Opcode::kText, "Hel", false).ok());
  EXPECT_TRUE(first->SendFragment(Opcode::kText, "lo", true).ok());
  EXPECT_RECEIVES(client, "Hello");
  // Its end is like any other, and the status stays.
  EXPECT_TRUE(first->Close().ok());
  EXPECT_CODE(client->Receive(absl::Milliseconds(500)).status(), kDeadlineExceeded);
  EXPECT_TRUE(client->Connect().ok());
  EXPECT_NE(client->client(), first);
  EXPECT_CODE(first->SendText("x"), kFailedPrecondition);
  EXPECT_TRUE(client->SendText("x").ok());
}

// ---- The end ----

TEST_F(ReconnectingClientTest, CloseIsAClosingHandshakeAndTheLast) {
  std::string how;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    how = peer.EchoToEnd();
  });
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_TRUE(client->Connect().ok());
  EXPECT_TRUE(client->Close(CloseCode::kGoingAway, "bye").ok());
  server.Join();
  EXPECT_EQ(how, "close 1001 bye");
  EXPECT_CODE(client->Receive().status(), kFailedPrecondition);
  EXPECT_CODE(client->Connect(), kFailedPrecondition);
  EXPECT_CODE(client->SendText("x"), kFailedPrecondition);
  EXPECT_TRUE(client->Close().ok());
  EXPECT_EQ(client->client(), nullptr);
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(ReconnectingClientTest, CloseWithoutAConnection) {
  FakeServer server(Echo);
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_TRUE(client->Close().ok());
  EXPECT_CODE(client->Receive().status(), kFailedPrecondition);
  EXPECT_THAT(events_, ElementsAre());
}

TEST_F(ReconnectingClientTest, CancelIsTheLast) {
  FakeServer server(Echo);
  const std::unique_ptr<ReconnectingClient> client = Create(server);
  EXPECT_TRUE(client->Connect().ok());
  client->Cancel();
  EXPECT_CODE(client->Receive().status(), kCancelled);
  EXPECT_CODE(client->SendText("x"), kCancelled);
  EXPECT_CODE(client->Connect(), kCancelled);
  EXPECT_CODE(client->Close(), kCancelled);
}

}  // namespace
}  // namespace weft
