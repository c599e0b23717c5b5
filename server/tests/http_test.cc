// HTTP and WebSocket on one port, tested over loopback.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/http/http_status.h"
#include "weft/core/testing/frames.h"
#include "weft/server/http/page.h"
#include "weft/server/router.h"
#include "weft/server/server.h"
#include "weft/testing/server_fixture.h"
#include "weft/testing/test_client.h"
#include "weft/transport/io.h"
#include "weft/transport/testing/tls_pair.h"
#include "weft/transport/tls_context.h"

namespace weft {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::weft::testing::TestClient;

std::string Request(absl::string_view method, absl::string_view target,
                    absl::string_view headers = "", absl::string_view body = "") {
  return absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: localhost\r\n", headers, "\r\n",
                      body);
}
std::string Get(absl::string_view target, absl::string_view headers = "") {
  return Request("GET", target, headers);
}

// The next answer, as "200 body".
std::string ReadAnswer(TestClient& client) {
  const std::string head = client.ReadHead();
  size_t size = 0;
  constexpr absl::string_view kLength = "Content-Length: ";
  if (const size_t at = head.find(kLength.data()); at != head.npos) {
    const std::string rest = head.substr(at + kLength.size());
    EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find('\r')), &size));
  }
  return absl::StrCat(head.substr(std::min<size_t>(head.size(), 9), 3), " ",
                      client.ReadBytes(size));
}

// Its page repeats the request: "GET /path?query body".
class HttpTest : public testing::ServerFixture {
 protected:
  void StartHttp(ServerOptions options = {}) {
    if (!options.http.pages) {
      options.http.pages = [this](const PageRequest& request) { return Answer(request); };
    }
    Start(std::move(options));
  }

  absl::StatusOr<PageResponse> Answer(const PageRequest& request) {
    journal_.Write(absl::StrCat("page ", request.path()));
    if (request.path() == "/none") return absl::NotFoundError("there is no such page");
    if (request.path() == "/large") return Page("text/plain", std::string(kLarge, 'L'));
    return Page("text/plain", absl::StrCat(request.method, " ", request.target, " ", request.body));
  }

  // A client whose socket has a small receive buffer.
  TestClient ConnectSlowReader() {
    TestClient client = Connect();
    const int size = 64 << 10;
    EXPECT_EQ(setsockopt(client.stream().fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
    return client;
  }

  // A client of which the server's socket takes less than 64 KiB at once.
  TestClient ConnectToTakeLittle() {
    TestClient client = Connect();
    client.Send(Get("/a"));
    EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
    SetBuffer(client.stream().fd(), SO_RCVBUF, 16 << 10);
    SetBuffer(ServersEnd(client), SO_SNDBUF, 16 << 10);
    return client;
  }

  // Reads from `client` until the server has written `bytes` bytes to it, or has dropped it.
  // Returns the number of bytes read.
  size_t TakeUntilSent(TestClient& client, TestClient& other, uint64_t bytes) {
    char some[4096];
    size_t taken = 0;
    while (SentToAllBut(other) < bytes && server_->connections() > 1) {
      taken += client.stream().Read(absl::MakeSpan(some)).bytes;
    }
    return taken;
  }

  // How many bytes the server has written, but for its answers to this function's requests. With
  // the second answer the turn of the first one has ended, so all is written that the sockets take:
  // the result does not depend on when the loop's thread runs.
  uint64_t SentToAllBut(TestClient& other) {
    for (int i = 0; i < 2; ++i) {
      other.Send(Get("/other"));
      answers_to_other_ += other.ReadHead().size() + other.ReadBytes(11).size();
    }
    return server_->metrics().bytes_sent - answers_to_other_;
  }

  int Logged(absl::string_view part) {
    int count = 0;
    for (const std::string& line : log_.lines()) count += absl::StrContains(line, part);
    return count;
  }

  static constexpr size_t kLarge = 12 << 20;  // more than sockets hold
  uint64_t answers_to_other_ = 0;             // bytes
};

// ---- One request after the other ----

TEST_F(HttpTest, KeepsTheConnectionForTheNextRequest) {
  StartHttp();
  TestClient client = Connect();
  for (const absl::string_view target : {"/a", "/b?c", "/"}) {
    client.Send(Get(target));
    EXPECT_EQ(ReadAnswer(client), absl::StrCat("200 GET ", target, " "));
  }
  client.Send(Get("/none"));
  EXPECT_EQ(ReadAnswer(client), "404 there is no such page\n");
  client.Send(Get("/last", "Connection: close\r\n"));
  EXPECT_EQ(ReadAnswer(client), "200 GET /last ");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(server_->metrics().http_responses[1], 4u);
  EXPECT_EQ(server_->metrics().http_responses[3], 1u);
}

TEST_F(HttpTest, Http10ClosesUnlessAskedNotTo) {
  StartHttp();
  TestClient client = Connect();
  client.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_EQ(client.ReadBytes(7), "GET /a ");
  client.Send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(),
              AllOf(HasSubstr("\r\nConnection: close\r\n"), EndsWith("GET /b ")));
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  StartHttp();
  TestClient client = Connect();
  std::string requests;
  for (int i = 0; i < 1000; ++i) {
    const std::string target = absl::StrCat("/", i);
    absl::StrAppend(&requests, i % 3 == 0 ? Request("POST", target, "Content-Length: 2\r\n", "hi")
                                          : Get(target));
  }
  client.Send(requests);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(ReadAnswer(client), i % 3 == 0 ? absl::StrCat("200 POST /", i, " hi")
                                             : absl::StrCat("200 GET /", i, " "));
  }
}

