// The main function of a fuzz target without a fuzzer: runs it on each file named, and on every
// prefix of the file.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "no seeds\n");
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    const std::vector<char> seed{std::istreambuf_iterator<char>(file), {}};
    for (size_t size = 0; size <= seed.size(); ++size) {
      // A copy of the exact size, so that asan reports a read after the end.
      const std::vector<uint8_t> input(seed.begin(), seed.begin() + size);
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  return 0;
}
