#!/bin/bash
# Tests ./bazelw and tools/debian_packages on simulated machines: a folder of stubs, one for each command of the
# machine.

set -euo pipefail

failures=0
fail() {
  echo "FAILED: $test: $*" >&2
  failures=$((failures + 1))
}

# A new machine: a tree with a short list, no packages, no Bazel; apt knows every package except "no-such-package".
# `calls` gets a line for each command that ran.
new_machine() {
  test=$1
  machine=$TEST_TMPDIR/$test
  mkdir -p "$machine"/{bin,tree/tools,tree/third_party,home,packages}
  cp -L bazelw "$machine/tree/"
  cp -L tools/debian_packages "$machine/tree/tools/"
  printf '%s\n' '# a comment' '[build]  # why' 'bazel-bootstrap bazel' 'libfoo-dev' '' \
    '[test]' 'browser browser  # a comment' '[develop]' 'linter linter' \
    >"$machine/tree/third_party/debian_packages.txt"
  calls=$machine/calls
  : >"$calls"
  local command
  for command in bash cat dirname env grep ln mkdir readlink sed touch; do
    ln -s "$(command -v "$command")" "$machine/bin/$command"
  done
}

# stub NAME BODY: a command that appends its arguments to `calls` and runs BODY.
stub() {
  printf '#!/bin/bash\necho "%s $*" >>"%s"\n%s\n' "$1" "$calls" "$2" >"$machine/bin/$1"
  chmod +x "$machine/bin/$1"
}

stub_bazel() { # NAME VERSION
  stub "$1" "[[ \$1 != --version ]] || echo bazel $2"
}

# dpkg reports the files in packages/; installing a package creates its file, and for Bazel also the command.
stub_debian() {
  stub dpkg-query "for p in \"\$@\"; do [[ ! -e $machine/packages/\$p ]] || echo installed \$p; done; exit 1"
  # shellcheck disable=SC2016  # expanded by the stub
  stub apt-cache '[[ $2 != no-such-package ]]'
  stub sudo 'exec "$@"'
  stub apt-get "
    [[ \$1 == install ]] || exit 0
    for p in \"\$@\"; do
      touch $machine/packages/\$p
      [[ \$p != bazel-bootstrap ]] || ln -s $machine/bin/true-bazel $machine/bin/bazel
    done"
  stub_bazel true-bazel no_version
}

have() { touch "${@/#/$machine/packages/}"; }

# Runs bazelw with the commands of the machine only.
run() {
  : >"$calls"
  status=0
  env -i PATH="$machine/bin" HOME="$machine/home" "$machine/tree/bazelw" "$@" >"$machine/out" 2>&1 ||
    status=$?
}

expect_status() { [[ $status == "$1" ]] || fail "status $status: $(cat "$machine/out")"; }
expect_call() { grep -qxF -- "$1" "$calls" || fail "no call '$1' among: $(cat "$calls")"; }
expect_calls_of() { # COMMAND COUNT
  local count
  count=$(grep -c "^$1 " "$calls" || true)
  [[ $count == "$2" ]] || fail "$count calls of $1: $(cat "$calls")"
}

new_machine nothing_is_missing
stub_debian
stub_bazel bazel no_version
have libfoo-dev
run build "//a b" --config=x
expect_status 0
expect_call "bazel build //a b --config=x"
expect_calls_of apt-get 0
[[ ! -s $machine/out ]] || fail "it printed something: $(cat "$machine/out")"

new_machine a_bare_machine
stub_debian
run run //x
expect_status 0
expect_call "apt-get update -qq"
expect_call "apt-get install -qq --no-install-recommends bazel-bootstrap libfoo-dev"
expect_call "true-bazel run //x"
grep -q "installing.*bazel-bootstrap libfoo-dev" "$machine/out" || fail "it does not print the packages that it installs"
run run //x
expect_calls_of apt-get 0

for words in "test //..." "--output_base=/x coverage //..."; do
  new_machine "peers_for_${words//[^a-z]/}"
  stub_debian
  stub_bazel bazel no_version
  have libfoo-dev
  run build //...
  expect_calls_of apt-get 0
  # shellcheck disable=SC2086  # split into words on purpose
  run $words
  expect_status 0
  expect_call "apt-get install -qq --no-install-recommends browser"
  expect_call "bazel $words"
done

new_machine a_command_will_do
stub_debian
stub_bazel bazel 4.2.1
stub browser ''
have libfoo-dev
run test //...
expect_calls_of apt-get 0

for version in 7.4.1 10.0.0-pre.1; do
  new_machine "bazel_$version"
  stub_debian
  stub_bazel bazel "$version"
  run test //...
  expect_status 0
  expect_calls_of apt-get 0
  expect_call "bazel test //..."
done

new_machine bazelisk
stub_debian
stub_bazel bazelisk 8.0.0
run test //...
expect_status 0
expect_calls_of apt-get 0
expect_call "bazelisk test //..."

new_machine elsewhere
run build //...
expect_status 1
[[ $(grep -c "" "$machine/out") == 2 ]] || fail "not two lines: $(cat "$machine/out")"

new_machine elsewhere_with_bazel
stub_bazel bazel 4.2.1
run build //...
expect_status 0
expect_call "bazel build //..."

new_machine a_package_that_apt_does_not_know
stub_debian
stub_bazel bazel no_version
have libfoo-dev
echo no-such-package >>"$machine/tree/third_party/debian_packages.txt"
sed -i 's/\[develop\]//' "$machine/tree/third_party/debian_packages.txt"
run test //...
expect_status 0
expect_call "apt-get install -qq --no-install-recommends browser linter"
expect_call "bazel test //..."
run test //...
expect_calls_of apt-get 0

new_machine apt_fails
stub_debian
stub apt-get 'exit 100'
stub_bazel bazel no_version
run build //...
expect_status 100
expect_calls_of bazel 1 # its version

((failures == 0)) && echo "PASS"
