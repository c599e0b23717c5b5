"""The targets of a workspace, read from its BUILD.bazel files without Bazel.

A BUILD file is Starlark, which is nearly all Python: here it runs as Python, with rules that only note their attributes.
A select() has all its branches at once.
"""

import glob
import os
import re

import tree_files

_RULES_OF_BAZEL = """alias cc_binary cc_library cc_test config_setting exports_files filegroup genrule licenses package
    package_group sh_binary sh_library sh_test test_suite""".split()


class Target:
    """One call of a rule. Labels are complete, as the module `weft` or a module that depends on it would write them."""

    def __init__(self, kind, package, attributes, absolute):
        self.kind, self.package, self.attributes, self._absolute = kind, package, attributes, absolute
        self.label = absolute(":" + attributes["name"], package)

    def get(self, attribute):
        """The attribute as a list; a single string becomes a list of one."""
        value = self.attributes.get(attribute) or []
        return [value] if isinstance(value, str) else list(value)

    def labels(self, *attributes):
        return [self._absolute(label, self.package) for attribute in attributes for label in self.get(attribute)]

    def needs(self):
        return self.labels("srcs", "hdrs", "deps", "data", "tools", "actual")


class _Anything:
    """A value that no target uses: of a repository rule, or of another repository's file."""

    def __call__(self, *args, **kwargs):
        return self

    def __getattr__(self, name):
        return self


def _select(branches, **_):
    values = list(branches.values())
    return values if isinstance(values[0], str) else sum(map(list, values), [])


class Workspace:
    """The workspace in the folder `root`.

    targets: by label.
    default_visibility: by package.
    loads: the files of other repositories that a package loads, by package.
    """

    def __init__(self, root, name="", others=()):
        """`name` is the name of a workspace that depends on `others`; labels into those begin with their names."""
        self.root, self.name = root, name
        self.targets, self.default_visibility, self.loads = {}, {}, {}
        self.known = {label: target for other in others for label, target in other.targets.items()}
        for file in tree_files.files(root):
            if os.path.basename(file) == "BUILD.bazel":
                self._package = os.path.dirname(file)
                self.loads[self._package] = set()
                self._run(file)
        self.known.update(self.targets)

    def absolute(self, label, package):
        """`:frame` in `core` is `//core/frame`, `@fmt` is `@fmt//:fmt`, and `@weft//x` is `//x`."""
        if label.startswith("@") and "//" not in label:
            return f"{label}//:{label[1:]}"
        if "//" not in label:
            label = f"//{package}:{label.lstrip(':')}"
        elif ":" not in label.split("//")[1]:
            label += ":" + label.split("/")[-1]
        if self.name and label.startswith("//"):
            return f"@{self.name}{label}"
        return label.removeprefix("@weft")

    def visibility(self, target):
        return target.get("visibility") or self.default_visibility.get(target.package, [])

    def behind(self, label):
        """The label, or the target of the alias."""
        target = self.known.get(label)
        if not target or target.kind != "alias":
            return {label}
        return set().union(*map(self.behind, target.labels("actual")))

    def files(self, labels):
        """The paths of the labels that are source files."""
        own = f"@{self.name}//" if self.name else "//"
        paths = [os.path.join(self.root, *label.removeprefix(own).split(":")) for label in labels if label.startswith(own)]
        return [path for path in paths if os.path.isfile(path)]

    def _rule(self, kind):
        def call(*args, **attributes):
            if kind == "package":
                self.default_visibility[self._package] = attributes.get("default_visibility", [])
            elif "name" in attributes:
                target = Target(kind, self._package, attributes, self.absolute)
                self.targets[target.label] = target
        return call

    def _glob(self, include, exclude=(), **_):
        folder = os.path.join(self.root, self._package)
        find = lambda patterns: {file for p in patterns for file in glob.glob(p, root_dir=folder, recursive=True)}
        return sorted(find(include) - find(exclude))

    def _load(self, names, package):
        def load(label, *wanted, **renamed):
            if label.startswith("@"):
                self.loads[self._package].add(label)
                rules = label.startswith(("@rules_cc//", "@rules_shell//"))
                found = {name: self._rule(name) if rules else _Anything() for name in (*wanted, *renamed.values())}
            else:
                folder, _, file = self.absolute(label, package).partition("//")[2].partition(":")
                found = self._run(os.path.join(folder, file))
            names.update({name: found[name] for name in wanted}, **{new: found[old] for new, old in renamed.items()})
        return load

    def _run(self, path):
        names = {rule: self._rule(rule) for rule in _RULES_OF_BAZEL}
        native = type("native", (), {rule: staticmethod(call) for rule, call in names.items()})
        names.update({name: _Anything() for name in "repository_rule rule provider aspect attr struct Label fail".split()})
        native.glob = staticmethod(self._glob)
        native.package_name = staticmethod(lambda: self._package)
        names.update(native=native, select=_select, glob=self._glob)
        names["load"] = self._load(names, os.path.dirname(path))
        with open(os.path.join(self.root, path)) as file:
            # These are lists in Starlark.
            text = re.sub(r"(\w+\.(?:items|keys|values)\(\))", r"list(\1)", file.read())
        exec(compile(text, path, "exec"), names)
        return names
