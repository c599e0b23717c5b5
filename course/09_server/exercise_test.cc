#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"
#include "course/08_client/client.h"
#include "course/09_server/server.h"
#include "course/testing/expect.h"
#include "course/testing/running_server.h"
#include "course/testing/talk.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Connected;
using testing::Echo;
using testing::Expect;
using testing::Hex;
using testing::kTimeout;
using testing::Quoted;
using testing::Request;

// ---- One connection, without its socket ----

// Gives a conversation bytes in pieces, and returns all its output and the next step.
std::string Answered(Conversation& conversation, const std::string& bytes, size_t piece) {
  for (size_t at = 0; at < bytes.size(); at += piece) {
    conversation.Take(absl::string_view(bytes).substr(at, piece));
  }
  std::string output;
  output.swap(conversation.output());
  static constexpr const char* kSockets[] = {"open", "wait", "half-close", "close"};
  return absl::StrCat(output.substr(0, 5) == "HTTP/" ? Quoted(output) : Hex(output),
                      "; socket: ", kSockets[static_cast<int>(conversation.socket())]);
}

// The frames of a client, after the handshake, at once and byte by byte.
void ExpectAnswer(const Conversation::OnMessage& on_message, const std::string& hex,
                  const std::string& expected, const std::string& section,
                  const std::string& hint) {
  for (const size_t piece : {size_t{1000}, size_t{1}}) {
    Expect({.sent = absl::StrCat("after the handshake, ", piece == 1 ? "byte by byte: " : "", hex),
            .expected = expected,
            .section = absl::StrCat("RFC 6455, section ", section),
            .hint = hint},
           [&] {
             Conversation conversation(on_message);
             Answered(conversation, Request(), 1000);
             return Answered(conversation, Bytes(hex), piece);
           });
  }
}

TEST(ServerTest, TheHandshakeInAnyPieces) {
  for (const size_t piece : {1000, 7, 1}) {
    Expect({.sent = absl::StrCat("the request of chapter 2, in pieces of ", piece, " bytes"),
            .expected = absl::StrCat(Quoted(AnswerTo(*ParseHead(Request()))), "; socket: open"),
            .section = "RFC 6455, section 4.2.2",
            .hint = "Collect bytes until HeadSize() is not 0; then AnswerTo(). Once."},
           [&] {
             Conversation conversation(Echo);
             return Answered(conversation, Request(), piece);
           });
  }
}

TEST(ServerTest, ARequestThatIsRefused) {
  Expect(
      {.sent = "GET / HTTP/1.1 with a Host only, and more bytes after it",
       .expected = "HTTP/1.1 426; then no bytes; socket: half-close",
       .section = "RFC 6455, section 4.2.1: the server stops processing the handshake",
       .hint = "After a refusal nothing more is read as HTTP or as frames. AnswerTo() begins with "
               "\"HTTP/1.1 101 \" if it agrees."},
      [] {
        Conversation conversation(Echo);
        const std::string answer =
            Answered(conversation, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1000);
        return absl::StrCat(answer.substr(1, 12), "; then ",
                            Answered(conversation, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1000));
      });
  Expect({.sent = "a request whose head ParseHead refuses",
          .expected = "HTTP/1.1 400",
          .section = "RFC 9112, section 5.1",
          .hint = "ParseHead() returns an error: answer with 400 yourself."},
         [] {
           Conversation conversation(Echo);
           return Answered(conversation, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 1000).substr(1, 12);
         });
}

