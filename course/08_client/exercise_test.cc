#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/06_messages/messages.h"
#include "course/07_closing/closing.h"
#include "course/08_client/client.h"
#include "course/testing/expect.h"
#include "course/testing/scripted_server.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::ClosedPort;
using testing::Expect;
using testing::Hex;
using testing::Quoted;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr absl::Duration kTimeout = absl::Seconds(10);
// The end of a wait that a wrong client leaves without one.
constexpr std::chrono::seconds kGuard(10);
constexpr absl::Duration kShort = absl::Milliseconds(20);

// Lets the other thread continue when it goes out of scope.
struct Release {
  std::promise<void>& promise;
  ~Release() { promise.set_value(); }
};

std::string NameOf(const absl::Status& status) {
  return status.ok() ? "ok" : std::string(absl::StatusCodeToString(status.code()));
}

std::string Shown(const absl::StatusOr<Event>& event) {
  if (!event.ok()) return NameOf(event.status());
  return absl::StrCat(static_cast<int>(event->opcode), " ", Quoted(event->payload));
}

// Reads the request of a client, and returns it with its key.
std::string Accept(ScriptedPeer& peer, absl::string_view with_response = "") {
  const std::string request = peer.ReadUntil("\r\n\r\n");
  peer.Write(absl::StrCat(AnswerTo(*ParseHead(request)), with_response));
  return request;
}

// Calls `use` with a connected client whose server runs `script` after the handshake. The result
// is what both return: the script in `seen`.
std::string Talk(const std::function<void(ScriptedPeer&, std::string* seen)>& script,
                 const std::function<std::string(Client&)>& use,
                 absl::string_view with_response = "") {
  std::string seen;
  ScriptedServer server([&](ScriptedPeer& peer) {
    Accept(peer, with_response);
    script(peer, &seen);
  });
  std::string result;
  {
    const auto client = Client::Connect("127.0.0.1", server.port(), "/", kTimeout);
    if (!client.ok()) return absl::StrCat("Connect: ", client.status().ToString());
    result = use(**client);
  }
  const std::string trouble = server.Finish();
  return absl::StrJoin({result, seen, trouble}, "\n");
}

// The frames of a client, which a server has read: "1 Hello; 8 ...".
std::string Frames(absl::string_view bytes) {
  MessageReader reader(Role::kServer, kMaxMessage);
  std::vector<std::string> frames;
  for (const Event& event : reader.Read(bytes)) {
    frames.push_back(
        absl::StrCat(static_cast<int>(event.opcode), " ",
                     event.opcode == Opcode::kClose ? Hex(event.payload) : Quoted(event.payload)));
  }
  if (reader.failure().has_value())
    frames.push_back(absl::StrCat("broken: ", reader.failure()->reason));
  return absl::StrJoin(frames, "; ");
}

// ---- The socket ----

TEST(ClientTest, APortOnWhichNobodyListens) {
  const ClosedPort closed;
  Expect(
      {.sent = "Dial(\"127.0.0.1\", a port on which nobody listens)",
       .expected = "UNAVAILABLE",
       .section = "RFC 6455, section 4.1: if the connection could not be opened, fail",
       .hint = "connect() returns -1 with EINPROGRESS. When the socket is writable, getsockopt() "
               "with SO_ERROR says whether it is connected."},
      [&] { return NameOf(Dial("127.0.0.1", closed.port(), absl::Now() + kTimeout).status()); });
}

TEST(ClientTest, BytesThroughASocket) {
  Expect({.sent = "\"ping\" by WriteAll; the server answers \"pong\" and closes",
          .expected = "the server read ping; pong, then 0 bytes",
          .section = "RFC 6455, section 4.1, uses a TCP connection",
          .hint = "recv() returns 0 at the end of the stream: ReadSome returns no bytes then."},
         [] {
           std::string seen;
           ScriptedServer server([&](ScriptedPeer& peer) {
             seen = peer.Read(4);
             peer.Write("pong");
           });
           const absl::Time deadline = absl::Now() + kTimeout;
           const absl::StatusOr<int> fd = Dial("127.0.0.1", server.port(), deadline);
           if (!fd.ok()) return fd.status().ToString();
           std::string read;
           absl::Status status = WriteAll(*fd, "ping", deadline);
           size_t last = 1;
           while (status.ok() && last > 0) {
             const absl::StatusOr<std::string> some = ReadSome(*fd, deadline);
             status = some.status();
             if (some.ok()) absl::StrAppend(&read, *some);
             last = some.ok() ? some->size() : 0;
           }
           close(*fd);
           server.Finish();
           return status.ok() ? absl::StrCat("the server read ", seen, "; ", read, ", then 0 bytes")
                              : status.ToString();
         });
}

