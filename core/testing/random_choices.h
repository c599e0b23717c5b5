// Random choices for tests in which many threads act freely.

#ifndef WEFT_CORE_TESTING_RANDOM_CHOICES_H_
#define WEFT_CORE_TESTING_RANDOM_CHOICES_H_

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace weft::testing {

// The seed of this run: WEFT_CHAOS_SEED from the environment, otherwise a different one each time.
// It is printed.
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

// A number from 0 to n - 1. Each thread has its own sequence, determined by the seed and by the
// number of threads that asked earlier.
inline int Random(int n) {
  static std::atomic<unsigned> threads{0};
  thread_local std::mt19937 engine = [] {
    std::seed_seq seed = {ChaosSeed(), threads++};
    return std::mt19937(seed);
  }();
  return static_cast<int>(engine() % static_cast<unsigned>(n));
}

// True once in `n` times on average.
inline bool OneIn(int n) { return Random(n) == 0; }

// A payload of a random size, from 0 to more than a session's buffers, consisting of one repeated
// character.
inline std::string RandomPayload(char of) {
  constexpr int kSizes[] = {1, 20, 300, 5000, 40000, 120000};
  return std::string(static_cast<size_t>(Random(kSizes[Random(6)])), of);
}

}  // namespace weft::testing

#endif  // WEFT_CORE_TESTING_RANDOM_CHOICES_H_
