// Valid sequences of frames, chosen by the input: fragments, control frames in between, messages
// compressed in every way zlib supports. The expected events come from the generator, from a slow
// reference decoder, and from a Connection fed with every cut; all must agree. The reference
// decoder must also read the same messages as a Connection sends them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "weft/core/connection.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/encoded_message.h"
#include "weft/core/event.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/testing/choices.h"
#include "weft/core/testing/feed.h"
#include "weft/core/testing/frames.h"
#include "weft/core/testing/reference_decoder.h"
#include "weft/core/testing/require.h"
#include "zlib.h"

namespace weft {
namespace {

using testing::Choices;
using testing::ReferenceEvents;
using testing::Require;

constexpr absl::string_view kTail("\x00\x00\xff\xff", 4);

// The maximum length of a sequence: with more, pongs are no longer sent one by one; and one byte of
// input can make 64 KiB, which should not happen too often.
constexpr int kMaxPings = 60;
constexpr size_t kMaxTextBytes = 100000;

// The negotiated options, and how the sender compresses.
struct Settings {
  Role receiver{};
  std::optional<testing::ReferenceDeflate> deflate{};
  int level = 6;
  int memory_level = 8;
  int strategy = Z_DEFAULT_STRATEGY;
};

Settings ChooseSettings(Choices& choices) {
  Settings settings = {.receiver = choices.Below(2) == 0 ? Role::kServer : Role::kClient};
  if (choices.Below(4) > 0) {
    settings.deflate = {.window_bits = 8 + static_cast<int>(choices.Below(8)),
                        .takeover = choices.Below(2) == 0};
  }
  settings.level = static_cast<int>(choices.Below(10));
  settings.memory_level = 1 + static_cast<int>(choices.Below(9));
  settings.strategy = choices.Of({Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE});
  return settings;
}

// ---- The sender ----

// zlib as other implementations use it: with blocks that end, or are final, anywhere.
class Compressor {
 public:
  explicit Compressor(const Settings& settings) : takeover_(settings.deflate->takeover) {
    // zlib does not offer a window of 2^8; see deflate.cc.
    const int bits = std::max(settings.deflate->window_bits, 9);
    Require(deflateInit2(&stream_, settings.level, Z_DEFLATED, -bits, settings.memory_level,
                         settings.strategy) == Z_OK,
            "zlib accepts the settings");
  }
  ~Compressor() { deflateEnd(&stream_); }

  std::string Message(absl::string_view text, Choices& choices) {
    out_.clear();
    if (!takeover_) {
      deflateReset(&stream_);
      before_.clear();
    }
    for (uint32_t parts = choices.Below(4); parts > 0; --parts) {
      const size_t size = text.size() * choices.Below(256) / 255;
      Run(text.substr(0, size),
          choices.Of({Z_NO_FLUSH, Z_BLOCK, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH}));
      text.remove_prefix(size);
    }
    // RFC 7692, sections 7.2.1 and 7.2.3.4: an empty stored block ends the message, and its last
    // bytes are omitted. Here it is sometimes one block more than necessary.
    const uint32_t end = choices.Below(4);
    Run(text, end == 0 ? Z_FINISH : Z_SYNC_FLUSH);
    absl::string_view message = out_;
    if (end == 1 || !absl::ConsumeSuffix(&message, kTail)) return absl::StrCat(out_, kHeader);
    return std::string(message);
  }

 private:
  static constexpr absl::string_view kHeader{"\0", 1};  // of a stored block

