"""The exam: a server against the conformance suite and the attacks, and a report with a grade.

    ./bazelw run //course/12_exam                  your server
    ./bazelw run //course/12_exam -- --short       with a sample of the cases
    ./bazelw run //course/12_exam -- --port 8082   a server that runs already, for messages of up to 16 MiB

Of 100 points, 70 are for the cases of the suite that are OK, and 30 for the attacks that the server survives.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.getcwd(), "course/attack"))

import attack
from program import Server  # of //e2e

MAX_MESSAGE_BYTES = 16 << 20
GRADES = [(100, "A: everything"), (95, "B"), (85, "C"), (70, "D"), (0, "F: read the first red line, and try again")]
BAR = 24


def conformance(url, short):
    """[(group, number of cases, number of those that are OK, the first other one or None)]"""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        words = ["--short"] if short else []
        # Strict, so that a late failure is seen as one. It prints the cases that are not OK.
        subprocess.run(
            [sys.executable, "e2e/conformance/server_check.py", "--url", url, "--strict", "--quiet"]
            + ["--max_message_bytes", str(MAX_MESSAGE_BYTES), "--json", report.name, *words],
            check=False,
        )
        content = report.read()
    if not content:
        raise SystemExit("the conformance suite did not finish: has the server ended?")
    groups = collections.defaultdict(list)
    for case in json.loads(content)["cases"]:
        groups[case["id"].partition("/")[0]].append(case)
    return [
        (group, len(cases), sum(is_ok(case) for case in cases), next((case for case in cases if not is_ok(case)), None))
        for group, cases in groups.items()
    ]


def is_ok(case):
    return case["result"] == "OK"


def line(name, green, total):
    full = green * BAR // total
    return f"  {name:16} [{'#' * full}{'-' * (BAR - full)}]  {green} of {total}"


def report(groups, attacks):
    """Prints the report, and returns the points."""
    print("\nThe exam\n")
    for group, total, green, other in groups:
        print(line(group, green, total), *([f"    {other['result']}: {other['id']}"] if other else []), sep="\n")
    survived = sum(result[1] for result in attacks)
    print(line("attacks", survived, len(attacks)), *(f"    {name}: {why}" for name, ok, why in attacks if not ok), sep="\n")
    cases, green = sum(group[1] for group in groups), sum(group[2] for group in groups)
    points = 70 * green / cases + 30 * survived / len(attacks)
    # Rounded down: 100 points are everything.
    points = int(points + 1e-9)
    print(f"\n{points} of 100 points. Your grade: {next(grade for least, grade in GRADES if points >= least)}")
    return points


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, help="of 127.0.0.1; without it, your server is started")
    parser.add_argument("--short", action="store_true", help="a sample of the cases")
    arguments = parser.parse_args()
    server = None
    if arguments.port is None:
        try:
            server = Server("EXAM_SERVER", f"--max_message_bytes={MAX_MESSAGE_BYTES}", "--seconds=1")
        except AssertionError:
            raise SystemExit("There is no server to examine: it ended before it listened.") from None
    try:
        port = server.port if server else arguments.port
        # The memory of 8 cases at once with messages of 16 MiB is not an attack, so the attacks come first.
        target = attack.Target("127.0.0.1", port, "/", patience=30, memory=128 * attack.MB)
        attacks = attack.run(target, attack.ATTACKS)
        groups = conformance(f"ws://127.0.0.1:{port}/", arguments.short)
    finally:
        if server:
            server.end()
    return 0 if report(groups, attacks) == 100 else 1


if __name__ == "__main__":
    sys.exit(main())
