"""The results of `bench/compare --peers`: a table, a JSON file, and its plots."""

import dataclasses
import datetime
import json
import os
import platform
import statistics
import subprocess

import svg


@dataclasses.dataclass
class Case:
    name: str
    figure: str
    more_is_better: bool
    values: dict  # server -> a value for each round; "Weft" is one of them

    def ratios(self, server):
        """How much better the server is than Weft, for each round: above 1 it is better."""
        pairs = zip(self.values[server], self.values["Weft"])
        return [value / weft if self.more_is_better else weft / value for value, weft in pairs]


class Results:
    """A file of results. A case that is measured again replaces the earlier one."""

    def __init__(self, path):
        """ValueError for a file that is not one of results, and for a folder that does not exist."""
        if path and not os.path.isdir(os.path.dirname(path) or "."):
            raise ValueError(f"{path}: there is no folder {os.path.dirname(path)}")
        self.path = path
        self.content = {"machine": "", "libraries": {}, "cases": {}}
        if path and os.path.exists(path):
            self.content = parse(read(path), path)

    def add(self, case, libraries):
        self.content["machine"] = machine()
        self.content["libraries"].update(libraries)
        self.content["cases"][case.name] = {
            "date": datetime.date.today().isoformat(),
            "weft": weft_version(),
            "figure": case.figure,
            "more_is_better": case.more_is_better,
            "values": {name: [float(f"{value:.5g}") for value in values] for name, values in case.values.items()},
        }

    def cases(self):
        return [Case(name, case["figure"], case["more_is_better"], case["values"])
                for name, case in self.content["cases"].items()]

    def write(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.content, indent=1) + "\n")
        for theme in svg.THEMES:
            with open(svg_path(self.path, theme), "w", encoding="utf-8") as file:
                file.write(self.plot(theme))

    def plot(self, theme):
        panels = []
        for case in self.cases():
            bars = [(name, statistics.median(case.ratios(name))) for name in case.values if name != "Weft again"]
            panels.append((case.name, bars))
        return svg.bars("Messages per server CPU second; connections per CPU second; 1 / bytes: Weft is 1, and more is better",
                         panels, "Weft", theme)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def parse(text, path):
    try:
        content = json.loads(text)
        for case in content["cases"].values():
            if not case["values"]["Weft"] or not isinstance(case["more_is_better"], bool):
                raise KeyError("values")
        return content
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a file of results: {error}") from error


def svg_path(path, theme):
    return f"{os.path.splitext(path)[0]}-{theme}.svg"


def head(others):
    return f"| case | Weft | {' | '.join(others)} |\n|---|--:|{'--:|' * len(others)}"


def line(case, columns):
    """A row of the table: Weft's own figure, and how much better the others are, with the quartiles of the rounds."""
    cells = [f"{statistics.median(case.values['Weft']):,.0f}"]
    for name in columns[1:]:
        cells.append(ratio(case.ratios(name)) if name else "")
    return f"| {case.name} | {' | '.join(cells)} |"


def ratio(values):
    if len(values) < 2:
        return f"{values[0]:.2f}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def machine():
    model = platform.machine()
    try:
        rows = read("/proc/cpuinfo").splitlines()
        model = next((row.split(":")[1].strip() for row in rows if row.startswith("model name")), model)
    except OSError:
        pass
    return f"{model}, Linux {'.'.join(platform.release().split('.')[:2])}"


def weft_version():
    words = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip()
