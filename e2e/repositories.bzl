"""What //e2e needs beyond weft_repositories(): a workspace that depends on Weft does without it."""

load("//e2e:cpp_peers.bzl", "cpp_peers")
load("//e2e:machine.bzl", "installed_programs")
load("//e2e:npm.bzl", "npm_packages")

def e2e_repositories():
    """Declares the repositories of the end-to-end tests."""
    npm_packages(
        name = "weft_e2e_npm",
        package_json = "//e2e:package.json",
        package_lock = "//e2e:package-lock.json",
    )
    cpp_peers(name = "weft_e2e_cpp_peers")
    installed_programs(name = "weft_e2e_machine")
