#!/bin/bash
# Runs //bench/cluster:cluster_soak for some seconds, with an append-only file and without.
set -euo pipefail
if ! command -v redis-server >/dev/null; then
  echo "redis-server is not installed"
  [[ -z "${CI:-}" ]]
  exit
fi
for parity in 0 1; do
  bench/cluster/cluster_soak --duration=5s --seed=$((RANDOM * 2 + 2 + parity))
done
