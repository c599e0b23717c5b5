#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "course/04_masking/masking.h"
#include "course/08_client/client.h"
#include "course/09_server/server.h"
#include "course/10_limits/limits.h"
#include "course/testing/expect.h"
#include "course/testing/running_server.h"
#include "course/testing/talk.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Echo;
using testing::Expect;
using testing::Hex;
using testing::kMask;
using testing::kTimeout;
using testing::Quoted;
using testing::Request;

// ---- One connection, without its socket ----

// A guard and a clock that the test holds. Every function returns what the guard then wants.
class Watched {
 public:
  explicit Watched(Conversation::OnMessage on_message = Echo, const Limits& limits = {})
      : guard_(limits, std::move(on_message), std::make_unique<Wire>(), now_) {}

  Guard& guard() { return guard_; }

  // After the handshake, whose response the socket has taken.
  Watched& Open() {
    guard_.Take(Request(), now_);
    guard_.Wrote(guard_.output().size(), now_);
    return *this;
  }
  Watched& Take(absl::string_view bytes) {
    guard_.Take(bytes, now_);
    return *this;
  }
  Watched& Wrote(size_t size) {
    guard_.Wrote(size, now_);
    return *this;
  }
  // Lets time pass, a second at a time, and tells the guard when its deadline has come.
  Watched& Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now_ += absl::Seconds(1);
      if (guard_.deadline() <= now_) guard_.TakeTime(now_);
    }
    return *this;
  }

  // "open, deadline in 10 s".
  std::string State() const {
    static constexpr const char* kSockets[] = {"open", "wait", "half-close", "close"};
    const absl::Time deadline = guard_.deadline();
    return absl::StrCat(
        kSockets[static_cast<int>(guard_.socket())],
        deadline == absl::InfiniteFuture()
            ? ", no deadline"
            : absl::StrCat(", deadline in ", absl::ToInt64Seconds(deadline - now_), " s"));
  }

 private:
  absl::Time now_ = absl::UnixEpoch();
  Guard guard_;
};

TEST(LimitsTest, ARequestThatNeverEnds) {
  Expect({.sent = "\"GET / HTTP/1.1\\r\\n\", and then a byte every second for 9 seconds",
          .expected = "open, deadline in 1 s; a second later: close, no deadline",
          .section = "RFC 6455 has no rule; RFC 9110, section 15.5.9 (408)",
          .hint = "The time for the request is counted from the connection. A byte does not begin "
                  "it again."},
         [] {
           Watched watched;
           watched.Take("GET / HTTP/1.1\r\n");
           for (int i = 0; i < 9; ++i) watched.Pass(1).Take("a");
           const std::string before = watched.State();
           return absl::StrCat(before, "; a second later: ", watched.Pass(1).State());
         });
}

TEST(LimitsTest, ARequestThatIsTooLarge) {
  Expect(
      {.sent = "\"GET / HTTP/1.1\\r\\n\", and fields of 1000 bytes without an end",
       .expected = "431 after 16384 bytes; half-close, deadline in 10 s; written: half-close, "
                   "deadline in 5 s",
       .section = "RFC 6585, section 5",
       .hint = "Count the bytes as long as the phase is kRequest. Append the answer to the output "
               "of the conversation; all later bytes are ignored."},
      [] {
        Watched watched;
        size_t bytes = 16;
        watched.Take("GET / HTTP/1.1\r\n");
        while (watched.guard().output().empty() && bytes < 1000000) {
          watched.Take(absl::StrCat("a: ", std::string(995, 'a'), "\r\n"));
          bytes += 1000;
        }
        const bool soon = bytes > 16384 && bytes <= 16384 + 1000;
        const std::string answer = watched.guard().output();
        watched.Take(Request());
        const std::string more = watched.guard().output().substr(answer.size());
        const std::string before = watched.State();
        return absl::StrCat(absl::StartsWith(answer, "HTTP/1.1 431 ") ? "431" : Quoted(answer),
                            " after ", soon ? "16384" : absl::StrCat(bytes), " bytes; ", more,
                            before, "; written: ", watched.Wrote(answer.size()).State());
      });
  Expect({.sent = "a request, and right after it a binary message of 20,000 bytes, at once",
          .expected = "HTTP/1.1 101",
          .section = "RFC 6455, section 4.2.2",
          .hint = "Only the bytes of a request that is not complete count."},
         [] {
           Watched watched;
           watched.Take(Request() + ClientFrame(Opcode::kBinary, std::string(20000, 'a'), kMask));
           return watched.guard().output().substr(0, 12);
         });
}

