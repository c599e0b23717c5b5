"""The targets of a folder of Weft: one library, one binary of tests, and benchmarks."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_NOT_OF_THE_LIBRARY = [
    "*_benchmark.cc",
    "*_fuzz.cc",
    "*_test.cc",
]

# More would make an edit of one test slow, fewer a build of all tests.
_SOURCES_IN_UNIT = 8

# GCC warns of a member whose type is in an unnamed namespace, unless its class is in the main file. It finds such a class
# in a header in the builds without units as well.
_NO_SUBOBJECT_WARNING = "".join([
    "#ifndef __clang__\\n",
    "#pragma GCC diagnostic ignored \"-Wsubobject-linkage\"\\n",
    "#endif\\n",
])

def _units(names, sources, head = ""):
    """Makes sources of few translation units that include the `sources` of a library or test, and returns their names.

    Most of the time to compile a source is for the headers that it includes. Names in unnamed namespaces must differ
    between the sources.

    Args:
      names: of the units, with {} for a number.
      sources: files of the package.
      head: what each unit begins with.
    """
    units = []
    for first in range(0, len(sources), _SOURCES_IN_UNIT):
        unit = names.format(first // _SOURCES_IN_UNIT)
        lines = [
            "#include \"{}/{}\"\\n".format(native.package_name(), file)
            for file in sources[first:first + _SOURCES_IN_UNIT]
        ]
        native.genrule(
            name = unit,
            outs = [unit + ".cc"],
            cmd = "printf '{}' >$@".format(head + "".join(lines)),
        )
        units.append(unit + ".cc")
    return units

def units_library(name, srcs, textual_hdrs = [], **kwargs):
    """Declares a cc_library that the builds with sanitizers compile as few translation units.

    Args:
      name: as of a cc_library.
      srcs: files of the package.
      textual_hdrs: as of a cc_library.
      **kwargs: as of a cc_library.
    """
    sources = [file for file in srcs if file.endswith(".cc")]
    if len(sources) > 1:
        units = _units(name + "_unit_{}", sources, _NO_SUBOBJECT_WARNING) + [file for file in srcs if file not in sources]
        srcs = select({
            "//tools:in_units": units,
            "//conditions:default": srcs,
        })
        textual_hdrs = textual_hdrs + select({
            "//tools:in_units": sources,
            "//conditions:default": [],
        })
    cc_library(
        name = name,
        srcs = srcs,
        textual_hdrs = textual_hdrs,
        **kwargs
    )

def weft_library(name, srcs = None, hdrs = None, umbrella = None, **kwargs):
    """Declares a library whose header x.h is included as weft/FOLDER/x.h.

    Args:
      name: as of a cc_library.
      srcs: by default all sources of the folder that are not tests, fuzz targets or benchmarks.
      hdrs: by default all headers of the folder.
      umbrella: a header of the root, "//:x.h", which is included as weft/x.h.
      **kwargs: as of a units_library.
    """
    if srcs == None:
        srcs = native.glob(["*.cc"], exclude = _NOT_OF_THE_LIBRARY, allow_empty = True)
    if hdrs == None:
        hdrs = native.glob(["*.h"], allow_empty = True)
    if umbrella != None:
        hdrs = hdrs + [umbrella]
    units_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        include_prefix = "weft",
        strip_include_prefix = "/",  # the root of the repository
        **kwargs
    )
    if name == native.package_name().split("/")[-1]:
        native.filegroup(
            # for //tools:cxx20_test
            name = "headers",
            srcs = hdrs,
            visibility = ["//tools:__pkg__"],
        )

def weft_test(name, srcs = None, deps = [], size = "small", **kwargs):
    """Declares a test on GoogleTest, whose sources are compiled as few translation units.

    Args:
      name: "tests" is the one binary for all tests of the folder, but those that need a process of their own.
      srcs: by default *_test.cc for "tests", and NAME.cc for others.
      deps: but for GoogleTest.
      size: as of a cc_test.
      **kwargs: as of a cc_test. The tag "single-threaded" keeps a test from being built for ThreadSanitizer, which can
        find nothing in it.
    """
    if srcs == None:
        srcs = native.glob(["*_test.cc"]) if name == "tests" else [name + ".cc"]
    deps = deps + [
        "@com_google_googletest//:gtest",
        "@com_google_googletest//:gtest_main",
    ]
    sources = [file for file in srcs if file.endswith(".cc")]
    if len(sources) > 1:
        cc_library(
            name = name + "_sources",
            testonly = True,
            textual_hdrs = srcs,
            visibility = ["//visibility:private"],
            deps = deps,
        )
        srcs = _units(name + "_{}_test", sources)
        deps = deps + [":{}_sources".format(name)]
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        deps = deps,
        **kwargs
    )

def weft_benchmark(name, deps, **kwargs):
    """Declares a benchmark of NAME.cc on Google Benchmark; run it with -c opt.

    Args:
      name: ends in _benchmark.
      deps: but for Google Benchmark.
      **kwargs: as of a cc_binary.
    """
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        visibility = ["//visibility:private"],  # dependents do not see Google Benchmark
        deps = deps + ["@com_github_google_benchmark//:benchmark_main"],
        **kwargs
    )
