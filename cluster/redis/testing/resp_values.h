// Values of RESP for tests.

#ifndef WEFT_CLUSTER_REDIS_TESTING_RESP_VALUES_H_
#define WEFT_CLUSTER_REDIS_TESTING_RESP_VALUES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "weft/cluster/redis/resp.h"

namespace weft::testing {

inline RespValue String(absl::string_view text) {
  return {.type = RespValue::Type::kString, .text = std::string(text)};
}

inline RespValue Integer(int64_t number) {
  return {.type = RespValue::Type::kInteger, .integer = number};
}

inline RespValue Array(std::vector<RespValue> elements) {
  return {.type = RespValue::Type::kArray, .elements = std::move(elements)};
}

}  // namespace weft::testing

#endif  // WEFT_CLUSTER_REDIS_TESTING_RESP_VALUES_H_