TEST(ClientTest, AWaitHasAnEnd) {
  Expect(
      {.sent = "ReadSome from a server that says nothing, for 20 ms",
       .expected = "DEADLINE_EXCEEDED",
       .section = "RFC 6455, section 7.1.1: a wait must not be without end",
       .hint = "poll() takes the time that is left, in milliseconds, and returns 0 if it is over."},
      [] {
        std::promise<void> done;
        ScriptedServer server([&](ScriptedPeer&) { done.get_future().wait_for(kGuard); });
        const Release release{done};
        const absl::StatusOr<int> fd = Dial("127.0.0.1", server.port(), absl::Now() + kTimeout);
        if (!fd.ok()) return NameOf(fd.status());
        const absl::StatusOr<std::string> bytes = ReadSome(*fd, absl::Now() + kShort);
        close(*fd);
        return NameOf(bytes.status());
      });
}

// ---- The client ----

TEST(ClientTest, TheHandshake) {
  Expect(
      {.sent = "Connect to /chat",
       .expected = "GET /chat HTTP/1.1; a key of 16 bytes; connected",
       .section = "RFC 6455, section 4.1",
       .hint =
           "Write RequestFor() with a random key; read until HeadSize() is not 0; ParseHead() and "
           "CheckResponse()."},
      [] {
        std::string request;
        ScriptedServer server([&](ScriptedPeer& peer) { request = Accept(peer); });
        const auto client = Client::Connect("127.0.0.1", server.port(), "/chat", kTimeout);
        server.Finish();
        return absl::StrCat(request.substr(0, request.find("\r\n")),
                            ValueOf(*ParseHead(request), "Sec-WebSocket-Key").size() == 24
                                ? "; a key of 16 bytes; "
                                : "; another key; ",
                            client.ok() ? "connected" : client.status().ToString());
      });
}

TEST(ClientTest, ARefusal) {
  Expect({.sent = "Connect to a server that answers 404",
          .expected = "INVALID_ARGUMENT",
          .section = "RFC 6455, section 4.1",
          .hint = "CheckResponse() returns the error."},
         [] {
           ScriptedServer server([&](ScriptedPeer& peer) {
             peer.ReadUntil("\r\n\r\n");
             peer.Write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
           });
           return NameOf(Client::Connect("127.0.0.1", server.port(), "/", kTimeout).status());
         });
}

TEST(ClientTest, AMessageInEachDirection) {
  Expect(
      {.sent = "Send(\"Hello\"); the server answers 81 05 48 65 6c 6c 6f",
       .expected = "1 \"Hello\"\n1 \"Hello\"\n",
       .section = "RFC 6455, sections 5.1 and 5.6",
       .hint = "ClientFrame() with a NewMaskingKey(). First what Receive() returned, then what the "
               "server read."},
      [] {
        return Talk(
            [](ScriptedPeer& peer, std::string* seen) {
              *seen = Frames(peer.Read(11));
              peer.Write(Bytes("81 05 48 65 6c 6c 6f"));
            },
            [](Client& client) {
              const absl::Status sent = client.Send(Opcode::kText, "Hello", kTimeout);
              return sent.ok() ? Shown(client.Receive(kTimeout)) : sent.ToString();
            });
      });
}

TEST(ClientTest, FramesRightAfterTheResponse) {
  Expect(
      {.sent = "the response, 81 01 61 and 81 01 62 in one write",
       .expected = "1 \"a\", 1 \"b\"\n\n",
       .section = "RFC 6455, section 4.1: data may follow the response at once",
       .hint = "The bytes after HeadSize() belong to the reader. One Read() may return two events: "
               "keep the second one."},
      [] {
        return Talk([](ScriptedPeer&, std::string*) {},
                    [](Client& client) {
                      const std::string first = Shown(client.Receive(kTimeout));
                      return absl::StrCat(first, ", ", Shown(client.Receive(kTimeout)));
                    },
                    Bytes("81 01 61 81 01 62"));
      });
}

