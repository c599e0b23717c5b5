"""npm packages as a repository, installed by the machine's own npm."""

_BUILD = """package(default_visibility = ["//visibility:public"])

exports_files(["missing.txt"])

filegroup(
    name = "node_modules",
    srcs = glob(["node_modules/**"], allow_empty = True),
)
"""

def _npm_packages_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", _BUILD)

    # npm writes next to its input: copies, so that it cannot write into the source tree.
    for file in [ctx.attr.package_json, ctx.attr.package_lock]:
        ctx.file(file.name, ctx.read(ctx.path(file)))

    npm = ctx.which("npm")
    if not npm:
        ctx.file("missing.txt", "npm is not installed\n")
        return
    result = ctx.execute(
        # Without a network this fails in seconds: npm would retry for a minute.
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", "--fetch-retries=2", "--fetch-retry-mintimeout=1000"],
        timeout = 300,
    )
    if result.return_code:
        ctx.file("missing.txt", "npm ci failed:\n" + result.stderr)
        ctx.delete("node_modules")
    else:
        ctx.file("missing.txt", "")

npm_packages = repository_rule(
    implementation = _npm_packages_impl,
    doc = """The packages of a lock file, as `:node_modules`.

Where npm or the network is missing the build goes on: `missing.txt`, empty otherwise, says why there are none, and it is for
the tests that want them to skip or to fail. Bazel tries again when it next starts.""",
    attrs = {
        "package_json": attr.label(allow_single_file = True, mandatory = True),
        "package_lock": attr.label(allow_single_file = True, mandatory = True),
    },
    local = True,
)
