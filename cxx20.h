// Included by every entry header, so that a compile without C++20 reports this first.

#ifndef WEFT_CXX20_H_
#define WEFT_CXX20_H_

#if __cplusplus < 202002L
#error \
    "Weft needs C++20: compile with -std=c++20; in Bazel, a .bazelrc with `build --cxxopt=-std=c++20 --host_cxxopt=-std=c++20`"
#endif

#endif  // WEFT_CXX20_H_
