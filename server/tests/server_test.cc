// A server, tested over loopback.

#include "weft/server/server.h"

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/http/http_status.h"
#include "weft/core/testing/frames.h"
#include "weft/server/http/page.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/address.h"
#include "weft/transport/io.h"
#include "weft/transport/testing/socket_path.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::ClientFrame;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Script;
using testing::SocketPath;
using ::testing::StartsWith;
using testing::TestClient;

using ServerTest = testing::ServerFixture;

// ---- Messages ----

TEST_F(ServerTest, EchoesAndCloses) {
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("Hello");
  EXPECT_EQ(client.ReadFrame(), "fin text Hello");
  client.Send(ClientFrame(Opcode::kBinary, "\x01\xff"));
  EXPECT_EQ(client.ReadFrame(), "fin binary \x01\xff");
  client.Send(ClientFrame(Opcode::kPing, "p"));
  EXPECT_EQ(client.ReadFrame(), "fin pong p");
  client.SendClose(1000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(),
              ElementsAre("open", "message Hello", "message \x01\xff", "close 1000 ", "destroyed"));
}

TEST_F(ServerTest, MessagesOfEverySizeAlsoWhereTheSocketTakesLess) {
  Start({.connection = {.max_message_bytes = 32 << 20}, .sending = {.max_queue_bytes = 64 << 20}});
  TestClient client = ConnectAndUpgrade();
  for (const size_t size : {0, 1, 125, 126, 65535, 65536, 1 << 20, 16 << 20}) {
    const std::string payload(size, 'x');
    for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
      client.Send(ClientFrame(opcode, payload));
      EXPECT_TRUE(client.ReadFrame() == absl::StrCat("fin ", OpcodeName(opcode), " ", payload))
          << size;
    }
  }
}

TEST_F(ServerTest, HandshakeAndFirstFramesInOneSegment) {
  script_.on_open = [](Session& session) { session.SendText("welcome").IgnoreError(); };
  Start();
  TestClient client = Connect();
  std::string bytes = TestClient::UpgradeRequest();
  for (int i = 0; i < 100; ++i) bytes += ClientFrame(Opcode::kText, absl::StrCat(i));
  client.Send(bytes);
  EXPECT_THAT(client.ReadHead(), HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_EQ(client.ReadFrame(), "fin text welcome");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.ReadFrame(), absl::StrCat("fin text ", i));
}

TEST_F(ServerTest, HandshakeByteByByte) {
  Start();
  TestClient client = Connect();
  for (const char byte : TestClient::UpgradeRequest() + ClientFrame(Opcode::kText, "x")) {
    client.Send({&byte, 1});
  }
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(client.ReadFrame(), "fin text x");
}

TEST_F(ServerTest, StreamedMessagesAreEchoedInPieces) {
  Start({.connection = {.stream_messages = true}});
  TestClient client = ConnectAndUpgrade();
  client.Send(ClientFrame(Opcode::kText, "one ", false));
  EXPECT_EQ(client.ReadFrame(), "text one ");
  client.Send(ClientFrame(Opcode::kContinuation, "two"));
  EXPECT_EQ(client.ReadFrame(), "fin continuation two");
}

// A refused piece drops the rest of its message, and nothing else.
TEST_F(ServerTest, RefusedPieceOfAMessage) {
  script_.on_open = [this](Session& session) {
    const std::string large(1000, 'x');
    Message piece = {.opcode = Opcode::kText, .payload = large, .last = false};
    EXPECT_EQ(session.Send(piece).code(), absl::StatusCode::kResourceExhausted);
    piece = {.opcode = Opcode::kText, .payload = "x", .first = false};
    EXPECT_EQ(session.Send(piece).code(), absl::StatusCode::kFailedPrecondition);
    journal_.Write("checked");
  };
  Start({.sending = {.max_queue_bytes = 500}});
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("checked");
}

// ---- Opening ----

TEST_F(ServerTest, AcceptorSeesTheRequestAndShapesTheAnswer) {
  accept_ = [](const UpgradeRequest& request, UpgradeResponse& response) {
    EXPECT_EQ(request.path(), "/room");
    EXPECT_EQ(request.query(), "name=x");
    EXPECT_THAT(request.subprotocols, ElementsAre("chat", "superchat"));
    response.subprotocol = "superchat";
    response.headers.push_back({"Set-Cookie", "id=1"});
    return absl::OkStatus();
  };
  Start();
  TestClient client = Connect();
  client.Send(
      TestClient::UpgradeRequest("/room?name=x", "Sec-WebSocket-Protocol: chat, superchat\r\n"));
  const std::string head = client.ReadHead();
  EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 101 "), HasSubstr("Set-Cookie: id=1\r\n"),
                          HasSubstr("Sec-WebSocket-Protocol: superchat\r\n")));
}

TEST_F(ServerTest, AcceptorsStatusBecomesAnHttpAnswer) {
  const std::map<std::string, absl::Status> answers = {
      {"401", absl::UnauthenticatedError("who are you?")},
      {"403", absl::PermissionDeniedError("not you")},
      {"404", absl::NotFoundError("no such room")},
      {"418", HttpError(418, "a teapot")},
  };
  accept_ = [&](const UpgradeRequest& request, UpgradeResponse&) {
    return answers.at(std::string(request.path().substr(1)));
  };
  Start();
  for (const auto& [code, status] : answers) {
    TestClient client = Connect();
    client.Send(TestClient::UpgradeRequest("/" + code));
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + code));
    EXPECT_THAT(answer, HasSubstr(std::string(status.message())));
  }
  EXPECT_THAT(journal_.lines(), IsEmpty());
}

