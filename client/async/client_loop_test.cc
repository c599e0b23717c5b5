// Asynchronous clients, with real servers and with ones that misbehave. The steps to an open
// connection are tested in loop_connector_test.cc and client/tests/client_connect_steps_test.cc.

#include "weft/client/async/client_loop.h"

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/async/async_client.h"
#include "weft/client/async/client_ref.h"
#include "weft/client/async/testing/client_loop_fixture.h"
#include "weft/client/client.h"
#include "weft/client/connecting/client_options.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/testing/frames.h"
#include "weft/server/server.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/testing/silent_port.h"
#include "weft/transport/testing/tls_pair.h"

namespace weft {
namespace {

using testing::ClientLoopFixture;
using testing::ClientScript;
using testing::ClosePayload;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::ServerFrame;
using testing::SilentPort;
using testing::StatusText;
using testing::TestTlsServer;

class EchoHandler : public Handler {
  void OnMessage(Session& session, const Message& message) override {
    session.Send(message).IgnoreError();
  }
};

class ClientLoopTest : public ClientLoopFixture {};

TEST_F(ClientLoopTest, TalksToARealServer) {
  for (const bool compressed : {false, true}) {
    journal_.Clear();
    ServerOptions server_options = {.port = 0};
    const auto use = compressed ? CompressionOptions::Use::kOn : CompressionOptions::Use::kOff;
    server_options.connection.compression.use = use;
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
        server_options, [](const auto&, auto&) { return std::make_unique<EchoHandler>(); });
    ASSERT_TRUE(server.ok()) << server.status();
    ClientOptions options;
    options.connection.compression.use = use;
    ClientRef client = Open(absl::StrCat("ws://127.0.0.1:", (*server)->port(), "/"),
                            {.on_open =
                                 [compressed](AsyncClient& client) {
                                   EXPECT_EQ(client.compressed(), compressed);
                                   EXPECT_TRUE(client.SendText("from OnOpen").ok());
                                 }},
                            options);
    journal_.WaitFor("message from OnOpen");
    EXPECT_TRUE(client.SendText("from another thread").ok());
    EXPECT_TRUE(client.SendBinary(std::string(100000, 'x')).ok());
    EXPECT_TRUE(client.SendText(std::make_shared<const std::string>("shared")).ok());
    journal_.WaitFor("message shared");
    EXPECT_THAT(journal_.lines(),
                ElementsAre("open", "message from OnOpen", "message from another thread",
                            "message " + std::string(40, 'x'), "message shared"));
    EXPECT_TRUE(client.Close(CloseCode::kNormal, "bye").ok());
    journal_.WaitForPart(" by application ");
    journal_.WaitFor("destroyed");
    EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
  }
}

TEST_F(ClientLoopTest, TalksOverTls) {
  FakeServer server([](FakePeer& peer) {
    peer.StartTls(*TestTlsServer());
    peer.AcceptUpgrade(ServerFrame(Opcode::kText, "early"));
    peer.EchoToEnd();
  });
  ClientRef client = Open(absl::StrCat("wss://127.0.0.1:", server.port(), "/"));
  journal_.WaitFor("message early");
  EXPECT_TRUE(client.SendText("hello").ok());
  journal_.WaitFor("message hello");
  EXPECT_TRUE(client.Close().ok());
  journal_.WaitForPart(" by application ");
}

TEST_F(ClientLoopTest, SendsFragmentsAndPings) {
  std::vector<std::string> seen;
  FakeServer server([&seen](FakePeer& peer) {
    peer.AcceptUpgrade();
    for (int i = 0; i < 4; ++i) seen.push_back(peer.Next());
    peer.ReadToEnd();
  });
  Open(server.url(), {.on_open = [](AsyncClient& client) {
         EXPECT_TRUE(client.SendFragment(Opcode::kText, "Hel", false).ok());
         EXPECT_TRUE(client.SendPing("p").ok());
         EXPECT_TRUE(client.SendText("next").ok());
         EXPECT_TRUE(client.SendFragment(Opcode::kText, "lo", true).ok());
         EXPECT_TRUE(client.Close().ok());
       }});
  loop_.reset();
  server.Join();
  EXPECT_THAT(seen, ElementsAre("ping p", "text Hello", "text next", HasSubstr("close 1000")));
}

TEST_F(ClientLoopTest, AFullQueueRefusesAndIsWritableAgain) {
  std::promise<void> read;
  FakeServer server([&read](FakePeer& peer) {
    peer.AcceptUpgrade();
    read.get_future().wait();
    peer.ReadToEnd();
  });
  StartLoop({.sending = {.max_queue_bytes = 1 << 20}});
  std::promise<void> full;
  Open(server.url(), {.on_open = [&full](AsyncClient& client) {
         absl::Status status;
         const std::string part(100 << 10, 'x');
         while (status.ok()) status = client.SendBinary(part);
         EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
         EXPECT_LE(client.queued_bytes(), (size_t{1} << 20) + 1000);
         full.set_value();
       }});
  full.get_future().wait();  // a server that reads as fast as this sends would keep it from filling
  EXPECT_EQ(Count({"writable"}), 0);
  read.set_value();
  journal_.WaitFor("writable");
}

TEST_F(ClientLoopTest, ACallbackIsPostedToTheThreadOfTheHandler) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.EchoToEnd();
  });
  std::thread::id handlers;
  ClientRef client =
      Open(server.url(),
           {.on_open = [&handlers](AsyncClient&) { handlers = std::this_thread::get_id(); }});
  EXPECT_TRUE(client
                  .Post([&](AsyncClient& posted) {
                    EXPECT_EQ(std::this_thread::get_id(), handlers);
                    EXPECT_TRUE(posted.SendText("posted").ok());
                  })
                  .ok());
  journal_.WaitFor("message posted");
}

