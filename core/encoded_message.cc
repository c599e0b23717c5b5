#include "weft/core/encoded_message.h"

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "weft/core/frame/check_message.h"
#include "weft/core/frame/frame.h"

namespace weft {
namespace {

constexpr int kWindows = 8;  // window_bits 8 to 15

std::string Encode(Opcode opcode, uint8_t rsv, absl::string_view payload) {
  char header[kMaxFrameHeaderSize];
  const size_t size =
      EncodeFrameHeader({.rsv = rsv, .opcode = opcode, .payload_length = payload.size()}, header);
  return absl::StrCat(absl::string_view(header, size), payload);
}

}  // namespace

struct EncodedMessage::Shared {
  Opcode opcode;
  Compress compress;
  std::string frame;
  size_t size;

  // One per window size; null: not requested yet. Once set, a pointer does not change.
  std::array<std::atomic<const std::string*>, kWindows> compressed{};
  std::mutex mutex;  // held while a frame is compressed
  std::vector<std::unique_ptr<const std::string>> made;
};

EncodedMessage::EncodedMessage(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

absl::StatusOr<EncodedMessage> EncodedMessage::Make(Opcode opcode, absl::string_view payload,
                                                    Compress compress) {
  if (absl::Status status = CheckMessage(opcode, payload); !status.ok()) return status;
  auto shared = std::make_shared<Shared>();
  shared->opcode = opcode;
  shared->compress = compress;
  shared->frame = Encode(opcode, 0, payload);
  shared->size = payload.size();
  return EncodedMessage(std::move(shared));
}

absl::string_view EncodedMessage::frame() const { return shared_->frame; }

absl::string_view EncodedMessage::payload() const {
  return frame().substr(frame().size() - shared_->size);
}

size_t EncodedMessage::size() const { return shared_->size; }

Opcode EncodedMessage::opcode() const { return shared_->opcode; }

Compress EncodedMessage::compress() const { return shared_->compress; }

std::shared_ptr<const void> EncodedMessage::owner() const { return shared_; }

absl::string_view EncodedMessage::CompressedFrame(const DeflateSettings& settings,
                                                  CodecPool* codecs) const {
  if (shared_->compress == Compress::kNo) return frame();
  std::atomic<const std::string*>& slot = shared_->compressed[settings.window_bits - 8];
  if (const std::string* made = slot.load(std::memory_order_acquire)) return *made;

  // A second thread waits: that is faster than compressing the message again.
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (const std::string* made = slot.load(std::memory_order_relaxed)) return *made;
  CodecPool own;
  if (codecs == nullptr) codecs = &own;
  std::unique_ptr<Deflater> deflater = codecs->TakeDeflater(settings);
  std::string deflated(deflater->Bound(shared_->size), '\0');
  deflated.resize(deflater->Deflate(payload(), /*last=*/true, deflated.data()));
  codecs->Return(std::move(deflater));

  const std::string* result = &shared_->frame;
  if (deflated.size() < shared_->size) {
    shared_->made.push_back(
        std::make_unique<const std::string>(Encode(shared_->opcode, kRsv1, deflated)));
    result = shared_->made.back().get();
  }
  slot.store(result, std::memory_order_release);
  return *result;
}

}  // namespace weft