TEST_F(ServerTest, AnAcceptorsHeadersAreSentWithItsRefusal) {
  const std::map<std::string, std::pair<std::string, std::string>> headers = {
      {"401", {"WWW-Authenticate", "Bearer"}},
      {"302", {"Location", "wss://elsewhere.example/"}},
      {"403", {"Set-Cookie", "tried=1"}},
      {"429", {"Retry-After", "60"}},
      {"400", {"Content-Type", "application/json"}},
  };
  accept_ = [&](const UpgradeRequest& request, UpgradeResponse& response) {
    const std::string code(request.path().substr(1));
    response.headers.push_back(headers.at(code));
    return HttpError(std::stoi(code), "no");
  };
  Start();
  for (const auto& [code, header] : headers) {
    TestClient client = Connect();
    client.Send(TestClient::UpgradeRequest("/" + code));
    const std::string head = client.ReadHead(), line = "\r\n" + header.first + ": ";
    EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 " + code), HasSubstr(line + header.second)));
    EXPECT_EQ(head.find(line), head.rfind(line)) << "twice: " << head;
  }
}

TEST_F(ServerTest, AHeaderThatCannotBeSentMakesARefusal500) {
  accept_ = [](const UpgradeRequest& request, UpgradeResponse& response) {
    response.headers.push_back(request.path() == "/set" ? std::pair("Content-Length", "0")
                                                        : std::pair("X", "a\r\nEvil: 1"));
    return absl::PermissionDeniedError("no");
  };
  Start();
  for (const absl::string_view path : {"/set", "/injects"}) {
    TestClient client = Connect();
    client.Send(TestClient::UpgradeRequest(path));
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_EQ(answer.find("Evil"), std::string::npos);
  }
  log_.WaitForPart("cannot be sent: the header \"Content-Length\" is set by the handshake");
  log_.WaitForPart("cannot be sent: the value of the header X holds a character");
  EXPECT_EQ(server_->metrics().http_responses[4], 2u);
}

// A regression: the status was used as an index of a counter.
TEST_F(ServerTest, AStatusThatIsNotAnErrorIs500) {
  int code = 0;
  accept_ = [&](const UpgradeRequest&, UpgradeResponse&) { return HttpError(code, "no"); };
  Start();
  const int codes[] = {-100, 0, 99, 101, 204, 304, 600, 999, 1000000000};
  for (const int each : codes) {
    code = each;
    EXPECT_THAT(Connect().Upgrade(), StartsWith("HTTP/1.1 500 ")) << each;
    log_.WaitForPart(absl::StrCat("except 304, not ", each));
  }
  EXPECT_THAT(server_->metrics().http_responses, ElementsAre(0, 0, 0, 0, std::size(codes)));
  server_.reset();
}

// RFC 9110, sections 6.6.1 and 10.2.3.
TEST_F(ServerTest, RefusalsHaveADateAndSayWhenToComeBack) {
  Start({.limits = {.max_connections = 2, .max_connections_per_address = 1}});
  TestClient in = ConnectAndUpgrade();
  TestClient second = Connect();
  second.Send(TestClient::UpgradeRequest());
  EXPECT_THAT(second.ReadHead(),
              AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("\r\nRetry-After: 5\r\n"),
                    ::testing::ContainsRegex("\r\nDate: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} "
                                             "[0-9]{4} [0-9:]{8} GMT\r\n")));
}

TEST_F(ServerTest, RequestsWithoutAnUpgrade) {
  Start();
  const std::map<std::string, std::string> answers = {
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "426"},
      {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
      {"garbage\r\n\r\n", "400"},
      {TestClient::UpgradeRequest("/", "Sec-WebSocket-Version: 8\r\n"), "400"},
      {std::string(100000, 'x'), "431"},
  };
  for (const auto& [request, code] : answers) {
    TestClient client = Connect();
    client.Send(request);
    EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 " + code)) << request.substr(0, 80);
  }
}

// R20: a page of another origin must not open a WebSocket with its visitor's cookies.
TEST_F(ServerTest, R20_OriginIsChecked) {
  Start({.http = {.allowed_origins = {"https://friend.example", "null"}}});
  const std::map<std::string, std::string> answers = {
      {"", "101"},
      {"Origin: http://localhost\r\n", "101"},
      {"Origin: https://friend.example\r\n", "101"},
      {"Origin: null\r\n", "101"},
      {"Origin: http://friend.example\r\n", "403"},
      {"Origin: https://evil.example\r\n", "403"},
      {"Origin: http://localhost.evil.example\r\n", "403"},
  };
  for (const auto& [origin, code] : answers) {
    EXPECT_THAT(Connect().Upgrade("/", origin), StartsWith("HTTP/1.1 " + code)) << origin;
  }
}

