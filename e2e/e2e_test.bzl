"""e2e_test: Weft's programs against WebSocket implementations that this machine has."""

load("@rules_shell//shell:sh_test.bzl", "sh_test")

_LIBRARIES = {
    "js": ["program.js", "websocket_cases.js"],
    "py": ["messages.py", "program.py"],
}

def e2e_test(name, driver, peers, programs, data = []):
    """Runs a script with the programs under test named by environment variables; run.sh says what happens without a peer.

    Args:
      name: of the test.
      driver: the script, x.js or x.py.
      peers: what it wants of the machine: node (with the npm packages), chromium, python3, python3-MODULE.
      programs: environment variable -> label of the file whose path it holds.
      data: further files that it reads.
    """
    if "node" in peers:
        programs = dict(programs, NPM_MISSING = "@weft_e2e_npm//:missing.txt")
        data = data + ["@weft_e2e_npm//:node_modules"]
    sh_test(
        name = name,
        srcs = ["run.sh"],
        args = [
            "$(rootpath %s)" % driver,
            ",".join(peers),
        ] + ["%s=$(rootpath %s)" % program for program in programs.items()],
        data = [driver] + _LIBRARIES[driver.split(".")[1]] + programs.values() + data,
        tags = [
            "e2e",
            # What else is on the machine is part of the result, and Bazel does not see it: a result is never taken from the cache.
            "external",
        ],
    )
