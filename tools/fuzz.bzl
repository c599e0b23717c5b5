"""A libFuzzer target, and a test that runs it on its seeds."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_target(name, deps, tags = ["single-threaded"]):
    """Declares `name`, to be built with --config=fuzz and run, and `name`_test for every day.

    Args:
      name: ends in _fuzz. NAME.cc defines LLVMFuzzerTestOneInput, which aborts where a property does not hold. The seeds
        of x_fuzz are //core/testing:x_corpus.
      deps: as of a cc_binary.
      tags: of the test; others for a target that starts threads.
    """
    srcs = [name + ".cc"]
    corpus = "//core/testing:{}_corpus".format(name[:-len("_fuzz")])
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        tags = ["manual"],  # it has a main function only with --config=fuzz
        deps = deps,
    )
    cc_test(
        name = name + "_test",
        size = "small",
        srcs = srcs,
        args = ["$(rootpaths {})".format(corpus)],
        data = [corpus],
        tags = tags,
        deps = deps + ["//core/testing:run_corpus"],
    )