TEST_F(ServerTest, R20_ARefusalSaysWhatWasComparedAndWhatAllowsIt) {
  Start();
  constexpr absl::string_view kText =
      "pages of the origin \"https://app.example\" may not connect to the host \"localhost\": "
      "ServerOptions::http.allowed_origins lists other origins. If a proxy has replaced the host, "
      "nginx needs \"proxy_set_header Host $http_host\", and Apache \"ProxyPreserveHost On\"";
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest("/", "Origin: https://app.example\r\n"));
  EXPECT_THAT(client.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 403 "), EndsWith(absl::StrCat("\r\n\r\n", kText, "\n"))));
  log_.WaitForPart(absl::StrCat("HTTP 403, ", kText));

  // The stranger's text is escaped and cut.
  const std::string long_origin = absl::StrCat("http://\x9bm", std::string(8000, 'a'));
  EXPECT_THAT(Connect().Upgrade("/", absl::StrCat("Origin: ", long_origin, "\r\n")),
              StartsWith("HTTP/1.1 403 "));
  log_.WaitForPart("the origin \"http://\\x9bmaaaa");
  for (const std::string& line : log_.lines()) EXPECT_LT(line.size(), 500u);
}

TEST_F(ServerTest, R20_NullOriginIsRefusedByDefault) {
  Start();
  EXPECT_THAT(Connect().Upgrade("/", "Origin: null\r\n"), StartsWith("HTTP/1.1 403 "));
}

TEST_F(ServerTest, R20_AnyOriginOnlyWhereAsked) {
  Start({.http = {.allowed_origins = {"*"}}});
  EXPECT_THAT(Connect().Upgrade("/", "Origin: https://evil.example\r\n"),
              StartsWith("HTTP/1.1 101 "));
}

// DNS rebinding: the page's name resolves to this machine, so its Origin equals the Host.
TEST_F(ServerTest, R20_APageWhoseNameWasMadeToLeadHereIsRefused) {
  Start({.http = {.pages = [](const PageRequest&) { return Page("text/plain", "page"); }}});
  const std::string upgrade = TestClient::UpgradeRequest();
  for (const absl::string_view headers : {
           "Host: attacker.example:8080\r\nOrigin: http://attacker.example:8080\r\n",
           "Host: attacker.example:8080\r\n",
       }) {
    for (const std::string& request :
         {absl::StrReplaceAll(upgrade, {{"Host: localhost\r\n", headers}}),
          absl::StrCat("GET /page HTTP/1.1\r\n", headers, "\r\n"),
          absl::StrReplaceAll(upgrade, {{"GET /", "GET http://attacker.example:8080/"}})}) {
      TestClient client = Connect();
      client.Send(request);
      EXPECT_THAT(client.ReadToEnd(), AllOf(StartsWith("HTTP/1.1 421 Misdirected Request\r\n"),
                                            HasSubstr("the host \"attacker.example:8080\": "
                                                      "ServerOptions::http.allowed_hosts lists")))
          << request;
    }
  }
  log_.WaitForPart(
      "HTTP 421, this server does not answer for the host \"attacker.example:8080\": "
      "ServerOptions::http.allowed_hosts");
  EXPECT_EQ(server_->metrics().handshake_failures[static_cast<size_t>(HandshakeFailure::kHost)],
            6u);
  // A health check of HTTP/1.0 names no host.
  TestClient check = Connect();
  check.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(check.ReadToEnd(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, R20_PagesAreForTheServersOwnHosts) {
  Start({.http = {.pages = [](const PageRequest&) { return Page("text/plain", "page"); }}});
  TestClient client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 421 "));
}

TEST_F(ServerTest, R20_HostsAreThoseOfTheListOrOfTheEndpoint) {
  const auto upgrade = [this](size_t endpoint, absl::string_view host) {
    TestClient client(server_->addresses()[endpoint]);
    client.Send(absl::StrReplaceAll(TestClient::UpgradeRequest(),
                                    {{"Host: localhost", absl::StrCat("Host: ", host)}}));
    return client.ReadHead().substr(9, 3);
  };
  const SocketPath socket;
  const std::vector<Endpoint> others = {{.address = socket.address()}};
  Start({.more_endpoints = others});
  EXPECT_EQ(upgrade(0, "127.0.0.1:80"), "101");
  EXPECT_EQ(upgrade(0, "attacker.example"), "421");
  EXPECT_EQ(upgrade(1, "anything.example"), "101");
  server_.reset();
  // Also if a client on this machine connects by a loopback address.
  Start({.address = "0.0.0.0"});
  TestClient client(*SocketAddress::FromIp("127.0.0.1", server_->address().port()));
  client.Send(absl::StrReplaceAll(TestClient::UpgradeRequest(),
                                  {{"Host: localhost", "Host: anything.example"}}));
  EXPECT_EQ(client.ReadHead().substr(9, 3), "101");
  Start({.more_endpoints = others, .http = {.allowed_hosts = {"example.com"}}});
  for (const size_t endpoint : {0, 1}) {
    EXPECT_EQ(upgrade(endpoint, "example.com:8443"), "101");
    EXPECT_EQ(upgrade(endpoint, "localhost"), "421");
  }
}

TEST_F(ServerTest, R20_APageOfAnotherSchemeIsNotTheServersOwn) {
  Start();
  EXPECT_EQ(Connect().Upgrade("/", "Origin: capacitor://localhost\r\n").substr(9, 3), "403");
}

// R11: an invalid frame in the same segment as the handshake fails that connection and no other.
TEST_F(ServerTest, R11_InvalidBytesDirectlyAfterTheHandshake) {
  Start();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest() +
              "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin close 1002 "));
  EXPECT_EQ(client.ReadFrame(), "end");
  client.Close();
  journal_.WaitFor("destroyed");
  EXPECT_THAT(journal_.lines(), ElementsAre("open", StartsWith("close 1002"), "destroyed"));
  TestClient other = ConnectAndUpgrade();
  other.SendText("still here");
  EXPECT_EQ(other.ReadFrame(), "fin text still here");
}