// ---- What cannot be opened ----

// The status of OnFailed is that of the blocking client, for the same server.
TEST_F(ClientLoopTest, FailsWithTheStatusOfTheBlockingClient) {
  const FakeServer::Script refuse = [](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno");
    peer.ReadToEnd();
  };
  const FakeServer::Script other = [](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write("SSH-2.0\r\n");
    peer.ReadToEnd();
  };
  const FakeServer::Script leave = [](FakePeer& peer) { peer.ReadRequest(); };
  for (const FakeServer::Script& script : {refuse, other, leave}) {
    FakeServer server({script, script});
    const absl::Status blocking = Client::Connect(server.url(), {.proxy = "direct"}).status();
    EXPECT_FALSE(blocking.ok());
    Connect(server.url());
    journal_.WaitFor("failed " + StatusText(blocking));
  }
  for (const char* url : {"http//x", "ws://127.0.0.1:1/"}) {
    Connect(url);
    journal_.WaitFor("failed " + StatusText(Client::Connect(url, {.proxy = "direct"}).status()));
  }
  EXPECT_EQ(Count({"open", "close"}), 0);
}

TEST_F(ClientLoopTest, ClosingWhatIsNotOpenYetCancelsIt) {
  const SilentPort silent;
  ClientRef client = Connect(absl::StrCat("ws://", silent.address().ToString(), "/"));
  EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("early")));
  EXPECT_TRUE(client.Close().ok());
  journal_.WaitForPart("failed CANCELLED: ");
  journal_.WaitFor("destroyed");
  EXPECT_EQ(Count({"open", "close", "failed"}), 1);
}

// ---- The end ----

TEST_F(ClientLoopTest, EndsAsTheServerEndsIt) {
  const auto end = [this](const std::string& bytes, bool reset = false) {
    journal_.Clear();
    auto server = std::make_unique<FakeServer>([=](FakePeer& peer) {
      peer.AcceptUpgrade(bytes);
      if (reset) {
        peer.ReadBytes(1);  // otherwise the reset may overtake the response
        return peer.Reset();
      }
      if (bytes.empty()) peer.Shutdown();
      peer.ReadToEnd();
    });
    Connect(server->url(), {.on_open = [](AsyncClient& client) {
              EXPECT_TRUE(client.SendText("read by the server").ok());
            }});
    AwaitCount("close", 1);
    server.reset();  // the client waits for the end of its stream
    journal_.WaitFor("destroyed");
    EXPECT_EQ(Count({"close"}), 1);
    return journal_.lines()[1];
  };
  EXPECT_EQ(end(ServerFrame(Opcode::kClose, ClosePayload(CloseCode::kGoingAway, "restart"))),
            "close 1001 restart by peer ");
  EXPECT_THAT(end(""), HasSubstr("close 1006 "));
  EXPECT_THAT(end("", true), HasSubstr(" by lost "));
  EXPECT_THAT(end(std::string("\x83\x00", 2)), HasSubstr("close 1002 "));
}

TEST_F(ClientLoopTest, AHandlerThatThrowsEndsItsConnection) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(ServerFrame(Opcode::kText, "a"));
    peer.EchoToEnd();
  });
  Open(server.url(), {.on_message = [](AsyncClient&, const Message&) {
         throw std::runtime_error("of the test");
       }});
  journal_.WaitFor("close 1011 the handler failed by application ");
}

