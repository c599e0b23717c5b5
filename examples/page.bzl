"""The pages of the examples: their files as a part of a program, and their tests."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("//e2e:e2e_test.bzl", "e2e_test")

# Shared by all pages.
_SHARED = [
    "//examples:page/backoff.mjs",
    "//examples:page/theme.css",
]

def page_files(name, srcs):
    """A library with a header that holds files: they cannot be forgotten, and the program runs from anywhere.

    The header, NAME.h in this folder, has a constant for examples::ServePage that is named for the folder:
    `examples::kChatPage` in examples/chat. Besides `srcs` it holds the files that all pages share: examples/page.

    Args:
      name: the library.
      srcs: text files. In the program they have no folder.
    """
    folder = native.package_name().split("/")[-1]
    words = [word.capitalize() for word in folder.split("_")]
    _embed(name, srcs + _SHARED, "k%sPage" % "".join(words), "$${file##*/}")

def source_files(name, srcs):
    """The same for files of the repository, as `examples::kSourceFiles`.

    Args:
      name: the library.
      srcs: text files. In the program their names are their paths.
    """
    _embed(name, srcs, "kSourceFiles", "$$file")

def _embed(name, srcs, constant, name_in_program):
    native.genrule(
        name = name + "_header",
        srcs = srcs,
        outs = [name + ".h"],
        cmd = """{
          echo '// Made by examples/page.bzl.'
          echo '#pragma once'
          echo '#include "weft/server/http/embedded_files.h"'
          echo 'namespace examples {'
          echo 'constexpr weft::EmbeddedFile %s[] = {'
          for file in $(SRCS); do
            printf '{"%%s", R"EMBEDDED(' "%s" && cat "$$file" && echo ')EMBEDDED"},' || exit 1
          done
          echo '};'
          echo '}  // namespace examples'
        } > $@""" % (constant, name_in_program),
    )
    cc_library(
        name = name,
        hdrs = [name + ".h"],
        deps = ["//server/http"],
    )

def page_test(name):
    """A test of those parts of the page that need no browser: the script NAME.js, in Node.js.

    Args:
      name: the test.
    """
    e2e_test(
        name = name,
        size = "small",
        data = native.glob(["page/*"]) + _SHARED + ["//examples:page_modules.js"],
        driver = name + ".js",
        peers = ["node"],
    )

def chromium_test(name, programs, data = [], peers = []):
    """A test of the page in a browser: the script NAME.js.

    Args:
      name: the test.
      programs: environment variable -> label of a program under test (e2e_test).
      data: further files that it reads.
      peers: programs of the machine that it wants, besides the browser and Node.js (e2e_test).
    """
    e2e_test(
        name = name,
        size = "medium",
        data = ["//e2e:chromium.js"] + data,
        driver = name + ".js",
        peers = [
            "node",
            "chromium",
        ] + peers,
        programs = programs,
    )
