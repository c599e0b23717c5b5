#!/bin/bash
# run.sh DRIVER PEERS NAME=VALUE... -- WORD...: runs a driver (x.js or x.py) with these variables in its environment and these
# words. PEERS, a comma between, are what the driver wants of this machine: one that is missing skips the driver, or fails it
# when CI is set.
set -euo pipefail

driver=$1 peers=$2
shift 2
while [[ $1 != -- ]]; do
  export "${1?}"
  shift
done
shift
# What the drivers share is here; they leave nothing beside it.
export PYTHONPATH=$PWD/e2e PYTHONDONTWRITEBYTECODE=1
# A test's browsers and tools leave nothing in the home of whoever runs it.
export HOME=${TEST_TMPDIR:-$HOME}

missing() {
  if [[ -n ${CI:-} ]]; then
    echo "FAILED: $1 (and CI is set)"
    exit 1
  fi
  echo "SKIPPED: $1"
  exit 0
}

# The first of these programs that is there, or nothing.
find_program() {
  type -P "$@" | head -n 1 || true
}

# The first python3 that has these modules, or nothing. The one in PATH may not be the distribution's, which has its packages.
find_python() {
  local python
  for python in $(type -aP python3); do
    if "$python" -c "import $1" 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}

for peer in ${peers//,/ }; do
  case $peer in
    node)
      [[ -n $(find_program node) ]] || missing "node is not installed"
      [[ ! -s $NPM_MISSING ]] || missing "$(<"$NPM_MISSING")"
      NODE_PATH=$(dirname "$(readlink -f "$NPM_MISSING")")/node_modules
      export NODE_PATH
      ;;
    chromium)
      CHROMIUM=$(find_program chromium chromium-browser google-chrome)
      [[ -n $CHROMIUM ]] || missing "chromium is not installed"
      export CHROMIUM
      ;;
    curl | microsocks | tinyproxy)
      [[ -n $(find_program "$peer") ]] || missing "$peer is not installed"
      ;;
    python3)
      python=$(find_python sys)
      [[ -n $python ]] || missing "python3 is not installed"
      ;;
    python3-*)
      modules=${modules:+$modules, }${peer#python3-}
      python=$(find_python "$modules")
      [[ -n $python ]] || missing "$peer is not installed"
      ;;
    c++)
      [[ ! -s $CPP_PEERS_MISSING ]] || missing "$(<"$CPP_PEERS_MISSING")"
      ;;
    *)
      echo "what is '$peer'?"
      exit 1
      ;;
  esac
done

case $driver in
  *.js) exec node "$driver" "$@" ;;
  *.py) exec "$python" "$driver" "$@" ;;
esac
