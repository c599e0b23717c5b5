"""The repositories that a WORKSPACE needs to build Weft, or to depend on it: load weft_repositories() and call it."""

load("//third_party:absl.bzl", "ABSL_LIBRARIES")
load("//third_party:offline_rules.bzl", "offline_rules")
load("//third_party:pkg_config.bzl", "boringssl_repository", "pkg_config_repository", "system_files_repository")

def _maybe(rule, name, **kwargs):
    """Declares a repository unless the dependent workspace already has one of that name."""
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
    _maybe(pkg_config_repository, "com_google_absl", libraries = ABSL_LIBRARIES, left_out_where_missing = True)
    _maybe(pkg_config_repository, "com_google_googletest", libraries = {
        ":gtest": "gmock gtest",
        ":gtest_main": "gmock_main gmock gtest",
    })
    _maybe(pkg_config_repository, "hiredis", include_prefix = "hiredis", libraries = {":hiredis": "hiredis"})
    _maybe(pkg_config_repository, "simdjson", libraries = {":simdjson": "simdjson"})
    _maybe(pkg_config_repository, "zlib", libraries = {":zlib": "zlib"})

def weft_dev_repositories():
    """Declares further dependencies of Weft's examples, tools and benchmarks; only Weft's own WORKSPACE calls it."""
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