TEST(LimitsTest, AReaderThatIsSlow) {
  Expect(
      {.sent = "texts of 100,000 bytes to an echo, and the socket takes nothing",
       .expected = "11 texts are read; then 1000 bytes are taken: reads none; then 200,000: reads",
       .section = "RFC 6455 leaves it to you (section 10.4 has only messages)",
       .hint = "wants_bytes() is false while output() has output_bytes or more. The client "
               "that does not read is not read either, and TCP tells it to wait."},
      [] {
        Watched watched;
        watched.Open();
        const std::string text = ClientFrame(Opcode::kText, std::string(100000, 'a'), kMask);
        int texts = 0;
        for (; watched.guard().wants_bytes() && texts < 1000; ++texts) watched.Take(text);
        const auto reads = [&] { return watched.guard().wants_bytes() ? "reads" : "reads none"; };
        std::string seen = absl::StrCat(texts, " texts are read; then 1000 bytes are taken: ");
        watched.Wrote(1000);
        absl::StrAppend(&seen, reads(), "; then 200,000: ");
        watched.Wrote(200000);
        return absl::StrCat(seen, reads());
      });
}

TEST(LimitsTest, ASocketThatTakesNothing) {
  Expect(
      {.sent = "a text; the socket takes 1 byte of the echo after 9 s, and then nothing",
       .expected = "open, deadline in 10 s; after 9 s and a byte: open, deadline in 10 s; another "
                   "text after 5 s: open, deadline in 5 s; after 5 s: close, no deadline",
       .section = "RFC 6455 leaves it to you (section 10.4 has only messages)",
       .hint = "The stall is counted from the last byte that the socket took, or from when output "
               "was empty. More output does not begin it again, nor do bytes of the client."},
      [] {
        Watched watched;
        const std::string text = ClientFrame(Opcode::kText, "Hello", kMask);
        std::string seen = watched.Open().Take(text).State();
        absl::StrAppend(&seen, "; after 9 s and a byte: ", watched.Pass(9).Wrote(1).State());
        absl::StrAppend(&seen, "; another text after 5 s: ", watched.Pass(5).Take(text).State());
        return absl::StrCat(seen, "; after 5 s: ", watched.Pass(5).State());
      });
}

TEST(LimitsTest, ASilentClientIsAsked) {
  Expect(
      {.sent = "nothing for 30 s after the handshake; a pong 20 s later; then nothing",
       .expected = "89 00; 20 s later a pong: open, deadline in 30 s; 30 s later: 89 00; written, "
                   "and 30 s later: close, no deadline",
       .section = "RFC 6455, section 5.5.2: a ping may check that the peer is still there",
       .hint = "First Send(Opcode::kPing, \"\"), and the same time again. Any byte of the client "
               "ends the question."},
      [] {
        Watched watched;
        std::string seen = Hex(watched.Open().Pass(30).guard().output());
        watched.Wrote(watched.guard().output().size()).Pass(20).Take(Bytes("8a 80 37 fa 21 3d"));
        absl::StrAppend(&seen, "; 20 s later a pong: ", watched.State());
        absl::StrAppend(&seen, "; 30 s later: ", Hex(watched.Pass(30).guard().output()));
        watched.Wrote(watched.guard().output().size());
        return absl::StrCat(seen, "; written, and 30 s later: ", watched.Pass(30).State());
      });
}

