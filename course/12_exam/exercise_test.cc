#include <unistd.h>
#include <zlib.h>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "course/02_handshake/handshake.h"
#include "course/03_frames/frames.h"
#include "course/04_masking/masking.h"
#include "course/08_client/client.h"
#include "course/12_exam/exam.h"
#include "course/testing/expect.h"
#include "course/testing/running_server.h"
#include "course/testing/talk.h"
#include "gtest/gtest.h"

namespace course {
namespace {

using testing::Bytes;
using testing::Expect;
using testing::Hex;
using testing::kMask;
using testing::kTimeout;
using testing::Quoted;
using testing::Request;

// A connection of which the test writes every byte.
class Candidate {
 public:
  explicit Candidate(int port) : fd_(Dial("127.0.0.1", port, absl::Now() + kTimeout).value()) {}
  ~Candidate() { close(fd_); }

  // The opening handshake, with more header fields. Returns the response.
  std::string Open(absl::string_view fields = "") {
    Write(absl::StrReplaceAll(Request(), {{"\r\n\r\n", absl::StrCat("\r\n", fields, "\r\n")}}));
    while (HeadSize(received_) == 0 && ReadMore()) {
    }
    return Taken(HeadSize(received_));
  }
  void Write(absl::string_view bytes) {
    const absl::Status written = WriteAll(fd_, bytes, absl::Now() + kTimeout);
    if (!written.ok()) throw std::runtime_error(written.ToString());
  }
  // The next frame, or what there is at the end of the stream.
  std::string Frame() {
    FrameHeader header;
    while (true) {
      std::string plain = received_;
      if (!plain.empty()) plain[0] &= static_cast<char>(~0x40);
      const absl::StatusOr<size_t> size = DecodeHeader(plain, &header);
      if (!size.ok()) return "not a frame: " + Hex(received_);
      if (*size > 0 && received_.size() >= *size + header.length) {
        return Taken(*size + static_cast<size_t>(header.length));
      }
      if (!ReadMore()) return Taken(received_.size());
    }
  }
  // All bytes until the server ends the stream.
  std::string Rest() {
    while (ReadMore()) {
    }
    return Taken(received_.size());
  }

 private:
  bool ReadMore() {
    const absl::StatusOr<std::string> bytes = ReadSome(fd_, absl::Now() + kTimeout);
    if (absl::IsDeadlineExceeded(bytes.status())) throw std::runtime_error("nothing for 10 s");
    if (!bytes.ok() || bytes->empty()) return false;
    received_ += *bytes;
    return true;
  }
  std::string Taken(size_t size) {
    std::string bytes = received_.substr(0, size);
    received_.erase(0, size);
    return bytes;
  }