// R25: before the handshake is done, a client has a limit of bytes and of time.
TEST_F(ServerTest, R25_HandshakeDeadline) {
  Start({.timeouts = {.handshake = absl::Seconds(10)}});
  TestClient silent = Connect(), slow = Connect();
  slow.Send("GET / HTTP/1.1\r\nHost");
  while (server_->connections() < 2) std::this_thread::yield();
  clock_.AdvanceMs(9000);
  slow.Send(": x\r\n");
  clock_.AdvanceMs(2000);
  EXPECT_EQ(silent.ReadFrame(), "end");
  EXPECT_THAT(slow.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(ServerTest, R25_LimitOfConnections) {
  Start({.limits = {.max_connections = 2}});
  TestClient one = ConnectAndUpgrade();
  {
    TestClient two = ConnectAndUpgrade();
    TestClient three = Connect();
    three.Send(TestClient::UpgradeRequest());
    EXPECT_THAT(three.ReadHead(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nDate: "),
                                        HasSubstr("\r\nRetry-After: 5\r\n")));
  }
  journal_.WaitFor("destroyed");
  while (server_->connections() > 1) std::this_thread::yield();
  TestClient three = ConnectAndUpgrade();
  one.SendText("x");
  EXPECT_EQ(one.ReadFrame(), "fin text x");
}

// Refused connections that are still open do not take the place that becomes free.
TEST_F(ServerTest, R25_LimitOfConnectionsAnAddress) {
  Start({.threads = 2, .limits = {.max_connections_per_address = 2}});
  TestClient one = ConnectAndUpgrade();
  {
    TestClient two = ConnectAndUpgrade();
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(Connect().Upgrade(), "HTTP/1.1 429 Too Many Requests");
    }
    EXPECT_EQ(log_.lines().size(), 5u);
  }
  journal_.WaitFor("destroyed");
  TestClient three = ConnectAndUpgrade();
  one.SendText("x");
  EXPECT_EQ(one.ReadFrame(), "fin text x");
  EXPECT_EQ(Connect().Upgrade(), "HTTP/1.1 429 Too Many Requests");
}

// Whichever way they end: in their handshake, refused, reset.
TEST_F(ServerTest, R26_EveryEndGivesItsAddressBack) {
  accept_ = [](const UpgradeRequest& request, UpgradeResponse&) {
    return request.path() == "/no" ? absl::NotFoundError("no") : absl::OkStatus();
  };
  Start({.limits = {.max_connections_per_address = 1}});
  const auto leave = [this](TestClient client, bool reset) {
    reset ? client.Reset() : client.Close();
    while (server_->connections() > 0) std::this_thread::yield();
  };
  for (int i = 0; i < 3; ++i) {
    for (const bool reset : {false, true}) {
      TestClient silent = Connect();
      while (server_->connections() == 0) std::this_thread::yield();
      leave(std::move(silent), reset);
      TestClient half = Connect();
      half.Send("GET / HT");
      while (server_->connections() == 0) std::this_thread::yield();
      leave(std::move(half), reset);
      TestClient refused = Connect();
      EXPECT_EQ(refused.Upgrade("/no"), "HTTP/1.1 404 Not Found");
      leave(std::move(refused), reset);
      leave(ConnectAndUpgrade(), reset);
    }
  }
}

// A regression: the sum of the limit and the refused connections wrapped to 0, and all got 503.
TEST_F(ServerTest, R25_TheLargestLimitOfConnectionsIsALimit) {
  const SocketPath socket;
  Start({.more_endpoints = {{.address = socket.address()}},
         .limits = {.max_connections = std::numeric_limits<size_t>::max(),
                    .max_connections_per_address = 1}});
  TestClient in = ConnectAndUpgrade();
  TestClient at_the_door = Connect();
  while (server_->connections() < 2) std::this_thread::yield();
  EXPECT_EQ(TestClient(server_->addresses()[1]).Upgrade(), "HTTP/1.1 101 Switching Protocols");
}

TEST_F(ServerTest, R25_RefusedConnectionsTakeNoPlace) {
  Start({.limits = {.max_connections = 1}});
  TestClient in = ConnectAndUpgrade();
  std::vector<TestClient> at_the_door;
  for (int i = 0; i < 10; ++i) at_the_door.push_back(Connect());
  EXPECT_THAT(Connect().Upgrade(), StartsWith("HTTP/1.1 503 "));
  in.Close();
  journal_.WaitFor("destroyed");
  ConnectAndUpgrade();
}

// ---- Time ----

// Connections beyond the limit get 503, but only a limited number at once.
TEST_F(ServerTest, R25_NoMoreThan256AreRefusedAtOnce) {
  Start({.limits = {.max_connections = 1}});
  TestClient in = ConnectAndUpgrade();
  std::vector<TestClient> at_the_door;
  for (int i = 0; i < 256; ++i) at_the_door.push_back(Connect());
  TestClient late = Connect();
  char byte;
  while (server_->connections() < 258 &&
         late.stream().Read(absl::MakeSpan(&byte, 1)).status == IoStatus::kWouldBlock) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server_->connections(), 257u);
}

