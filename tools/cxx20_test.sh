#!/bin/bash
# What a user reads who compiles without -std=c++20: the first error of each header that is an entry says so.

set -euo pipefail

compiler=${CXX:-c++}
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 0; }

# "weft/core/x.h" is core/x.h here.
ln -s "$PWD" "$TEST_TMPDIR/weft"

# Compiles a header by the standard $1, on the libraries of the system; Debian keeps BoringSSL in a folder of its own.
compile() { "$compiler" "-std=$1" -fsyntax-only -x c++ -I"$TEST_TMPDIR" -isystem /usr/include/android - <<<"#include \"$2\""; }

failed=0
for header in weft/{core/connection,client/client,client/reconnecting_client,server/http/page,server/router,server/server}.h; do
  if ! log=$(compile c++20 "$header" 2>&1); then
    grep -q 'No such file\|file not found' <<<"$log" && echo "skipped: the libraries are not the system's" && exit 0
    echo "FAILED: $header does not compile by C++20: $log"
    failed=1
  fi
  first=$(compile c++17 "$header" 2>&1 | grep -m1 'error' || true)
  if [[ $first != *'Weft needs C++20: compile with -std=c++20'* ]]; then
    echo "FAILED: by C++17 the first error of $header is: $first"
    failed=1
  fi
done
exit "$failed"
