#!/bin/bash
# tools/upgrade on a made-up dependent.

set -euo pipefail
upgrade=$PWD/tools/upgrade
cd -- "$(mktemp -d -p "$TEST_TMPDIR")"
failed=0

expect_equal() { # WHAT WANTED FOUND
  [[ $2 == "$3" ]] && return
  echo "$1: wanted"$'\n'"$2"$'\n'"got"$'\n'"$3"
  failed=1
}

mkdir -p app/src app/.hidden app/bazel-out
cat >app/src/a.cc <<'END'
#include "weft/core/opcode.h"
  #  include <weft/server/event_loop.h>  // a comment
#include "weft/core/connection.h"
#include "core/opcode.h"
// "weft/core/opcode.h" in a comment stays
END
printf '#include "weft/core/cxx20.h"\r\n// \xff\r\n' >app/src/b.hpp
cat >app/src/BUILD.bazel <<'END'
cc_library(
    name = "a",
    deps = [
        "@weft//core:quote",
        "@weft//core",
        "@weft//core:cookie_of_mine",
        "@weft//server:router",
        "@weft//server",
        "@weft//core:basic_auth",
    ],
)

cc_library(name = "b", deps = ["@weft//core:quote", "@weft//core:basic_auth"] + select({
    "//x": ["@weft//core:quote"],
}))

alias(name = "c", actual = "@weft//transport:tls_context")
END
cp app/src/a.cc app/.hidden/
cp app/src/a.cc app/bazel-out/
echo '"weft/core/opcode.h" @weft//core:quote' >app/README.md
cp -r app before

wanted='src/BUILD.bazel:4: @weft//core:quote -> @weft//core/http
src/BUILD.bazel:7: @weft//server:router -> @weft//server
src/BUILD.bazel:9: @weft//core:basic_auth -> @weft//core/http
src/BUILD.bazel:13: @weft//core:quote -> @weft//core/http
src/BUILD.bazel:13: @weft//core:basic_auth -> @weft//core/http
src/BUILD.bazel:14: @weft//core:quote -> @weft//core/http
src/BUILD.bazel:17: @weft//transport:tls_context -> @weft//transport
src/a.cc:1: weft/core/opcode.h -> weft/core/frame/opcode.h
src/a.cc:2: weft/server/event_loop.h -> weft/loop/event_loop.h
src/b.hpp:1: weft/core/cxx20.h -> weft/cxx20.h'
expect_equal "dry run" "$wanted
10 places in 3 files would be changed; --write changes them" "$("$upgrade" app)"
diff -r app before || failed=1

expect_equal "write" "$wanted
10 places in 3 files were changed" "$("$upgrade" --write app)"

expect_equal a.cc '#include "weft/core/frame/opcode.h"
  #  include <weft/loop/event_loop.h>  // a comment
#include "weft/core/connection.h"
#include "core/opcode.h"
// "weft/core/opcode.h" in a comment stays' "$(<app/src/a.cc)"

cmp app/src/b.hpp <(printf '#include "weft/cxx20.h"\r\n// \xff\r\n') || failed=1

expect_equal BUILD.bazel 'cc_library(
    name = "a",
    deps = [
        "@weft//core/http",
        "@weft//core",
        "@weft//core:cookie_of_mine",
        "@weft//server",
    ],
)

cc_library(name = "b", deps = ["@weft//core/http",] + select({
    "//x": ["@weft//core/http"],
}))

alias(name = "c", actual = "@weft//transport")' "$(<app/src/BUILD.bazel)"

for untouched in .hidden bazel-out README.md; do diff -r "app/$untouched" "before/$untouched" || failed=1; done

expect_equal "again" "0 places in 0 files would be changed" "$("$upgrade" app)"

"$upgrade" --write 2>/dev/null && failed=1
exit "$failed"
