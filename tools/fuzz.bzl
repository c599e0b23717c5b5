"""A libFuzzer target, and a test that runs it on its seeds."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_target(name, srcs, deps, corpus):
    """Declares `name`, to be built with --config=fuzz and run, and `name`_test for every day.

    Args:
      name: ends in _fuzz.
      srcs: define LLVMFuzzerTestOneInput, which aborts where a property does not hold.
      deps: as of a cc_binary.
      corpus: label of a filegroup with the seeds.
    """
    deps = deps + ["//core/testing:require"]
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        tags = ["manual"],  # it has a main only with --config=fuzz
        deps = deps,
    )
    cc_test(
        name = name + "_test",
        size = "small",
        srcs = srcs + ["//core/testing:run_corpus.cc"],
        args = ["$(rootpaths {})".format(corpus)],
        data = [corpus],
        deps = deps,
    )
