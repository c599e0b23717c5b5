// Messages as a chat or a feed of events sends them, for measuring compression.

#ifndef WEFT_BENCH_CHAT_CORPUS_H_
#define WEFT_BENCH_CHAT_CORPUS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::bench {

// `count` messages of about `size` bytes, never fewer: JSON, a chat line of 200 bytes or a list of
// them. The same seed makes the same messages. Words are drawn as unevenly as people use them, so
// that DEFLATE finds in them what it finds in real ones: a third to a fifth remains.
std::vector<std::string> ChatMessages(size_t count, size_t size, uint32_t seed);

}  // namespace weft::bench

#endif  // WEFT_BENCH_CHAT_CORPUS_H_
