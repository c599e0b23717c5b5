"""What is installed on this machine, so that a result of an end-to-end test is valid until a program changes."""

_BUILD = """package(default_visibility = ["//visibility:public"])

exports_files(["installed.txt"])
"""

def _installed_programs_impl(ctx):
    result = ctx.execute(["dpkg-query", "--show"])
    if result.return_code:
        # A system of another kind: results are valid until Bazel next starts.
        result = ctx.execute(["date", "--utc", "+%s.%N"])
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", _BUILD)
    ctx.file("installed.txt", result.stdout)

installed_programs = repository_rule(
    implementation = _installed_programs_impl,
    doc = "`installed.txt`: the packages of a Debian system, with their versions. Bazel looks again when it next starts.",
    local = True,
)
