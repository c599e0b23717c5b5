#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/client/client.h"
#include "weft/client/testing/client_tests.h"
#include "weft/core/http/http_refusal.h"
#include "weft/core/testing/frames.h"
#include "weft/core/version.h"
#include "weft/testing/fake_server.h"
#include "weft/transport/address.h"
#include "weft/transport/notification.h"

namespace weft {
namespace {

using ::testing::AllOf;
using testing::ConnectOrDie;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using testing::Quiet;
using ::testing::StartsWith;
using testing::Text;

// ---- The opening handshake ----

TEST(ClientConnect, AsksForWhatItWasTold) {
  std::string request;
  FakeServer server([&](FakePeer& peer) {
    request = peer.ReadRequest();
    peer.Write(FakePeer::Accept(request, "v2"));
    peer.ReadToEnd();
  });
  ClientOptions options = Quiet();
  options.request.subprotocols = {"v2", "v1"};
  options.request.origin = "https://example.com";
  options.request.headers = {{"X-Token", "abc"}};
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(server.url("/chat?room=1"), options);
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ((*client)->subprotocol(), "v2");
  EXPECT_EQ((*client)->peer_address().ToString(), absl::StrCat("127.0.0.1:", server.port()));
  EXPECT_EQ((*client)->local_address().ip(), "127.0.0.1");
  EXPECT_NE((*client)->local_address().port(), server.port());
  EXPECT_THAT(request, StartsWith("GET /chat?room=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr(absl::StrCat("\r\nHost: 127.0.0.1:", server.port(), "\r\n")));
  EXPECT_THAT(request, HasSubstr("\r\nX-Token: abc\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nOrigin: https://example.com\r\n"));
  EXPECT_THAT(request, HasSubstr("v2, v1"));
}

// The headers of the request that Connect() sends with these options.
std::multimap<std::string, std::string> HeadersSent(const ClientOptions& options) {
  std::string request;
  FakeServer server([&](FakePeer& peer) {
    request = peer.ReadRequest();
    peer.Write(FakePeer::Accept(request));
    peer.ReadToEnd();
  });
  const absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(server.url(), options);
  EXPECT_TRUE(client.ok()) << client.status();
  return testing::HeadersOf(request);
}

TEST(ClientConnect, SaysWhoItIs) {
  ClientOptions basic = Quiet();
  basic.request.basic_auth = {"Aladdin", "open sesame"};
  EXPECT_THAT(HeadersSent(basic),
              Contains(Pair("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  ClientOptions bearer = Quiet();
  bearer.request.bearer_token = "mF_9.B5f-4.1JqM~+/==";
  bearer.request.cookies = {{"SID", "31d4"}, {"lang", "en"}};
  EXPECT_THAT(HeadersSent(bearer),
              AllOf(Contains(Pair("Authorization", "Bearer mF_9.B5f-4.1JqM~+/==")),
                    Contains(Pair("Cookie", "SID=31d4; lang=en"))));
  EXPECT_THAT(HeadersSent(Quiet()),
              Not(Contains(Key(::testing::AnyOf("Authorization", "Cookie")))));
}

// RFC 9110, section 10.1.5: firewalls refuse requests without one.
TEST(ClientConnect, SaysWhichSoftwareItIs) {
  const auto sent = [](std::vector<std::pair<std::string, std::string>> headers) {
    ClientOptions options = Quiet();
    options.request.headers = std::move(headers);
    std::vector<std::string> values;
    for (const auto& [name, value] : HeadersSent(options)) {
      if (absl::EqualsIgnoreCase(name, "User-Agent")) values.push_back(value);
    }
    return values;
  };
  EXPECT_THAT(sent({}), ElementsAre(absl::StrCat("weft/", kVersion)));
  EXPECT_THAT(sent({{"user-agent", "my-app/2"}}), ElementsAre("my-app/2"));
  EXPECT_THAT(sent({{"User-Agent", ""}}), ::testing::IsEmpty());
}

TEST(ClientConnect, SaysNotTwiceWhoItIs) {
  FakeServer server([](FakePeer& peer) { EXPECT_EQ(peer.ReadRequest(), ""); });
  std::vector<ClientOptions> all(3);
  all[0].request.basic_auth = {"a", "b"};
  all[0].request.bearer_token = "c";
  all[1].request.bearer_token = "c";
  all[1].request.headers = {{"authorization", "d"}};
  all[2].request.cookies = {{"a", "b"}};
  all[2].request.headers = {{"COOKIE", "c=d"}};
  for (const ClientOptions& options : all) {
    EXPECT_CODE(Client::Connect(server.url(), options).status(), kInvalidArgument);
  }
}

// R11, the client's side: frames directly after the handshake, in the same segment.
TEST(ClientConnect, R11_FramesInTheSegmentOfTheAnswer) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(Text("one") + Text(std::string(100000, 'x')) + Text("three"));
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_RECEIVES(client, "one");
  EXPECT_RECEIVES(client, std::string(100000, 'x'));
  EXPECT_RECEIVES(client, "three");
}

TEST(ClientConnect, R11_AViolationInTheSegmentOfTheAnswer) {
  FakeServer server([](FakePeer& peer) {
    peer.AcceptUpgrade(std::string(14, '\xff'));
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_CODE(client->Receive().status(), kInvalidArgument);
  EXPECT_EQ(client->close_info().code, CloseCode::kProtocolError);
}

TEST(ClientConnect, AnAnswerByteByByte) {
  FakeServer server([](FakePeer& peer) {
    for (const char c : FakePeer::Accept(peer.ReadRequest()) + Text("hi")) {
      peer.Write({&c, 1});
    }
    peer.ReadToEnd();
  });
  std::unique_ptr<Client> client = ConnectOrDie(server);
  EXPECT_RECEIVES(client, "hi");
}

// The error of Connect() for a server that writes `answer` and ends the stream.
absl::Status ConnectToAnswer(absl::string_view answer) {
  FakeServer server([&](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write(answer);
    peer.Shutdown();
    peer.ReadToEnd();
  });
  return Client::Connect(server.url()).status();
}

TEST(ClientConnect, ARefusalShowsStatusAndBody) {
  const absl::Status status =
      ConnectToAnswer("HTTP/1.1 403 Forbidden\r\nContent-Length: 13\r\n\r\nmembers only\nnot this");
  EXPECT_CODE(status, kPermissionDenied);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("answered HTTP 403 Forbidden"), HasSubstr("members only")));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("not this")));
}

TEST(ClientConnect, ARefusalsBodyIsCutAndMadePrintable) {
  const absl::Status status =
      ConnectToAnswer("HTTP/1.1 500\r\n\r\n\x1b[31m" + std::string(1 << 20, 'x'));
  EXPECT_THAT(std::string(status.message()), HasSubstr("answered HTTP 500"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\x1b")));
  EXPECT_LT(status.message().size(), 1000u);
}

TEST(ClientConnect, ARefusalEndsWithoutTheLineEndOfItsBody) {
  const absl::Status status =
      ConnectToAnswer("HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\nmembers only\r\n");
  EXPECT_THAT(std::string(status.message()), ::testing::EndsWith(": members only"));
  EXPECT_EQ(RefusalOf(status)->body, "members only\r\n");
}

// With the response attached.
TEST(ClientConnect, ARefusalIsSafeToPrint) {
  const absl::Status status =
      ConnectToAnswer("HTTP/1.1 403 \xC2\x9B\r\nX-\r\nA: \xC2\x9B\xFF\r\n\r\n\x1b[2J\x9B\r\n\0");
  std::ostringstream printed;
  printed << status;
  const std::string text = printed.str();
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), absl::ascii_isprint)) << text;
}

TEST(ClientConnect, ARefusalCanBeReadFromTheError) {
  const absl::Status status = ConnectToAnswer(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nback\r\n1388\r\n" +
      std::string(5000, '.') + "\r\n0\r\n\r\n");
  const std::optional<HttpRefusal> refusal = RefusalOf(status);
  ASSERT_TRUE(refusal.has_value()) << status;
  EXPECT_EQ(refusal->status, 503);
  EXPECT_EQ(refusal->Find("Retry-After"), "120");
  EXPECT_EQ(refusal->body, "back" + std::string(4092, '.'));
}

// The server keeps the connection open after a body that has a length, and one that has none.
TEST(ClientConnect, ARefusalDoesNotWaitForTheEndOfTheStream) {
  FakeServer server([&](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    peer.ReadToEnd();
  });
  std::vector<std::string> heads;
  const absl::Status status =
      Client::Connect(
          server.url(),
          {.timeouts = {.connect = absl::InfiniteDuration()},
           .hooks = {.on_head = [&heads](HttpHead,
                                         absl::string_view head) { heads.emplace_back(head); }}})
          .status();
  EXPECT_CODE(status, kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none"));
  EXPECT_THAT(heads, ElementsAre(StartsWith("GET / HTTP/1.1\r\n"),
                                 "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n"));
}

TEST(ClientConnect, AnAnswerThatIsNotHttp) {
  EXPECT_THAT(std::string(ConnectToAnswer("SSH-2.0-OpenSSH_9.2\r\n\r\n").message()),
              HasSubstr("SSH-2.0"));
}

TEST(ClientConnect, AnAnswerThatDoesNotFit) {
  const absl::Status status = ConnectToAnswer(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_THAT(std::string(status.message()), HasSubstr("Sec-WebSocket-Accept"));
}

TEST(ClientConnect, AnAnswerThatEndsInTheMiddle) {
  for (const absl::string_view answer :
       {"", "HTTP/1.1 101 Switch", "HTTP/1.1 403 No\r\nA: b\r\n"}) {
    const absl::Status status = ConnectToAnswer(answer);
    EXPECT_CODE(status, kUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1"));
  }
}

TEST(ClientConnect, AnAnswerThatIsTooLarge) {
  const absl::Status status = ConnectToAnswer("HTTP/1.1 101 x\r\nA: " + std::string(1 << 20, 'a'));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("16384"));
}

// ---- Cancelling ----

std::shared_ptr<const Notification> NewNotification() {
  return std::make_shared<const Notification>(*Notification::Create());
}

ClientOptions Until(std::shared_ptr<const Notification> cancel) {
  return {.cancel = std::move(cancel), .timeouts = {.connect = absl::InfiniteDuration()}};
}

TEST(ClientConnectCancel, BeforeAnythingIsConnected) {
  const auto cancel = NewNotification();
  cancel->Notify();
  FakeServer server([](FakePeer&) { ADD_FAILURE() << "connected"; });
  EXPECT_EQ(Client::Connect(server.url(), Until(cancel)).status(),
            absl::CancelledError(absl::StrCat(server.url(), ": cannot connect to \"127.0.0.1\": ",
                                              "127.0.0.1:", server.port(), " (cancelled)")));
}

// The name service's part of this is tested in ResolveNameTest.
TEST(ClientConnectCancel, WhileANameIsLookedUp) {
  const auto cancel = NewNotification();
  cancel->Notify();
  EXPECT_EQ(Client::Connect("ws://name.invalid/", Until(cancel)).status(),
            absl::CancelledError("ws://name.invalid/: cannot resolve \"name.invalid\": cancelled"));
}

// ---- The address ----

std::string WithPort(absl::string_view url, const FakeServer& server) {
  return absl::StrReplaceAll(url, {{"$", absl::StrCat(server.port())}});
}

FakeServer::Script KeepRequest(std::string* request) {
  return [request](FakePeer& peer) {
    *request = peer.ReadRequest();
    peer.Write(FakePeer::Accept(*request) + Text("hi"));
    peer.ReadToEnd();
  };
}

TEST(ClientConnectTo, AnotherAddressThanTheUrls) {
  for (const char* connect_to : {"127.0.0.1:$", "localhost:$"}) {
    std::string request;
    FakeServer server(KeepRequest(&request));
    ClientOptions options = Quiet();
    options.connect_to = WithPort(connect_to, server);
    const auto client = Client::Connect("ws://server.example:81/chat", options);
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_EQ((*client)->peer_address().ToString(), WithPort("127.0.0.1:$", server));
    EXPECT_THAT(request, StartsWith("GET /chat HTTP/1.1\r\nHost: server.example:81\r\n"));
  }
}

TEST(ClientConnectTo, WithoutAPortToTheUrls) {
  std::string request;
  FakeServer server(KeepRequest(&request));
  ClientOptions options = Quiet();
  options.connect_to = "127.0.0.1";
  const auto client = Client::Connect(WithPort("ws://server.example:$/", server), options);
  EXPECT_TRUE(client.ok()) << client.status();
}

TEST(ClientConnectTo, WhatIsNoAddressIsRefused) {
  for (const char* connect_to : {":80", "h:0", "ws://h:80", "h:80/path", "joe@h"}) {
    const absl::Status status = Client::Connect("ws://h/", {.connect_to = connect_to}).status();
    EXPECT_CODE(status, kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                StartsWith(absl::StrCat("connect_to is \"", connect_to,
                                        "\", expected HOST or HOST:PORT: ")));
  }
  const absl::Status unix = Client::Connect("ws+unix:///s:/", {.connect_to = "h:80"}).status();
  EXPECT_CODE(unix, kInvalidArgument);
  EXPECT_THAT(std::string(unix.message()), HasSubstr("that of a Unix socket"));
}

// RFC 6761, section 6.3.
TEST(ClientConnect, ANameUnderLocalhostIsThisMachine) {
  for (const char* host : {"localhost.", "a.b.localhost"}) {
    std::string request;
    FakeServer server(KeepRequest(&request));
    const std::string authority = absl::StrCat(host, ":", server.port());
    const auto client = Client::Connect(absl::StrCat("ws://", authority, "/"), Quiet());
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_THAT(request, HasSubstr(absl::StrCat("\r\nHost: ", authority, "\r\n")));
  }
}

// RFC 6874. The loopback interface is the first of every machine.
TEST(ClientConnect, AZoneIsConnectedByAndNotSent) {
  std::string request;
  FakeServer server(*SocketAddress::FromIp("::1", 0), KeepRequest(&request));
  const auto client = Client::Connect(WithPort("ws://[::1%251]:$/", server), Quiet());
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_THAT(request, HasSubstr(WithPort("\r\nHost: [::1]:$\r\n", server)));

  const absl::Status unknown = Client::Connect("ws://[fe80::1%25nowhere]/").status();
  EXPECT_CODE(unknown, kNotFound);
  EXPECT_THAT(std::string(unknown.message()), HasSubstr("\"fe80::1%nowhere\""));
}

// ---- Unix sockets ----

class ClientConnectUnix : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/weft connect XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    path_ = absl::StrCat(folder_, "/a:b");
    url_ = absl::StrReplaceAll(absl::StrCat("ws+unix://", folder_, "/a%3Ab"), {{" ", "%20"}});
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  std::string folder_, path_, url_;
};

TEST_F(ClientConnectUnix, AsksForTheResourceAtLocalhost) {
  std::string request;
  FakeServer server(*SocketAddress::FromUnixPath(path_), [&](FakePeer& peer) {
    request = peer.ReadRequest();
    peer.Write(FakePeer::Accept(request) + Text("hi"));
    peer.ReadToEnd();
  });
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Connect(absl::StrCat(url_, ":/chat?room=1"), Quiet());
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_RECEIVES(*client, "hi");
  EXPECT_THAT(request, StartsWith("GET /chat?room=1 HTTP/1.1\r\nHost: localhost\r\n"));
  EXPECT_EQ((*client)->peer_address().path(), path_);
}

// The queue of a Unix socket is short. On a slow machine connecting may need more than the shortest
// time.
TEST_F(ClientConnectUnix, ARequestThatIsNotRead) {
  ClientOptions options = Quiet();
  options.request.headers = {{"X", std::string(4 << 20, 'x')}};
  absl::Status status;
  for (const int ms : {20, 200, 2000, 20000}) {
    FakeServer server(*SocketAddress::FromUnixPath(path_),
                      [](FakePeer& peer) { peer.AwaitStop(); });
    options.timeouts.connect = absl::Milliseconds(ms);
    status = Client::Connect(url_, options).status();
    if (absl::StrContains(status.message(), "cannot send")) break;
  }
  EXPECT_EQ(status, absl::DeadlineExceededError(
                        absl::StrCat(url_, ": cannot send the request: deadline exceeded")));
}

TEST_F(ClientConnectUnix, ErrorsNameThePath) {
  EXPECT_EQ(Client::Connect(url_).status(),
            absl::UnavailableError(absl::StrCat(url_, ": cannot connect to unix:", path_,
                                                " (No such file or directory)")));
  const absl::Status too_long =
      Client::Connect(absl::StrCat("ws+unix:///", std::string(200, 'x'))).status();
  EXPECT_CODE(too_long, kInvalidArgument);
  EXPECT_THAT(std::string(too_long.message()), HasSubstr("at most 107 bytes"));
  EXPECT_CODE(Client::Connect("ws+unix:///a%00b").status(), kInvalidArgument);
}

TEST(ClientConnect, NobodyListens) {
  std::string url;
  {
    FakeServer server([](FakePeer&) {});
    url = server.url();
  }
  EXPECT_CODE(Client::Connect(url).status(), kUnavailable);
}

TEST(ClientConnect, OptionsOutOfTheirRangeAreRefused) {
  FakeServer server([](FakePeer&) { ADD_FAILURE() << "connected"; });
  EXPECT_EQ(
      Client::Connect(server.url(), {.timeouts = {.ping_interval = absl::ZeroDuration()}}).status(),
      absl::InvalidArgumentError("timeouts.ping_interval is 0, expected more than 0 "
                                 "(absl::InfiniteDuration() for no limit)"));
}

TEST(ClientConnect, WhatCannotBeAskedFor) {
  EXPECT_CODE(Client::Connect("http://example.com").status(), kInvalidArgument);
}

// R21: values that would smuggle a header in are refused before anything is sent.
TEST(ClientConnect, R21_HeadersCannotBeInjected) {
  FakeServer server([](FakePeer& peer) { EXPECT_EQ(peer.ReadRequest(), ""); });
  const std::string bad = "x\r\nY: z";
  std::vector<ClientOptions> all(10);
  all[0].request.headers = {{"X", bad}};
  all[1].request.headers = {{bad, "x"}};
  all[2].request.origin = bad;
  all[3].request.subprotocols = {bad};
  all[4].request.basic_auth = {bad, "x"};
  all[5].request.basic_auth = {"x", bad};
  all[6].request.bearer_token = bad;
  all[7].request.bearer_token = "==";
  all[8].request.cookies = {{bad, "x"}};
  all[9].request.cookies = {{"x", bad}};
  for (const ClientOptions& options : all) {
    EXPECT_CODE(Client::Connect(server.url(), options).status(), kInvalidArgument);
  }
}

}  // namespace
}  // namespace weft
