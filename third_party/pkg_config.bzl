"""Repositories for libraries of the system, with the labels of the Bazel Central Registry."""

_HEADER = """load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])
"""

_LIBRARY = """
cc_library(
    name = {name},
    hdrs = {hdrs},
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
    deps = {deps},
)
"""

_IGNORED_BY_TSAN = """
# The distribution's build counts references in code that ThreadSanitizer does not instrument, so that each release of
# a last reference is reported as a race.
cc_library(
    name = "ignored_by_tsan",
    srcs = ["ignored_by_tsan.cc"],
    alwayslink = True,
    linkstatic = True,
    visibility = ["//visibility:private"],
)
"""

_IGNORED_BY_TSAN_CC = """
extern "C" __attribute__((weak)) const char* __tsan_default_suppressions() { return "%s"; }
"""

def _fail(what):
    fail(what + "\nThe system packages Weft builds on are listed in third_party/debian_packages.txt; ./bazelw installs them.")

def _run(ctx, words):
    result = ctx.execute(words)
    if result.return_code:
        _fail("'{}' failed: {}".format(" ".join(words), result.stderr.strip()))
    return [word for word in result.stdout.replace("\n", " ").split(" ") if word]

def _package_of(label):
    return label.split(":")[0]

def _write_packages(ctx, libraries):
    """Writes a BUILD.bazel for each package, libraries being label -> text of its cc_library."""
    texts = {"": _HEADER}
    for label, text in libraries.items():
        package = _package_of(label)
        texts[package] = texts.get(package, _HEADER) + text
    ctx.file("WORKSPACE", "")
    for package, text in texts.items():
        ctx.file(package + "/BUILD.bazel" if package else "BUILD.bazel", text)

def _pkg_config_repository_impl(ctx):
    """Links headers in a separate -I folder into the repository, because Bazel refuses system paths."""
    wanted = ctx.attr.libraries
    if ctx.attr.left_out_where_missing:
        known = _run(ctx, ["pkg-config", "--list-all"])
        wanted = {label: package for label, package in wanted.items() if package in known}
        if not wanted:
            _fail("pkg-config knows none of " + ", ".join(ctx.attr.libraries.values()))
    libraries = {}
    for label, value in wanted.items():
        packages = [word for word in value.split(" ") if not word.startswith("-")]
        flags = [word for word in value.split(" ") if word.startswith("-")]
        words = flags + _run(ctx, ["pkg-config", "--cflags", "--libs"] + packages)
        includes = []
        for folder in [word[2:] for word in words if word.startswith("-I")]:
            includes.append("include/{}/{}".format(label.split(":")[1], len(includes)))
            link = includes[-1] + ("/" + ctx.attr.include_prefix if ctx.attr.include_prefix else "")
            ctx.symlink(folder, _package_of(label) + "/" + link if _package_of(label) else link)
        libraries[label] = _LIBRARY.format(
            name = repr(label.split(":")[1]),
            hdrs = "glob({})".format([folder + "/**/*.h" for folder in includes]),
            defines = repr([word[2:] for word in words if word.startswith("-D")]),
            includes = repr(includes),
            linkopts = repr([word for word in words if word.startswith("-l") or word.startswith("-L") or word.startswith("-W")]),
            deps = [],
        )
    _write_packages(ctx, libraries)

pkg_config_repository = repository_rule(
    implementation = _pkg_config_repository_impl,
    doc = "A cc_library for each label, with the flags that pkg-config gives for its packages.",
    attrs = {
        "include_prefix": attr.string(
            doc = "The folder by which the registry's module includes the headers, where the system's does not.",
        ),
        "left_out_where_missing": attr.bool(
            doc = "Declares only the libraries whose package the system has; one of them at least.",
        ),
        "libraries": attr.string_dict(
            doc = "`package:name` of a library to the pkg-config packages that provide it, and the flags those lack, separated by spaces.",
            mandatory = True,
        ),
    },
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)

def _system_files_repository_impl(ctx):
    for name, path in ctx.attr.files.items():
        if not ctx.path(path).exists:
            fail("{} is not installed: apt-get install {}, or run ./bazelw, which does.".format(path, ctx.attr.package))
        ctx.symlink(path, "file/" + name)
    ctx.file("WORKSPACE", "")
    ctx.file("file/BUILD.bazel", """package(default_visibility = ["//visibility:public"])

filegroup(
    name = "file",
    srcs = {},
)
""".format(repr(ctx.attr.files.keys())))

system_files_repository = repository_rule(
    implementation = _system_files_repository_impl,
    doc = "Files of a system package as `//file`, the label that http_file gives to a downloaded file.",
    attrs = {
        "files": attr.string_dict(
            doc = "Name in the repository to path on the system.",
            mandatory = True,
        ),
        "package": attr.string(
            doc = "The system package that contains them.",
            mandatory = True,
        ),
    },
    local = True,
)

def _boringssl_repository_impl(ctx):
    """Debian's android-libboringssl-dev: separate folders for headers and libraries, and no .pc file."""
    multiarch = _run(ctx, ["gcc", "-print-multiarch"])[0]
    folder = "/usr/lib/{}/android".format(multiarch)
    headers = ctx.path("/usr/include/android/openssl")
    if not headers.exists or not ctx.path(folder).exists:
        fail("BoringSSL is not installed: apt-get install android-libboringssl-dev, or run ./bazelw, which does.")
    ctx.symlink(headers, "include/openssl")
    libraries = {}
    for name, linked in {"crypto": ["crypto"], "ssl": ["ssl", "crypto"]}.items():
        libraries[":" + name] = _LIBRARY.format(
            name = repr(name),
            hdrs = 'glob(["include/openssl/*.h"])',
            defines = [],
            includes = ["include"],
            linkopts = repr(["-L" + folder, "-Wl,-rpath," + folder] + ["-l" + library for library in linked]),
            deps = [":ignored_by_tsan"],
        )
    libraries[":ignored_by_tsan"] = _IGNORED_BY_TSAN
    ctx.file("ignored_by_tsan.cc", _IGNORED_BY_TSAN_CC % "".join([
        "called_from_lib:android/lib{}.so\\n".format(library)
        for library in ["crypto", "ssl"]
    ] + [
        # The part of Abseil that every program with BoringSSL links as well; a program has only one such list.
        "race:absl::*Status::Unref\\n",
    ]))
    _write_packages(ctx, libraries)

boringssl_repository = repository_rule(
    implementation = _boringssl_repository_impl,
    doc = "@boringssl//:crypto and @boringssl//:ssl from Debian's android-libboringssl-dev.",
    local = True,
)