TEST(ClientTest, EachFrameHasANewKey) {
  Expect({.sent = "Send(\"Hello\") four times",
          .expected = "at least 3 different keys\n\n",
          .section = "RFC 6455, section 5.3",
          .hint = "Call NewMaskingKey() for each frame."},
         [] {
           std::vector<std::string> keys;
           const std::string result = Talk(
               [&](ScriptedPeer& peer, std::string*) {
                 for (int i = 0; i < 4; ++i) keys.push_back(peer.Read(11).substr(2, 4));
               },
               [](Client& client) {
                 for (int i = 0; i < 4; ++i)
                   client.Send(Opcode::kText, "Hello", kTimeout).IgnoreError();
                 return std::string("at least 3 different keys");
               });
           std::sort(keys.begin(), keys.end());
           keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
           return keys.size() >= 3 ? result
                                   : absl::StrCat(keys.size(), " different keys\n", result);
         });
}

TEST(ClientTest, APingIsAnswered) {
  Expect(
      {.sent = "89 02 48 69, and after the pong 81 01 61",
       .expected = "1 \"a\"\n10 \"Hi\"\n",
       .section = "RFC 6455, section 5.5.2",
       .hint =
           "Receive() sends the pong, with the payload of the ping, and waits on for a message."},
      [] {
        return Talk(
            [](ScriptedPeer& peer, std::string* seen) {
              peer.Write(Bytes("89 02 48 69"));
              *seen = Frames(peer.Read(8));
              peer.Write(Bytes("81 01 61"));
            },
            [](Client& client) { return Shown(client.Receive(kTimeout)); });
      });
}

TEST(ClientTest, ATimeoutKeepsTheConnection) {
  Expect({.sent = "Receive() for 20 ms; then 81 01 61; then Receive() again",
          .expected = "DEADLINE_EXCEEDED, 1 \"a\"\n\n",
          .section = "RFC 6455, section 7.1.7: only a broken rule fails a connection",
          .hint =
              "What was read before the timeout stays in the reader, and the next call continues."},
         [] {
           std::promise<void> timed_out;
           return Talk(
               [&](ScriptedPeer& peer, std::string*) {
                 peer.Write(Bytes("81"));
                 timed_out.get_future().wait_for(kGuard);
                 peer.Write(Bytes("01 61"));
               },
               [&](Client& client) {
                 const std::string first = [&] {
                   const Release release{timed_out};
                   return Shown(client.Receive(kShort));
                 }();
                 return absl::StrCat(first, ", ", Shown(client.Receive(kTimeout)));
               });
         });
}

TEST(ClientTest, TheServerCloses) {
  Expect(
      {.sent = "81 01 61 and 88 05 03 e9 62 79 65 of the server",
       .expected = "1 \"a\", FAILED_PRECONDITION, 1001 bye; Send: FAILED_PRECONDITION\n8 03 e9\n",
       .section = "RFC 6455, sections 5.5.1 and 7.1.5",
       .hint =
           "Closing::PeerSent() gives the answer. Messages before the Close are still received."},
      [] {
        return Talk(
            [](ScriptedPeer& peer, std::string* seen) {
              peer.Write(Bytes("81 01 61 88 05 03 e9 62 79 65"));
              *seen = Frames(peer.Read(8));
            },
            [](Client& client) {
              const std::string first = Shown(client.Receive(kTimeout));
              const std::string second = Shown(client.Receive(kTimeout));
              return absl::StrCat(first, ", ", second, ", ", client.info().code, " ",
                                  client.info().reason,
                                  "; Send: ", NameOf(client.Send(Opcode::kText, "late", kTimeout)));
            });
      });
}

TEST(ClientTest, TheClientCloses) {
  Expect(
      {.sent = "Close(1000, \"bye\"); the server sends a last message, a Close frame, and the end",
       .expected = "ok, 1000\n8 03 e8 62 79 65\n",
       .section = "RFC 6455, sections 7.1.1 and 7.1.2",
       .hint =
           "After the Close frame, read until the server's Close frame, and then until ReadSome "
           "returns no bytes."},
      [] {
        return Talk(
            [](ScriptedPeer& peer, std::string* seen) {
              *seen = Frames(peer.Read(11));
              peer.Write(Bytes("81 01 61 88 02 03 e8"));
              peer.Close();
            },
            [](Client& client) {
              const std::string status = NameOf(client.Close(1000, "bye", kTimeout));
              return absl::StrCat(status, ", ", client.info().code);
            });
      });
}

TEST(ClientTest, AServerThatNeverCloses) {
  Expect({.sent = "Close(1000, \"\") with 20 ms; the server does not answer",
          .expected = "DEADLINE_EXCEEDED, 1006\n\n",
          .section = "RFC 6455, sections 7.1.1 and 7.1.5",
          .hint = "The wait for the server has an end, too."},
         [] {
           std::promise<void> done;
           return Talk([&](ScriptedPeer&, std::string*) { done.get_future().wait_for(kGuard); },
                       [&](Client& client) {
                         const Release release{done};
                         const std::string status = NameOf(client.Close(1000, "", kShort));
                         return absl::StrCat(status, ", ", client.info().code);
                       });
         });
}

