#!/bin/bash
# Runs bench/compare --peers and bench/peers/plot with servers, a compiler and a load that this script makes.
set -eu
tree=$(pwd)
made=$TEST_TMPDIR/made
mkdir -p "$made"/{bazel-bin/bench,bazel-bin/examples/echo,bin}
cd "$made"
cpu=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')

fail() {
  echo "$*" >&2
  exit 1
}

# compare STATUS ARGUMENTS... -- TEXTS...: its output must contain each text.
compare() {
  local expected=$1 words=() result=0
  shift
  while [[ $1 != -- ]]; do words+=("$1") && shift; done
  shift
  out=$("$tree"/bench/compare --nobuild --peers_folder="$made/folder" --server_cpu="$cpu" --rounds=2 "${words[@]}" 2>&1) ||
    result=$?
  [[ $result == "$expected" ]] || fail "compare ${words[*]} ended with $result: $out"
  for text in "$@"; do
    [[ $out == *"$text"* ]] || fail "compare ${words[*]} did not print '$text': $out"
  done
}

# A server that accepts and closes connections.
cat >server <<'END'
#!/usr/bin/env python3
import socket
s = socket.create_server(("127.0.0.1", 0))
print("Made 1.2 on 127.0.0.1:%d" % s.getsockname()[1], flush=True)
while True:
    s.accept()[0].close()
END
# A load whose figures depend on the server's name.
cat >bazel-bin/bench/load <<'END'
#!/usr/bin/env python3
import json, sys
pid = next(word.split("=")[1] for word in sys.argv if word.startswith("--pid="))
name = open(f"/proc/{pid}/cmdline").read()
value = 500 if "Beast" in name else 2000 if "raw" in name else 1000
print(json.dumps({"messages_per_server_cpu_second": value, "bytes_per_connection": value}))
END
# A compiler that has Beast and libwebsockets, of which the latter does not link.
cat >bin/cxx <<'END'
#!/bin/bash
if [[ $* == *" -M "* ]]; then
  read -r include
  [[ $include == *beast* || $include == *libwebsockets* ]]
  exit
fi
[[ $* != *-lwebsockets* ]] || { echo "cannot find -lwebsockets" >&2; exit 1; }
while [[ $1 != -o ]]; do shift; done
echo compiled >>"$2".count
cp server "$2"
END
chmod +x server bin/cxx bazel-bin/bench/load
for name in bench/raw_echo bench/raw_accept examples/echo/server; do cp server bazel-bin/$name; done

# The arguments.
export CXX=no_such_compiler
compare 2 --peers --peer=Mojo -- "no peer 'Mojo'; the peers are: Beast, websocketpp, libwebsockets, ws"
compare 2 --peer=Beast -- "--peer needs --peers"
compare 2 --results=x -- "--results needs --peers"
compare 2 --peers --noise -- "--peers and --noise exclude each other"
compare 2 --peers --server=x -- "--peers and --server exclude each other"
compare 2 --peers --rounds=0 -- "--rounds must be at least 1"
compare 2 --peers TLS -- "no such case; the cases are: 100 x 20 B; "
echo '{"cases": 3}' >bad.json
compare 2 --peers --results=bad.json -- "bad.json is not a file of results"
compare 2 --peers --results=missing/file.json -- "missing/file.json: there is no folder missing"

# Libraries that are missing or broken.
compare 1 --peers --peer=Beast -- "Beast is left out: no compiler no_such_compiler" "none of the libraries is installed"
export CXX=$made/bin/cxx
compare 1 --peers --peer=websocketpp -- \
  "websocketpp is left out: <websocketpp/config/asio_no_tls.hpp> was not found (apt install libwebsocketpp-dev"
compare 1 --peers --peer=libwebsockets -- "cannot find -lwebsockets"

# A table, whose file keeps the cases of earlier calls.
compare 0 --peers --peer=Beast --peer=websocketpp --results=out.json '100 x 20 B, 16' -- "websocketpp is left out" \
  "| case | Weft | bare TCP | Beast | Weft again |" \
  "| 100 x 20 B, 16 in flight | 1,000 | 2.00 (2.00 to 2.00) | 0.50 (0.50 to 0.50) | 1.00 (1.00 to 1.00) |"
compare 0 --peers --peer=Beast --results=out.json idle -- \
  "| idle 10,000 | 1,000 |  | 2.00 (2.00 to 2.00) | 1.00 (1.00 to 1.00) |"
[[ $(wc -l <folder/Beast.count) == 1 ]] || fail "Beast was built again"
for text in '"Beast": "Made 1.2"' '"100 x 20 B, 16 in flight"' '"idle 10,000"'; do
  [[ $(cat out.json) == *"$text"* ]] || fail "out.json has no $text"
done
for theme in light dark; do
  python3 -c "import sys, xml.dom.minidom as x; x.parse(sys.argv[1])" out-$theme.svg
  for text in '>100 x 20 B, 16 in flight<' '>idle 10,000<' '>Beast<' '>0.50<' '>2.00<'; do
    [[ $(cat out-$theme.svg) == *"$text"* ]] || fail "out-$theme.svg has no $text"
  done
  [[ $(cat out-$theme.svg) != *again* ]] || fail "out-$theme.svg has the noise"
done

# The plots of the documents.
"$tree"/bench/peers/plot --check
mkdir -p copy/docs copy/bench
cp -rL "$tree"/bench/peers copy/bench
cp -L "$tree"/docs/compression* copy/docs
chmod -R u+w copy
sed -i 's/| \.62, 37 MB/| .62, 38 MB/' copy/docs/compression.md
out=$(copy/bench/peers/plot --check 2>&1) && fail "a changed table was not noticed"
[[ $out == *"not up to date"*"compression-light.svg"*"compression-dark.svg" ]] || fail "$out"
copy/bench/peers/plot
copy/bench/peers/plot --check
sed -i 's/| \.62, 38 MB/| about .62, 38 MB/' copy/docs/compression.md
out=$(copy/bench/peers/plot 2>&1) && fail "a cell that is not a figure was taken"
[[ $out == *'about .62, 38 MB/s'*'is not a size and a rate'* ]] || fail "$out"
out=$(copy/bench/peers/plot --nonsense 2>&1) && fail "--nonsense was taken"
[[ $out == *"bench/peers/plot --check"* ]] || fail "$out"
