// The frames that one end of a WebSocket sent, each with the rule that it breaks.

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

// Bytes of a payload kept to be shown. All of it is read and checked.
inline constexpr size_t kShownBytes = 256;

struct SeenFrame {
  uint64_t position = 0;       // the position of its first byte in the stream
  std::string head{};          // the header, byte for byte
  weft::FrameHeader header{};  // the decoded header; meaningless while `head` is incomplete
  bool head_complete = false;

  // The payload as on the wire, and unmasked; each at most its first kShownBytes.
  std::string wire{};
  std::string plain{};
  // bytes received: fewer than the header says if the stream ends before
  uint64_t payload_bytes = 0;

  // Its part of the message: `plain`, inflated if the message is compressed.
  std::string content{};
  uint64_t content_bytes = 0;
  // the message's type: a continuation belongs to one
  weft::Opcode message = weft::Opcode::kBinary;
  bool compressed = false;  // it is part of a compressed message

  std::optional<weft::Violation> violation{};  // the first rule that it breaks
  std::string seen{};                          // the offending value, if the rule does not imply it

  bool complete() const { return head_complete && payload_bytes == header.payload_length; }
};

// Parses frames like the receiver, with core's parts: takes one side of a connection's bytes, in
// pieces cut anywhere. A receiver fails the connection at the first broken rule (RFC 6455, section
// 7.1.7); this reader continues, because later frames may break other rules, and so must guess the
// framing after an invalid header. Keeps kShownBytes of a frame, however long it is. Not
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

  // Allows compressed messages, as agreed; `agreement` as the receiver has it. Call it before Read.
  void UseDeflate(const weft::DeflateAgreement& agreement);

  // Calls `sink` with each frame that `bytes` complete.
  void Read(absl::string_view bytes, absl::FunctionRef<void(SeenFrame)> sink);

  // The incomplete frame, if there is one.
  std::optional<SeenFrame> Unfinished() const;

  // The same if its header is complete; null otherwise. Valid until the next Read.
  const SeenFrame* arriving() const { return frame_.head_complete ? &frame_ : nullptr; }

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
  std::unique_ptr<weft::MessageCodec> codec_;  // null: not needed yet, or no longer useful
  weft::Opcode message_ = weft::Opcode::kBinary;
  weft::Utf8Validator utf8_;
  bool bad_text_ = false;     // the error that the message is not UTF-8 was reported
  bool bad_deflate_ = false;  // ... that it cannot be inflated was reported
  bool closed_ = false;       // a Close frame was received

  SeenFrame frame_;
  uint64_t position_ = 0;
};

}  // namespace examples

#endif  // WEFT_EXAMPLES_INSPECT_FRAME_READER_H_