// A regression: the timer waited for timeouts.pong, also when the pong had come.
TEST_F(ServerTest, PingsMayBeMoreFrequentThanTheTimeForAPong) {
  Start({.timeouts = {.ping_interval = absl::Seconds(5), .pong = absl::Seconds(20)}});
  TestClient client = ConnectAndUpgrade();
  for (int i = 0; i < 3; ++i) {
    Pass(5100);
    EXPECT_EQ(client.ReadFrame(), "fin ping ");
    client.Send(ClientFrame(Opcode::kPong, ""));
  }
}

TEST_F(ServerTest, SilentPeerIsPingedAndThenGivenUp) {
  Start({.timeouts = {.ping_interval = absl::Seconds(30), .pong = absl::Seconds(20)}});
  TestClient client = ConnectAndUpgrade();
  for (int round = 0; round < 3; ++round) {
    clock_.AdvanceMs(31000);
    EXPECT_EQ(client.ReadFrame(), "fin ping ");
    client.Send(ClientFrame(Opcode::kPong, ""));
    client.SendText("alive");  // its echo shows that the pong was read as well
    EXPECT_EQ(client.ReadFrame(), "fin text alive");
  }
  clock_.AdvanceMs(31000);
  EXPECT_EQ(client.ReadFrame(), "fin ping ");
  clock_.AdvanceMs(21000);
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("close 1006 the client did not answer a ping");
  journal_.WaitFor("destroyed");
}

TEST_F(ServerTest, IdleSessionIsClosed) {
  Start({.timeouts = {.idle = absl::Seconds(60), .ping_interval = absl::InfiniteDuration()}});
  TestClient client = ConnectAndUpgrade();
  clock_.AdvanceMs(59000);
  client.SendText("not idle");
  EXPECT_EQ(client.ReadFrame(), "fin text not idle");
  clock_.AdvanceMs(59000);
  client.Send(ClientFrame(Opcode::kPing, "but this is no message"));
  EXPECT_EQ(client.ReadFrame(), "fin pong but this is no message");
  clock_.AdvanceMs(2000);
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 idle");
}

