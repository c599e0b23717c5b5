// Included where C++20 begins, so that a compile without it says so before anything else.

#ifndef WEFT_CXX20_H_
#define WEFT_CXX20_H_

#if __cplusplus < 202002L
#error \
    "Weft needs C++20: compile with -std=c++20; in Bazel, a .bazelrc with `build --cxxopt=-std=c++20 --host_cxxopt=-std=c++20`"
#endif

#endif  // WEFT_CXX20_H_
