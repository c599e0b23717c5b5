"""What a WORKSPACE needs to build Weft, or to depend on it: load weft_repositories() and call it."""

load("//third_party:offline_rules.bzl", "offline_rules")
load("//third_party:pkg_config.bzl", "boringssl_repository", "pkg_config_repository", "system_files_repository")

# Label in the Bazel Central Registry's module -> pkg-config package.
_ABSL = {
    "absl/base:core_headers": "absl_core_headers",
    "absl/cleanup:cleanup": "absl_cleanup",
    "absl/container:flat_hash_map": "absl_flat_hash_map",
    "absl/container:flat_hash_set": "absl_flat_hash_set",
    "absl/container:inlined_vector": "absl_inlined_vector",
    "absl/flags:config": "absl_flags_config",
    "absl/flags:flag": "absl_flags",
    "absl/flags:parse": "absl_flags_parse",
    "absl/flags:usage": "absl_flags_usage",
    "absl/functional:any_invocable": "absl_any_invocable",
    "absl/functional:function_ref": "absl_function_ref",
    "absl/status:status": "absl_status",
    "absl/status:statusor": "absl_statusor",
    "absl/strings:cord": "absl_cord",
    "absl/strings:str_format": "absl_str_format",
    "absl/strings:strings": "absl_strings",
    "absl/time:time": "absl_time",
    "absl/types:span": "absl_span",
}

def _maybe(rule, name, **kwargs):
    """Declares a repository unless the dependent workspace has one of that name already."""
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def weft_repositories():
    """Declares what Weft's libraries are built with, and GoogleTest, on libraries that the system has.

    A repository that no target of yours needs is never looked at."""
    _maybe(offline_rules, "rules_cc", rules = "rules_cc//cc")
    _maybe(offline_rules, "rules_java", rules = "rules_java//java")
    _maybe(offline_rules, "rules_shell", rules = "rules_shell//shell")
    _maybe(offline_rules, "remote_coverage_tools")

    _maybe(boringssl_repository, "boringssl")
    _maybe(pkg_config_repository, "com_google_absl", libraries = _ABSL)
    _maybe(pkg_config_repository, "com_google_googletest", libraries = {
        ":gtest": "gmock gtest",
        ":gtest_main": "gmock_main gmock gtest",
    })
    _maybe(pkg_config_repository, "simdjson", libraries = {":simdjson": "simdjson"})
    _maybe(pkg_config_repository, "zlib", libraries = {":zlib": "zlib"})

def weft_dev_repositories():
    """Declares what else Weft's examples, tools and benchmarks are built with: its own WORKSPACE calls this."""
    _maybe(pkg_config_repository, "bullet", libraries = {":BulletDynamics": "bullet"})
    _maybe(pkg_config_repository, "com_github_google_benchmark", libraries = {
        ":benchmark": "benchmark",
        ":benchmark_main": "-lbenchmark_main benchmark",
    })
    _maybe(pkg_config_repository, "fmt", libraries = {":fmt": "fmt"})
    _maybe(pkg_config_repository, "libedit", libraries = {":libedit": "libedit"})
    _maybe(pkg_config_repository, "nlohmann_json", libraries = {":json": "nlohmann_json"})
    _maybe(
        system_files_repository,
        "three_js",
        files = {"three.min.js": "/usr/share/javascript/three/three.min.js"},
        package = "libjs-three",
    )