TEST(ServerTest, AFrameRightAfterTheRequest) {
  Expect({.sent = "the request and 81 85 37 fa 21 3d 7f 9f 4d 51 58 at once",
          .expected = "the response, and 81 05 48 65 6c 6c 6f",
          .section = "RFC 6455, section 4.1",
          .hint = "The bytes after HeadSize() are frames."},
         [] {
           Conversation conversation(Echo);
           conversation.Take(Request() + Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
           const std::string response = AnswerTo(*ParseHead(Request()));
           const std::string& output = conversation.output();
           if (output.substr(0, response.size()) != response) return Quoted(output);
           return absl::StrCat("the response, and ", Hex(output.substr(response.size())));
         });
}

TEST(ServerTest, MessagesAndPings) {
  ExpectAnswer(Echo, "81 85 37 fa 21 3d 7f 9f 4d 51 58", "81 05 48 65 6c 6c 6f; socket: open",
               "5.1", "on_message is called, and Send() appends a frame that is not masked.");
  ExpectAnswer(Echo, "01 83 37 fa 21 3d 7f 9f 4d 89 82 37 fa 21 3d 7f 93 80 82 37 fa 21 3d 5b 95",
               "8a 02 48 69 81 05 48 65 6c 6c 6f; socket: open", "5.4 and 5.5.2",
               "The pong comes before the message is complete.");
  ExpectAnswer(Echo, "8a 80 37 fa 21 3d", "no bytes; socket: open", "5.5.3",
               "A pong that nobody asked for has no answer.");
}

TEST(ServerTest, TheClientCloses) {
  ExpectAnswer(Echo, "88 85 37 fa 21 3d 34 12 43 44 52 81 85 37 fa 21 3d 7f 9f 4d 51 58",
               "88 02 03 e8; socket: half-close", "5.5.1 and 7.1.1",
               "PeerSent() of chapter 7 gives the answer. The text after it is ignored.");
}

TEST(ServerTest, TheApplicationCloses) {
  const auto close = [](Conversation& conversation, const Event&) {
    conversation.Close(1001, "bye");
    conversation.Send(Opcode::kText, "too late");
    conversation.Close(1000, "again");
  };
  ExpectAnswer(close, "81 80 37 fa 21 3d", "88 05 03 e9 62 79 65; socket: open", "5.5.1",
               "After its Close frame this end sends nothing. It waits for the client's.");
  ExpectAnswer(close, "81 80 37 fa 21 3d 88 82 37 fa 21 3d 34 13",
               "88 05 03 e9 62 79 65; socket: half-close", "7.1.1",
               "Both have sent a Close frame: the server ends the TCP connection.");
  ExpectAnswer(close, "81 80 37 fa 21 3d 89 80 37 fa 21 3d", "88 05 03 e9 62 79 65; socket: open",
               "5.5.1", "A pong is a frame, too: none is sent after the Close frame.");
}

TEST(ServerTest, AClientThatBreaksARule) {
  Expect({.sent = "81 05 48 65 6c 6c 6f, which is not masked",
          .expected = "a Close frame with 1002; socket: half-close",
          .section = "RFC 6455, sections 5.1 and 7.1.7",
          .hint = "The reader has a failure: Closing::Fail() gives the Close frame."},
         [] {
           Conversation conversation(Echo);
           Answered(conversation, Request(), 1000);
           const std::string answer = Answered(conversation, Bytes("81 05 48 65 6c 6c 6f"), 1000);
           const bool close = answer.substr(0, 2) == "88" && answer.substr(6, 5) == "03 ea";
           return absl::StrCat(close ? "a Close frame with 1002" : answer,
                               conversation.socket() == Socket::kHalfClose ? "; socket: half-close"
                                                                           : "; another socket");
         });
}

TEST(ServerTest, TheConnectionIsLost) {
  const auto expect = [](const std::string& when, const std::string& bytes) {
    Expect({.sent = absl::StrCat("the end of TCP ", when),
            .expected = "close",
            .section = "RFC 6455, section 7.1.4",
            .hint = "After TakeEnd() the socket is closed, whatever came before."},
           [&] {
             Conversation conversation(Echo);
             conversation.Take(bytes);
             conversation.TakeEnd();
             return std::string(conversation.socket() == Socket::kClose ? "close" : "another step");
           });
  };
  expect("inside the request", "GET / HTTP/1.1\r\n");
  expect("after the handshake", Request());
  expect("after a refusal", "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(ServerTest, Phases) {
  const auto expect = [](const std::string& when, const std::string& bytes, const char* expected) {
    Expect(
        {.sent = when,
         .expected = expected,
         .section = "RFC 6455, sections 4.2.2 and 5.5.1",
         .hint = "kOpen is from the 101 to this end's Close frame; may_send() of chapter 7."},
        [&] {
          Conversation conversation([](Conversation& self, const Event&) { self.Close(1000, ""); });
          conversation.Take(bytes);
          const size_t before = conversation.output().size();
          conversation.Send(Opcode::kPing, "");
          static constexpr const char* kPhases[] = {"request", "open", "ending"};
          return absl::StrCat(kPhases[static_cast<int>(conversation.phase())], ", a ping is ",
                              conversation.output().size() == before ? "ignored" : "sent");
        });
  };
  expect("half of the request", "GET / HTTP/1.1\r\n", "request, a ping is ignored");
  expect("the request", Request(), "open, a ping is sent");
  expect("a request that is refused", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
         "ending, a ping is ignored");
  expect("the request, and a text that on_message answers with Close()",
         Request() + Bytes("81 80 37 fa 21 3d"), "ending, a ping is ignored");
}

// ---- All connections ----

class RunningServer : public testing::RunningServer<Server> {
 public:
  explicit RunningServer(Conversation::OnMessage on_message,
                         const std::function<void(int)>& before_run = nullptr)
      : testing::RunningServer<Server>(Server::Listen(0, std::move(on_message)), before_run) {}
};

// The answer of the server to a text.
std::string Asked(Client& client, absl::string_view text) {
  const absl::Status sent = client.Send(Opcode::kText, text, kTimeout);
  if (!sent.ok()) return sent.ToString();
  const absl::StatusOr<Event> answer = client.Receive(kTimeout);
  return answer.ok() ? answer->payload : answer.status().ToString();
}

TEST(ServerTest, AClientIsEchoedAndCloses) {
  Expect({.sent = "the client of chapter 8: \"Hello\", and Close(1000, \"bye\")",
          .expected = "Hello; closed with 1000",
          .section = "RFC 6455, section 7.1.1",
          .hint = "If it fails at Close: shutdown(fd, SHUT_WR) when all output is written and "
                  "socket() is kHalfClose."},
         [] {
           const RunningServer server(Echo);
           const std::unique_ptr<Client> client = Connected(server.port());
           const std::string echo = Asked(*client, "Hello");
           const absl::Status closed = client->Close(1000, "bye", kTimeout);
           return absl::StrCat(echo, "; ", closed.ok() ? "closed" : closed.ToString(), " with ",
                               client->info().code);
         });
}

TEST(ServerTest, ManyClientsAtTheSameTime) {
  Expect(
      {.sent = "200 clients: all connect, then each sends a text of its own, twice",
       .expected = "400 right answers",
       .section = "RFC 6455, section 4: one connection does not wait for another",
       .hint = "Serve whichever socket is ready: epoll_wait() returns them. No call may block: all "
               "sockets have SOCK_NONBLOCK."},
      [] {
        const RunningServer server(Echo);
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < 200; ++i) clients.push_back(Connected(server.port()));
        int right = 0;
        for (int round = 0; round < 2; ++round) {
          for (size_t i = 0; i < clients.size(); ++i) {
            const std::string text = absl::StrCat("client ", i, ", round ", round);
            if (Asked(*clients[i], text) == text) ++right;
          }
        }
        return absl::StrCat(right, " right answers");
      });
}

TEST(ServerTest, AMessageThatDoesNotFitIntoTheSocket) {
  Expect(
      {.sent = "a text; the server answers with 30 messages of 1,000,000 bytes",
       .expected = "30,000,000 bytes",
       .section = "RFC 6455, section 5.6; send() writes what fits",
       .hint =
           "What send() does not take stays in output(). Poll for EPOLLOUT as long as output() is "
           "not empty, and write again."},
      [] {
        const RunningServer server([](Conversation& conversation, const Event&) {
          for (int i = 0; i < 30; ++i)
            conversation.Send(Opcode::kBinary, std::string(1000000, 'a'));
        });
        const std::unique_ptr<Client> client = Connected(server.port());
        size_t bytes = 0;
        client->Send(Opcode::kText, "go", kTimeout).IgnoreError();
        while (bytes < 30000000) {
          const absl::StatusOr<Event> event = client->Receive(kTimeout);
          if (!event.ok()) return absl::StrCat(bytes, " bytes, ", event.status().ToString());
          bytes += event->payload.size();
        }
        return std::string(bytes == 30000000 ? "30,000,000 bytes" : "too many bytes");
      });
}

TEST(ServerTest, AClientThatIsLostDoesNotDisturbOthers) {
  Expect({.sent = "two clients; one ends its TCP connection; the other sends \"Hello\"",
          .expected = "Hello",
          .section = "RFC 6455, section 7.1.4",
          .hint = "recv() returns 0: TakeEnd(), and close() that socket only."},
         [] {
           const RunningServer server(Echo);
           std::unique_ptr<Client> lost = Connected(server.port());
           const std::unique_ptr<Client> other = Connected(server.port());
           lost.reset();
           return Asked(*other, "Hello");
         });
}

TEST(ServerTest, StopEndsRun) {
  Expect({.sent = "Stop() before Run(), and Stop() while a client is connected",
          .expected = "both ended",
          .section = "RFC 6455 says nothing about it, but a server must end",
          .hint = "An eventfd in the epoll set, which Stop() makes readable."},
         [] {
           const auto server = Server::Listen(0, Echo);
           if (!server.ok()) return server.status().ToString();
           (*server)->Stop();
           (*server)->Run();
           std::unique_ptr<Client> client;
           const RunningServer running(Echo);
           client = Connected(running.port());
           return std::string("both ended");
         });
}

// ---- Mistakes of real libraries: the README has the threads ----

// Two clients that connect before anybody accepts them; the first one leaves when it is served. If
// `limited`, the process may open only one more descriptor.
std::string ServeTwo(bool limited) {
  std::vector<int> clients;
  rlimit before;
  getrlimit(RLIMIT_NOFILE, &before);
  const RunningServer server(Echo, [&](int port) {
    for (int i = 0; i < 2; ++i) {
      const absl::Time deadline = absl::Now() + kTimeout;
      clients.push_back(Dial("127.0.0.1", port, deadline).value());
      WriteAll(clients.back(), Request(), deadline).IgnoreError();
    }
    const int lowest = dup(0);
    close(lowest);
    rlimit limit = before;
    if (limited) limit.rlim_cur = static_cast<rlim_t>(lowest) + 1;
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  const auto response = [&](int fd) {
    return ReadSome(fd, absl::Now() + kTimeout).value_or("nothing for 10 s").substr(0, 12);
  };
  std::string seen = absl::StrCat("the first: ", response(clients[0]));
  close(clients[0]);
  absl::StrAppend(&seen, "; after its end the second: ", response(clients[1]));
  setrlimit(RLIMIT_NOFILE, &before);
  close(clients[1]);
  return seen;
}

TEST(Mistakes, NoDescriptorIsFree) {
  for (const bool limited :
       {false, true}) {  // unlimited first: checks of sanitizers need descriptors
    Expect(
        {.sent = absl::StrCat("two clients, of which the first one ends",
                              limited ? "; the process may open one more descriptor" : ""),
         .expected = "the first: HTTP/1.1 101; after its end the second: HTTP/1.1 101",
         .section = "RFC 6455 says nothing about it; accept(2) does: EMFILE",
         .hint = "After EMFILE, take the listening socket out of the epoll set. When a connection "
                 "is closed, add it again."},
        [&] { return ServeTwo(limited); });
  }
}

TEST(Mistakes, FramesInTheSameReadAsTheRequest) {
  Expect({.sent = "the request and the first 8 bytes of a text of 5 at once; then the rest",
          .expected = "81 05 48 65 6c 6c 6f",
          .section = "RFC 6455, section 4.1",
          .hint = "Bytes after the head are frames, also if they end inside one."},
         [] {
           Conversation conversation(Echo);
           conversation.Take(Request() + Bytes("81 85 37 fa 21 3d 7f 9f"));
           conversation.output().clear();
           conversation.Take(Bytes("4d 51 58"));
           return Hex(conversation.output());
         });
}

TEST(Mistakes, TheHeadIsNotOneRead) {
  Expect({.sent = "the request in two pieces, cut inside \\r\\n\\r\\n",
          .expected = "no bytes, then HTTP/1.1 101",
          .section = "RFC 6455, section 4.2.1",
          .hint = "Look for the end of the head in all bytes so far."},
         [] {
           Conversation conversation(Echo);
           const std::string request = Request();
           conversation.Take(absl::string_view(request).substr(0, request.size() - 2));
           const std::string before = Hex(conversation.output());
           conversation.Take("\r\n");
           return absl::StrCat(before, ", then ", conversation.output().substr(0, 12));
         });
}

}  // namespace
}  // namespace course
