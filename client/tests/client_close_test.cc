#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/testing/frames.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/deadline.h"

namespace weft {
namespace {

using testing::BlockedCall;
using testing::CloseFrame;
using testing::ClosePayload;
using testing::ConnectOrDie;
using testing::Echo;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Ignore;
using testing::kSoon;
using testing::Quiet;
using testing::Say;
using testing::ServerFrame;
using testing::Signal;
using ::testing::StartsWith;
using testing::Text;

// ---- The end ----

TEST(ClientEnd, ThePeersCloseIsToldAndAnswered) {
  std::string answer;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(Text("last words") + CloseFrame(CloseCode::kGoingAway, "restart"));
    answer = peer.Next();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_EQ(client->close_info().code, CloseCode::kAbnormal) << "it has not ended";
  EXPECT_RECEIVES(client, "last words");
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1001 going away (\"restart\")"));
  const CloseInfo info = client->close_info();
  EXPECT_EQ(info.code, CloseCode::kGoingAway);
  EXPECT_EQ(info.reason, "restart");
  EXPECT_EQ(info.by, ClosedBy::kPeer);
  server.Join();
  EXPECT_EQ(answer, "close 1001 restart");

  // And it stays so, whatever is called.
  EXPECT_EQ(client->Receive().status(), status);
  EXPECT_EQ(client->SendText("x"), status);
  EXPECT_TRUE(client->Close().ok());
  client->Cancel();
  EXPECT_EQ(client->close_info().by, ClosedBy::kPeer);
  EXPECT_EQ(info.reason, "restart") << "the view is valid as long as the client";
}

TEST(ClientEnd, ACloseWithoutACode) {
  FakeServer server(Say(ServerFrame(Opcode::kClose, "")));
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive().status(), kUnavailable);
  EXPECT_EQ(client->close_info().code, CloseCode::kNoStatus);
}

TEST(ClientEnd, ThePeersMistakeIsNamedAndThePeerIsTold) {
  std::string told;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(testing::ClientFrame(Opcode::kText, "masked"));
    told = peer.Next();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("RFC 6455 section 5.1"));
  server.Join();
  EXPECT_THAT(told, StartsWith("close 1002"));
  EXPECT_EQ(client->SendText("x"), status);
  EXPECT_EQ(client->close_info().by, ClosedBy::kRule);
}

TEST(ClientEnd, AMessageOverTheLimit) {
  FakeServer server(Say(Text("12345")));
  ClientOptions options = Quiet();
  options.connection.max_message_bytes = 4;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_CODE(client->Receive().status(), kResourceExhausted);
  EXPECT_EQ(client->close_info().code, CloseCode::kMessageTooBig);
  EXPECT_EQ(client->close_info().by, ClosedBy::kLimit);
  EXPECT_EQ(client->close_info().option, "connection.max_message_bytes");
}

TEST(ClientEnd, AStreamThatEndsWithoutAClose) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("one") + Text("cut off").substr(0, 4));
    peer.Shutdown();
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_RECEIVES(client, "one");
  const absl::Status status = client->Receive().status();
  EXPECT_CODE(status, kUnavailable);
  EXPECT_EQ(client->close_info().code, CloseCode::kAbnormal);
  EXPECT_EQ(client->close_info().by, ClosedBy::kLost);
  EXPECT_EQ(client->Close(), status);
  client->Cancel();
  EXPECT_EQ(client->close_info().by, ClosedBy::kLost) << "the first cause counts";
}

TEST(ClientEnd, AReset) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Reset();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive().status(), kUnavailable);
  EXPECT_CODE(client->SendText("x"), kUnavailable);
}

// The peer closed and left; a send fails before any thread has read the reason. It can still be
// read.
TEST(ClientEnd, AFailedSendDoesNotHideThePeersClose) {
  FakeServer server(
      [&](FakePeer& peer) { peer.AcceptUpgrade(CloseFrame(CloseCode::kServiceRestart)); });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  while (client->SendText("x").ok()) std::this_thread::yield();
  EXPECT_THAT(std::string(client->Receive().status().message()), HasSubstr("1012"));
}

// ---- Close ----