TEST_F(ClientLoopTest, HooksThatThrowEndNothing) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_THAT(peer.Next(), HasSubstr("ping "));
    peer.Answer();
    peer.EchoToEnd();
  });
  testing::Journal log;
  StartLoop({.log = [&log](LogLevel, absl::string_view text) { log.Write(std::string(text)); }});
  ClientRef client = Open(
      server.url(), {.on_open = [](AsyncClient& client) { EXPECT_TRUE(client.SendPing().ok()); }},
      {.hooks = {
           .on_head = [](HttpHead, absl::string_view) { throw std::runtime_error("a"); },
           .on_round_trip = [](absl::Duration) { throw std::runtime_error("b"); },
       }});
  log.WaitFor("an exception in hooks.on_round_trip: b");
  EXPECT_TRUE(client.SendText("hello").ok());
  journal_.WaitFor("message hello");
  loop_.reset();
  EXPECT_THAT(log.lines(),
              ElementsAre("an exception in hooks.on_head: a", "an exception in hooks.on_head: a",
                          "an exception in hooks.on_round_trip: b"));
}

TEST_F(ClientLoopTest, TerminatesWithoutAHandshake) {
  std::string received;
  FakeServer server([&received](FakePeer& peer) {
    peer.AcceptUpgrade();
    received = peer.ReadBytes(1);
  });
  ClientRef client = Open(server.url());
  EXPECT_TRUE(client.Terminate().ok());
  journal_.WaitForPart("close 1006 ");
  server.Join();
  EXPECT_EQ(received, "");
}

TEST_F(ClientLoopTest, TerminatesInEachCallback) {
  const FakeServer::Script script = [](FakePeer& peer) {
    peer.AcceptUpgrade(ServerFrame(Opcode::kText, "a") + ServerFrame(Opcode::kText, "b") +
                       ServerFrame(Opcode::kClose, ClosePayload(CloseCode::kGoingAway)));
    peer.ReadToEnd();
  };
  FakeServer server({script, script, script});
  const auto terminate = [](AsyncClient& client) {
    client.Terminate();
    EXPECT_FALSE(client.SendText("late").ok());
    client.Terminate();  // has no effect
  };
  const std::string terminated = "close 1006 terminated by the application by application ";
  const auto lines = [&](ClientScript script) {
    journal_.Clear();
    Connect(server.url(), std::move(script));
    journal_.WaitFor("destroyed");
    return journal_.lines();
  };
  EXPECT_THAT(lines({.on_open = terminate}), ElementsAre("open", terminated, "destroyed"));
  EXPECT_THAT(
      lines({.on_message = [&](AsyncClient& client, const Message&) { terminate(client); }}),
      ElementsAre("open", "message a", terminated, "destroyed"));
  EXPECT_THAT(lines({.on_close = terminate}),
              ElementsAre("open", "message a", "message b", "close 1001  by peer ", "destroyed"));
}

// ---- Time ----

TEST_F(ClientLoopTest, PingsASilentServerAndMeasuresTheRoundTrip) {
  std::promise<void> pinged, answer;
  FakeServer server([&](FakePeer& peer) {
    peer.AcceptUpgrade();
    EXPECT_THAT(peer.Next(), HasSubstr("ping "));
    pinged.set_value();
    answer.get_future().wait();
    peer.Answer();
    peer.Write(ServerFrame(Opcode::kText, "after the pong"));
    peer.EchoToEnd();
  });
  std::optional<absl::Duration> round_trip;
  Open(server.url(), {.on_message = [&](AsyncClient& client, const Message&) {
         round_trip = client.round_trip_time();
       }});
  clock_.AdvanceMs(20100);
  pinged.get_future().wait();
  clock_.AdvanceMs(150);
  answer.set_value();
  journal_.WaitFor("message after the pong");
  loop_.reset();
  ASSERT_TRUE(round_trip.has_value());
  EXPECT_GE(*round_trip, absl::Milliseconds(150));
}

TEST_F(ClientLoopTest, AServerThatAnswersNoPingIsGone) {
  std::promise<void> pinged;
  FakeServer server([&pinged](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Next();
    pinged.set_value();
    peer.ReadToEnd();
  });
  Open(server.url());
  clock_.AdvanceMs(20100);
  pinged.get_future().wait();
  clock_.AdvanceMs(20100);
  journal_.WaitFor("close 1006 the server did not answer a ping by timeout timeouts.pong");
}

