// The memory that a string holds.

#ifndef WEFT_TRANSPORT_STRING_MEMORY_H_
#define WEFT_TRANSPORT_STRING_MEMORY_H_

#include <cstddef>
#include <string>

namespace weft {

// Makes `text` empty and frees its memory. clear() keeps the memory, and so does assigning an empty
// string: libstdc++ copies a short string into the existing memory.
inline void ReleaseMemory(std::string& text) { std::string().swap(text); }

// Bytes allocated for `text`, besides the object itself: 0 if the text is short enough to be stored
// in the object.
inline size_t MemoryOf(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}

}  // namespace weft

#endif  // WEFT_TRANSPORT_STRING_MEMORY_H_