// R24: a closing handshake that the peer never completes ends, and returns all memory.
TEST_F(ServerTest, R24_PeerThatNeverAnswersClose) {
  script_.on_message = [](Session& session, const Message&) {
    session.Close(CloseCode::kGoingAway).IgnoreError();
  };
  Start({.timeouts = {.close = absl::Seconds(5)}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("bye");
  EXPECT_EQ(client.ReadFrame(), "fin close 1001");
  clock_.AdvanceMs(4000);
  client.Send(ClientFrame(Opcode::kPing, "stalling"));
  clock_.AdvanceMs(2000);
  EXPECT_EQ(client.ReadFrame(), "end");
  journal_.WaitFor("destroyed");
  while (server_->connections() > 0) std::this_thread::yield();
  EXPECT_THAT(journal_.lines(),
              ElementsAre("open", "message bye", "close 1006 the closing handshake took too long",
                          "destroyed"));
}

// ---- Slow readers ----

TEST_F(ServerTest, FullQueueRefusesAndReadingPauses) {
  const std::string payload(100000, 'x');
  script_.on_message = [&](Session& session, const Message&) {
    const size_t before = session.queued_bytes();
    const absl::Status status = session.SendBinary(payload);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
      EXPECT_EQ(session.queued_bytes(), before) << "nothing of it is sent";
      journal_.Write("refused");
    }
    EXPECT_LE(session.queued_bytes(), 1100000u);
  };
  Start({.sending = {.max_queue_bytes = 1000000, .pause_reading_bytes = 50 << 20}});
  TestClient client = ConnectAndUpgrade();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += ClientFrame(Opcode::kText, ".");
  client.Send(requests);
  journal_.WaitFor("refused");
  EXPECT_THAT(client.ReadFrame(), StartsWith("fin binary xxx"));
  server_.reset();  // destroyed before the objects that its callbacks use
}

// Each message is larger than one read; at first nobody reads the answers. When a message is read,
// the answers before it are below the mark.
TEST_F(ServerTest, AClientThatDoesNotReadItsAnswersIsNotRead) {
  constexpr int kQuestions = 60;
  const std::string question(600000, 'q'), answer(1000000, 'a');
  script_.on_message = [&](Session& session, const Message&) {
    EXPECT_LE(session.queued_bytes(), 1000u);
    EXPECT_TRUE(session.SendBinary(answer).ok());
    journal_.Write("answered");
  };
  Start({.sending = {.max_queue_bytes = 100 << 20, .pause_reading_bytes = 1000}});
  TestClient client = ConnectAndUpgrade();
  std::thread asking([&] {
    for (int i = 0; i < kQuestions; ++i) client.Send(ClientFrame(Opcode::kBinary, question));
  });
  journal_.WaitFor("answered", 3);
  for (int i = 0; i < kQuestions; ++i) EXPECT_EQ(client.ReadFrame().size(), 11 + answer.size());
  asking.join();
  journal_.WaitFor("answered", kQuestions);
  server_.reset();
}

// R26: the limit of the queue holds for every way to send.
TEST_F(ServerTest, R26_SendQueueLimitOnEveryPath) {
  script_.on_open = [this](Session& session) {
    const auto refused = absl::StatusCode::kResourceExhausted;
    EXPECT_EQ(session.SendText("xx").code(), refused);
    EXPECT_EQ(session.SendBinary(std::string(100000, 'x')).code(), refused);
    EXPECT_EQ(session.SendFragment(Opcode::kText, "xx", true).code(), refused);
    EXPECT_EQ(session.SendPing("xx").code(), refused);
    EXPECT_EQ(session.Send({.payload = "xx"}).code(), refused);
    EXPECT_EQ(session.ref().SendText("xx").code(), refused);
    session.Subscribe("topic").IgnoreError();
    EXPECT_TRUE(session.Publish("topic", Opcode::kText, "not for a full queue").ok());
    EXPECT_TRUE(session.Close().ok()) << "a Close frame always has room";
    journal_.Write("checked");
  };
  Start({.sending = {.max_queue_bytes = 1}});
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
  journal_.WaitFor("checked");
}

// Each message fits alone, but not both together.
TEST_F(ServerTest, R26_ASendThatGoesStraightHasABound) {
  const std::string text(600, 's');
  script_.on_open = [&](Session& session) {
    EXPECT_TRUE(session.SendText(text).ok());
    EXPECT_EQ(session.SendText(text).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_LE(session.queued_bytes(), 1000u);
  };
  Start({.sending = {.max_queue_bytes = 1000}});
  TestClient client = ConnectAndUpgrade();
  EXPECT_EQ(client.ReadFrame(), "fin text " + text);
  server_.reset();
}

// R3: the unfinished messages of all sessions together have a budget. When it is exceeded one
// session is dropped, and the others are served.
TEST_F(ServerTest, R3_BudgetOfUnfinishedMessages) {
  Start({.limits = {.max_buffered_bytes = 2 << 20}});
  const std::string most(300000, 'x');
  std::vector<TestClient> clients;
  while (server_->metrics().sessions() == clients.size()) {
    ASSERT_LT(clients.size(), 8u) << "more than the budget is held";
    clients.push_back(ConnectAndUpgrade());
    clients.back().Send(ClientFrame(Opcode::kBinary, most, false));
    LetTheLoopTurn();
  }
  EXPECT_GE(clients.size(), 3u);
  journal_.WaitFor("close 1006 all sessions together hold more than limits.max_buffered_bytes");

  size_t served = 0;
  for (TestClient& client : clients) {
    client.Send(ClientFrame(Opcode::kContinuation, "."));
    served += client.ReadFrame().size() == 12 + most.size();
  }
  EXPECT_EQ(served, clients.size() - 1);
  clients.clear();
  while (server_->connections() > 0) std::this_thread::yield();
  TestClient next = ConnectAndUpgrade();
  next.Send(ClientFrame(Opcode::kBinary, std::string(1 << 20, 'x')));
  EXPECT_EQ(next.ReadFrame().size(), 11u + (1 << 20)) << "all was given back";
}

// When the budget is exceeded, the session that holds most is dropped, not the one that asks next.
TEST_F(ServerTest, T23_TheSessionThatHoldsMostIsDropped) {
  Start({.limits = {.max_buffered_bytes = 8 << 20}});
  std::vector<TestClient> holders;
  while (server_->metrics().sessions() == holders.size()) {
    ASSERT_LT(holders.size(), 12u) << "more than the budget is held";
    holders.push_back(ConnectAndUpgrade());
    holders.back().Send(ClientFrame(Opcode::kBinary, std::string((1 << 20) - 100, 'x'), false));
    LetTheLoopTurn();
  }
  const std::string payload(600000, 'h');
  const std::string frame = ClientFrame(Opcode::kBinary, payload);
  for (int i = 0; i < 3; ++i) {
    std::vector<TestClient> honest;
    for (int k = 0; k < 3; ++k) {
      honest.push_back(ConnectAndUpgrade());
      honest.back().Send(frame.substr(0, 500000));
      LetTheLoopTurn();
    }
    for (TestClient& client : honest) {
      client.Send(frame.substr(500000));
      ASSERT_EQ(client.ReadFrame(), "fin binary " + payload);
    }
  }
}

// ---- Ending, everywhere ----

// R14, R15: a session may terminate itself in each callback.
TEST_F(ServerTest, R14_TerminateInEveryCallback) {
  for (const std::string where : {"open", "message", "close"}) {
    SCOPED_TRACE(where);
    script_ = Script();
    auto end = [](Session& session) {
      session.Subscribe("topic").IgnoreError();
      session.Terminate();
      session.Terminate();
      EXPECT_FALSE(session.SendText("x").ok());
      EXPECT_FALSE(session.Close().ok());
      session.Publish("topic", Opcode::kText, "to nobody").IgnoreError();
      session.Unsubscribe("topic");
    };
    if (where == "open") script_.on_open = end;
    if (where == "message") script_.on_message = [&](Session& s, const Message&) { end(s); };
    if (where == "close") script_.on_close = end;
    Start();
    TestClient client = Connect();
    client.Send(
        absl::StrCat(TestClient::UpgradeRequest(), ClientFrame(Opcode::kText, "one"),
                     ClientFrame(Opcode::kText, "two"),
                     ClientFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal))));
    client.ReadToEnd();
    journal_.WaitFor("destroyed");
    server_.reset();
    int closes = 0;
    for (const std::string& line : journal_.lines()) closes += line.substr(0, 6) == "close ";
    EXPECT_EQ(closes, where == "open" ? 1 : where == "message" ? 2 : 3);
    journal_.Write("next");
    journal_.WaitFor("destroyed", where == "open" ? 1 : where == "message" ? 2 : 3);
  }
}

