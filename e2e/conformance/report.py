"""Shared by both checks: the command line, the lines they print, and the report."""

import argparse
import collections
import json
import os
import signal
import sys
import time

from case import Options
from differences import known_difference, unexpected
from judge import chosen
from session import FAIL_FAST_PATIENCE, PATIENCE
from steps import FAILED, INFORMATIONAL, NON_STRICT, OK
from wire import SERVER


def say(*lines):
    """Prints lines. If standard output has no reader any more, as after `| head`, the program ends silently."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        # Python would try to write the rest again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None


def parse_arguments(description, peer):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    if peer == SERVER:
        add("--url", help="the server: ws://HOST[:PORT][/PATH]. Default: the echo server of this repository")
        add("--handler_threads", type=int, default=0, help="handler threads of the echo server of this repository")
    else:
        add(
            "--client",
            help="the command of a client; --url=URL --agent=NAME is added. Default: the client of this repository",
        )
        add("--async", dest="asynchronous", action="store_true", help="the asynchronous client of this repository")
        add("--port", type=int, help="wait for a client on this port of all addresses instead of starting one")
    add("--cases", nargs="+", default=["*"], metavar="PATTERN", help="only the cases whose ids match, such as 'utf8/*'")
    add("--short", action="store_true", help="a sample of the cases, for a few seconds")
    add("--list", action="store_true", help="print the cases, and run none")
    add("--quiet", action="store_true", help="print only the unexpected results")
    add("--json", metavar="FILE", help="write a report of all cases")
    add("--control", metavar="NAME", help="expect exactly the differences that differences.py lists for this peer")
    add("--strict", action="store_true", help="fail unless every case is OK, so also for INFORMATIONAL")
    add("--max_message_bytes", type=int, default=16 << 20, help="the largest message that the peer accepts; 0: unknown")
    arguments = parser.parse_args()
    if arguments.control:
        start_control()
    # Peers that must be strict are not expected to wait: this allows for a slow machine.
    arguments.fail_fast_patience = PATIENCE if arguments.strict else FAIL_FAST_PATIENCE
    options = Options(max_message_bytes=arguments.max_message_bytes)
    arguments.chosen = chosen(options, peer, arguments.cases, arguments.short)
    if arguments.short and arguments.control:
        # The slow cases are those with a difference: many end with a timeout.
        arguments.chosen = [one for one in arguments.chosen if not known_difference((arguments.control, peer), one)]
    if not arguments.chosen:
        raise SystemExit(f"no case matches {' or '.join(arguments.cases)}")
    if arguments.list:
        for case in arguments.chosen:
            say(f"{case.id}  ({case.section}: {case.title})")
        raise SystemExit(0)
    return arguments


def start_control():
    """Makes the control implementation that the environment names the program under test."""
    script = os.environ["CONTROL"]
    interpreter = "node" if script.endswith(".js") else sys.executable
    os.environ["ECHO_SERVER"] = f"{interpreter} {script} serve"
    os.environ["CONFORMANCE_CLIENT"] = f"{interpreter} {script} cases"


class Report:
    """Collects results, prints them, and decides the outcome."""

    def __init__(self, arguments, peer, name):
        self.arguments = arguments
        self.key = (arguments.control, peer)
        self.name = name
        self.results = []
        self.wrong = 0
        self.started = time.monotonic()

    def add(self, result):
        self.results.append(result)
        why = unexpected(self.key, result, self.arguments.strict)
        self.wrong += bool(why)
        if why or not self.arguments.quiet:
            say(result, *(f"    {line}" for line in self._remarks(result, why)))

    def _remarks(self, result, why):
        """The judgement of differences.py on a control's result."""
        known = known_difference(self.key, result.case)
        if why:
            return [why] if self.arguments.control else []
        return [str(known)] if known and result.result != OK else []

    def finish(self):
        """Prints the summary, writes the report, and returns the exit code: 0 if all results are as expected."""
        counts = collections.Counter(result.result for result in self.results)
        seconds = time.monotonic() - self.started
        words = ", ".join(f"{counts[one]} {one}" for one in (OK, NON_STRICT, INFORMATIONAL, FAILED))
        if self.arguments.json:
            report = {"peer": self.name, "seconds": round(seconds, 1), "counts": counts}
            report["cases"] = [{**result.as_json(), "differs": self._remarks(result, "")} for result in self.results]
            # `bazel run` starts programs in a folder other than the user's.
            with open(os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", ""), self.arguments.json), "w") as file:
                json.dump(report, file, indent=1)
        say(f"{self.name}: {len(self.results)} cases in {seconds:.1f} s: {words}")
        if self.arguments.control and self.wrong:
            say(f"{self.wrong} not as differences.py has them for {self.arguments.control}")
        return 1 if self.wrong else 0