  void Run(absl::string_view text, int flush) {
    std::string chunk(deflateBound(&stream_, text.size()) + 64, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream_.avail_out = static_cast<uInt>(chunk.size());
    // Output held back from earlier parts adds to the bound of this one.
    int result;
    do {
      result = deflate(&stream_, flush);
      out_.append(chunk.data(), chunk.size() - stream_.avail_out);
      const bool full = stream_.avail_out == 0;
      stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream_.avail_out = static_cast<uInt>(chunk.size());
      if (!full) break;
    } while (result == Z_OK);
    before_.append(text.data(), text.size());
    if (flush != Z_FINISH) return;
    // For zlib a final block is the end of its stream. The next block can still refer to the data
    // before it.
    const absl::string_view window =
        absl::string_view(before_).substr(before_.size() - std::min<size_t>(before_.size(), 32768));
    deflateReset(&stream_);
    if (window.empty()) return;
    deflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(window.data()),
                         static_cast<uInt>(window.size()));
  }

  const bool takeover_;
  z_stream stream_{};
  std::string out_;
  std::string before_;  // the data that may be referred to
};

struct Message {
  Opcode opcode;
  std::string payload;
};

struct Sequence {
  std::vector<Message> messages;
  std::string bytes;
  std::vector<std::string> events;  // as Describe writes them
  std::vector<std::string> answers;
};

// Generates a sequence, choice by choice.
class Maker {
 public:
  Maker(const Settings& settings, Choices& choices) : settings_(settings), choices_(choices) {
    if (settings.deflate.has_value()) compressor_.emplace(settings);
  }

  Sequence Make() && {
    const uint32_t close = choices_.Below(30);
    while (!choices_.done() && pings_ < kMaxPings && text_bytes_ < kMaxTextBytes) {
      if (choices_.Below(8) == 7) {
        AddControl();
      } else {
        AddMessage();
      }
    }
    if (close > 0) AddClose(close);
    return std::move(sequence_);
  }

 private:
  void AddFrame(FrameHeader header, absl::string_view payload) {
    header.masked = settings_.receiver == Role::kServer;
    for (uint8_t& byte : header.masking_key) byte = key_ = key_ * 29 + 17;
    sequence_.bytes += testing::Frame(header, payload);
  }

  void AddControl() {
    static constexpr size_t kSizes[] = {0, 1, 5, 124, 125};
    const bool ping = choices_.Below(2) == 0;
    const std::string payload(choices_.Of(kSizes), static_cast<char>(choices_.Below(256)));
    AddFrame({.opcode = ping ? Opcode::kPing : Opcode::kPong}, payload);
    sequence_.events.push_back(absl::StrCat(ping ? "ping " : "pong ", payload));
    if (!ping) return;
    ++pings_;
    AddAnswer(absl::StrCat("pong ", payload));
  }

  void AddClose(uint32_t which) {
    static constexpr absl::string_view kReasons[] = {"", "bye", "\xe2\x82\xac"};
    static constexpr int kCodes[] = {1000, 1001, 1003, 1007, 1014, 3000, 4999};
    const CloseCode code = static_cast<CloseCode>(kCodes[which % 7]);
    const std::string reason(kReasons[which % 3]);
    const bool empty = which % 5 == 0;
    AddFrame({.opcode = Opcode::kClose}, empty ? "" : testing::ClosePayload(code, reason));
    const std::string text =
        absl::StrCat(static_cast<int>(code), reason.empty() ? "" : " ", reason);
    sequence_.events.push_back(absl::StrCat("close ", empty ? "1005" : text));
    AddAnswer(absl::StrCat("close ", empty ? "(0 bytes)" : text));
  }

  void AddAnswer(absl::string_view what) {
    sequence_.answers.push_back(
        absl::StrCat("fin ", settings_.receiver == Role::kClient ? "masked " : "", what));
  }

  void AddMessage() {
    const Opcode opcode = choices_.Below(2) == 0 ? Opcode::kText : Opcode::kBinary;
    const std::string payload = Payload(opcode);
    text_bytes_ += payload.size();
    const bool compressed = compressor_.has_value() && choices_.Below(4) != 0;
    AddFrames(opcode, compressed, compressed ? compressor_->Message(payload, choices_) : payload);
    sequence_.messages.push_back({opcode, payload});
    sequence_.events.push_back(absl::StrCat(OpcodeName(opcode), " ", payload));
  }

