#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "course/04_masking/masking.h"
#include "course/11_compression/compression.h"

namespace course {
namespace {

constexpr char kRsv1 = 0x40;
constexpr int kDefaultBits = 15;

// A frame of a client whose mask changes nothing.
std::string Plain(Opcode opcode, bool fin, absl::string_view payload) {
  return absl::StrCat(
      EncodeHeader({.fin = fin, .opcode = opcode, .masked = true, .length = payload.size()}),
      payload);
}

}  // namespace

// Turns compressed messages into messages of many plain fragments, which the reader of chapter 6
// reads. So it is the reader that checks limits, UTF-8 and the order of frames.
struct DeflateWire::State {
  std::unique_ptr<Deflater> deflater;  // if compression is agreed, as the next
  std::unique_ptr<Inflater> inflater;
  std::optional<Failure> failure;
  bool closed = false;  // a Close frame was read

  std::string head;         // of a header that is not complete
  bool compressed = false;  // the message in progress
  bool inflates = false;    // the frame in progress
  FrameHeader header;       // of that frame
  uint64_t left = 0;        // bytes of its payload

  // Takes bytes of a header. Returns bytes for the reader.
  std::string TakeHeader(absl::string_view* bytes);
  // Takes bytes of a payload, and calls read() with bytes for the reader, until it returns false.
  void TakePayload(absl::string_view* bytes, absl::FunctionRef<bool(absl::string_view)> read);
};

std::string DeflateWire::State::TakeHeader(absl::string_view* bytes) {
  absl::StatusOr<size_t> size = 0;
  bool rsv1 = false;
  while (!bytes->empty() && size.ok() && *size == 0) {
    head.push_back(bytes->front());
    bytes->remove_prefix(1);
    rsv1 = (head[0] & kRsv1) != 0;
    std::string plain = head;
    plain[0] &= static_cast<char>(~kRsv1);
    size = DecodeHeader(plain, &header);
  }
  if (size.ok() && *size == 0) return "";
  std::string seen = std::exchange(head, "");
  if (!size.ok()) return seen;  // the reader finds the same mistake
  left = header.length;
  const bool first = header.opcode == Opcode::kText || header.opcode == Opcode::kBinary;
  if (first) compressed = rsv1;
  inflates =
      compressed && header.masked && (first || (header.opcode == Opcode::kContinuation && !rsv1));
  if (!inflates) return seen;  // if it has RSV1, the reader refuses it
  return first ? Plain(header.opcode, false, "") : "";
}

void DeflateWire::State::TakePayload(absl::string_view* bytes,
                                     absl::FunctionRef<bool(absl::string_view)> read) {
  std::string payload(
      bytes->substr(0, static_cast<size_t>(std::min<uint64_t>(left, bytes->size()))));
  bytes->remove_prefix(payload.size());
  if (!inflates) {
    left -= payload.size();
    read(payload);
    return;
  }
  FastMask(absl::MakeSpan(payload), header.key, static_cast<size_t>((header.length - left) % 4));
  left -= payload.size();
  const bool last = header.fin && left == 0;
  absl::string_view rest = payload;
  std::string output;
  Inflater::Result result;
  do {
    result = inflater->Inflate(&rest, last, &output);
    if (result == Inflater::Result::kCorrupt) {
      failure = Failure{1007, "the message cannot be inflated"};
      return;
    }
    // A message that is over the limit ends this: no more of it is inflated.
    if (!read(Plain(Opcode::kContinuation, false, output))) return;
  } while (result == Inflater::Result::kMore);
  if (last) {
    compressed = false;
    read(Plain(Opcode::kContinuation, true, ""));
  }
}

DeflateWire::DeflateWire(uint64_t max_message_bytes)
    : Wire(max_message_bytes), state_(std::make_unique<State>()) {}

DeflateWire::~DeflateWire() = default;

std::string DeflateWire::Answer(const Head& request) {
  std::string answer = Wire::Answer(request);
  if (!absl::StartsWith(answer, "HTTP/1.1 101 ")) return answer;
  const auto agreement = Agree(ValueOf(request, "Sec-WebSocket-Extensions"));
  if (!agreement.ok()) {
    return "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  }
  const std::optional<Agreement>& agreed = *agreement;
  if (!agreed.has_value()) return answer;
  state_->deflater = std::make_unique<Deflater>(agreed->server_bits.value_or(kDefaultBits),
                                                agreed->server_takeover);
  state_->inflater = std::make_unique<Inflater>(agreed->client_bits.value_or(kDefaultBits),
                                                agreed->client_takeover);
  answer.insert(answer.size() - 2,
                absl::StrCat("Sec-WebSocket-Extensions: ", ExtensionFor(*agreed), "\r\n"));
  return answer;
}

std::vector<Event> DeflateWire::Read(absl::string_view bytes) {
  if (state_->inflater == nullptr) return Wire::Read(bytes);
  std::vector<Event> events;
  const auto read = [&](absl::string_view plain) {
    for (Event& event : Wire::Read(plain)) {
      state_->closed |= event.opcode == Opcode::kClose;
      events.push_back(std::move(event));
    }
    return !failure().has_value();
  };
  bool whole = false;  // the header of the frame in progress is complete
  while (!failure().has_value() && !state_->closed && (!bytes.empty() || whole)) {
    if (state_->left == 0 && !whole) {
      const std::string plain = state_->TakeHeader(&bytes);
      whole = state_->head.empty();
      read(plain);
    } else {
      state_->TakePayload(&bytes, read);
      whole = false;
    }
  }
  return events;
}

const std::optional<Failure>& DeflateWire::failure() const {
  return state_->failure.has_value() ? state_->failure : Wire::failure();
}

std::string DeflateWire::Frame(Opcode opcode, absl::string_view payload) {
  if (state_->deflater == nullptr || IsControl(opcode)) return Wire::Frame(opcode, payload);
  std::string frame = Wire::Frame(opcode, state_->deflater->Deflate(payload));
  frame[0] |= kRsv1;
  return frame;
}

}  // namespace course