TEST_F(ClientLoopTest, AServerThatDoesNotAnswerACloseIsLeft) {
  std::promise<void> closed;
  FakeServer server([&closed](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.Next();
    closed.set_value();
    peer.ReadToEnd();
  });
  ClientRef client = Open(server.url());
  EXPECT_TRUE(client.Close().ok());
  closed.get_future().wait();
  clock_.AdvanceMs(5100);
  journal_.WaitForPart("close 1006 the closing handshake took too long by application");
}

// ---- The loop ----

TEST_F(ClientLoopTest, ItsEndEndsEachConnectionWithOneCall) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
      {.port = 0}, [](const auto&, auto&) { return std::make_unique<EchoHandler>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const SilentPort silent;
  StartLoop({.threads = 2});
  std::vector<ClientRef> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(Connect(absl::StrCat("ws://127.0.0.1:", (*server)->port(), "/")));
  }
  journal_.WaitFor("open", 50);
  for (int i = 0; i < 50; ++i) {
    clients.push_back(Connect(absl::StrCat("ws://", silent.address().ToString(), "/")));
  }
  loop_.reset();
  EXPECT_EQ(Count({"close 1006 "}), 50);
  EXPECT_EQ(Count({"failed CANCELLED: "}), 50);
  EXPECT_EQ(Count({"destroyed"}), 100);
  for (const ClientRef& client : clients) {
    EXPECT_TRUE(absl::IsFailedPrecondition(client.SendText("late")));
    EXPECT_TRUE(absl::IsFailedPrecondition(client.Close()));
  }
}

TEST_F(ClientLoopTest, DrainsOverATime) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
      {.port = 0}, [](const auto&, auto&) { return std::make_unique<EchoHandler>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string url = absl::StrCat("ws://127.0.0.1:", (*server)->port(), "/");
  StartLoop();
  for (int i = 0; i < 4; ++i) Connect(url);
  journal_.WaitFor("open", 4);
  loop_->Drain(absl::Seconds(4));
  Connect(url);  // behind the drain in the mailbox
  journal_.WaitForPart("failed UNAVAILABLE: ");
  EXPECT_EQ(Count({"close"}), 0);  // the first is due after half a second
  for (int i = 1; i <= 4; ++i) {
    clock_.AdvanceMs(1000);
    AwaitCount("close 1001 ", i);
    EXPECT_EQ(Count({"close"}), i);
  }
  journal_.WaitForPart(" by shutdown ");
  while (loop_->connections() > 0) std::this_thread::yield();
}

TEST_F(ClientLoopTest, RunsOnTheThreadOfItsCaller) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade();
    peer.EchoToEnd();
  });
  StartLoop({.threads = 0});
  const std::thread::id here = std::this_thread::get_id();
  Connect(server.url(),
          {.on_open = [](AsyncClient& client) { EXPECT_TRUE(client.SendText("hello").ok()); },
           .on_message =
               [&](AsyncClient&, const Message&) {
                 EXPECT_EQ(std::this_thread::get_id(), here);
                 loop_->Stop();
               }});
  loop_->Run();
  EXPECT_EQ(Count({"close"}), 1);
}

TEST_F(ClientLoopTest, WithoutARunItsEndStillCallsEachHandler) {
  StartLoop({.threads = 0});
  Connect("ws://127.0.0.1:1/");
  loop_.reset();
  EXPECT_EQ(Count({"failed"}), 1);
  EXPECT_EQ(Count({"destroyed"}), 1);
}

TEST_F(ClientLoopTest, HundredsOnOneThread) {
  constexpr int kCount = 300;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(
      {.port = 0}, [](const auto&, auto&) { return std::make_unique<EchoHandler>(); });
  ASSERT_TRUE(server.ok()) << server.status();
  for (int i = 0; i < kCount; ++i) {
    Connect(absl::StrCat("ws://127.0.0.1:", (*server)->port(), "/"),
            {.on_open = [](AsyncClient& client) { EXPECT_TRUE(client.SendText("hello").ok()); },
             .on_message = [](AsyncClient& client,
                              const Message&) { EXPECT_TRUE(client.Close().ok()); }});
  }
  AwaitCount("close 1000 ", kCount);
}

TEST_F(ClientLoopTest, OptionsOutOfTheirRangeAreRefused) {
  EXPECT_EQ(ClientLoop::Create({.threads = -1}).status(),
            absl::InvalidArgumentError("threads is -1, expected at least 0"));
  EXPECT_TRUE(absl::IsInvalidArgument(ClientLoop::Create({.lookup_threads = 0}).status()));
}

}  // namespace
}  // namespace weft