  std::string Payload(Opcode opcode) {
    static constexpr absl::string_view kPieces[] = {"a",
                                                    "e",
                                                    "the ",
                                                    "{\"type\":\"message\",\"id\":",
                                                    "\xc3\xa4",
                                                    "\xe2\x82\xac",
                                                    "\xf0\x9d\x84\x9e",
                                                    "0"};
    static constexpr size_t kLongs[] = {125, 126, 127, 1000, 5000, 40000, 65535, 65536};
    const uint32_t form = choices_.Below(8);
    std::string payload;
    for (uint32_t pieces = form == 0 ? 0 : choices_.Below(32); pieces > 0; --pieces) {
      if (opcode == Opcode::kText) {
        absl::StrAppend(&payload, choices_.Of(kPieces));
      } else {
        payload.push_back(static_cast<char>(choices_.Below(256)));
      }
    }
    if (form != 7 || payload.empty()) return payload;
    // The same text repeated, with a different number each time: long and full of matches.
    std::string longer;
    const size_t size = choices_.Of(kLongs);
    for (int i = 0; longer.size() + payload.size() + 10 < size; ++i) {
      absl::StrAppend(&longer, payload, i % 77 * i);
    }
    return longer + std::string(size - longer.size(), 'x');
  }

  void AddFrames(Opcode opcode, bool compressed, absl::string_view payload) {
    FrameHeader header = {.rsv = compressed ? kRsv1 : uint8_t{0}, .opcode = opcode};
    for (uint32_t more = choices_.Below(5); more > 0; --more) {
      const size_t size = payload.size() * choices_.Below(256) / 255;
      header.fin = false;
      AddFrame(header, payload.substr(0, size));
      payload.remove_prefix(size);
      header = {.opcode = Opcode::kContinuation};
      if (choices_.Below(4) == 3) AddControl();
    }
    AddFrame(header, payload);
  }