TEST(ClientClose, SaysCodeAndReasonAndWaitsForTheAnswer) {
  std::string how;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    how = peer.EchoToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_TRUE(client->Close(CloseCode::kGoingAway, "bye").ok());
  server.Join();
  EXPECT_EQ(how, "close 1001 bye");
  EXPECT_EQ(client->close_info().code, CloseCode::kGoingAway);
  EXPECT_EQ(client->close_info().by, ClosedBy::kApplication);
  EXPECT_CODE(client->Receive().status(), kFailedPrecondition);
  EXPECT_CODE(client->SendText("x"), kFailedPrecondition);
  EXPECT_TRUE(client->Close().ok());
}

TEST(ClientClose, DropsWhatWasOnItsWay) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("unread"));
    EXPECT_EQ(peer.Next(), "close 1000");
    peer.Write(Text("on its way") + CloseFrame(CloseCode::kNormal, "you too"));
    peer.Shutdown();
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_TRUE(client->Close().ok());
  EXPECT_EQ(client->close_info().reason, "you too");
}

// Messages that Close() drops can be received after SendClose().
TEST(ClientClose, SendCloseLeavesWhatIsOnItsWay) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("unread"));
    EXPECT_EQ(peer.Next(), "close 4000 enough");
    peer.Write(Text("on its way") + CloseFrame(CloseCode::kNormal, "you too"));
    peer.Shutdown();
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_TRUE(client->SendClose(static_cast<CloseCode>(4000), "enough").ok());
  EXPECT_CODE(client->SendText("x"), kFailedPrecondition);
  EXPECT_CODE(client->SendClose(), kFailedPrecondition);
  EXPECT_RECEIVES(client, "unread");
  EXPECT_RECEIVES(client, "on its way");
  EXPECT_CODE(client->Receive().status(), kFailedPrecondition);
  EXPECT_EQ(client->close_info().reason, "you too");
  EXPECT_TRUE(client->Close().ok());
}

TEST(ClientClose, R24_CloseEndsWhatSendCloseBegan) {
  FakeServer server(Ignore);
  ClientOptions options = Quiet();
  options.timeouts.close = kSoon;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_TRUE(client->SendClose().ok());
  BlockedCall receive([&] { EXPECT_CODE(client->Receive().status(), kDeadlineExceeded); });
  EXPECT_CODE(client->Close(), kDeadlineExceeded);
  receive.Join();
}

TEST(ClientClose, SendCloseRefusesWhatMayNotBeSent) {
  FakeServer server(Echo);
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->SendClose(CloseCode::kAbnormal), kInvalidArgument);
  EXPECT_TRUE(client->SendText("still open").ok());
  EXPECT_RECEIVES(client, "still open");
}

// R24: a peer that never answers is dropped when the time is over.
TEST(ClientClose, R24_IsBounded) {
  FakeServer server(Ignore);
  ClientOptions options = Quiet();
  options.timeouts.close = kSoon;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  const absl::Status status = client->Close();
  EXPECT_CODE(status, kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("did not answer the Close frame"));
  EXPECT_EQ(client->Receive().status(), status);
  server.Join();  // the end of our stream told it
}

// A peer that sends messages instead of an answer does not keep it open either.
TEST(ClientClose, R24_IsBoundedWhateverThePeerSends) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    while (peer.Write(Text(std::string(1000, 'x')))) {
    }
  });
  ClientOptions options = Quiet();
  options.timeouts.close = kSoon;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  EXPECT_CODE(client->Close(), kDeadlineExceeded);
}

// Section 7.1.1: the server closes TCP first, so that its side waits in TIME_WAIT. If it does not,
// Close() waits until timeouts.close.
TEST(ClientClose, TheServerEndsTcpFirst) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "close 1000");
    peer.Answer();
    peer.ReadToEnd();
  });
  ClientOptions options = Quiet();
  options.timeouts.close = absl::Milliseconds(200);
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  const Deadline deadline = Deadline::After(absl::Milliseconds(190));
  const absl::Status status = client->Close();
  EXPECT_TRUE(deadline.HasPassed()) << "it did not wait for the end of the stream";
  // On a machine that takes longer than timeouts.close to deliver the answer, it is not seen.
  EXPECT_EQ(status.ok(), client->close_info().code == CloseCode::kNormal) << status;
}

