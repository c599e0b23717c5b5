"""The files of an example's page, as a part of its program."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def page_files(name, srcs):
    """A library with a header that holds files: they cannot be forgotten, and the program runs from anywhere.

    The header, NAME.h in this folder, has `examples::kPageFiles`, for examples::ServePage.

    Args:
      name: the library.
      srcs: text files. In the program they have no folder.
    """
    native.genrule(
        name = name + "_header",
        srcs = srcs,
        outs = [name + ".h"],
        cmd = """{
          echo '// Made by examples/page.bzl.'
          echo '#pragma once'
          echo '#include "weft/server/http/embedded_files.h"'
          echo 'namespace examples {'
          echo 'constexpr weft::EmbeddedFile kPageFiles[] = {'
          for file in $(SRCS); do
            printf '{"%s", R"EMBEDDED(' "$${file##*/}" && cat "$$file" && echo ')EMBEDDED"},' || exit 1
          done
          echo '};'
          echo '}  // namespace examples'
        } > $@""",
    )
    cc_library(
        name = name,
        hdrs = [name + ".h"],
        deps = ["//server/http"],
    )