TEST_F(HttpTest, ArrivesInAnyPieces) {
  StartHttp();
  TestClient client = Connect();
  const std::string request =
      Request("POST", "/a", "Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n");
  for (const char c : request) client.Send(absl::string_view(&c, 1));
  EXPECT_EQ(ReadAnswer(client), "200 POST /a hi");
  for (const char c : Get("/b")) client.Send(absl::string_view(&c, 1));
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
}

TEST_F(HttpTest, HeadSaysWhatGetWouldAndSendsNoBody) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Request("HEAD", "/abc") + Get("/next"));
  EXPECT_THAT(client.ReadHead(),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 10\r\n")));
  EXPECT_EQ(ReadAnswer(client), "200 GET /next ");
}

// RFC 9110, section 9.3.2: for every kind of refusal.
TEST_F(HttpTest, HeadGetsNoBodyWithARefusal) {
  const auto expect = [this](const std::string& request, absl::string_view status) {
    TestClient client = Connect();
    client.Send(request);
    EXPECT_THAT(client.ReadToEnd(), AllOf(StartsWith(absl::StrCat("HTTP/1.1 ", status, " ")),
                                          HasSubstr("\r\nContent-Length: "), EndsWith("\r\n\r\n")))
        << request;
  };
  StartHttp(
      {.http = {.pages = [](const PageRequest&) { return HttpError(426, "here is a WebSocket"); },
                .limits = {.max_head_bytes = 2000},
                .max_body_bytes = 10}});
  expect("HEAD / HTTP/1.1\r\n\r\n", "400");
  expect("\r\nHEAD a HTTP/1.1\r\nHost: localhost\r\n\r\n", "400");
  expect("HEAD / HTTP/1.1\r\nHost here\r\n\r\n", "400");
  expect("HEAD / HTTP/1.1\nHost: localhost\n\n", "400");
  expect(Request("HEAD", "/", "Upgrade: websocket\r\n"), "405");
  expect(Request("HEAD", "/", "Content-Length: 11\r\n"), "413");
  expect(Request("HEAD", "/", "Content-Length: 1\r\nExpect: a miracle\r\n"), "417");
  expect(Request("HEAD", "/", "Transfer-Encoding: chunked\r\n", "x\r\n"), "400");
  expect(Request("HEAD", "/"), "426");
  expect(Request("HEAD", "/", absl::StrCat("X: ", std::string(2000, 'x'), "\r\n")), "431");
  expect("HEAD / HTTP/2.0\r\nHost: localhost\r\n\r\n", "505");
  Start();  // without pages
  expect(Request("HEAD", "/"), "405");
  expect("HEAD / HTTP/1.0\r\n\r\n", "405");
}

