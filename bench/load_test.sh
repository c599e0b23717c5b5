#!/bin/bash
# Runs the load generator against the bare servers, and checks its reports and errors.
set -eu
load=bench/load

# Starts a server with the given command, and sets $pid and $address.
start() {
  exec 3< <(exec "$@" --port=0)
  pid=$!
  read -r -u 3 line
  address=${line##* }
}

stop() {
  kill -TERM "$pid"
  wait "$pid" || fail "the server ended with $? and not 0 on SIGTERM"
}

fail() {
  echo "$*" >&2
  exit 1
}

# The arguments before `--` are those of the load; its output must contain each one after it, and its exit code must
# be $expected.
expect() {
  local words=()
  while [[ $1 != -- ]]; do words+=("$1") && shift; done
  shift
  local result=0 out
  out=$("$load" --pid="$pid" --warmup=0.01 --duration=0.05 "${words[@]}" 2>&1) || result=$?
  [[ $result == "$expected" ]] || fail "load ${words[*]} ended with $result: $out"
  for word in "$@"; do
    [[ $out == *"$word"* ]] || fail "load ${words[*]} did not say '$word': $out"
  done
}

start bench/raw_echo
expected=0
for size in 0 20 1024 65536; do
  expect --raw="$address" --payload=$size -- messages_per_server_cpu_second p99.9_us
done
expect --raw="localhost:${address##*:}" -- messages_per_server_cpu_second
expect --raw="$address" --depth=16 --json -- '{"seconds": ' ', "messages_per_second": '
expect --raw="$address" --connections=2 --payload=16777216 --mode=mixed_text -- load_cpu_seconds
expect --raw="$address" --scenario=idle --payload=1024 -- bytes_per_connection_after_echo
expect --raw="$address" --scenario=paced --rate=50 -- messages max_us
expected=1
expect --url="ws://$address/" -- ": the handshake was refused: GET / HTTP/1.1"
expect --raw="no name" -- 'the URL holds " "'
expect --raw=localhost:port -- 'the port "port" is not a number'
expect --url=nonsense -- 'ws://'
expect --url=ws+unix:///a/socket -- "the load needs TCP"
expect --mode=nonsense -- --mode nonsense
expect --scenario=nonsense -- --scenario nonsense
stop
expect --raw="$address" --pid=0 -- "cannot connect to $address"

# A server that limits the memory for clients that do not read.
start examples/echo/server
expected=0
expect --url="ws://$address/" --scenario=paced --connections=20 --rate=100 --deaf=3 -- p99.9_us \
  deaf_bytes_sent server_resident_bytes_after
for size in 0 20 65536; do
  expect --url="ws://$address/" --async --payload=$size --depth=2 -- messages_per_server_cpu_second p99.9_us
done
expect --url="ws://$address/" --async --scenario=idle -- load_bytes_per_connection_after_echo
expected=1
expect --url="ws://$address/none" --async --raw="$address" -- "--async is for a WebSocket server"
expect --url="ws://$address/" --async --scenario=open -- "--async is for a WebSocket server"
expect --url="ws://127.0.0.1:1/" --async --connections=2 -- "connection "
expect --url="ws://$address/" --scenario=paced --rate=0 -- --rate
stop

start bench/raw_tls_echo --cert=transport/testing/test_ca/server.pem --key=transport/testing/test_ca/server.key
expected=0
for size in 20 65536; do
  expect --raw="$address" --tls --payload=$size --depth=2 -- messages_per_server_cpu_second
done
expect --raw="$address" --tls --ca=transport/testing/test_ca/ca.pem -- messages_per_second
expect --raw="localhost:${address##*:}" --tls --ca=transport/testing/test_ca/ca.pem -- messages_per_second
expect --raw="$address" --tls --scenario=idle --payload=1024 -- bytes_per_connection_after_echo
expected=1
expect --raw="$address" --tls --ca=transport/testing/test_ca/unknown_ca.pem -- \
  ": the server's certificate (CN=localhost) was issued by CN=Weft Test CA"
expect --url="wss://$address/" -- ": the handshake was refused: GET / HTTP/1.1"
expect --url="ws://$address/" -- "connection "
stop

start bench/raw_fanout
expected=0
expect --raw="$address" --scenario=fanout --connections=20 --payload=64 -- deliveries_per_server_cpu_second
expect --raw="$address" --scenario=fanout --connections=3 --depth=16 -- server_cpu_ns_per_delivery
stop

start bench/fanout_server
expect --url="ws://$address/" --scenario=fanout --connections=20 --payload=64 --depth=16 -- deliveries_per_second
expected=1
expect --url="ws://$address/" --connections=2 -- ", byte "
stop

start bench/raw_accept
expected=0
expect --raw="$address" --scenario=open -- server_cpu_us_per_connection
expect --raw="$address" --scenario=open --nokeep -- connections_per_second
expected=1
expect --raw="$address" --connections=1 --payload=192 -- "connection 0, byte 0: byte 0 of an echo"
stop