  int fd_;
  std::string received_;
};

void ExpectOf(const ExamOptions& options, const std::string& sent, const std::string& expected,
              const std::string& section, const std::string& hint,
              const std::function<std::string(Candidate&)>& talk) {
  Expect({.sent = sent, .expected = expected, .section = section, .hint = hint}, [&] {
    testing::RunningServer<GuardedServer> server(ListenForExam(options));
    std::string seen;
    try {
      Candidate candidate(server.port());
      seen = talk(candidate);
    } catch (const std::exception&) {
      server.CheckRuns();
      throw;
    }
    server.CheckRuns();
    return seen;
  });
}

TEST(ExamTest, EchoesTextAndBinary) {
  ExpectOf({}, "the handshake, a text \"Hello\", and the binary bytes 00 ff",
           "81 05 48 65 6c 6c 6f, 82 02 00 ff", "RFC 6455, section 5.6",
           "Send() with the opcode of the message.", [](Candidate& candidate) {
             candidate.Open();
             candidate.Write(ClientFrame(Opcode::kText, "Hello", kMask) +
                             ClientFrame(Opcode::kBinary, Bytes("00 ff"), kMask));
             const std::string first = Hex(candidate.Frame());
             return absl::StrCat(first, ", ", Hex(candidate.Frame()));
           });
}

TEST(ExamTest, ClosesWhenTheClientDoes) {
  ExpectOf({}, "a Close frame with 1000", "88 02 03 e8, and the end of the stream",
           "RFC 6455, section 7.1.1", "Chapters 7 and 9.", [](Candidate& candidate) {
             candidate.Open();
             candidate.Write(ClientFrame(Opcode::kClose, Bytes("03 e8"), kMask));
             return absl::StrCat(Hex(candidate.Rest()), ", and the end of the stream");
           });
}

TEST(ExamTest, AgreesOnCompression) {
  ExpectOf({}, "an offer of permessage-deflate, and c1 \"Hello\" compressed",
           "permessage-deflate; c1, compressed", "RFC 7692, sections 6 and 7.1",
           "make_wire makes a DeflateWire.", [](Candidate& candidate) {
             const std::string response =
                 candidate.Open("Sec-WebSocket-Extensions: permessage-deflate\r\n");
             const absl::StatusOr<Head> head = ParseHead(response);
             if (!head.ok()) return Quoted(response);
             std::string frame = ClientFrame(Opcode::kText, Bytes("f2 48 cd c9 c9 07 00"), kMask);
             frame[0] = static_cast<char>(0xC1);
             candidate.Write(frame);
             const std::string echo = candidate.Frame();
             return absl::StrCat(
                 ValueOf(*head, "Sec-WebSocket-Extensions"), "; ", Hex(echo.substr(0, 1)), ", ",
                 absl::StrContains(echo, "Hello") ? "not compressed" : "compressed");
           });
}

TEST(ExamTest, HasTheLimitOfMessages) {
  ExamOptions options;
  options.max_message_bytes = 100;
  ExpectOf(options, "a limit of 100 bytes: a message of 100, and one of 101",
           "82 64 and 100 bytes; a Close frame with 1009", "RFC 6455, section 7.4.1",
           "The wire gets the limit of the options.", [](Candidate& candidate) {
             candidate.Open();
             candidate.Write(ClientFrame(Opcode::kBinary, std::string(100, 'a'), kMask));
             const std::string echo = candidate.Frame();
             candidate.Write(ClientFrame(Opcode::kBinary, std::string(101, 'a'), kMask));
             const std::string end = candidate.Frame();
             return absl::StrCat(Hex(echo.substr(0, 2)), " and ", echo.size() - 2, " bytes; ",
                                 end.substr(0, 1) + end.substr(2, 2) == Bytes("88 03 f1")
                                     ? "a Close frame with 1009"
                                     : Hex(end));
           });
}

TEST(ExamTest, LimitsTheInflatedMessage) {
  ExamOptions options;
  options.max_message_bytes = 1000;
  ExpectOf(options, "a limit of 1000 bytes: 1 MB of zeros, compressed to 1 kB",
           "a Close frame with 1009", "RFC 6455, section 10.4; RFC 7692, section 7.2.2",
           "The limit of the wire is for the inflated message.", [](Candidate& candidate) {
             candidate.Open("Sec-WebSocket-Extensions: permessage-deflate\r\n");
             std::string zeros(1 << 20, '\0'), bomb(1 << 16, '\0');
             z_stream stream = {};
             deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
             stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
             stream.avail_in = static_cast<uInt>(zeros.size());
             stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
             stream.avail_out = static_cast<uInt>(bomb.size());
             deflate(&stream, Z_SYNC_FLUSH);
             bomb.resize(bomb.size() - stream.avail_out - 4);
             deflateEnd(&stream);
             std::string frame = ClientFrame(Opcode::kBinary, bomb, kMask);
             frame[0] = static_cast<char>(0xC2);
             candidate.Write(frame);
             const std::string end = candidate.Frame();
             return std::string(end.substr(0, 1) + end.substr(2, 2) == Bytes("88 03 f1")
                                    ? "a Close frame with 1009"
                                    : Hex(end));
           });
}

TEST(ExamTest, HasTheLimitsOfChapter10) {
  ExamOptions options;
  options.limits.head_bytes = 500;
  ExpectOf(options, "a limit of 500 bytes: a request of 600 that does not end", "HTTP/1.1 431",
           "RFC 6585, section 5", "GuardedServer gets the limits of the options.",
           [](Candidate& candidate) {
             candidate.Write(absl::StrCat("GET / HTTP/1.1\r\nHost: ", std::string(600, 'a')));
             return candidate.Rest().substr(0, 12);
           });
}

// ---- Mistakes of real libraries: the README has the threads ----

TEST(Mistakes, AnEmptyCloseFrame) {
  ExpectOf({}, "88 80 37 fa 21 3d, a Close frame without a payload",
           "88 00, and the end of the stream", "RFC 6455, section 5.5.1",
           "The answer has no code, either.", [](Candidate& candidate) {
             candidate.Open();
             candidate.Write(Bytes("88 80 37 fa 21 3d"));
             return absl::StrCat(Hex(candidate.Rest()), ", and the end of the stream");
           });
}

TEST(Mistakes, ATextInWritesOfOneByte) {
  const std::string text =
      "12345\xF4\x8F\xBF\xBF"
      "12345";
  ExpectOf({}, "12345 f4 8f bf bf 12345 as a text, a byte at a time",
           Hex(EncodeHeader({.length = text.size()}) + text), "RFC 6455, section 5.6",
           "Chapter 5: a text may be cut inside a character.", [&](Candidate& candidate) {
             candidate.Open();
             for (const char byte : ClientFrame(Opcode::kText, text, kMask)) {
               candidate.Write({&byte, 1});
             }
             return Hex(candidate.Frame());
           });
}

}  // namespace
}  // namespace course
