"""The parts of rules_cc, rules_java, rules_shell and remote_coverage_tools that a C++ build loads, with no network.

Bazel's default toolchains load these repositories even where no target of ours does, and a Bazel that was
installed by a distribution has no copy of them. Up to Bazel 7 each rule is built into Bazel itself, so a
repository that forwards to the native rules is all that is needed. With MODULE.bazel the real ones are used
and this file is not.
"""

_NATIVE_RULES = {
    "rules_cc//cc": [
        "cc_binary",
        "cc_import",
        "cc_library",
        "cc_proto_library",
        "cc_test",
        "cc_toolchain",
        "cc_toolchain_suite",
        "fdo_prefetch_hints",
        "fdo_profile",
        "objc_import",
        "objc_library",
    ],
    "rules_java//java": [
        "java_binary",
        "java_import",
        "java_library",
        "java_package_configuration",
        "java_plugin",
        "java_proto_library",
        "java_runtime",
        "java_test",
        "java_toolchain",
    ],
    "rules_shell//shell": [
        "sh_binary",
        "sh_library",
        "sh_test",
    ],
}

def _forward(names):
    return "".join(["{0} = native.{0}\n".format(name) for name in names])

def _offline_rules_impl(ctx):
    ctx.file("WORKSPACE", "")
    ctx.file("BUILD.bazel", "")
    if ctx.attr.rules:
        repository_and_package = ctx.attr.rules
        package = repository_and_package.split("//")[1]
        names = _NATIVE_RULES[repository_and_package]
        build = 'package(default_visibility = ["//visibility:public"])\n'
        if package == "cc":
            build += 'toolchain_type(name = "toolchain_type")\n'
        ctx.file(package + "/BUILD.bazel", build)
        ctx.file(package + "/defs.bzl", _forward(names))

        # rules_shell has one file per rule instead of one for all.
        for name in names:
            ctx.file("{}/{}.bzl".format(package, name), _forward([name]))
    else:
        # remote_coverage_tools: `bazel coverage` needs the real ones, all other commands need only the labels.
        ctx.file(
            "BUILD.bazel",
            'package(default_visibility = ["//visibility:public"])\n' +
            'filegroup(name = "coverage_report_generator")\n' +
            'filegroup(name = "lcov_merger")\n',
        )

offline_rules = repository_rule(
    implementation = _offline_rules_impl,
    doc = "A repository that forwards to the rules built into Bazel.",
    attrs = {
        "rules": attr.string(
            doc = "`repository//package` of the rules to forward; empty for remote_coverage_tools.",
            values = _NATIVE_RULES.keys() + [""],
        ),
    },
)
