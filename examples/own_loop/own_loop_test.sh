#!/bin/bash
# own_loop_test.sh SERVER CLIENT: they talk to each other, on a free port.

set -euo pipefail

coproc server { exec "$1" 0; }
pid=$server_PID
trap 'kill "$pid"' EXIT
read -r url <&"${server[0]}"
port=${url##*:}
port=${port%/}

fail() {
  echo "FAILED: $*"
  exit 1
}

# Together more than the buffers of the system take.
large=$(head -c 100000 /dev/zero | tr '\0' x)
large=("$large" "$large" "$large" "$large" "$large" "$large")
[[ $("$2" "$url" Hello) == Hello ]] || fail "Hello"
[[ $("$2" "$url" "" "two words" "") == $'\ntwo words' ]] || fail "three messages"
[[ $("$2" "$url" "${large[@]}") == $(printf '%s\n' "${large[@]}") ]] || fail "large messages"

# The answer to a request with these header lines.
answer() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET / HTTP/1.1\r\nHost: localhost\r\n%b\r\n' "$1" >&3
  sed '/^\r$/q' <&3
}
upgrade='Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
[[ $(answer '') == 'HTTP/1.1 426 '* ]] || fail "no upgrade"
[[ $(answer "${upgrade}Origin: http://example.com\r\n") == 'HTTP/1.1 403 '* ]] || fail "another origin"
[[ $(answer "${upgrade}Sec-WebSocket-Extensions: permessage-deflate\r\n") == 'HTTP/1.1 101 '*permessage-deflate* ]] || fail "compression"

! "$2" "ws://127.0.0.1:1/" Hello 2>/dev/null || fail "a port that is closed"
! "$2" "http://127.0.0.1:$port/" Hello 2>/dev/null || fail "a URL that is not of a WebSocket"
[[ $("$2" "$url" again) == again ]] || fail "again"
