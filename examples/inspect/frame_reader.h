// What one end of a WebSocket sent, frame by frame, with the rule that a frame breaks.

#ifndef WEFT_EXAMPLES_INSPECT_FRAME_READER_H_
#define WEFT_EXAMPLES_INSPECT_FRAME_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "weft/core/deflate/message_codec.h"
#include "weft/core/deflate/permessage_deflate.h"
#include "weft/core/frame/frame.h"
#include "weft/core/frame/frame_rules.h"
#include "weft/core/frame/opcode.h"
#include "weft/core/frame/utf8.h"

namespace examples {

// So much of a payload is kept to be shown, in bytes. All of it is read, and checked.
inline constexpr size_t kShownBytes = 256;

struct SeenFrame {
  uint64_t position = 0;       // of its first byte among all that were read
  std::string head{};          // the header, byte for byte
  weft::FrameHeader header{};  // what it says; without meaning while `head` is not complete
  bool head_complete = false;

  // The payload as it stood on the wire, and unmasked; each at most its first kShownBytes.
  std::string wire{};
  std::string plain{};
  uint64_t payload_bytes = 0;  // that came: fewer than the header says, where the bytes end before

  // What it adds to its message: `plain`, inflated where the message is compressed.
  std::string content{};
  uint64_t content_bytes = 0;
  weft::Opcode message = weft::Opcode::kBinary;  // what it belongs to: a continuation is of one
  bool compressed = false;                       // it is part of a compressed message

  std::optional<weft::Violation> violation{};  // the first rule that it breaks
  std::string seen{};                          // what broke it, where the rule does not say

  bool complete() const { return head_complete && payload_bytes == header.payload_length; }
};

// Reads frames as the end that receives them does, by core's parts: one side of a connection's
// bytes goes in, in pieces cut anywhere. A receiver fails the connection at the first rule that is
// broken (RFC 6455, section 7.1.7); this reader goes on, as the next frame may break another, and
// so must guess where a header made no sense. Keeps kShownBytes of a frame, however long it is. Not
// thread-safe.
//
//   FrameReader reader(weft::Role::kServer);
//   reader.Read(bytes, [](SeenFrame frame) { Show(frame); });
class FrameReader {
 public:
  explicit FrameReader(weft::Role receiver);
  ~FrameReader();
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // Messages may be compressed, as was agreed on; `agreement` as the receiver has it. Before Read.
  void UseDeflate(const weft::DeflateAgreement& agreement);

  // Calls `sink` with each frame that `bytes` complete.
  void Read(absl::string_view bytes, absl::FunctionRef<void(SeenFrame)> sink);

  // The frame of which only a part has come, if there is one.
  std::optional<SeenFrame> Unfinished() const;

 private:
  void TakeHead(absl::string_view* bytes);
  void BeginFrame();
  void TakePayload(absl::string_view bytes);
  void EndFrame();
  void AddContent(absl::string_view plain, bool last);
  void Inflate(absl::string_view plain, bool last);
  void AddText(absl::string_view text, bool last);
  void Note(const weft::Violation& violation, absl::string_view seen = "");
  void BeginMessage();

  weft::ReceiveState state_;
  std::optional<weft::DeflateAgreement> agreement_;
  std::unique_ptr<weft::MessageCodec> codec_;  // null: not needed yet, or of no more use
  weft::Opcode message_ = weft::Opcode::kBinary;
  weft::Utf8Validator utf8_;
  bool bad_text_ = false;     // the message is no UTF-8, as was said
  bool bad_deflate_ = false;  // ... cannot be inflated, as was said
  bool closed_ = false;       // a Close frame came

  SeenFrame frame_;
  uint64_t position_ = 0;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FRAME_READER_H_
