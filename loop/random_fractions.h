// Random numbers for delays.

#ifndef WEFT_LOOP_RANDOM_FRACTIONS_H_
#define WEFT_LOOP_RANDOM_FRACTIONS_H_

#include <functional>
#include <random>

namespace weft {

// A function that returns numbers from 0 (inclusive) to 1 (exclusive): another sequence for each
// function that is made, from a seed of the system. To spread load, not for secrets. The function
// is for one thread at a time.
inline std::function<double()> RandomFractions() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

}  // namespace weft

#endif  // WEFT_LOOP_RANDOM_FRACTIONS_H_