// Also if the server began the closing handshake. Each side ends TLS separately.
TEST(ClientEnd, TheServerEndsTcpFirst) {
  Signal ended;
  bool client_was_first = false;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(CloseFrame(CloseCode::kGoingAway));
    EXPECT_EQ(peer.Next(), "close 1001");
    ended.Await();
    client_was_first = peer.HasEnded();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive().status(), kUnavailable);
  ended.Give();
  server.Join();
  EXPECT_EQ(client_was_first, absl::StartsWith(server.url(), "wss:"));
}

// If the answer was seen it counts, whichever thread notices first that the time is over.
TEST(ClientClose, AServerThatAnswersAndKeepsTheStreamOpenWhileAnotherThreadReceives) {
  const FakeServer::Script script = [](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "close 1000");
    peer.Answer();
    peer.ReadToEnd();
  };
  constexpr int kRounds = 20;
  FakeServer server(std::vector<FakeServer::Script>(kRounds, script));
  ClientOptions options = Quiet();
  options.timeouts.close = absl::Milliseconds(10);
  for (int i = 0; i < kRounds; ++i) {
    std::unique_ptr<Client> client = ConnectOrDie(server, options);
    const Deadline close = Deadline::After(options.timeouts.close);
    EXPECT_TRUE(client->SendClose().ok());
    std::thread receiver([&] { EXPECT_FALSE(client->Receive().ok()); });
    while (!close.HasPassed()) std::this_thread::yield();
    const absl::Status status = client->Close();
    const bool answered = client->close_info().code == CloseCode::kNormal;
    EXPECT_EQ(status.ok(), answered) << status;
    EXPECT_EQ(absl::IsFailedPrecondition(client->status()), answered) << client->status();
    receiver.join();
  }
}

TEST(ClientClose, AServerThatEndsTheStreamInstead) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "close 1000");
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Close(), kUnavailable);
  EXPECT_EQ(client->close_info().code, CloseCode::kAbnormal);
  EXPECT_EQ(client->close_info().by, ClosedBy::kApplication) << "the first cause counts";
}

TEST(ClientClose, WhileAnotherThreadReceives) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("first"));
    peer.EchoToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  Signal receiving;
  absl::Status end;
  std::thread receiver([&] {
    EXPECT_RECEIVES(client, "first");
    receiving.Give();
    end = client->Receive().status();
  });
  receiving.Await();
  EXPECT_TRUE(client->Close(CloseCode::kNormal, "done").ok());
  receiver.join();
  EXPECT_CODE(end, kFailedPrecondition);
  EXPECT_EQ(client->close_info().reason, "done");
}

// Whatever Close() reads, the message held by another thread does not change.
TEST(ClientClose, WhileAnotherThreadHoldsAMessage) {
  for (const size_t size : {10, 1 << 20}) {
    FakeServer server([size](FakePeer& peer) {
      peer.AcceptUpgrade(ServerFrame(Opcode::kBinary, std::string(size, 'a')));
      EXPECT_EQ(peer.Next(), "close 1000");
      peer.Write(ServerFrame(Opcode::kBinary, std::string(size, 'b')));
      peer.Answer();
      peer.Shutdown();
    });
    std::unique_ptr<Client> client = ConnectOrDie(server);
    Signal received, closed;
    std::thread receiver([&] {
      const absl::StatusOr<Message> message = client->Receive();
      ASSERT_TRUE(message.ok()) << message.status();
      received.Give();
      closed.Await();
      EXPECT_TRUE(message->payload == std::string(size, 'a'));
      EXPECT_CODE(client->Receive().status(), kFailedPrecondition);
    });
    received.Await();
    EXPECT_TRUE(client->Close().ok());
    EXPECT_EQ(client->close_info().code, CloseCode::kNormal);
    closed.Give();
    receiver.join();
  }
}