TEST(LimitsTest, AClientThatNeverEndsTcp) {
  const std::string close = Bytes("88 82 37 fa 21 3d 34 12");
  Expect(
      {.sent = "a Close frame, and then a byte every second",
       .expected = "half-close, deadline in 10 s; written: half-close, deadline in 5 s; after 5 s: "
                   "close, no deadline",
       .section = "RFC 6455, section 7.1.1",
       .hint = "In the phase kEnding, with all output written, nothing that the client sends "
               "begins the time again."},
      [&] {
        Watched watched;
        std::string seen = watched.Open().Take(close).State();
        watched.Wrote(watched.guard().output().size());
        absl::StrAppend(&seen, "; written: ", watched.State());
        for (int i = 0; i < 5; ++i) watched.Take("a").Pass(1);
        return absl::StrCat(seen, "; after 5 s: ", watched.State());
      });
  Expect({.sent = "a text, which on_message answers with Close(1000, \"\"); and no Close frame",
          .expected = "open, deadline in 5 s; after 5 s: close, no deadline",
          .section = "RFC 6455, section 7.1.1",
          .hint = "The phase is kEnding from this end's Close frame on, while socket() is kOpen."},
         [] {
           Watched watched([](Conversation& self, const Event&) { self.Close(1000, ""); });
           watched.Open().Take(Bytes("81 80 37 fa 21 3d"));
           watched.Wrote(watched.guard().output().size());
           const std::string before = watched.State();
           return absl::StrCat(before, "; after 5 s: ", watched.Pass(5).State());
         });
  Expect(
      {.sent = "a text; 6 s later a Close frame; 3 s later the socket takes both answers",
       .expected = "half-close, deadline in 4 s; written: half-close, deadline in 5 s",
       .section = "RFC 6455, section 7.1.1",
       .hint =
           "As long as there is output, the stall counts on. The time of closing begins with the "
           "last byte that the socket took, not when output was made."},
      [&] {
        Watched watched;
        watched.Open().Take(ClientFrame(Opcode::kText, "Hello", kMask)).Pass(6).Take(close);
        const std::string before = watched.State();
        watched.Pass(3).Wrote(watched.guard().output().size());
        return absl::StrCat(before, "; written: ", watched.State());
      });
}

TEST(LimitsTest, OutputThatIsWrittenKeepsNoMemory) {
  Expect({.sent = "the echo of 1,000,000 bytes, which the socket takes",
          .expected = "0 bytes of output, memory for less than 100",
          .section = "RFC 6455 leaves it to you (section 10.4 has only messages)",
          .hint = "erase() keeps the memory of a string. std::string().swap(output) does not."},
         [] {
           Watched watched;
           watched.Open().Take(ClientFrame(Opcode::kBinary, std::string(1000000, 'a'), kMask));
           watched.Wrote(watched.guard().output().size());
           const std::string& output = watched.guard().output();
           const size_t memory = output.capacity();
           return absl::StrCat(output.size(), " bytes of output, memory for ",
                               memory < 100 ? "less than 100" : absl::StrCat(memory));
         });
}

// ---- All connections ----

class HeldClock {
 public:
  absl::Time Now() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }
  void Advance(absl::Duration duration) {
    const std::lock_guard<std::mutex> lock(mutex_);
    now_ += duration;
  }

 private:
  std::mutex mutex_;
  absl::Time now_ = absl::Now();
};

// A server that runs on a thread, by a clock that the test holds.
class RunningServer {
 public:
  explicit RunningServer(const Limits& limits = {})
      : server_(GuardedServer::Listen({.limits = limits, .clock = [this] { return clock_.Now(); }},
                                      Echo)) {}

  std::unique_ptr<Client> Connected() const { return testing::Connected(port()); }

  // Lets time pass. The server looks at its clock when it wakes up, for the client's text.
  void Pass(absl::Duration duration, Client& client) {
    clock_.Advance(duration);
    Ask(client);
  }

