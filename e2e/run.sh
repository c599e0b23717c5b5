#!/bin/bash
# run.sh DRIVER PEERS NAME=VALUE... -- ARGUMENT...: runs a driver (x.js or x.py) with these variables in its
# environment and these arguments. PEERS, separated by commas, are what the driver needs on this machine: a missing
# one skips the driver, or fails it if CI is set.
set -euo pipefail

driver=$1 peers=$2
shift 2
while [[ $1 != -- ]]; do
  export "${1?}"
  shift
done
shift
# The modules that drivers share are in this folder; Python must not write bytecode next to them.
export PYTHONPATH=$PWD/e2e PYTHONDONTWRITEBYTECODE=1
# A test's browsers and tools leave nothing in the user's home.
export HOME=${TEST_TMPDIR:-$HOME}

missing() {
  if [[ -n ${CI:-} ]]; then
    echo "FAILED: $1 (and CI is set)"
    exit 1
  fi
  echo "SKIPPED: $1"
  exit 0
}

# The first of these programs that exists, or nothing.
find_program() {
  type -P "$@" | head -n 1 || true
}

# The first python3 that has these modules, or nothing. The one in PATH may not be the distribution's, which has the
# distribution's packages.
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
    apache2 | caddy | curl | go | haproxy | microsocks | nginx | promtool | redis-server | stunnel | systemd-analyze | \
      systemd-socket-activate | tinyproxy | tshark | varnishd)
      PATH=$PATH:/usr/sbin  # where servers are
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