  const Settings& settings_;
  Choices& choices_;
  std::optional<Compressor> compressor_;
  Sequence sequence_;
  uint8_t key_ = 0;
  int pings_ = 0;
  size_t text_bytes_ = 0;
};

// ---- The receiver ----

void RequireSame(const std::vector<std::string>& is, const std::vector<std::string>& should_be,
                 absl::string_view what) {
  if (is == should_be) return;
  const std::string text = absl::StrCat(what, "\nis:        ", absl::StrJoin(is, " | "),
                                        "\nshould be: ", absl::StrJoin(should_be, " | "));
  Require(false, text.c_str());
}

MaskingKey FixedKey() { return {1, 2, 3, 4}; }

std::optional<DeflateAgreement> Agreement(const Settings& settings) {
  if (!settings.deflate.has_value()) return std::nullopt;
  return DeflateAgreement{.send_takeover = settings.deflate->takeover,
                          .send_window_bits = settings.deflate->window_bits,
                          .receive_takeover = settings.deflate->takeover,
                          .receive_window_bits = settings.deflate->window_bits};
}

// The events of a connection that delivers messages in pieces, joined again.
std::vector<std::string> StreamedEvents(Connection& connection, absl::string_view bytes,
                                        testing::Cuts cuts) {
  std::vector<std::string> events;
  std::vector<char> scratch(cuts.scratch_size());
  std::string message;
  while (!bytes.empty()) {
    const absl::Span<char> into = connection.ReadBuffer(absl::MakeSpan(scratch));
    const size_t size = std::min({bytes.size(), into.size(), cuts.Next()});
    std::memcpy(into.data(), bytes.data(), size);
    bytes.remove_prefix(size);
    connection.DidRead(size);
    while (const std::optional<Event> event = connection.NextEvent()) {
      if (event->type != Event::Type::kMessage) {
        events.push_back(testing::Describe(*event));
        continue;
      }
      Require(event->first == message.empty(), "the first piece is marked as first");
      if (event->first) message = absl::StrCat(OpcodeName(event->opcode), " ");
      absl::StrAppend(&message, event->payload);
      if (event->last) events.push_back(std::exchange(message, ""));
    }
  }
  return events;
}

void CheckReceiving(const Settings& settings, const Sequence& sequence) {
  RequireSame(ReferenceEvents(sequence.bytes, settings.deflate), sequence.events,
              "the reference decoder");
  ConnectionOptions options = {.masking_key = FixedKey};
  const testing::Outcome outcome = testing::FeedInEveryWay(
      settings.receiver, options, sequence.bytes,
      [](const std::string& text) { Require(false, text.c_str()); }, /*eof=*/false,
      Agreement(settings));
  RequireSame(outcome.events, sequence.events, "a connection");
  RequireSame(outcome.sent, sequence.answers, "its answers");
  Require(outcome.status == "OK", outcome.status.c_str());

  options.stream_messages = true;
  for (const uint32_t seed : {1, 2, 3}) {
    Connection connection(settings.receiver, options);
    if (settings.deflate.has_value()) connection.UseDeflate(*Agreement(settings), options);
    RequireSame(StreamedEvents(connection, sequence.bytes, testing::Cuts::Random(seed)),
                sequence.events, "a connection that streams");
  }
}

// ---- The same messages, sent by a Connection ----

void Send(Connection& connection, const Message& message, Choices& choices) {
  const Compress compress = choices.Below(4) == 3 ? Compress::kNo : Compress::kYes;
  absl::string_view payload = message.payload;
  switch (choices.Below(4)) {
    case 0:
      Require(connection.SendMessage(message.opcode, payload, compress).ok(), "a message is sent");
      break;
    case 1:
      Require(connection.SendBorrowed(message.opcode, payload, compress).ok(),
              "a borrowed message is sent");
      connection.DidWrite(0);
      break;
    case 2: {
      const auto encoded = EncodedMessage::Make(message.opcode, payload, compress);
      Require(encoded.ok(), "a message is encoded");
      const absl::Status sent = connection.role() == Role::kServer
                                    ? connection.SendEncoded(*encoded)
                                    : connection.SendMessage(message.opcode, payload, compress);
      Require(sent.ok(), "an encoded message is sent");
      break;
    }
    default:
      for (uint32_t more = choices.Below(3); more > 0; --more) {
        // Cut anywhere, including inside a character.
        const size_t size = payload.size() * choices.Below(256) / 255;
        Require(
            connection.SendFragment(message.opcode, payload.substr(0, size), false, compress).ok(),
            "a fragment is sent");
        payload.remove_prefix(size);
      }
      Require(connection.SendFragment(message.opcode, payload, true, compress).ok(),
              "the last fragment is sent");
  }
}

void CheckSending(const Settings& settings, const std::vector<Message>& messages,
                  Choices& choices) {
  const ConnectionOptions options = {.compression = {.memory_level = settings.memory_level,
                                                     .level = std::max(settings.level, 1),
                                                     .min_bytes = choices.Below(2) * 64,
                                                     .release_when_idle = choices.Below(2) != 0},
                                     .masking_key = FixedKey};
  Connection connection(settings.receiver, options);
  if (settings.deflate.has_value()) connection.UseDeflate(*Agreement(settings), options);
  std::vector<std::string> events;
  for (const Message& message : messages) {
    Send(connection, message, choices);
    connection.ReleaseIdle();
    events.push_back(absl::StrCat(OpcodeName(message.opcode), " ", message.payload));
  }
  const auto parts = connection.WriteBuffers();
  RequireSame(ReferenceEvents(absl::StrCat(parts[0], parts[1]), settings.deflate), events,
              "what a connection sent");
}

}  // namespace
}  // namespace weft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  weft::testing::Choices choices(input);
  const weft::Settings settings = weft::ChooseSettings(choices);
  const weft::Sequence sequence = weft::Maker(settings, choices).Make();
  weft::CheckReceiving(settings, sequence);
  weft::testing::Choices again(input);
  weft::CheckSending(settings, sequence.messages, again);
  return 0;
}