  // Throws unless the server echoes a text.
  static void Ask(Client& client) {
    const absl::Status sent = client.Send(Opcode::kText, "Hello", kTimeout);
    const absl::StatusOr<Event> echo = client.Receive(kTimeout);
    if (!sent.ok() || !echo.ok() || echo->payload != "Hello") {
      throw std::runtime_error("a good client is not served");
    }
  }

  int port() const { return server_.port(); }

 private:
  HeldClock clock_;
  testing::RunningServer<GuardedServer> server_;
};

// A socket of an attacker.
class RawSocket {
 public:
  explicit RawSocket(int port) : fd_(Dial("127.0.0.1", port, absl::Now() + kTimeout).value()) {}
  ~RawSocket() { close(fd_); }

  int fd() const { return fd_; }
  void Write(absl::string_view bytes) const {
    WriteAll(fd_, bytes, absl::Now() + kTimeout).IgnoreError();
  }
  // "the end", or the bytes read.
  std::string Read() const {
    const absl::StatusOr<std::string> bytes = ReadSome(fd_, absl::Now() + kTimeout);
    if (absl::IsUnavailable(bytes.status())) return "the end";  // a reset
    if (!bytes.ok()) return "nothing for 10 s";
    return bytes->empty() ? "the end" : Quoted(*bytes);
  }

 private:
  int fd_;
};

TEST(LimitsTest, ServerEndsSlowRequests) {
  Expect(
      {.sent = "100 connections with half of a request; 9 s; then 2 s more by the server's clock",
       .expected = "100 ended; a good client is served before and after",
       .section = "RFC 6455 has no rule; RFC 9110, section 15.5.9 (408)",
       .hint = "A std::set of {deadline, socket} has the next deadline first: epoll_wait() waits "
               "until then at most. After its events, all whose time has come: TakeTime()."},
      [] {
        RunningServer server;
        const std::unique_ptr<Client> good = server.Connected();
        std::vector<std::unique_ptr<RawSocket>> slow;
        for (int i = 0; i < 100; ++i) {
          slow.push_back(std::make_unique<RawSocket>(server.port()));
          slow.back()->Write("GET / HTTP/1.1\r\n");
        }
        RunningServer::Ask(*server.Connected());  // so the server has accepted all before it
        server.Pass(absl::Seconds(9), *good);
        slow[0]->Write("Host: a\r\n");
        server.Pass(absl::Seconds(2), *good);
        size_t ended = 0;  // until the first that is not: each wait takes 10 s
        while (ended < slow.size() && slow[ended]->Read() == "the end") ++ended;
        server.Pass(absl::Seconds(1), *good);
        return absl::StrCat(ended, " ended; a good client is served before and after");
      });
}

TEST(LimitsTest, ServerWithTooManyConnections) {
  Expect(
      {.sent = "a server for 3 connections: a fourth; then one of the three ends, and a fifth",
       .expected = "the fourth: the end; the fifth is served",
       .section = "RFC 6455 leaves it to you; section 7.2.3 is for the clients",
       .hint = "accept4() it, and close() it at once: if it stayed in the queue of the listening "
               "socket, its client would wait without knowing why."},
      [] {
        Limits limits;
        limits.connections = 3;
        RunningServer server(limits);
        const std::unique_ptr<Client> first = server.Connected();
        const std::unique_ptr<Client> second = server.Connected();
        std::unique_ptr<Client> third = server.Connected();
        std::string seen;
        {
          const RawSocket fourth(server.port());
          seen = absl::StrCat("the fourth: ", fourth.Read());
        }
        third->Close(1000, "", kTimeout).IgnoreError();
        third.reset();
        RunningServer::Ask(*first);
        const std::unique_ptr<Client> fifth = server.Connected();
        RunningServer::Ask(*fifth);
        return absl::StrCat(seen, "; the fifth is served");
      });
}

