#include "weft/transport/address_race.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace weft {
namespace internal {

std::vector<SocketAddress> Interleaved(absl::Span<const SocketAddress> addresses) {
  std::vector<SocketAddress> order(addresses.begin(), addresses.end());
  for (size_t i = 1; i < order.size(); ++i) {
    const auto other = std::find_if(order.begin() + i, order.end(), [&](const SocketAddress& next) {
      return next.family() != order[i - 1].family();
    });
    if (other == order.end()) break;
    std::rotate(order.begin() + i, other, other + 1);
  }
  return order;
}

}  // namespace internal

AddressRace::AddressRace(absl::string_view name, absl::Span<const SocketAddress> addresses,
                         absl::Duration attempt_delay)
    : name_(name), order_(internal::Interleaved(addresses)), attempt_delay_(attempt_delay) {}

std::optional<size_t> AddressRace::Start(absl::Duration now) {
  if (reasons_.size() == order_.size()) return std::nullopt;
  // Section 5: after a failure the next attempt starts at once.
  const bool at_once = reasons_.empty() || !reasons_.back().empty();
  if (!at_once && now < due_) return std::nullopt;
  due_ = now + attempt_delay_;
  reasons_.emplace_back();
  return reasons_.size() - 1;
}

absl::Status AddressRace::Error(const absl::Status& why) const {
  std::string message = absl::StrCat("cannot connect to ", name_);
  if (reasons_.empty()) {
    absl::StrAppend(&message, order_[0].ToString(), " (", why.message(), ")");
  }
  absl::string_view separator = "";
  for (size_t i = 0; i < reasons_.size(); ++i) {
    const absl::string_view reason = reasons_[i].empty() ? why.message() : reasons_[i];
    absl::StrAppend(&message, std::exchange(separator, ", "), order_[i].ToString(), " (", reason,
                    ")");
  }
  return absl::Status(why.code(), message);
}

}  // namespace weft
