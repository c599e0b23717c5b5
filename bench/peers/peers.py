"""Echo servers on other WebSocket libraries, for `bench/compare --peers`: finds the libraries, and builds the servers."""

import dataclasses
import os
import shlex
import shutil
import subprocess

from results import read

SOURCES = os.path.dirname(os.path.abspath(__file__))

# As Weft with --config=opt, and the processor's own instructions, which Weft chooses at run time.
FLAGS = ["-O3", "-DNDEBUG", "-march=native", "-pthread"]


@dataclasses.dataclass
class Peer:
    name: str
    source: str
    package: str  # how to install it
    header: str = ""  # which is there where the library is installed
    flags: tuple = ()


PEERS = [
    Peer("Beast", "beast.cc", "apt install libboost-dev", "boost/beast/version.hpp", ("-std=c++20",)),
    # It does not compile as C++20.
    Peer("websocketpp", "websocketpp.cc", "apt install libwebsocketpp-dev libboost-dev", "websocketpp/config/asio_no_tls.hpp",
         ("-std=c++17",)),
    Peer("libwebsockets", "libwebsockets.cc", "apt install libwebsockets-dev", "libwebsockets.h", ("-std=c++20", "-lwebsockets")),
    Peer("ws", "ws.js", "install Node.js 18 or newer and: npm install --prefix {folder} ws bufferutil"),
]


class Missing(Exception):
    """A library is not installed. The text says how to install it."""


class Broken(Exception):
    """A library is installed, but its server cannot be built."""


def named(names):
    """The peers of these names, all for none. ValueError for a name of none."""
    by_name = {peer.name: peer for peer in PEERS}
    for name in names:
        if name not in by_name:
            raise ValueError(f"no peer {name!r}; the peers are: {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(names)] or PEERS


def command(peer, folder):
    """The command of the peer's server, to which its port is added, built in `folder` if necessary."""
    source = os.path.join(SOURCES, peer.source)
    return node_command(peer, source, folder) if source.endswith(".js") else binary(peer, source, folder)


def binary(peer, source, folder):
    compiler = shlex.split(os.environ.get("CXX", "g++"))
    if not shutil.which(compiler[0]):
        raise Missing(f"no compiler {compiler[0]} (apt install g++, or set CXX)")
    # -M reads the headers and compiles nothing.
    probe = subprocess.run([*compiler, "-x", "c++", "-M", "-"], input=f"#include <{peer.header}>\n", stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, text=True)
    if probe.returncode:
        raise Missing(f"<{peer.header}> was not found ({peer.package})")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, peer.name)
    words = [*compiler, *FLAGS, source, "-o", path, *peer.flags]
    built_by = path + ".command"
    if not (os.path.exists(path) and os.path.exists(built_by) and os.path.getmtime(path) > os.path.getmtime(source)
            and read(built_by) == shlex.join(words)):
        done = subprocess.run(words, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Broken(f"{shlex.join(words)}:\n{done.stderr}")
        with open(built_by, "w", encoding="utf-8") as file:
            file.write(shlex.join(words))
    return [path]


def node_command(peer, source, folder):
    node = shutil.which("node")
    if not node:
        raise Missing(f"node was not found ({peer.package.format(folder=folder)})")
    # The package that require() finds from the source's folder, or in the folder that the message names.
    for root in [SOURCES, folder]:
        words = [node, "-p", "require.resolve('ws', {paths: [process.argv[1]]})", root]
        found = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if found.returncode == 0:
            modules = found.stdout.split("/ws/")[0]
            return ["env", f"NODE_PATH={modules}", node, source]
    raise Missing(f"the package was not found ({peer.package.format(folder=folder)})")