TEST_F(HttpTest, NoBodyAfter204And304) {
  StartHttp({.http = {.pages = [](const PageRequest& request) -> absl::StatusOr<PageResponse> {
               return PageResponse{.status = request.path() == "/a" ? 204 : 304,
                                   .body = "not sent"};
             }}});
  TestClient client = Connect();
  client.Send(Get("/a") + Get("/b"));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 304 Not Modified\r\n"));
}

// ---- Upgrades ----

TEST_F(HttpTest, AnUpgradeMayFollowPages) {
  StartHttp();
  TestClient client = Connect();
  // All in one write: the answers must precede the upgrade's, and the frame must be read.
  client.Send(absl::StrCat(Get("/a"), Get("/b"), TestClient::UpgradeRequest(),
                           testing::ClientFrame(Opcode::kText, "hello")));
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(client.ReadFrame(), "fin text hello");
}

TEST_F(HttpTest, AnUpgradeWaitsForALargeAnswerInFrontOfIt) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Get("/large") + TestClient::UpgradeRequest());
  EXPECT_EQ(ReadAnswer(client).size(), 4 + kLarge);
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 101 "));
  client.SendText("hello");
  EXPECT_EQ(client.ReadFrame(), "fin text hello");
}

TEST_F(HttpTest, AnUpgradeThatIsRefusedEndsTheConnection) {
  accept_ = [](const SessionRequest&, UpgradeResponse&) { return absl::NotFoundError("no"); };
  StartHttp();
  TestClient client = Connect();
  client.Send(TestClient::UpgradeRequest() + Get("/a"));
  EXPECT_THAT(client.ReadToEnd(), AllOf(StartsWith("HTTP/1.1 404 "), EndsWith("no\n")));
}

// ---- Hosts and targets ----

// RFC 9112, section 3.2: one rule for pages and upgrades.
TEST_F(HttpTest, AnInvalidHostIs400ForPagesAsForUpgrades) {
  StartHttp();
  for (const absl::string_view host :
       {"<script>", "a, b", "x@y", "a:99999", "[12345]", "", "localhost\r\nHost: localhost"}) {
    for (const absl::string_view upgrade : {"", "Upgrade: websocket\r\n"}) {
      TestClient client = Connect();
      client.Send(absl::StrCat("GET / HTTP/1.1\r\nHost: ", host, "\r\n", upgrade, "\r\n"));
      EXPECT_THAT(client.ReadToEnd(),
                  AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("the header Host ")))
          << host << upgrade;
    }
  }
  EXPECT_TRUE(journal_.lines().empty());
}

// RFC 9112, section 3.2.2: a target that is a URL replaces the Host.
TEST_F(HttpTest, ATargetMayBeAWholeUrl) {
  accept_ = [this](const SessionRequest& request, UpgradeResponse&) {
    journal_.Write(absl::StrCat("upgrade ", request.target, " of ", request.host));
    return absl::OkStatus();
  };
  StartHttp();
  const std::string host = server_->address().ToString();
  TestClient client = Connect();
  client.Send(absl::StrCat(Get(absl::StrCat("http://", host, "?q=1")),
                           Get(absl::StrCat("https://", host, "/a?b"))));
  EXPECT_EQ(ReadAnswer(client), "200 GET /?q=1 ");
  EXPECT_EQ(ReadAnswer(client), "200 GET /a?b ");
  EXPECT_THAT(Connect().Upgrade(absl::StrCat("ws://", host)), StartsWith("HTTP/1.1 101 "));
  journal_.WaitFor(absl::StrCat("upgrade / of ", host));
}

TEST_F(HttpTest, ABodyIsNotAskedForWhereTheTargetIsWrong) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Request("POST", "a", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 400 "));
}

