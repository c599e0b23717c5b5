"""The targets of a chapter of the course."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

# In the order in which they are read. //course shows them.
CHAPTERS = [
    "01_by_hand",
    "02_handshake",
    "03_frames",
    "04_masking",
    "05_text",
    "06_messages",
    "07_closing",
    "08_client",
    "09_server",
    "10_limits",
    "11_compression",
    "12_exam",
]

_GOOGLETEST = [
    "//course/testing:expect",
    "@com_google_absl//absl/strings",
    "@com_google_googletest//:gtest",
]

def course_chapter(earlier = [], earlier_code = "solution", deps = [], test_deps = [], threads = False, size = "small"):
    """Declares the targets of a chapter, a folder with a header, exercise.cc, exercise_test.cc, solution/ and README.md.

    exercise: the tests with the code of exercise.cc. They fail until it is written, so `//...` leaves them out.
    solution_test: the same tests with the code of solution/.
    unwritten_test: each of the tests fails as long as exercise.cc is not written, and says why.

    Args:
      earlier: the earlier chapters whose code the chapter uses, and those that they use.
      earlier_code: "solution", or "exercise" for your own code of all these chapters.
      deps: of the header, of exercise.cc and of the solution.
      test_deps: further ones, of the tests.
      threads: whether the tests have several threads, and so belong under ThreadSanitizer.
      size: of the tests.
    """
    if earlier_code not in ("solution", "exercise"):
        fail("earlier_code is \"solution\" or \"exercise\", not \"%s\"" % earlier_code)
    interfaces = ["//course/%s:interface" % chapter for chapter in earlier]
    native.exports_files(
        ["README.md", "exercise_test.cc"],
        visibility = [
            "//course:__pkg__",
            "//examples/gallery:__pkg__",
        ],
    )
    native.filegroup(
        name = "server_code",  # counted by //course/12_exam:lines_test
        srcs = native.glob(["*.h", "solution/*.cc"]),
        visibility = ["//course:__subpackages__"],
    )
    cc_library(
        name = "interface",
        hdrs = native.glob(["*.h"]),
        visibility = ["//course:__subpackages__"],
        deps = interfaces + deps,
    )

    # The code of chapters is linked in a test only, so that each may be a solution or your own.
    for name, srcs in [("exercise_code", ["exercise.cc"]), ("solution", native.glob(["solution/*.cc"]))]:
        cc_library(
            name = name,
            srcs = srcs,
            copts = ["-Wno-unused-parameter"] if name == "exercise_code" else [],  # of functions that are not written
            visibility = ["//course:__subpackages__"],
            deps = [":interface", "//course:not_written_yet"] + interfaces + deps,
            alwayslink = True,
        )
    cc_library(
        name = "tests",
        testonly = True,
        srcs = ["exercise_test.cc"],
        deps = [":interface"] + interfaces + deps + test_deps + [dep for dep in _GOOGLETEST if dep not in deps],
        alwayslink = True,
    )
    for name, code, codes, main, tags in [
        ("exercise", "exercise_code", earlier_code, "@com_google_googletest//:gtest_main", ["manual"]),
        ("solution_test", "solution", "solution", "@com_google_googletest//:gtest_main", []),
        ("unwritten_test", "exercise_code", "solution", "//course/testing:unwritten_main", ["no-sanitizer"]),
    ]:
        cc_test(
            name = name,
            size = size,
            linkstatic = True,
            tags = ([] if threads else ["single-threaded"]) + tags,
            visibility = ["//course:__pkg__"],
            deps = [":tests", ":" + code, main] +
                   ["//course/%s:%s" % (chapter, "exercise_code" if codes == "exercise" else "solution") for chapter in earlier],
        )
