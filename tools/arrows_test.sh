#!/bin/bash
# tools/arrows on made-up trees: what it refuses, and what it says then.

set -euo pipefail
arrows=$PWD/tools/arrows
cd -- "$(mktemp -d -p "$TEST_TMPDIR")"
failed=0

# A tree that is right: `low` knows nothing, `high` knows `low` and one header of `side`, tests know everything.
make_tree() {
  rm -rf tree
  mkdir -p tree/{docs,low/testing,high,side,app}
  cat >tree/docs/architecture.md <<'END'
# Architecture

| folder | of another table |
|---|---|
| `low` | `high` |

## Arrows

| folder | may include |
|---|---|
| `low`, `side` | nothing |
| `high` | `low/**`, `side/open.h` |
| `app` | everything |

## More
END
  add low/a.h
  add low/a.cc low/a.h low/b.h
  add low/b.h root.h
  add low/a_test.cc low/a.h high/c.h low/testing/feed.h
  add low/testing/feed.h high/c.h
  add high/c.h low/a.h side/open.h
  add high/c_send.cc high/c.h
  add side/open.h
  add side/closed.h
  add app/main.cc high.h side/closed.h
  add high.h high/c.h low/a.h side/open.h  # counts as a header of `high`
  add root.h
}

# add FILE HEADER...
add() {
  local header
  for header in "${@:2}"; do echo "#include \"weft/$header\""; done >>"tree/$1"
  [[ -f tree/$1 ]] || touch "tree/$1"
}

# expect WANTED: the tree is refused with a line that matches; with no WANTED it passes.
expect() {
  local output status=0
  output=$("$arrows" tree 2>&1) || status=$?
  if [[ -z ${1-} ]]; then
    ((!status)) && return
    echo "refused: $output"
  else
    ((status)) && grep -qE -- "$1" <<<"$output" && return
    echo "wanted '$1', got $status: $output"
  fi
  failed=1
}

make_tree && expect

make_tree && add low/b.h high/c.h
expect '^low/b.h:2 includes high/c.h, an arrow low -> high that the table'

make_tree && add high/c.h side/closed.h
expect '^high/c.h:3 includes side/closed.h, an arrow high -> side '

make_tree && add high.h side/closed.h
expect '^high.h:4 includes side/closed.h, an arrow high -> side '

make_tree && add low/b.h high.h
expect '^low/b.h:2 includes high.h, an arrow low -> high '

make_tree && add high/c.h low/testing/feed.h
expect '^high/c.h:3 includes low/testing/feed.h, which is for tests only'

make_tree && mkdir tree/new && add new/x.h low/a.h
expect '^new/x.h:1 includes low/a.h, and new has no row'

make_tree && sed -i 's/^| `low`, `side` | nothing/| `low`, `side` | `high`/' tree/docs/architecture.md && add low/b.h high/c.h
expect '^a cycle of folders: high -> low -> high$'
expect '^  high/c.h:1 includes low/a.h$'

make_tree && add low/b.h low/a.h
expect '^a cycle of files: low/a -> low/b -> low/a$'
expect '^  low/a.cc:2 includes low/b.h$'

make_tree && add high/d.h high/c.h && add high/c_send.cc high/d.h  # a source of c.h under another name
expect '^a cycle of files: high/c -> high/d -> high/c$'

make_tree && add low/b.h low/x.h && add low/x.h low/y.h && add low/y.h low/b.h low/x.h
expect '^  one cycle of those between low/b, low/x, low/y$'

make_tree && sed -i 's/`side`/`gone`/' tree/docs/architecture.md
expect 'the table names `gone`, which is not in the tree'

make_tree && sed -i '/^## Arrows/,$d' tree/docs/architecture.md
expect 'no table under "## Arrows"'

make_tree && sed -i 's/nothing/something/' tree/docs/architecture.md
expect 'cannot read the row'

exit "$failed"
