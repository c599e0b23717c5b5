"""Which C and C++ WebSocket libraries this machine has, for the programs of //e2e/interop that are built with them."""

# Header of a library -> its Debian package.
_HEADERS = {
    "boost/beast/version.hpp": "libboost-dev",
    "libwebsockets.h": "libwebsockets-dev",
    "websocketpp/version.hpp": "libwebsocketpp-dev",
}

_BUILD = """package(default_visibility = ["//visibility:public"])

exports_files(["missing.txt"])
"""

def _cpp_peers_impl(ctx):
    missing = []
    for header, package in _HEADERS.items():
        ctx.file("probe.cc", "#include <%s>\n" % header)

        # -M reads the headers and compiles nothing.
        words = [ctx.os.environ.get("CC", "gcc"), "-x", "c++", "-M", "-MF", "probe.d", "probe.cc"]
        if ctx.execute(words).return_code:
            missing.append(package)
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", _BUILD)
    ctx.file("found.bzl", "FOUND = %r\n" % (not missing))
    ctx.file("missing.txt", "%s is not installed\n" % ", ".join(missing) if missing else "")

cpp_peers = repository_rule(
    implementation = _cpp_peers_impl,
    doc = """Whether all of the libraries are there.

Where one is missing the build goes on: `FOUND` of `found.bzl` is False, so that nothing is built with them, and `missing.txt`,
empty otherwise, says which, for the tests that want them to skip or to fail. Bazel looks again when it next starts.""",
    environ = ["CC"],
    local = True,
)
