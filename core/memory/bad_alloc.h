// Handling of a failed memory allocation.

#ifndef WEFT_CORE_MEMORY_BAD_ALLOC_H_
#define WEFT_CORE_MEMORY_BAD_ALLOC_H_

#include <cstdlib>
#include <new>

namespace weft {

// Like operator new: throws, or ends the program if exceptions are disabled.
[[noreturn]] inline void FailToAllocate() {
#if defined(__cpp_exceptions)
  throw std::bad_alloc();
#else
  std::abort();
#endif
}

}  // namespace weft

#endif  // WEFT_CORE_MEMORY_BAD_ALLOC_H_