// The largest values mean "no limit" everywhere: nothing computed from them overflows.
TEST_F(HttpTest, NoLimitAnywhere) {
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  constexpr absl::Duration kNever = absl::InfiniteDuration();
  for (const int handler_threads : {0, 1}) {
    StartHttp({.handler_threads = handler_threads,
               .connection = {.max_message_bytes = std::numeric_limits<uint64_t>::max(),
                              .max_fragments = std::numeric_limits<uint32_t>::max(),
                              .compression = {.use = CompressionOptions::Use::kOn}},
               .http = {.limits = {.max_head_bytes = kNone, .max_headers = kNone},
                        .max_body_bytes = kNone},
               .limits = {.max_connections = kNone,
                          .max_connections_per_address = kNone,
                          .max_buffered_bytes = kNone,
                          .max_compression_bytes = kNone,
                          .max_waiting_messages = kNone,
                          .max_waiting_bytes = kNone,
                          .max_topics_per_session = kNone,
                          .max_topic_bytes = kNone},
               .timeouts = {.handshake = kNever,
                            .http = kNever,
                            .keep_alive = kNever,
                            .first_message = kNever,
                            .idle = kNever,
                            .ping_interval = kNever,
                            .pong = kNever,
                            .close = kNever},
               .rates = {.request_grace = kNever, .message_grace = kNever},
               .sending = {.max_queue_bytes = kNone,
                           .high_mark_bytes = kNone,
                           .low_mark_bytes = kNone - 1,
                           .pause_reading_bytes = kNone}});
    TestClient client = Connect();
    client.Send(Request("POST", "/a", "Content-Length: 4\r\n", "body"));
    EXPECT_EQ(ReadAnswer(client), "200 POST /a body");
    client.Send(Request("POST", "/b", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"));
    EXPECT_EQ(ReadAnswer(client), "200 POST /b abc");
    TestClient socket = Connect();
    EXPECT_EQ(socket.Upgrade("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
              "HTTP/1.1 101 Switching Protocols");
    socket.Send(testing::ClientFrame(Opcode::kText, "Hel", /*fin=*/false));
    Pass(60000);
    socket.Send(testing::ClientFrame(Opcode::kContinuation, "lo"));
    EXPECT_THAT(socket.ReadFrame(), StartsWith("fin "));
    client.Send(Get("/c"));
    EXPECT_EQ(ReadAnswer(client), "200 GET /c ");
  }
}

// ---- Bodies ----

TEST_F(HttpTest, BodiesUpToTheLimit) {
  StartHttp({.http = {.max_body_bytes = 1 << 20}});
  TestClient client = Connect();
  const std::string body(1 << 20, 'b');
  client.Send(Request("POST", "/a", absl::StrCat("Content-Length: ", body.size(), "\r\n"), body));
  EXPECT_EQ(ReadAnswer(client), absl::StrCat("200 POST /a ", body));
  client.Send(Request("PUT", "/b", absl::StrCat("Content-Length: ", body.size() + 1, "\r\n")));
  EXPECT_THAT(client.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("the body is over 1048576 bytes\n")));
}

TEST_F(HttpTest, ARefusalClosesAndReachesAClientThatStillSends) {
  StartHttp({.http = {.limits = {.max_head_bytes = 2000}, .max_body_bytes = 1000}});
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET a HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
      {Request("POST", "/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {Request("POST", "/", "Content-Length: 1\r\nContent-Length: 2\r\n"), "400"},
      {Request("POST", "/", "Content-Length: 1001\r\n"), "413"},
      {Request("POST", "/", "Transfer-Encoding: chunked\r\n", "400\r\n"), "413"},
      {Request("POST", "/", "Transfer-Encoding: chunked\r\n", "x\r\n"), "400"},
      {Request("POST", "/", "Transfer-Encoding: gzip, chunked\r\n"), "501"},
      {Request("POST", "/", "Content-Length: 1\r\nExpect: a miracle\r\n"), "417"},
      {Get("/", absl::StrCat("X: ", std::string(2000, 'x'), "\r\n")), "431"},
      {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "505"},
  };
  for (const auto& [request, status] : cases) {
    TestClient client = Connect();
    // No request is read after it: its end cannot be known.
    client.Send(absl::StrCat(Get("/first"), request, Get("/smuggled"), std::string(100000, 'x')));
    EXPECT_EQ(ReadAnswer(client), "200 GET /first ");
    EXPECT_THAT(client.ReadToEnd(),
                AllOf(StartsWith(absl::StrCat("HTTP/1.1 ", status, " ")),
                      HasSubstr("\r\nConnection: close\r\n"), Not(HasSubstr("smuggled"))))
        << request;
  }
}

// RFC 9110, section 10.1.1.
TEST_F(HttpTest, ContinueBeforeABody) {
  StartHttp();
  TestClient client = Connect();
  constexpr absl::string_view kExpect = "Content-Length: 2\r\nExpect: 100-Continue\r\n";
  client.Send(Request("POST", "/a", kExpect));
  EXPECT_EQ(client.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_EQ(ReadAnswer(client), "200 POST /a hi");

  // A client that does not wait for 100 gets none; neither does an empty body, or HTTP/1.0.
  client.Send(Request("POST", "/b", kExpect, "hi"));
  EXPECT_EQ(ReadAnswer(client), "200 POST /b hi");
  client.Send(Request("POST", "/c", "Content-Length: 0\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(ReadAnswer(client), "200 POST /c ");
  client.Send("POST /d HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  client.Send("hi");
  EXPECT_EQ(ReadAnswer(client), "200 POST /d hi");
}

TEST_F(HttpTest, NoContinueForABodyThatIsTooLarge) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Request("POST", "/a", "Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 413 "));
}

// ---- Answers ----

TEST_F(HttpTest, AnAnswerThatCannotBeSentIs500) {
  StartHttp({.http = {.pages = [](const PageRequest&) -> absl::StatusOr<PageResponse> {
               return PageResponse{.headers = {{"Location", "/\r\nSet-Cookie: stolen"}}};
             }}});
  TestClient client = Connect();
  client.Send(Get("/page"));
  EXPECT_EQ(ReadAnswer(client), "500 the server's own answer could not be sent\n");
  log_.WaitForPart("the page \"/page\" cannot be sent: the value of the header Location holds");
}

TEST_F(HttpTest, SlowReadersDoNotMakeTheServerAskForMore) {
  StartHttp();
  TestClient client = ConnectSlowReader(), other = Connect();
  std::string requests;
  for (int i = 0; i < 3; ++i) requests += Get("/large");
  client.Send(requests);
  journal_.WaitFor("page /large");
  other.Send(Get("/other"));
  EXPECT_EQ(ReadAnswer(other), "200 GET /other ");
  // The server keeps one answer at a time.
  EXPECT_LT(server_->metrics().buffered_bytes, 2 * kLarge);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ReadAnswer(client).size(), 4 + kLarge);
}

TEST_F(HttpTest, AClientThatHasEndedItsOutputGetsItsAnswers) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Get("/large") + Get("/b"));
  ASSERT_TRUE(client.stream().ShutdownWrite().ok());
  EXPECT_EQ(ReadAnswer(client).size(), 4 + kLarge);
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
  EXPECT_EQ(client.ReadToEnd(), "");
}

class HttpFileTest : public HttpTest {
 protected:
  ~HttpFileTest() override {
    server_.reset();
    std::remove(path_.c_str());
  }

  // Serves a file of `size` bytes that is declared to have `promised` bytes.
  void StartFile(size_t size, size_t promised) {
    std::ofstream(path_) << std::string(size, 'F');
    StartHttp(
        {.http = {.pages = [this, promised](const PageRequest&) -> absl::StatusOr<PageResponse> {
           PageResponse page = {.file = UniqueFd(open(path_.c_str(), O_RDONLY | O_CLOEXEC)),
                                .file_bytes = promised};
           EXPECT_TRUE(page.file.is_open());
           return page;
         }}});
  }

  const std::string path_ = absl::StrCat(::testing::TempDir(), "/http_test_file_", getpid());
};

TEST_F(HttpFileTest, AFileIsSentAsTheClientTakesItAndNeverHeldWhole) {
  StartFile(kLarge, kLarge);
  TestClient client = Connect();
  client.Send(Get("/") + Request("HEAD", "/") + Get("/"));
  EXPECT_EQ(client.ReadHead().substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_TRUE(client.ReadBytes(kLarge) == std::string(kLarge, 'F'));
  EXPECT_LT(server_->metrics().buffered_bytes, 1u << 20);
  EXPECT_THAT(client.ReadHead(), HasSubstr(absl::StrCat("Content-Length: ", kLarge)));
  EXPECT_EQ(ReadAnswer(client).size(), 4 + kLarge);
}

TEST_F(HttpFileTest, AFileThatBecameShorterEndsTheConnection) {
  StartFile(1000, 2000);
  TestClient client = Connect();
  client.Send(Get("/"));
  EXPECT_LT(client.ReadToEnd().size(), 2000u);
  log_.WaitForPart("a file became shorter while it was sent");
}

TEST_F(HttpTest, OverTls) {
  StartHttp({.tls = testing::TestTlsServer()});
  TestClient client = Connect();
  ASSERT_EQ(client.StartTls(*testing::TestTlsClient()), "");
  client.Send(Get("/a") + Get("/large"));
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  EXPECT_EQ(ReadAnswer(client).size(), 4 + kLarge);
  const std::string body(1 << 20, 'b');
  client.Send(Request("POST", "/b", absl::StrCat("Content-Length: ", body.size(), "\r\n"), body));
  EXPECT_EQ(ReadAnswer(client), absl::StrCat("200 POST /b ", body));
}

// ---- Time and the end ----

TEST_F(HttpTest, AConnectionThatAsksForNothingMoreIsClosed) {
  StartHttp({.timeouts = {.handshake = absl::Seconds(5),
                          .http = absl::Seconds(10),
                          .keep_alive = absl::Seconds(20)}});
  TestClient client = Connect();
  client.Send(Get("/a"));
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  clock_.AdvanceMs(19000);
  client.Send(Get("/b"));
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
  clock_.AdvanceMs(20100);
  EXPECT_EQ(client.ReadToEnd(), "");
}

// Load balancers close idle connections after 60 s, and must do so before the server.
TEST_F(HttpTest, AnIdleConnectionIsKeptFor75Seconds) {
  StartHttp();
  TestClient client = Connect();
  client.Send(Get("/a"));
  EXPECT_THAT(client.ReadHead(), HasSubstr("\r\nKeep-Alive: timeout=75\r\n"));
  EXPECT_EQ(client.ReadBytes(7), "GET /a ");
  Pass(74900);
  client.Send(Get("/b"));
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
  Pass(75100);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(HttpTest, ARequestThatIsBegunMustEnd) {
  StartHttp({.timeouts = {.handshake = absl::Seconds(5), .http = absl::Seconds(20)},
             .rates = {.min_request_bytes_per_second = 0}});
  TestClient client = Connect(), poster = Connect();
  client.Send(Get("/a") + "GET /b HT");
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  poster.Send(Request("POST", "/c", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(poster.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  clock_.AdvanceMs(5100);
  log_.WaitForPart("the handshake took too long");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
  poster.Send("h");
  clock_.AdvanceMs(15000);
  log_.WaitForPart("the body of a request took too long");
  EXPECT_THAT(poster.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

// The time of the previous answer does not count.
TEST_F(HttpTest, APipelinedRequestHasAllOfItsTime) {
  StartHttp(
      {.timeouts = {.handshake = absl::Seconds(5)}, .rates = {.min_request_bytes_per_second = 0}});
  TestClient client = Connect();
  client.Send("GET /a HT");
  Pass(4000);
  client.Send(Get("/a").substr(9) + "GET /b HT");
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  Pass(4000);
  client.Send(Get("/b").substr(9));
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
}

TEST_F(HttpTest, ABodyMustNotComeTooSlowly) {
  StartHttp({.rates = {.min_request_bytes_per_second = 100, .request_grace = absl::Seconds(2)}});
  TestClient client = Connect();
  client.Send(Get("/a"));  // the bytes of this request do not count for the next one
  EXPECT_EQ(ReadAnswer(client), "200 GET /a ");
  const std::string head =
      Request("POST", "/b", "Content-Length: 1000\r\nExpect: 100-continue\r\n");
  client.Send(head);
  EXPECT_EQ(client.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  clock_.AdvanceMs(2100 + 10 * head.size());
  log_.WaitForPart("the request came too slowly");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

// The rest of a pipelined request waits in the sockets while the previous answer is read.
TEST_F(HttpTest, ARequestIsNotSlowWhileNothingIsRead) {
  StartHttp();
  TestClient client = ConnectSlowReader();
  const std::string next = Get("/b");
  client.Send(Get("/large") + next.substr(0, 20));
  EXPECT_THAT(client.ReadHead(), StartsWith("HTTP/1.1 200 "));
  // Reads the answer slowly but steadily; then its rest, which is more than the sockets hold.
  for (int i = 0; i < 4; ++i) {
    Pass(5000);
    EXPECT_EQ(client.ReadBytes(1 << 20).size(), size_t{1 << 20});
  }
  EXPECT_EQ(client.ReadBytes(kLarge - (4 << 20)).size(), kLarge - (4 << 20));
  Pass(4900);
  client.Send(next.substr(20));
  EXPECT_EQ(ReadAnswer(client), "200 GET /b ");
  // Once reading continues, the time counts.
  client.Send(next.substr(0, 20));
  Pass(5300);
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpTest, AnAnswerThatIsNotTakenIsGivenUp) {
  StartHttp({.timeouts = {.http = absl::Seconds(20)}});
  TestClient client = ConnectSlowReader(), other = Connect();
  client.Send(Get("/large"));
  journal_.WaitFor("page /large");
  other.Send(Get("/other"));  // answered by a later turn of the loop
  EXPECT_EQ(ReadAnswer(other), "200 GET /other ");
  clock_.AdvanceMs(20100);
  log_.WaitForPart("the client does not take its answer");
}

// A regression: each byte that was taken restarted the timeout.
TEST_F(HttpTest, AnAnswerThatIsTakenTooSlowlyIsGivenUp) {
  StartHttp({.timeouts = {.http = absl::Seconds(20)}});
  TestClient client = ConnectToTakeLittle(), other = Connect();
  client.Send(Get("/large"));
  journal_.WaitFor("page /large");
  TakeUntilSent(client, other, 1 << 20);  // more than the sockets hold
  int rounds = 0;
  for (; Logged("the client does not take its answer") == 0 && rounds < 30; ++rounds) {
    const uint64_t sent = SentToAllBut(other);
    TakeUntilSent(client, other, sent + 1);
    EXPECT_LT(SentToAllBut(other) - sent, size_t{64 << 10});
    Pass(19000);
  }
  EXPECT_LT(rounds, 4) << "64 KiB in 20 s";
}

TEST_F(HttpTest, AnAnswerMayTakeLongIfItIsTaken) {
  StartHttp({.timeouts = {.http = absl::Seconds(20)}});
  TestClient client = ConnectToTakeLittle(), other = Connect();
  client.Send(Get("/large"));
  size_t taken = 0;
  for (int i = 0; i < 10; ++i) {
    taken += TakeUntilSent(client, other, SentToAllBut(other) + (128 << 10));
    clock_.AdvanceMs(19000);
  }
  EXPECT_GT(client.ReadBytes(kLarge - taken).size(), 0u);
  EXPECT_EQ(Logged("the client does not take its answer"), 0);
}

TEST_F(HttpTest, ShutdownLetsAnAnswerEndAndClosesTheIdle) {
  StartHttp();
  TestClient idle = Connect(), client = Connect();
  idle.Send(Get("/a"));
  EXPECT_EQ(ReadAnswer(idle), "200 GET /a ");
  client.Send(Request("POST", "/b", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  std::thread shutdown([this] { server_->Shutdown(absl::Seconds(30)); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  client.Send("hi");
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, AllOf(HasSubstr("\r\nConnection: close\r\n"), EndsWith("POST /b hi")));
  client.Close();
  shutdown.join();
}

TEST_F(HttpTest, BodiesCountAmongWhatAllMayHold) {
  StartHttp({.http = {.max_body_bytes = 64 << 20}, .limits = {.max_buffered_bytes = 1 << 20}});
  TestClient client = Connect();
  client.Send(Request("POST", "/a", "Content-Length: 33554432\r\n"));
  std::string sent(4 << 20, 'x');
  client.Send(sent);
  log_.WaitForPart("all sessions together hold more than limits.max_buffered_bytes");
}

// ---- A table of paths ----

TEST_F(HttpTest, ARouterServesPagesAndEndpoints) {
  Router router;
  router.WebSocket("/echo", [this](auto&, auto&) {
    return std::make_unique<testing::ScriptedHandler>(script_, journal_);
  });
  router.Get("/", [](const PageRequest&) { return Page("text/plain", "home"); }).ServeStatus();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({}, router);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);

  TestClient client = Connect();
  client.Send(Get("/") + Get("/healthz") + Get("/readyz"));
  EXPECT_EQ(ReadAnswer(client), "200 home");
  EXPECT_EQ(ReadAnswer(client), "200 ok\n");
  EXPECT_EQ(ReadAnswer(client), "200 ready\n");
  client.Send(Request("POST", "/"));
  EXPECT_THAT(client.ReadHead(),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, HEAD\r\n")));

  TestClient peer = Connect();
  EXPECT_THAT(peer.Upgrade("/echo"), StartsWith("HTTP/1.1 101 "));
  peer.SendText("hello");
  EXPECT_EQ(peer.ReadFrame(), "fin text hello");
  EXPECT_THAT(Connect().Upgrade("/"), StartsWith("HTTP/1.1 404 "));

  TestClient scraper = Connect();
  scraper.Send(Get("/metrics", "Connection: close\r\n"));
  EXPECT_THAT(
      scraper.ReadToEnd(),
      AllOf(HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
            HasSubstr("\nweft_sessions 1\n"), HasSubstr("\nweft_messages_received_total 1\n"),
            HasSubstr("\nweft_handshake_failures_total{reason=\"refused\"} 1\n"),
            HasSubstr("\nweft_loop_lag_seconds_bucket{le=\"+Inf\"} ")));

  TestClient page = Connect();
  page.Send(Get("/echo"));
  EXPECT_THAT(page.ReadToEnd(),
              AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("\r\nUpgrade: websocket\r\n")));
  server_.reset();
}

TEST_F(HttpTest, AServerThatDrainsIsNotReadyAndUpgradesNobody) {
  Router router;
  router.ServeStatus().Get("/drain", [this](const PageRequest&) {
    server_->Drain(absl::Hours(1));
    return Page("text/plain", "begun");
  });
  ServerOptions options;
  options.http.pages = router.pages();
  options.timeouts.unready = absl::ZeroDuration();
  options.for_tests.random = [] { return 0.5; };  // this client is due after half an hour
  StartHttp(std::move(options));
  TestClient client = Connect();
  client.Send(Get("/readyz") + Get("/drain") + Get("/readyz") + Get("/healthz"));
  EXPECT_EQ(ReadAnswer(client), "200 ready\n");
  EXPECT_EQ(ReadAnswer(client), "200 begun");
  EXPECT_EQ(ReadAnswer(client), "503 the server is going away\n");
  EXPECT_EQ(ReadAnswer(client), "200 ok\n");
  for (int i = 0; i < 2; ++i) {  // the loop turns, and has begun to drain
    client.Send(Get("/healthz"));
    EXPECT_EQ(ReadAnswer(client), "200 ok\n");
  }
  client.Send(TestClient::UpgradeRequest());
  EXPECT_THAT(client.ReadHead(),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nRetry-After: 5\r\n")));
  server_.reset();
}

TEST_F(HttpTest, StartReportsTheErrorsOfARouter) {
  const Pages pages = [](const PageRequest&) { return PageResponse(); };
  EXPECT_EQ(Server::Start({}, Router().Get("a", pages)).status().message(),
            "the path \"a\" does not begin with '/'");
  EXPECT_EQ(Server::Start({.http = {.pages = pages}}, Router().Get("/a", pages)).status().message(),
            "http.pages is set, expected empty: the router has the pages");
}

}  // namespace
}  // namespace weft
