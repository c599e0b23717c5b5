#include "weft/server/lingering_stream.h"

#include <cstdint>
#include <utility>

#include "absl/strings/string_view.h"
#include "weft/core/frame/close_code.h"
#include "weft/transport/io.h"

namespace weft {
namespace {

// How long input is discarded.
constexpr int64_t kLingerMs = 2000;

class LingeringStream final : public ServedStream {
 public:
  void OnReadable() override;
  void OnWritable() override {}
  void GoAway(CloseCode /*code*/, absl::string_view /*reason*/) override {}  // ends soon anyway

 private:
  friend class ServedStream;

  LingeringStream(LoopContext& context, Client client) : ServedStream(context, std::move(client)) {
    context_.loop().ArmTimer(this, context_.loop().now_ms() + kLingerMs);
    // Only counted, without a search for the largest stream: the same bytes were counted before.
    buffered_bytes_ = static_cast<uint32_t>(stream_.buffered_bytes());
    context_.Account(0, buffered_bytes_);
  }

  void OnTimer() override { Drop(""); }
};

void LingeringStream::OnReadable() {
  IoResult result;
  do {
    if (!holds_stream()) return;
    result = stream_.Read(context_.pools().scratch());
  } while (result.more);
  if (!result.ok() && result.status != IoStatus::kWouldBlock) return Drop("");
  Account(stream_.buffered_bytes());
}

}  // namespace

void Linger(ServedStream& stream) {
  stream.stream_.ShutdownWrite();
  stream.HandTo<LingeringStream>();
}

}  // namespace weft
