"""interop_matrix: the table of who gets along with Weft, and a test for each of its rows."""

load("//e2e:e2e_test.bzl", "e2e_program", "e2e_test")

_DATA = [
    "relay.py",
    "//e2e:chromium.js",
    "//e2e:program.js",
    "//e2e:websocket_cases.js",
    "//e2e/interop/peers:library",
]

def interop_matrix(name, peers, programs, page):
    """Makes the program NAME, and PEER_test for each peer: where one is missing the others are tested all the same.

    Args:
      name: of the program.
      peers: program in //e2e/interop/peers -> what it wants of the machine, as e2e_test has it. PEER is its name's beginning.
      programs: Weft's, as e2e_test has them.
      page: where the table is kept that the tests hold their rows against.
    """
    variables = {}
    for program, wanted in peers.items():
        peer = program.split(".")[0].replace("_peer", "")
        variable = {peer.upper() + "_PEER": "//e2e/interop/peers:" + program}
        variables.update(variable)
        e2e_test(
            name = peer + "_test",
            args = ["--only", peer, "--check", "$(rootpath %s)" % page],
            data = _DATA + [page],
            driver = "matrix.py",
            peers = ["python3"] + wanted,
            programs = dict(programs, **variable),
        )
    e2e_program(
        name = name,
        data = _DATA,
        driver = "matrix.py",
        peers = {one: None for wanted in peers.values() for one in wanted}.keys(),
        programs = dict(programs, **variables),
    )