TEST(ClientTest, AServerThatBreaksARule) {
  Expect({.sent = "81 85 37 fa 21 3d 7f 9f 4d 51 58 of the server, which is masked",
          .expected = "FAILED_PRECONDITION, 1006\na Close frame with 1002\n",
          .section = "RFC 6455, sections 5.1 and 7.1.7",
          .hint = "The reader has a failure: Closing::Fail() gives the Close frame."},
         [] {
           return Talk(
               [](ScriptedPeer& peer, std::string* seen) {
                 peer.Write(Bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
                 const std::string frames = Frames(peer.ReadToEnd());
                 *seen = frames.substr(0, 7) == "8 03 ea" ? "a Close frame with 1002" : frames;
               },
               [](Client& client) {
                 const std::string event = Shown(client.Receive(kTimeout));
                 return absl::StrCat(event, ", ", client.info().code);
               });
         });
}

TEST(ClientTest, NothingFollowsHalfAFrame) {
  Expect({.sent = "Send of 32 MB with 20 ms to a server that does not read, and Send of 'x'",
          .expected = "DEADLINE_EXCEEDED, FAILED_PRECONDITION\n\n",
          .section = "RFC 6455, section 5.2: a frame has the length that its header says",
          .hint = "The server takes whatever follows for the rest of the frame. After a write that "
                  "failed: Closing::Ended()."},
         [] {
           std::promise<void> done;
           return Talk(
               [&](ScriptedPeer&, std::string*) { done.get_future().wait_for(kGuard); },
               [&](Client& client) {
                 const Release release{done};
                 const std::string large(32 << 20, 'x');
                 const std::string first = NameOf(client.Send(Opcode::kText, large, kShort));
                 return absl::StrCat(first, ", ", NameOf(client.Send(Opcode::kText, "x", kShort)));
               });
         });
}

TEST(ClientTest, AConnectionThatIsLost) {
  Expect({.sent = "the server ends the TCP connection inside a frame",
          .expected = "FAILED_PRECONDITION, 1006\n\n",
          .section = "RFC 6455, section 7.1.5",
          .hint = "ReadSome() returns no bytes: Closing::Ended()."},
         [] {
           return Talk(
               [](ScriptedPeer& peer, std::string*) {
                 peer.Write(Bytes("81 05 48"));
                 peer.Close();
               },
               [](Client& client) {
                 const std::string event = Shown(client.Receive(kTimeout));
                 return absl::StrCat(event, ", ", client.info().code);
               });
         });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, AFrameInTheSameReadAsTheResponse) {
  Expect({.sent = "the response, and 81 05 48 of a text; the rest later",
          .expected = "1 \"Hello\"\n\n",
          .section = "RFC 6455, section 4.1",
          .hint = "Keep the bytes after the head, also if they are only a part of a frame."},
         [] {
           return Talk([](ScriptedPeer& peer, std::string*) { peer.Write("ello"); },
                       [](Client& client) { return Shown(client.Receive(kTimeout)); },
                       Bytes("81 05 48"));
         });
}

TEST(Mistakes, TheHandshakeHasNoTimeout) {
  Expect({.sent = "Connect with 20 ms, to a server that accepts TCP and says nothing",
          .expected = "DEADLINE_EXCEEDED",
          .section = "RFC 6455, section 4.1",
          .hint = "One deadline for all: TCP, the request, and the response."},
         [] {
           std::promise<void> done;
           ScriptedServer server([&](ScriptedPeer&) { done.get_future().wait_for(kGuard); });
           const Release release{done};
           return NameOf(Client::Connect("127.0.0.1", server.port(), "/", kShort).status());
         });
}

TEST(Mistakes, ALostConnectionIsGoingAway) {
  Expect({.sent = "the server ends TCP without a Close frame",
          .expected = "FAILED_PRECONDITION, 1006\n\n",
          .section = "RFC 6455, section 7.1.5",
          .hint = "1001 is a code of the peer. Without its Close frame the code is 1006."},
         [] {
           return Talk([](ScriptedPeer& peer, std::string*) { peer.Close(); },
                       [](Client& client) {
                         const std::string event = Shown(client.Receive(kTimeout));
                         return absl::StrCat(event, ", ", client.info().code);
                       });
         });
}

}  // namespace
}  // namespace course