// R15: refused or disconnected at each stage of the handshake and after; OnClose once for each
// OnOpen.
TEST_F(ServerTest, R15_DropAtEveryStage) {
  const std::string whole =
      absl::StrCat(TestClient::UpgradeRequest(), ClientFrame(Opcode::kText, "message"),
                   ClientFrame(Opcode::kClose, testing::ClosePayload(CloseCode::kNormal)));
  Start();
  for (size_t size = 0; size <= whole.size(); size += 3) {
    for (const bool reset : {false, true}) {
      TestClient client = Connect();
      client.Send(absl::string_view(whole).substr(0, size));
      reset ? client.Reset() : client.Close();
    }
  }
  ConnectAndUpgrade();  // accepted after the others, so those have been accepted
  while (server_->connections() > 0) std::this_thread::yield();
  server_.reset();
  int opens = 0, closes = 0, destroyed = 0;
  for (const std::string& line : journal_.lines()) {
    opens += line == "open";
    closes += line.substr(0, 6) == "close ";
    destroyed += line == "destroyed";
  }
  EXPECT_GT(opens, 0);
  EXPECT_EQ(closes, opens);
  EXPECT_EQ(destroyed, opens);
}

TEST_F(ServerTest, ShutdownSaysGoingAwayAndEndsInTime) {
  Start({.threads = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(ConnectAndUpgrade());
  TestClient in_handshake = Connect();
  in_handshake.Send("GET / HT");
  while (server_->connections() < 11) std::this_thread::yield();

  std::thread shutdown([&] { server_->Shutdown(absl::Seconds(30)); });
  for (TestClient& client : clients) {
    EXPECT_EQ(client.ReadFrame(), "fin close 1001 the server is going away");
    client.SendClose(1001);
    EXPECT_EQ(client.ReadFrame(), "end");
  }
  EXPECT_THAT(in_handshake.ReadFrame(), ::testing::AnyOf("end", "reset"));
  shutdown.join();
  server_->Wait();
  EXPECT_EQ(server_->connections(), 0u);
  journal_.WaitFor("close 1001 ", 10);
  server_->Shutdown();
}

TEST_F(ServerTest, ShutdownIsBoundedAlsoWhenNobodyAnswers) {
  Start();
  TestClient client = ConnectAndUpgrade();
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_THAT(journal_.lines(), ElementsAre("open", StartsWith("close 1006"), "destroyed"));
}

TEST_F(ServerTest, ShutdownGivesThePortBack) {
  Start();
  const SocketAddress address = server_->address();
  server_->Shutdown();
  absl::StatusOr<std::unique_ptr<Server>> again = Server::Start(
      {.port = address.port()}, [](auto&, auto&) { return absl::NotFoundError("none"); });
  EXPECT_TRUE(again.ok()) << again.status();
}

// ---- Topics and other threads ----

TEST_F(ServerTest, TopicsReachSubscribersOnEveryThread) {
  script_.on_message = [](Session& session, const Message& message) {
    if (message.payload == "join") {
      session.Subscribe("room").IgnoreError();
      session.Subscribe("room").IgnoreError();
      session.SendText("joined").IgnoreError();
    } else if (message.payload == "leave") {
      session.Unsubscribe("room");
      session.SendText("left").IgnoreError();
    } else {
      EXPECT_TRUE(session.Publish("room", message.opcode, message.payload).ok());
    }
  };
  Start({.threads = 3});
  std::vector<TestClient> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(ConnectAndUpgrade());
    clients.back().SendText("join");
    EXPECT_EQ(clients.back().ReadFrame(), "fin text joined");
  }
  clients[0].SendText("to all");
  for (TestClient& client : clients) EXPECT_EQ(client.ReadFrame(), "fin text to all");
  clients[1].SendText("leave");
  EXPECT_EQ(clients[1].ReadFrame(), "fin text left");
  ASSERT_TRUE(server_->Publish("room", Opcode::kBinary, "from outside").ok());
  EXPECT_FALSE(server_->Publish("room", Opcode::kText, "\xff").ok());
  for (int i = 0; i < 9; ++i) {
    if (i == 1) continue;
    EXPECT_EQ(clients[i].ReadFrame(), "fin binary from outside");
  }
  clients[1].SendText("join");
  EXPECT_EQ(clients[1].ReadFrame(), "fin text joined") << "nothing of what it missed";
}

TEST_F(ServerTest, SessionsAreSpreadEvenly) {
  std::mutex mutex;
  std::map<std::thread::id, int> sessions;
  script_.on_open = [&](Session&) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++sessions[std::this_thread::get_id()];
  };
  Start({.threads = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(ConnectAndUpgrade());
  journal_.WaitFor("open", 10);
  server_.reset();
  ASSERT_EQ(sessions.size(), 2u);
  for (const auto& [id, count] : sessions) EXPECT_EQ(count, 5);
}

TEST_F(ServerTest, SessionRefSendsFromAnyThreadInOrder) {
  std::mutex mutex;
  SessionRef ref;
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    ref = session.ref();
    EXPECT_EQ(ref.id(), session.id());
    EXPECT_TRUE(ref == session.ref());
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("open");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) EXPECT_TRUE(ref.SendText(absl::StrCat(t, " ", i)).ok());
    });
  }
  int next[4] = {};
  for (int i = 0; i < 1000; ++i) {
    const std::string frame = client.ReadFrame();
    ASSERT_THAT(frame, StartsWith("fin text "));
    const int thread = frame[9] - '0';
    EXPECT_EQ(frame, absl::StrCat("fin text ", thread, " ", next[thread]++));
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ref.SendText("\xff").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ref.Close(CloseCode::kAbnormal).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(ref.Subscribe("topic").ok());
  EXPECT_TRUE(ref.Close(CloseCode::kNormal, "done").ok());
  EXPECT_EQ(client.ReadFrame(), "fin close 1000 done");
  client.SendClose(1000);
  journal_.WaitFor("destroyed");
  EXPECT_EQ(ref.SendText("x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ref.Close().code(), absl::StatusCode::kFailedPrecondition);
  server_.reset();
  EXPECT_EQ(ref.SendText("x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(SessionRef().SendText("x").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ServerTest, SessionRefOnTheSessionsThreadKeepsTheOrder) {
  script_.on_message = [](Session& session, const Message&) {
    const SessionRef ref = session.ref();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(ref.SendText("ref").ok());
      EXPECT_TRUE(session.SendText("session").ok());
    }
    EXPECT_TRUE(ref.Close().ok());
    EXPECT_EQ(ref.SendText("late").code(), absl::StatusCode::kFailedPrecondition);
  };
  Start();
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.ReadFrame(), "fin text ref");
    EXPECT_EQ(client.ReadFrame(), "fin text session");
  }
  EXPECT_EQ(client.ReadFrame(), "fin close 1000");
}

// The session's own sends cannot drop a message that a SessionRef has admitted.
TEST_F(ServerTest, MessagesThatSessionRefAdmitsAreSent) {
  const std::string filler(100000, 'f'), posted(500000, 'p');
  script_.on_message = [&](Session& session, const Message&) {
    while (session.queued_bytes() == 0) EXPECT_TRUE(session.SendBinary(filler).ok());
    std::thread([&, ref = session.ref()] { EXPECT_TRUE(ref.SendBinary(posted).ok()); }).join();
    int refused = 0;
    for (int i = 0; i < 10; ++i) refused += !session.SendBinary(filler).ok();
    EXPECT_GE(refused, 5);
  };
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  std::string frame;
  while (frame != "fin binary " + posted) {
    frame = client.ReadFrame();
    ASSERT_THAT(frame, StartsWith("fin binary "));
  }
  server_.reset();
}

// Empty messages cost as well: their number is limited while the session's thread is busy.
TEST_F(ServerTest, R26_SessionRefIsBoundedForEmptyMessages) {
  script_.on_message = [this](Session& session, const Message&) {
    std::thread([this, ref = session.ref()] {
      int taken = 0;
      while (taken < 1000000 && ref.SendText("").ok()) ++taken;
      journal_.Write(taken < 100000 ? "bounded" : "unbounded");
    }).join();
  };
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectAndUpgrade();
  client.SendText("go");
  journal_.WaitFor("bounded");
  EXPECT_EQ(client.ReadFrame(), "fin text ");
}

TEST_F(ServerTest, SessionRefIsBoundedLikeTheSession) {
  std::mutex mutex;
  SessionRef ref;
  script_.on_open = [&](Session& session) {
    const std::lock_guard<std::mutex> lock(mutex);
    ref = session.ref();
  };
  Start({.sending = {.max_queue_bytes = 1000000}});
  TestClient client = ConnectAndUpgrade();
  journal_.WaitFor("open");
  const std::string payload(100000, 'x');
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) status = ref.SendBinary(payload);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  server_.reset();
}

