#include "examples/inspect/frame_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/frame/close_code.h"
#include "weft/core/frame/close_payload.h"
#include "weft/core/frame/mask.h"

namespace examples {
namespace {

using weft::Opcode;

constexpr weft::Violation kAfterClose = {weft::CloseCode::kProtocolError, "5.5.1",
                                         "nothing may follow a Close frame"};

// Bytes unmasked at a time.
constexpr size_t kChunk = 4096;

// Appends as much as fits into the shown part.
void Keep(absl::string_view bytes, std::string* shown) {
  absl::StrAppend(shown, bytes.substr(0, kShownBytes - std::min(kShownBytes, shown->size())));
}

}  // namespace

FrameReader::FrameReader(weft::Role receiver)
    : state_{.role = receiver, .max_fragments = UINT32_MAX, .max_message_bytes = INT64_MAX} {}

FrameReader::~FrameReader() = default;

void FrameReader::UseDeflate(const weft::DeflateAgreement& agreement) {
  state_.deflate = true;
  agreement_ = agreement;
}

void FrameReader::Read(absl::string_view bytes, absl::FunctionRef<void(SeenFrame)> sink) {
  while (!bytes.empty()) {
    if (!frame_.head_complete) {
      TakeHead(&bytes);
      if (!frame_.head_complete) return;
      BeginFrame();
    }
    const uint64_t missing = frame_.header.payload_length - frame_.payload_bytes;
    const absl::string_view payload = bytes.substr(0, std::min<uint64_t>(missing, kChunk));
    bytes.remove_prefix(payload.size());
    TakePayload(payload);
    if (!frame_.complete()) continue;
    EndFrame();
    sink(std::exchange(frame_, SeenFrame{.position = position_}));
  }
}

std::optional<SeenFrame> FrameReader::Unfinished() const {
  if (frame_.head.empty()) return std::nullopt;
  return frame_;
}

void FrameReader::TakeHead(absl::string_view* bytes) {
  const size_t before = frame_.head.size();
  absl::StrAppend(&frame_.head, bytes->substr(0, weft::kMaxFrameHeaderSize - before));
  const size_t size = weft::DecodeFrameHeader(frame_.head, &frame_.header);
  if (size > 0) {
    frame_.head_complete = true;
    frame_.head.resize(size);
  }
  bytes->remove_prefix(frame_.head.size() - before);
  position_ += frame_.head.size() - before;
}

void FrameReader::BeginFrame() {
  const weft::FrameHeader& header = frame_.header;
  if (closed_) {
    Note(kAfterClose);
  } else if (const weft::Violation* violation = weft::CheckFrame(header, state_)) {
    Note(*violation, weft::DebugString(header));
  }
  frame_.message = header.opcode;
  if (weft::IsControl(header.opcode) || !weft::IsDefined(header.opcode)) return;
  if (header.opcode != Opcode::kContinuation) {
    BeginMessage();
  } else if (!state_.in_message) {
    return;
  }
  frame_.message = message_;
  frame_.compressed = state_.in_compressed;
  state_.in_message = !header.fin;
}

void FrameReader::BeginMessage() {
  if (state_.in_message) codec_.reset();  // it is inside another message
  message_ = frame_.header.opcode;
  bad_text_ = bad_deflate_ = false;
  utf8_.Reset();
  state_.in_compressed = state_.deflate && (frame_.header.rsv & weft::kRsv1) != 0;
}

void FrameReader::TakePayload(absl::string_view bytes) {
  const uint64_t offset = std::exchange(frame_.payload_bytes, frame_.payload_bytes + bytes.size());
  position_ += bytes.size();
  Keep(bytes, &frame_.wire);
  char unmasked[kChunk];
  absl::string_view plain = bytes;
  if (frame_.header.masked) {
    weft::MaskCopy(bytes, frame_.header.masking_key, offset % 4, unmasked);
    plain = {unmasked, bytes.size()};
  }
  Keep(plain, &frame_.plain);
  AddContent(plain, frame_.header.fin && frame_.complete());
}

void FrameReader::AddContent(absl::string_view plain, bool last) {
  if (!frame_.compressed) return AddText(plain, last);
  if (!bad_deflate_) Inflate(plain, last);
}

void FrameReader::Inflate(absl::string_view plain, bool last) {
  using Result = weft::MessageCodec::Result;
  if (codec_ == nullptr) {
    codec_ = std::make_unique<weft::MessageCodec>(*agreement_, weft::CompressionOptions(),
                                                  UINT64_MAX, nullptr, nullptr);
  }
  Result result = Result::kMore;
  while (result == Result::kMore) {
    result = codec_->Inflate(&plain, last);
    AddText(codec_->piece(), last && result == Result::kDone);
    if (result != Result::kCorrupt) codec_->DropPayload();
  }
  if (result != Result::kCorrupt) return;
  Note(weft::rules::kNotDeflate, codec_->error());
  bad_deflate_ = true;
  codec_.reset();
}

void FrameReader::AddText(absl::string_view text, bool last) {
  frame_.content_bytes += text.size();
  Keep(text, &frame_.content);
  if (frame_.message != Opcode::kText || bad_text_) return;
  if (utf8_.Append(text) && (!last || utf8_.AtBoundary())) return;
  Note(weft::rules::kTextNotUtf8);
  bad_text_ = true;
}

void FrameReader::EndFrame() {
  if (frame_.header.opcode != Opcode::kClose) return;
  closed_ = true;
  std::string seen;
  if (const weft::Violation* violation = weft::CheckClosePayload(frame_.plain, &seen)) {
    Note(*violation, seen);
  }
}

void FrameReader::Note(const weft::Violation& violation, absl::string_view seen) {
  if (frame_.violation.has_value()) return;
  frame_.violation = violation;
  frame_.seen = std::string(seen);
}

}  // namespace examples