// The server's behaviour after the Close frame of a client, one thread of which holds a message,
// and the result of Close() in another thread.
absl::Status CloseWhileAMessageIsHeld(const FakeServer::Script& then, CloseCode* code,
                                      ClientOptions options = Quiet()) {
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(Text("held"));
    peer.Next();
    then(peer);
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server, std::move(options));
  const absl::StatusOr<Message> message = client->Receive();
  EXPECT_TRUE(message.ok()) << message.status();
  absl::Status status;
  std::thread([&] { status = client->Close(); }).join();
  *code = client->close_info().code;
  EXPECT_EQ(message->payload, "held");
  return status;
}

// The Close frame decides, not the end of the stream.
TEST(ClientClose, WhileAMessageIsHeldAnEndWithoutACloseFrameIsNotClean) {
  CloseCode code;
  const absl::Status status =
      CloseWhileAMessageIsHeld([](FakePeer& peer) { peer.Shutdown(); }, &code);
  EXPECT_CODE(status, kUnavailable);
  EXPECT_EQ(code, CloseCode::kAbnormal);
}

TEST(ClientClose, WhileAMessageIsHeldTheAnswerIsRead) {
  CloseCode code;
  const absl::Status status = CloseWhileAMessageIsHeld(
      [](FakePeer& peer) {
        peer.Write(Text("on its way") + CloseFrame(CloseCode::kGoingAway, "later"));
        peer.Shutdown();
      },
      &code);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(code, CloseCode::kGoingAway);
}

// Over TLS such an end is an error of the stream, after a completed closing handshake.
TEST(ClientClose, ACloseFrameIsEnoughWhereOnlyTcpEnds) {
  const FakeServer::Script answer = [](FakePeer& peer) {
    peer.Answer();
    peer.ShutdownTcp();
  };
  CloseCode code;
  const absl::Status held = CloseWhileAMessageIsHeld(answer, &code);
  EXPECT_TRUE(held.ok()) << held;
  EXPECT_EQ(code, CloseCode::kNormal);

  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "close 1000");
    answer(peer);
    peer.ReadToEnd();
  });
  const absl::Status closed = ConnectOrDie(server)->Close();
  EXPECT_TRUE(closed.ok()) << closed;
}

TEST(ClientClose, R24_IsBoundedWhileAMessageIsHeld) {
  ClientOptions options = Quiet();
  options.timeouts.close = kSoon;
  CloseCode code;
  EXPECT_CODE(CloseWhileAMessageIsHeld([](FakePeer&) {}, &code, options), kDeadlineExceeded);
  EXPECT_EQ(code, CloseCode::kAbnormal);
}

// RFC 8446, section 6.1: with TLS, a close_notify. Otherwise the peer cannot distinguish it from a
// cut cable.
TEST(ClientClose, TheStreamEndsInOrderToo) {
  absl::Status end;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_EQ(peer.Next(), "close 1000");
    peer.Answer();
    peer.Shutdown();
    end = peer.AwaitEnd();
  });
  {
    std::unique_ptr<Client> client = ConnectOrDie(server);
    EXPECT_TRUE(client->Close().ok());
  }
  server.Join();
  EXPECT_TRUE(end.ok()) << end;
}

TEST(ClientEnd, TheStreamEndsInOrderAfterThePeersClose) {
  absl::Status end;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade(CloseFrame(CloseCode::kGoingAway));
    EXPECT_EQ(peer.Next(), "close 1001");
    end = peer.AwaitEnd();
  });
  {
    std::unique_ptr<Client> client = ConnectOrDie(server);
    EXPECT_CODE(client->Receive().status(), kUnavailable);
  }
  server.Join();
  EXPECT_TRUE(end.ok()) << end;
}

TEST(ClientClose, AnUnansweredOneWakesTheThreadThatReceives) {
  FakeServer server(Ignore);
  ClientOptions options = Quiet();
  options.timeouts.close = kSoon;
  std::unique_ptr<Client> client = ConnectOrDie(server, options);
  std::thread receiver([&] { EXPECT_FALSE(client->Receive().ok()); });
  EXPECT_CODE(client->Close(), kDeadlineExceeded);
  receiver.join();
}

}  // namespace
}  // namespace weft
