// The clock of the gateway, which tests replace.

#ifndef WEFT_EXAMPLES_GATEWAY_NOW_H_
#define WEFT_EXAMPLES_GATEWAY_NOW_H_

#include <chrono>
#include <cstdint>
#include <functional>

namespace weft::gateway {

// Returns the milliseconds since an arbitrary moment. Called by any thread.
using Now = std::function<int64_t()>;

inline int64_t SteadyNow() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace weft::gateway

#endif  // WEFT_EXAMPLES_GATEWAY_NOW_H_
