// How Connect() parses the responses of servers and proxies: interim ones, folded headers, and
// other protocols.

#include <memory>
#include <optional>
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
#include "weft/core/http/http_refusal.h"
#include "weft/testing/fake_server.h"

namespace weft {
namespace {

using testing::Answer;
using ::testing::ElementsAre;
using testing::FakePeer;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::Quiet;
using ::testing::StartsWith;
using testing::Text;

constexpr char kEarlyHints[] = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";

std::string Interim(int status) { return absl::StrCat("HTTP/1.1 ", status, " x\r\n\r\n"); }

void WriteByteByByte(FakePeer& peer, absl::string_view bytes) {
  for (const char& c : bytes) peer.Write({&c, 1});
}

// A server that writes `before`, and then accepts.
FakeServer::Script AcceptAfter(std::string before, bool byte_by_byte = false) {
  return [=](FakePeer& peer) {
    const std::string answer = before + FakePeer::Accept(peer.ReadRequest()) + Text("hi");
    if (byte_by_byte) {
      WriteByteByByte(peer, answer);
    } else {
      peer.Write(answer);
    }
    peer.ReadToEnd();
  };
}

absl::Status ConnectTo(FakeServer::Script script, ClientOptions options = Quiet()) {
  FakeServer server(std::move(script));
  return Client::Connect(server.url(), std::move(options)).status();
}

// Through a proxy that does this.
absl::Status ConnectThrough(FakeServer::Script script) {
  FakeServer proxy(std::move(script));
  ClientOptions options = Quiet();
  options.proxy = absl::StrCat("http://127.0.0.1:", proxy.port());
  return Client::Connect("ws://server.example/", std::move(options)).status();
}

// ---- Interim answers (RFC 9110, section 15.2) ----

TEST(ClientAnswer, InterimOnesAreSkipped) {
  for (const int status : {100, 102, 103, 199}) {
    EXPECT_TRUE(ConnectTo(AcceptAfter(Interim(status))).ok()) << status;
  }
  for (const bool byte_by_byte : {false, true}) {
    FakeServer server(AcceptAfter(Interim(100) + kEarlyHints, byte_by_byte));
    const std::unique_ptr<Client> client = testing::ConnectOrDie(server);
    EXPECT_RECEIVES(client, "hi");
  }
}

TEST(ClientAnswer, InterimOnesAreShown) {
  std::vector<std::string> heads;
  ClientOptions options = Quiet();
  options.hooks.on_head = [&heads](HttpHead which, absl::string_view head) {
    if (which == HttpHead::kResponse) heads.emplace_back(head);
  };
  EXPECT_TRUE(ConnectTo(AcceptAfter(kEarlyHints), options).ok());
  EXPECT_THAT(heads, ElementsAre(kEarlyHints, StartsWith("HTTP/1.1 101 ")));
}

TEST(ClientAnswer, InterimOnesBeforeARefusalAreSkipped) {
  const absl::Status status = ConnectTo(Answer(
      absl::StrCat(kEarlyHints, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?")));
  EXPECT_CODE(status, kUnauthenticated);
  ASSERT_TRUE(RefusalOf(status).has_value()) << status;
  EXPECT_EQ(RefusalOf(status)->status, 401);
  EXPECT_EQ(RefusalOf(status)->body, "who?");
}

TEST(ClientAnswer, InterimOnesBeforeARedirectAreSkipped) {
  FakeServer server(
      {Answer(absl::StrCat(kEarlyHints, "HTTP/1.1 302 Found\r\nLocation: /new\r\n\r\n")),
       AcceptAfter("")});
  ClientOptions options = Quiet();
  options.http.max_redirects = 1;
  const absl::Status status = Client::Connect(server.url(), options).status();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ClientAnswer, InterimOnesOfAProxyAreSkipped) {
  for (const bool byte_by_byte : {false, true}) {
    const absl::Status status = ConnectThrough([=](FakePeer& peer) {
      peer.ReadRequest();
      const std::string answer = Interim(100) + kEarlyHints + "HTTP/1.1 200 Connected\r\n\r\n";
      if (byte_by_byte) {
        WriteByteByByte(peer, answer);
      } else {
        peer.Write(answer);
      }
      AcceptAfter("")(peer);
    });
    EXPECT_TRUE(status.ok()) << status;
  }
}

// 101 is final: it answers an upgrade, and CONNECT does not ask for one.
TEST(ClientAnswer, AProxyThatSwitchesProtocolsIsAnError) {
  const absl::Status status =
      ConnectThrough(Answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"));
  EXPECT_CODE(status, kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("it answered HTTP 101 Switching Protocols"));
}

TEST(ClientAnswer, InterimOnesAreLimited) {
  std::string most;
  for (int i = 0; i < 16; ++i) absl::StrAppend(&most, Interim(102));
  EXPECT_TRUE(ConnectTo(AcceptAfter(most)).ok());
  const absl::Status status = ConnectTo(AcceptAfter(most + kEarlyHints));
  EXPECT_CODE(status, kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("more than 16 interim answers (HTTP 1xx), the last is 103"));
  EXPECT_CODE(ConnectThrough(AcceptAfter(most + kEarlyHints)), kInvalidArgument);
}

TEST(ClientAnswer, InterimOnesCountAgainstTheLimitOfTheHead) {
  const std::string hints =
      absl::StrCat("HTTP/1.1 103 x\r\nLink: ", std::string(9 << 10, 'x'), "\r\n\r\n");
  EXPECT_TRUE(ConnectTo(AcceptAfter(hints)).ok());
  const absl::Status status = ConnectTo(AcceptAfter(hints + hints));
  EXPECT_CODE(status, kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("after 1 interim answers (HTTP 1xx)"));
}

// ---- Folded headers (RFC 9112, section 5.2) ----

TEST(ClientAnswer, AFoldedHeaderIsJoined) {
  for (const bool byte_by_byte : {false, true}) {
    const absl::Status status = ConnectTo([=](FakePeer& peer) {
      std::string answer = FakePeer::Accept(peer.ReadRequest());
      answer.insert(answer.size() - 2, "Set-Cookie: a=b;\r\n Path=/\r\n");
      if (byte_by_byte) {
        WriteByteByByte(peer, answer);
      } else {
        peer.Write(answer);
      }
      peer.ReadToEnd();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST(ClientAnswer, AFoldedHeaderOfARefusalIsJoined) {
  const absl::Status status =
      ConnectTo(Answer("HTTP/1.1 401 x\r\nWWW-Authenticate: Digest\r\n\trealm=\"a\",\r\n"
                       " nonce=\"b\"\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_TRUE(RefusalOf(status).has_value()) << status;
  EXPECT_EQ(RefusalOf(status)->Find("WWW-Authenticate"), "Digest realm=\"a\", nonce=\"b\"");
}

TEST(ClientAnswer, AFoldedLocationIsFollowed) {
  FakeServer server({Answer("HTTP/1.1 302 x\r\nLocation:\r\n /new\r\nContent-Length: 0\r\n\r\n"),
                     [](FakePeer& peer) {
                       const std::string request = peer.ReadRequest();
                       EXPECT_THAT(request, StartsWith("GET /new "));
                       peer.Write(FakePeer::Accept(request));
                       peer.ReadToEnd();
                     }});
  ClientOptions options = Quiet();
  options.http.max_redirects = 1;
  const absl::Status status = Client::Connect(server.url(), options).status();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ClientAnswer, AFoldedHeaderOfAProxyIsJoined) {
  const absl::Status status = ConnectThrough([](FakePeer& peer) {
    peer.ReadRequest();
    peer.Write("HTTP/1.1 200 x\r\nVia: 1.1 a\r\n (b)\r\n\r\n");
    AcceptAfter("")(peer);
  });
  EXPECT_TRUE(status.ok()) << status;
}

// ---- Other protocols ----

// Each of these servers then waits: the first bytes are enough. No timeout ends these connections.
TEST(ClientAnswer, AServerOfAnotherProtocolIsQuotedAtOnce) {
  const std::pair<std::string, std::string> servers[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n", "it begins with \"SSH-2.0-OpenSSH_9.2\\r\\n\""},
      {"220 mail.example ESMTP\r\n", "it begins with \"220 mail.example ESMTP\\r\\n\""},
      {"-ERR unknown command", "it begins with \"-ERR unknown command\""},
      {"HTTP/1.1 OK\r\n", "it begins with \"HTTP/1.1 OK\\r\\n\""},
      {std::string("\0\0\x12\4\0", 5), "it begins with \"\\x00\\x00\\x12\\x04\\x00\""},
      {"\x15\x03\x01", "like TLS: connect with wss://"},
  };
  for (const auto& [greeting, expected] : servers) {
    const auto script = [greeting = greeting](FakePeer& peer) {
      peer.Write(greeting);
      peer.ReadToEnd();
    };
    const absl::Status direct = ConnectTo(script);
    EXPECT_CODE(direct, kInvalidArgument);
    EXPECT_THAT(std::string(direct.message()),
                ::testing::AllOf(HasSubstr("the answer is not HTTP: "), HasSubstr(expected)));
    EXPECT_FALSE(RefusalOf(direct).has_value());
    const absl::Status proxied = ConnectThrough(script);
    EXPECT_CODE(proxied, kInvalidArgument);
    EXPECT_THAT(std::string(proxied.message()),
                ::testing::AllOf(HasSubstr("the proxy "), HasSubstr(expected)));
  }
}

TEST(ClientAnswer, AnInterimAnswerAndThenSomethingElse) {
  const absl::Status status = ConnectTo(Answer(absl::StrCat(kEarlyHints, "SSH-2.0-x\r\n")));
  EXPECT_CODE(status, kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"SSH-2.0-x"));
}

}  // namespace
}  // namespace weft
