#include "weft/client/connecting/annotate.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace weft {

absl::Status Annotate(const absl::Status& error, absl::string_view before,
                      absl::string_view behind) {
  absl::Status result(error.code(), absl::StrCat(before, error.message(), behind));
  error.ForEachPayload([&result](absl::string_view type, const absl::Cord& payload) {
    result.SetPayload(type, payload);
  });
  return result;
}

}  // namespace weft
