"""Exchanges messages between Weft and other libraries, and prints the results as a Markdown table.

    bazel run //e2e/interop:matrix
    bazel run //e2e/interop:matrix -- --only ws faye                 these rows
    bazel run //e2e/interop:matrix -- --write docs/interop.md        writes the table into that page
"""

import argparse
import concurrent.futures
import dataclasses
import os
import subprocess
import sys

from program import Server, command
from relay import Relay

# Seconds; only an exchange that fails takes that long.
PATIENCE = 120

# Exchanges in parallel: most of their time is waiting.
AT_ONCE = 2

# The compression options of Weft.
MODES = ["off", "on", "no_takeover"]

# The markers around the table in the page.
BEGIN, END = "<!-- begin: bazel run //e2e/interop:matrix -->\n", "<!-- end -->\n"


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    word: str  # its name on the command line
    client: bool = True
    server: bool = True
    compresses: bool = True
    # With compression: whether it can send empty messages, and receive some that are not compressed.
    sends_empty: bool = True
    takes_uncompressed: bool = True

    @property
    def variable(self):
        """The environment variable that names its program."""
        return f"{self.word.upper()}_PEER"


PEERS = [
    Peer("npm `ws`", "ws"),
    Peer("npm `undici`, the WebSocket of Node.js", "undici", server=False),
    Peer("npm `faye-websocket` with `permessage-deflate`", "faye"),
    Peer("npm `websocket`", "websocket", compresses=False),
    Peer("Python `websockets`", "websockets"),
    Peer("Python `autobahn`", "autobahn"),
    Peer("Python `wsproto`", "wsproto"),
    Peer("C `libwebsockets`", "libwebsockets", sends_empty=False, takes_uncompressed=False),
    Peer("C++ `websocketpp`", "websocketpp"),
    Peer("C++ Boost.Beast", "beast"),
    Peer("Chromium", "chromium", server=False),
]


class Mismatch(Exception):
    """The exchange failed."""


def words_of(peer):
    """The command of a peer's program."""
    path = os.environ[peer.variable]
    return [*{".js": ["node"], ".py": [sys.executable]}.get(os.path.splitext(path)[1], []), path]


def exchange(client, server):
    """Runs a client with a server, through a relay, and returns the bytes on the wire."""
    relay = Relay(server.port)
    try:
        words = [word.format(url=f"ws://127.0.0.1:{relay.port}") for word in client]
        result = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Mismatch(f"not done after {PATIENCE} s") from None
    finally:
        relay.close(PATIENCE)
    if result.returncode:
        print(result.stderr, file=sys.stderr)
        raise Mismatch(f"the client ended with {result.returncode}")
    if len(relay.seen) != 1:
        raise Mismatch(f"{len(relay.seen)} connections instead of one")
    return relay.seen[0]


def judge(seen, peer_is_client, mode):
    """The cell of a successful exchange: "yes", and what the peer did not use."""
    if (seen.client.close_code, seen.server.close_code) != (1000, 1000):
        raise Mismatch(f"closed with {seen.client.close_code}, answered with {seen.server.close_code}")
    weft, peer = (seen.server, seen.client) if peer_is_client else (seen.client, seen.server)
    agreed = seen.server.header("Sec-WebSocket-Extensions")
    if mode == "off":
        if agreed or weft.compressed or peer.compressed:
            raise Mismatch(f"agreed on {agreed or 'nothing'}, and compressed")
        return "yes"
    if not agreed.startswith("permessage-deflate"):
        raise Mismatch(f"agreed on {agreed or 'nothing'}")
    if not weft.compressed:
        raise Mismatch("Weft compressed nothing")
    # A client that offers no takeover uses none, whatever the server answers (RFC 7692, section 7.1.1.2).
    takeover = {
        seen.server: "server_no_context_takeover" not in agreed,
        seen.client: "client_no_context_takeover" not in agreed + seen.client.header("Sec-WebSocket-Extensions"),
    }
    if takeover[weft] != (mode == "on") or (takeover[peer] and mode != "on"):
        raise Mismatch(f"agreed on {agreed}")
    if not peer.compressed:
        return "yes; sends nothing compressed"
    if not takeover[peer] and mode == "on":
        return "yes; sends without takeover"
    return "yes"


def play(peer, peer_is_client, mode):
    """The cell of the table; empty if the peer does not support the exchange."""
    if not (peer.client if peer_is_client else peer.server) or (mode != "off" and not peer.compresses):
        return ""
    words = ["exchange", "{url}"] + ["no_empty"] * (mode != "off" and not peer.sends_empty)
    flags = [f"--compression={mode}"] + ["--min_compressed_bytes=0"] * (not peer.takes_uncompressed)
    if peer_is_client:
        # "null" is the Origin of a page from disk.
        server = Server("ECHO_SERVER", "--allow_origin=null", *flags)
        client = [*words_of(peer), *words]
    else:
        os.environ[peer.variable + "_SERVER"] = " ".join([*words_of(peer), "serve"])
        server = Server(peer.variable + "_SERVER")
        client = command("WEFT", *flags, *words)
    try:
        seen = exchange(client, server)
        server.end()
        return judge(seen, peer_is_client, mode)
    except (Mismatch, AssertionError) as what:
        return f"**no**: {what}"
    finally:
        server.process.kill()


HEAD = (
    "| | its client: no compression | takeover | no takeover | its server: no compression | takeover | no takeover |\n"
    + "|---" * 7
    + "|\n"
)


def rows(peers):
    """The table's line for each of them."""
    cells = [(peer, peer_is_client, mode) for peer in peers for peer_is_client in (True, False) for mode in MODES]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda cell: play(*cell), cells))
    return [f"| {peer.name} | {' | '.join(results[6 * i : 6 * i + 6])} |\n" for i, peer in enumerate(peers)]


def write(path, table):
    with open(path) as file:
        before, _, rest = file.read().partition(BEGIN)
    with open(path, "w") as file:
        file.write(before + BEGIN + table + END + rest.partition(END)[2])


def differing(path, lines):
    """The lines that are missing in the page's table."""
    with open(path) as file:
        kept = file.read().partition(BEGIN)[2].partition(END)[0].splitlines(keepends=True)
    return [line for line in lines if line not in kept]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[one.word for one in PEERS], help="these rows")
    parser.add_argument("--write", metavar="FILE", help="write the complete table into this page")
    parser.add_argument("--check", metavar="FILE", help="fail if a row differs from this page's table")
    arguments = parser.parse_args()
    if arguments.only and arguments.write:
        parser.error("--write takes all rows")
    found = rows([one for one in PEERS if not arguments.only or one.word in arguments.only])
    print(HEAD, *found, sep="")
    # `bazel run` starts programs in a folder other than the user's.
    directory = os.environ.get("BUILD_WORKING_DIRECTORY", "")
    if arguments.write:
        write(os.path.join(directory, arguments.write), HEAD + "".join(found))
    if arguments.check and (wrong := differing(os.path.join(directory, arguments.check), found)):
        print(f"{arguments.check} has other rows: bazel run //e2e/interop:matrix -- --write {arguments.check}")
        print(*wrong, sep="")
        return 1
    return 1 if any("**no**" in row for row in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