// ---- Listening ----

TEST_F(ServerTest, ListensOnIpv6AndUnixSockets) {
  const SocketPath socket;
  Start({.address = socket.address(), .limits = {.max_connections_per_address = 1}});
  TestClient client = ConnectAndUpgrade();
  TestClient as_many_as_like = ConnectAndUpgrade();
  client.SendText("x");
  EXPECT_EQ(client.ReadFrame(), "fin text x");
  server_.reset();
  EXPECT_NE(access(socket.path().c_str(), F_OK), 0) << "the socket file is left behind";

  absl::StatusOr<std::unique_ptr<Server>> ipv6 =
      Server::Start({.address = "::1"}, [](auto&, auto&) { return absl::NotFoundError("none"); });
  if (!ipv6.ok()) GTEST_SKIP() << "no IPv6 here: " << ipv6.status();
  EXPECT_THAT((*ipv6)->address().ToString(), StartsWith("[::1]:"));
}

TEST_F(ServerTest, StartSaysWhatIsWrong) {
  Start();
  auto refuse = [](auto&, auto&) { return absl::NotFoundError("none"); };
  auto error = [&](ServerOptions options) {
    return std::string(Server::Start(std::move(options), refuse).status().message());
  };
  EXPECT_THAT(error({.port = server_->port()}),
              AllOf(HasSubstr(absl::StrCat("127.0.0.1:", server_->port())), HasSubstr("in use")));
  EXPECT_THAT(error({.address = "unix:"}), HasSubstr("path"));
}

}  // namespace
}  // namespace weft
