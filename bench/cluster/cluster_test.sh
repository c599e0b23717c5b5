#!/bin/bash
# Runs //bench/cluster for a moment: each case gives its figures.
set -euo pipefail
if ! command -v redis-server >/dev/null; then
  echo "redis-server is not installed"
  [[ -z "${CI:-}" ]]
  exit
fi
report=$(bench/cluster/cluster --rounds=1 --duration=50ms --sessions=100 --topics=1000)
echo "$report"
for row in 'publish, no history, 1 topic' 'receive, 16 a batch' 'echo over a shared topic' \
  'history, to a client of another node' 'resumes: history reads' 'bytes a quiet topic' \
  'reconnect with 1000 topics'; do
  grep -qE "^$row +[0-9]" <<<"$report"
done
