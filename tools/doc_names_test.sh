#!/bin/bash
# tools/doc_names on a made-up tree: what it finds, and what it leaves alone.

set -euo pipefail
doc_names=$PWD/tools/doc_names
cd -- "$(mktemp -d -p "$TEST_TMPDIR")"

mkdir -p tree/{core/frame,docs,.ci}
echo 'class Log { void SetSink(); int max_lines; };' >tree/core/log.h
touch tree/core.h tree/core/frame/mask.cc tree/.ci/run
echo 'filegroup(name = "core")' >tree/core/BUILD.bazel
cat >tree/docs/right.md <<'END'
# Right: a *heading*
`core/log.h`, `core/`, `core/frame`, `core/*.h`, `weft/core/log.h`, `weft/core.h`, `mask.cc`, `.ci/run`, `right.md`, `x_test.cc`,
`text/html`, `/metrics`, `ws://core/x`, `//core`, `@weft//core:core`, `//core:log.h`, `core/log.h --flag`,
`Log::SetSink()`, `weft::Log::max_lines = 5`, `SetSink`, `SetS...`, `max_lines`, `std::no_name`, `mask`.
[a](../core/log.h), [b](#right-a-heading), [c](https://example.com/core/none).
```
bazel test //core:all //...   // core/none in a block is not looked at
curl http://host//core:none
```
END
"$doc_names" tree

cat >tree/docs/wrong.md <<'END'
`core/none.h`, `weft/core/none.h`, `core/none FILE`, `none.cc`, `core/*.md`
[a](none.md), [b](right.md#none)
`//core:none`, `Log::None`, `NoLog::SetSink`, `SetNone`, `SetNo...`, `max_none`
```
bazel run //none
```
END
if output=$("$doc_names" tree); then
  echo "nothing was found"
  exit 1
fi
diff - <(echo "$output") <<'END'
docs/wrong.md:1: there is no `core/none.h`
docs/wrong.md:1: there is no `weft/core/none.h`
docs/wrong.md:1: there is no `core/none`
docs/wrong.md:1: there is no `none.cc`
docs/wrong.md:1: there is no `core/*.md`
docs/wrong.md:2: the link to none.md leads nowhere
docs/wrong.md:2: docs/right.md has no heading #none
docs/wrong.md:3: nothing is called `Log::None`
docs/wrong.md:3: nothing is called `NoLog::SetSink`
docs/wrong.md:3: nothing is called `SetNone`
docs/wrong.md:3: nothing is called `SetNo...`
docs/wrong.md:3: nothing is called `max_none`
docs/wrong.md:3: there is no target //core:none
docs/wrong.md:5: there is no target //none
END