TEST(LimitsTest, ServerAndAReaderThatNeverReads) {
  static constexpr char kExpected[] =
      "the server stopped to read, and ended it when it had taken nothing for 10 s";
  Expect({.sent = "texts of 100,000 bytes to an echo, up to 200 MB, by a client that never reads",
          .expected = kExpected,
          .section = "RFC 6455 leaves it to you (section 10.4 has only messages)",
          .hint = "Without wants_bytes(), do not poll for EPOLLIN: TCP makes the client wait. "
                  "Otherwise output() grows until the memory is full."},
         [] {
           RunningServer server;
           const std::unique_ptr<Client> good = server.Connected();
           const RawSocket greedy(server.port());
           greedy.Write(Request());
           const std::string text = ClientFrame(Opcode::kText, std::string(100000, 'a'), kMask);
           absl::string_view left = text;
           bool stopped = false;
           for (size_t written = 0; written < 200000000;) {
             const ssize_t size = send(greedy.fd(), left.data(), left.size(), MSG_NOSIGNAL);
             if (size > 0) {
               written += static_cast<size_t>(size);
               left.remove_prefix(static_cast<size_t>(size));
               if (left.empty()) left = text;
               continue;
             }
             if (errno != EAGAIN) {
               return std::string(stopped ? kExpected : "the server ended it before the time");
             }
             // A server that wants bytes reads some in each of these rounds, until there is room.
             bool room = false;
             for (int round = 0; round < 1000 && !room; ++round) {
               RunningServer::Ask(*good);
               pollfd polled = {greedy.fd(), POLLOUT, 0};
               room = poll(&polled, 1, 0) > 0;
             }
             if (!room && stopped) return std::string("the server does not end it");
             if (!room) {
               stopped = true;
               server.Pass(absl::Seconds(11), *good);
             }
           }
           return std::string("the server has taken 200 MB");
         });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, NoTimeForTheRequest) {
  Expect({.sent = "nothing, for 10 s after connecting",
          .expected = "open, deadline in 10 s; 10 s later: close, no deadline",
          .section = "RFC 6455 has no rule; RFC 9110, section 15.5.9 (408)",
          .hint = "The time begins with the connection, not with its first byte."},
         [] {
           Watched watched;
           const std::string before = watched.State();
           return absl::StrCat(before, "; 10 s later: ", watched.Pass(10).State());
         });
}

TEST(Mistakes, SilenceWithoutAnEnd) {
  Expect(
      {.sent = "nothing after the handshake; the socket takes the ping, which nobody answers",
       .expected = "after 30 s: open, deadline in 30 s; after 60 s: close, no deadline",
       .section = "RFC 6455, section 5.5.2",
       .hint = "Nobody tells you that a cable was pulled. Ask, and end it if there is no answer."},
      [] {
        Watched watched;
        watched.Open().Pass(30).Wrote(watched.guard().output().size());
        const std::string asked = watched.State();
        return absl::StrCat("after 30 s: ", asked, "; after 60 s: ", watched.Pass(30).State());
      });
}

TEST(Mistakes, OutputWithoutALimit) {
  Expect({.sent = "pings of 100 bytes, as long as the guard wants bytes; the socket takes nothing",
          .expected = "at most 1 MB of output and the pongs of one read",
          .section = "RFC 6455 leaves it to you (section 10.4 has only messages)",
          .hint = "Pongs are output, too."},
         [] {
           Watched watched;
           watched.Open();
           std::string pings;
           while (pings.size() < 16000) {
             pings += ClientFrame(Opcode::kPing, std::string(100, 'p'), kMask);
           }
           for (int i = 0; watched.guard().wants_bytes() && i < 1000; ++i) watched.Take(pings);
           const size_t size = watched.guard().output().size();
           return size < (1 << 20) + 16384 ? "at most 1 MB of output and the pongs of one read"
                                           : absl::StrCat(size, " bytes of output");
         });
}

}  // namespace
}  // namespace course
