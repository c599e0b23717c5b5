#include "weft/cluster/envelope.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "weft/cluster/big_endian.h"
#include "weft/core/deflate/compression.h"
#include "weft/core/encoded_message.h"
#include "weft/core/frame/opcode.h"

namespace weft {
namespace {

constexpr size_t kHeaderBytes = 10;
constexpr size_t kMaxFieldBytes = std::numeric_limits<uint16_t>::max();
constexpr int64_t kMaxTimeMs = (int64_t{1} << 53) - 1;

constexpr uint8_t kBinary = 1;
constexpr uint8_t kNotCompressed = 2;
constexpr uint8_t kHasKey = 4;
constexpr uint8_t kHasId = 8;
constexpr uint8_t kKnownFlags = kBinary | kNotCompressed | kHasKey | kHasId;

absl::Status CheckField(absl::string_view name, absl::string_view field) {
  if (field.size() <= kMaxFieldBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the ", name, " of a message has at most ",
                                                 kMaxFieldBytes, " bytes, not ", field.size()));
}

void AppendField(absl::string_view field, std::string* out) {
  if (field.empty()) return;
  AppendBigEndian(field.size(), 2, out);
  out->append(field.data(), field.size());
}

absl::Status TakeField(absl::string_view name, absl::string_view* from, std::string* field) {
  const size_t size = from->size() < 2 ? 0 : static_cast<size_t>(TakeBigEndian(2, from));
  if (size == 0 || size > from->size()) {
    return absl::InvalidArgumentError(absl::StrCat("the ", name, " of an envelope has ", size,
                                                   " bytes, and ", from->size(),
                                                   " follow: it has at least 1, and is complete"));
  }
  *field = std::string(from->substr(0, size));
  from->remove_prefix(size);
  return absl::OkStatus();
}

}  // namespace

absl::Status AppendEnvelope(const TopicMessage& message, std::string* out) {
  if (absl::Status status = CheckField("key", message.key); !status.ok()) return status;
  if (absl::Status status = CheckField("id", message.id); !status.ok()) return status;
  uint8_t flags = 0;
  if (message.message.opcode() == Opcode::kBinary) flags |= kBinary;
  if (message.message.compress() == Compress::kNo) flags |= kNotCompressed;
  if (!message.key.empty()) flags |= kHasKey;
  if (!message.id.empty()) flags |= kHasId;
  out->push_back(static_cast<char>(kEnvelopeVersion));
  out->push_back(static_cast<char>(flags));
  const int64_t time_ms = std::clamp(absl::ToUnixMillis(message.time), int64_t{0}, kMaxTimeMs);
  AppendBigEndian(static_cast<uint64_t>(time_ms), 8, out);
  AppendField(message.key, out);
  AppendField(message.id, out);
  const absl::string_view payload = message.message.payload();
  out->append(payload.data(), payload.size());
  return absl::OkStatus();
}

absl::StatusOr<TopicMessage> ParseEnvelope(absl::string_view bytes) {
  // The version first: another one may have another header.
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) != kEnvelopeVersion) {
    return absl::UnimplementedError(absl::StrCat("an envelope of version ",
                                                 static_cast<uint8_t>(bytes[0]),
                                                 ": this node reads version ", kEnvelopeVersion));
  }
  if (bytes.size() < kHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("an envelope has at least ", kHeaderBytes, " bytes, not ", bytes.size()));
  }
  const auto flags = static_cast<uint8_t>(bytes[1]);
  if ((flags & ~kKnownFlags) != 0) {
    return absl::UnimplementedError(absl::StrCat("an envelope with the flags ", flags,
                                                 ": this node knows those of ", kKnownFlags));
  }
  bytes.remove_prefix(2);
  const uint64_t time_ms = TakeBigEndian(8, &bytes);
  if (time_ms > uint64_t{kMaxTimeMs}) {
    return absl::InvalidArgumentError(
        absl::StrCat("the time of an envelope is ", time_ms, " ms, and must be below 2^53"));
  }
  std::string key, id;
  if ((flags & kHasKey) != 0) {
    if (absl::Status status = TakeField("key", &bytes, &key); !status.ok()) return status;
  }
  if ((flags & kHasId) != 0) {
    if (absl::Status status = TakeField("id", &bytes, &id); !status.ok()) return status;
  }
  absl::StatusOr<EncodedMessage> message =
      EncodedMessage::Make((flags & kBinary) != 0 ? Opcode::kBinary : Opcode::kText, bytes,
                           (flags & kNotCompressed) != 0 ? Compress::kNo : Compress::kYes);
  if (!message.ok()) return std::move(message).status();
  return TopicMessage{.message = *std::move(message),
                      .key = std::move(key),
                      .id = std::move(id),
                      .time = absl::FromUnixMillis(static_cast<int64_t>(time_ms))};
}

}  // namespace weft
