#include "examples/inspect/compose.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "weft/core/connection.h"
#include "weft/core/frame/mask.h"

namespace examples {
namespace {

using weft::Opcode;

// The learner's masking key, for the connection of this thread.
thread_local weft::MaskingKey chosen_key;
weft::MaskingKey ChosenKey() { return chosen_key; }

absl::Status CheckBounds(const Composition& composition) {
  const size_t size = composition.payload.size();
  if (size > kMaxComposedBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxComposedBytes, " bytes can be composed, not ", size));
  }
  if (composition.times < 1 || composition.times > kMaxTimes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message is sent 1 to ", kMaxTimes, " times, not ", composition.times));
  }
  const size_t parts = composition.fragment_bytes == 0 ? 1 : size / composition.fragment_bytes + 1;
  if (parts * composition.times > kMaxComposedFrames) {
    return absl::InvalidArgumentError(absl::StrCat("that would be ", parts * composition.times,
                                                   " frames; at most ", kMaxComposedFrames,
                                                   " can be composed"));
  }
  return absl::OkStatus();
}

absl::Status SendData(const Composition& composition, weft::Connection* connection) {
  const weft::Compress compress = composition.compress ? weft::Compress::kYes : weft::Compress::kNo;
  absl::string_view rest = composition.payload;
  const size_t part = composition.fragment_bytes;
  if (part == 0) return connection->SendMessage(composition.opcode, rest, compress);
  absl::Status status;
  do {
    const absl::string_view payload = rest.substr(0, part);
    rest.remove_prefix(payload.size());
    status = connection->SendFragment(composition.opcode, payload, rest.empty(), compress);
  } while (status.ok() && !rest.empty());
  return status;
}

absl::Status Send(const Composition& composition, weft::Connection* connection) {
  switch (composition.opcode) {
    case Opcode::kPing:
      return connection->SendPing(composition.payload);
    case Opcode::kPong:
      return connection->SendPong(composition.payload);
    case Opcode::kClose:
      return connection->SendClose(composition.close_code, composition.payload);
    default:
      return SendData(composition, connection);
  }
}

}  // namespace

absl::StatusOr<std::string> Compose(const Composition& composition) {
  if (absl::Status status = CheckBounds(composition); !status.ok()) return status;
  weft::ConnectionOptions options;
  options.compression.min_bytes = 0;
  if (composition.masking_key.has_value()) {
    chosen_key = *composition.masking_key;
    options.masking_key = ChosenKey;
  }
  weft::Connection connection(composition.sender, options);
  if (composition.compress) {
    connection.UseDeflate({.send_takeover = composition.takeover}, options);
  }
  for (int i = 0; i < composition.times; ++i) {
    if (absl::Status status = Send(composition, &connection); !status.ok()) return status;
  }
  return std::string(connection.WriteBuffer());
}

weft::DeflateAgreement AgreementFor(const Composition& composition) {
  return {.receive_takeover = composition.takeover};
}

}  // namespace examples
