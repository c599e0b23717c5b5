// The cost of a connection with compression compared with zlib itself: the same messages with the
// same settings through both, alternately, in one process. The ratio is zlib's time divided by the
// connection's.

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "weft/bench/chat_corpus.h"
#include "weft/bench/engine/process.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/mask.h"
#include "zlib.h"

ABSL_FLAG(int, rounds, 21, "of each, alternately; the medians are printed");
ABSL_FLAG(int64_t, bytes, 2 << 20, "of text per round");
ABSL_FLAG(int, window_bits, weft::CompressionOptions().send_window_bits,
          "8 to 15, with takeover; without, it is 15");
ABSL_FLAG(int, memory_level, weft::CompressionOptions().memory_level,
          "1 to 9, with takeover; without, it is 8");
ABSL_FLAG(int, level, weft::CompressionOptions().level, "1 to 9");
ABSL_FLAG(int, pin, -1, "the processor to run on; -1 for any");

namespace weft::bench {
namespace {

// A condition without which the figures would measure something else.
void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::exit(1);
}

// The CPU time of this thread, in seconds.
double Now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

Bytef* Bytes(const char* bytes) { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

struct Settings {
  bool takeover;
  int window_bits;
  int memory_level;
  int level;
};

// ---- zlib alone, with the minimum that RFC 7692 requires of a program ----

class BareDeflate {
 public:
  BareDeflate(const Settings& settings, size_t largest) : settings_(settings) {
    Check(deflateInit2(&stream_, settings.level, Z_DEFLATED, -settings.window_bits,
                       settings.memory_level, Z_DEFAULT_STRATEGY) == Z_OK,
          "deflateInit2");
    out_.resize(deflateBound(&stream_, largest) + 16);
  }
  ~BareDeflate() { deflateEnd(&stream_); }

  absl::string_view Message(absl::string_view text) {
    if (!settings_.takeover) deflateReset(&stream_);
    stream_.next_in = Bytes(text.data());
    stream_.avail_in = text.size();
    stream_.next_out = Bytes(out_.data());
    stream_.avail_out = out_.size();
    Check(deflate(&stream_, Z_SYNC_FLUSH) == Z_OK, "deflate");
    return {out_.data(), out_.size() - stream_.avail_out - 4};
  }

 private:
  const Settings settings_;
  z_stream stream_{};
  std::vector<char> out_;
};

class BareInflate {
 public:
  BareInflate(const Settings& settings, size_t largest) : settings_(settings) {
    Check(inflateInit2(&stream_, -settings.window_bits) == Z_OK, "inflateInit2");
    out_.resize(largest + 1);
  }
  ~BareInflate() { inflateEnd(&stream_); }

  // `message` is already followed by the 4 bytes of its tail.
  size_t Message(absl::string_view message) {
    if (!settings_.takeover) inflateReset(&stream_);
    stream_.next_in = Bytes(message.data());
    stream_.avail_in = message.size();
    stream_.next_out = Bytes(out_.data());
    stream_.avail_out = out_.size();
    Check(inflate(&stream_, Z_SYNC_FLUSH) == Z_OK, "inflate");
    return out_.size() - stream_.avail_out;
  }

 private:
  const Settings settings_;
  z_stream stream_{};
  std::vector<char> out_;
};

// ---- A server's connection, with frames, masks, UTF-8 and limits ----

class Server {
 public:
  explicit Server(const Settings& settings)
      : options_({.max_message_bytes = 16 << 20,
                  .compression = {.memory_level = settings.memory_level,
                                  .level = settings.level,
                                  .min_bytes = 0},
                  .pool = &pool_,
                  .codecs = &codecs_}),
        connection_(Role::kServer, options_),
        scratch_(512 << 10) {
    connection_.UseDeflate({.send_takeover = settings.takeover,
                            .send_window_bits = settings.window_bits,
                            .receive_takeover = settings.takeover,
                            .receive_window_bits = settings.window_bits},
                           options_);
  }

  size_t Send(absl::string_view text) {
    Check(connection_.SendText(text).ok(), "SendText");
    const size_t size = connection_.queued_bytes();
    connection_.DidWrite(size);
    return size;
  }

  // `frame` is copied into the scratch buffer as if read from a socket.
  size_t Receive(absl::string_view frame) {
    const absl::Span<char> into = connection_.ReadBuffer(absl::MakeSpan(scratch_));
    std::memcpy(into.data(), frame.data(), frame.size());
    connection_.DidRead(frame.size());
    size_t size = 0;
    while (const std::optional<Event> event = connection_.NextEvent())
      size += event->payload.size();
    return size;
  }

 private:
  BufferPool pool_;
  CodecPool codecs_;
  const ConnectionOptions options_;
  Connection connection_;
  std::vector<char> scratch_;
};

// A client's frame.
std::string Masked(absl::string_view payload) {
  const FrameHeader header = {
      .rsv = kRsv1, .masked = true, .payload_length = payload.size(), .masking_key = {1, 2, 3, 4}};
  char bytes[kMaxFrameHeaderSize];
  std::string frame(bytes, EncodeFrameHeader(header, bytes));
  const size_t begin = frame.size();
  frame.append(payload.data(), payload.size());
  Mask(absl::MakeSpan(frame).subspan(begin), header.masking_key);
  return frame;
}

// ---- The comparison ----

struct Result {
  double bare_mb_per_second;
  double ratio;  // medians
};

template <typename Round>
double Seconds(Round round) {
  const double begin = Now();
  round();
  return Now() - begin;
}

// One round of each; they alternate in going first.
template <typename Bare, typename Ours>
Result Compare(size_t text_bytes, Bare bare, Ours ours) {
  std::vector<double> bare_seconds, ratios;
  for (int round = -1; round < absl::GetFlag(FLAGS_rounds); ++round) {
    double bare_round = 0, our_round = 0;
    if (round % 2 == 0) bare_round = Seconds(bare);
    our_round = Seconds(ours);
    if (round % 2 != 0) bare_round = Seconds(bare);
    if (round < 0) continue;  // the first round is a warm-up
    bare_seconds.push_back(bare_round);
    ratios.push_back(bare_round / our_round);
  }
  return {.bare_mb_per_second = text_bytes / Median(bare_seconds) / 1e6, .ratio = Median(ratios)};
}

void Run(size_t message_bytes, const Settings& settings) {
  const size_t count = std::max<size_t>(2, absl::GetFlag(FLAGS_bytes) / message_bytes);
  const std::vector<std::string> texts = ChatMessages(count, message_bytes, 1);
  size_t text_bytes = 0, largest = 0, wire_bytes = 0;
  for (const std::string& text : texts) {
    text_bytes += text.size();
    largest = std::max(largest, text.size());
  }
  std::vector<std::string> with_tail, frames;
  BareDeflate prepare(settings, largest);
  for (const std::string& text : texts) {
    const absl::string_view message = prepare.Message(text);
    wire_bytes += message.size();
    frames.push_back(Masked(message));
    with_tail.push_back(std::string(message) + std::string("\x00\x00\xff\xff", 4));
  }

  Server server(settings);
  BareDeflate deflate(settings, largest);
  const Result deflated = Compare(
      text_bytes,
      [&] {
        for (const std::string& text : texts) deflate.Message(text);
      },
      [&] {
        for (const std::string& text : texts) server.Send(text);
      });
  // Takeover continues from the last message of a round to the first of the next, at both ends.
  BareInflate inflate(settings, largest);
  const Result inflated = Compare(
      text_bytes,
      [&] {
        size_t size = 0;
        for (const std::string& message : with_tail) size += inflate.Message(message);
        Check(size == text_bytes, "zlib inflates all of the text");
      },
      [&] {
        size_t size = 0;
        for (const std::string& frame : frames) size += server.Receive(frame);
        Check(size == text_bytes, "the connection inflates all of the text");
      });
  absl::PrintF("%8d  %-8s %6.2f  %8.0f %6.2f  %8.0f %6.2f\n", message_bytes,
               settings.takeover ? "yes" : "no", static_cast<double>(wire_bytes) / text_bytes,
               deflated.bare_mb_per_second, deflated.ratio, inflated.bare_mb_per_second,
               inflated.ratio);
}

}  // namespace
}  // namespace weft::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Compares connections that compress with zlib alone.");
  absl::ParseCommandLine(argc, argv);
  if (absl::GetFlag(FLAGS_pin) >= 0) {
    weft::bench::Check(weft::bench::PinToCpu(absl::GetFlag(FLAGS_pin)).ok(), "--pin");
  }
  absl::PrintF("                          deflate          inflate\n");
  absl::PrintF("   bytes  takeover  size  zlib MB/s  ratio  zlib MB/s  ratio\n");
  for (const bool takeover : {false, true}) {
    for (const size_t bytes : {200, 1024, 4096, 16384, 65536}) {
      weft::bench::Run(bytes, {.takeover = takeover,
                               .window_bits = takeover ? absl::GetFlag(FLAGS_window_bits) : 15,
                               .memory_level = takeover ? absl::GetFlag(FLAGS_memory_level) : 8,
                               .level = absl::GetFlag(FLAGS_level)});
    }
  }
  return 0;
}
