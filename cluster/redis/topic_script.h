// The script that performs everything on topics with history in Redis.

#ifndef WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_
#define WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace weft {

// topic.lua. Ends with a zero byte.
extern const char kTopicScript[];

// The same for "peek". Redis refuses a script that may write, whatever it does, while it has no
// memory, cannot save its data, or has too few replicas.
inline std::string PeekScript() {
  return absl::StrCat("#!lua flags=no-writes",
                      absl::string_view(kTopicScript).substr(sizeof("#!lua") - 1));
}

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_
