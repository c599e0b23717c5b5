#!/bin/bash
# Checks the error that a user gets without -std=c++20: the first error of each entry header must name it.

set -euo pipefail

compiler=${CXX:-c++}
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 0; }

# "weft/core/x.h" is core/x.h here.
ln -s "$PWD" "$TEST_TMPDIR/weft"

# Compiles a header with the standard $1, on the system's libraries; Debian keeps BoringSSL in a separate folder.
compile() { "$compiler" "-std=$1" -fsyntax-only -x c++ -I"$TEST_TMPDIR" -isystem /usr/include/android - <<<"#include \"$2\""; }

failed=0
for header in weft/{core,client,coro,server}.h weft/{core/connection,client/client,client/reconnecting_client,server/http/page,server/router,server/server}.h; do
  if ! log=$(compile c++20 "$header" 2>&1); then
    grep -q 'No such file\|file not found' <<<"$log" && echo "skipped: the system's libraries are not installed" && exit 0
    echo "FAILED: $header does not compile with C++20: $log"
    failed=1
  fi
  first=$(compile c++17 "$header" 2>&1 | grep -m1 'error' || true)
  if [[ $first != *'Weft needs C++20: compile with -std=c++20'* ]]; then
    echo "FAILED: with C++17 the first error of $header is: $first"
    failed=1
  fi
done
exit "$failed"
