#include "weft/sending/waiting_message.h"

namespace weft {

absl::string_view WaitingMessage::view() const {
  if (const auto* view = std::get_if<absl::string_view>(&payload)) return *view;
  if (const auto* own = std::get_if<std::string>(&payload)) return *own;
  if (const auto* shared = std::get_if<Shared>(&payload)) return **shared;
  return std::get<EncodedMessage>(payload).payload();
}

}  // namespace weft
