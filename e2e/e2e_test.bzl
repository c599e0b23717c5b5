"""e2e_test and e2e_program: Weft's programs with WebSocket implementations that this machine has."""

load("@rules_shell//shell:sh_binary.bzl", "sh_binary")
load("@rules_shell//shell:sh_test.bzl", "sh_test")

_LIBRARIES = {
    "js": [
        "//e2e:program.js",
        "//e2e:websocket_cases.js",
    ],
    "py": [
        "//e2e:messages.py",
        "//e2e:program.py",
    ],
}

def _with_run_sh(rule, name, driver, peers, programs, data, args, **kwargs):
    if "node" in peers:
        programs = dict(programs, NPM_MISSING = "@weft_e2e_npm//:missing.txt")
        data = data + ["@weft_e2e_npm//:node_modules"]
    if "c++" in peers:
        programs = dict(programs, CPP_PEERS_MISSING = "@weft_e2e_cpp_peers//:missing.txt")
    rule(
        name = name,
        srcs = ["//e2e:run.sh"],
        args = [
            "$(rootpath %s)" % driver,
            ",".join(peers),
        ] + ["%s=$(rootpath %s)" % program for program in programs.items()] + ["--"] + args,
        data = [driver] + _LIBRARIES[driver.split(".")[-1]] + programs.values() + data,
        **kwargs
    )

def e2e_test(name, driver, peers, programs = {}, data = [], args = [], **kwargs):
    """Runs a script with the programs under test named by environment variables; run.sh says what happens without a peer.

    Args:
      name: of the test.
      driver: the script, x.js or x.py.
      peers: what it wants of the machine: node (with the npm packages), chromium, python3, python3-MODULE, c++
        (the libraries of cpp_peers.bzl), and the other programs that run.sh knows.
      programs: environment variable -> label of the file whose path it holds.
      data: further files that it reads.
      args: words for the script.
      **kwargs: for the test.
    """
    _with_run_sh(
        sh_test,
        name,
        driver,
        peers,
        programs,
        # A result from the cache is valid until a program of the machine changes.
        data + ["@weft_e2e_machine//:installed.txt"],
        args,
        tags = ["e2e"] + kwargs.pop("tags", []),
        **kwargs
    )

def e2e_program(name, driver, peers, programs = {}, data = [], args = [], **kwargs):
    """The same for `bazel run`, where the words behind `--` are the script's too."""
    _with_run_sh(sh_binary, name, driver, peers, programs, data, args, **kwargs)
