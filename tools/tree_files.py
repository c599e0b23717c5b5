"""The files of a tree, without those that git, Bazel, npm, Python and editors put there."""

import os

_GENERATED = (".git", ".cache", ".editor", "node_modules", "__pycache__")


def files(root, hidden=False, workspaces=False):
    """Paths from `root`, sorted.

    hidden: also below folders whose names start with a dot, such as .ci.
    workspaces: also below folders that are Bazel workspaces of their own, such as examples/consumer.
    """
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _GENERATED and not name.startswith("bazel-") and
                      (hidden or not name.startswith(".")) and
                      (workspaces or not os.path.exists(os.path.join(folder, name, "WORKSPACE")))]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)
