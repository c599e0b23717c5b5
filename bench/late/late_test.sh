#!/bin/bash
# Runs //bench/late with a few upgrades: each kind of acceptor answers all of them.
set -euo pipefail
report=$(bench/late/late --upgrades=20 --wait=10ms --threads=4 --rounds=1)
echo "$report"
for kind in 'no upgrades' callback coroutine handler_threads; do
  grep -qE "^$kind +[1-9]" <<<"$report"
done
