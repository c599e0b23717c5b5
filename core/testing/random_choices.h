// Random choices of tests in which many threads do what they like.

#ifndef WEFT_CORE_TESTING_RANDOM_CHOICES_H_
#define WEFT_CORE_TESTING_RANDOM_CHOICES_H_

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace weft::testing {

// The seed of this run: that of WEFT_CHAOS_SEED in the environment, else another one each time. It
// is printed.
inline unsigned ChaosSeed() {
  static const unsigned seed = [] {
    const char* const given = std::getenv("WEFT_CHAOS_SEED");
    const unsigned chosen = given != nullptr
                                ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                : std::random_device()();
    std::printf("to repeat the choices: --test_env=WEFT_CHAOS_SEED=%u\n", chosen);
    std::fflush(stdout);
    return chosen;
  }();
  return seed;
}

// A number from 0 up to, but never, `n`. Each thread has numbers of its own, which follow from the
// seed and from how many threads asked before it.
inline int Random(int n) {
  static std::atomic<unsigned> threads{0};
  thread_local std::mt19937 engine = [] {
    std::seed_seq seed = {ChaosSeed(), threads++};
    return std::mt19937(seed);
  }();
  return static_cast<int>(engine() % static_cast<unsigned>(n));
}

// True once in `n` times.
inline bool OneIn(int n) { return Random(n) == 0; }

// A payload of any size from none to more than the buffers of a session, all of one character.
inline std::string RandomPayload(char of) {
  constexpr int kSizes[] = {1, 20, 300, 5000, 40000, 120000};
  return std::string(static_cast<size_t>(Random(kSizes[Random(6)])), of);
}

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_RANDOM_CHOICES_H_
