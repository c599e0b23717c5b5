"""cpp_peer: a program built with a library that not every machine has."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("@weft_e2e_cpp_peers//:found.bzl", "FOUND")

def cpp_peer(name, linkopts = [], **kwargs):
    """NAME from NAME.cc; where the libraries are missing, the file that says which."""
    if FOUND:
        cc_binary(
            name = name,
            srcs = [name + ".cc"],
            linkopts = linkopts + ["-pthread"],
            deps = [":peer"],
            **kwargs
        )
    else:
        native.alias(
            name = name,
            actual = "@weft_e2e_cpp_peers//:missing.txt",
        )
