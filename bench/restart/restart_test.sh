#!/bin/bash
# Runs //bench/restart for a moment: it restarts a server, and nobody is refused; and a chat on Redis, which loses no
# line.
set -euo pipefail

# Prints the report of two restarts; ends the test if there was a failure.
restart() {
  report=$(bench/restart/restart --restarts=2 --clients=5 --rate=20 --pause=100ms --spread=50ms "$@") || { echo "$report" && exit 1; }
  echo "$report"
  grep -qE '^2 restarts' <<<"$report"
  grep -qE '^new connections +[1-9]' <<<"$report"
}

restart -- examples/echo/server --drain=200ms
grep -qE '^their echoes +[1-9]' <<<"$report"

if ! command -v redis-server >/dev/null; then
  echo "redis-server is not installed"
  [[ -z "${CI:-}" ]]
  exit
fi
restart --talkers=2 -- examples/chat/server --drain=200ms
grep -qE '^lines said +[1-9]' <<<"$report"
grep -qE '^lines shown, by all members +[1-9]' <<<"$report"
