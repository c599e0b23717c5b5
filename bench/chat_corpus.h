// Messages like those of a chat or an event feed, for measuring compression.

#ifndef WEFT_BENCH_CHAT_CORPUS_H_
#define WEFT_BENCH_CHAT_CORPUS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::bench {

// `count` messages of about `size` bytes, never fewer: JSON, a chat line of 200 bytes or a list of
// them. The same seed gives the same messages. The frequencies of words are as uneven as in real
// text, so that DEFLATE achieves realistic ratios: a third to a fifth remains.
std::vector<std::string> ChatMessages(size_t count, size_t size, uint32_t seed);

}  // namespace weft::bench

#endif  // WEFT_BENCH_CHAT_CORPUS_H_
