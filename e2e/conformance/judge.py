"""Selects the cases to run, and judges their results."""

import dataclasses
import fnmatch
import time

from cases import all_cases
from deflate import Declined
from steps import INFORMATIONAL, Failed, Verdict
from wire import Violation


@dataclasses.dataclass(frozen=True)
class Result:
    case: object
    result: str
    notes: tuple = ()  # why it is not OK
    seen: tuple = ()
    seconds: float = 0

    def as_json(self):
        return {
            "id": self.case.id,
            "section": self.case.section,
            "title": self.case.title,
            "result": self.result,
            "notes": self.notes,
            "expected": self.case.expected(),
            "seen": self.seen,
            "seconds": round(self.seconds, 3),
        }

    def __str__(self):
        lines = [
            f"{self.result:<13} {self.case.id}  ({self.case.section}: {self.case.title})",
            f"    expected {_few(self.case.expected())}",
            f"    seen     {_few(self.seen)}",
        ]
        return "\n".join(lines + [f"    {note}" for note in self.notes])


def _few(texts):
    """At most six of them on one line."""
    texts = list(texts) or ["nothing"]
    return "; ".join(texts if len(texts) <= 6 else [*texts[:3], f"... {len(texts) - 5} more ...", *texts[-2:]])


def chosen(options, peer, patterns, short):
    """The cases for a peer of this role whose ids match one of the patterns; with `short`, a sample of them."""
    found = [case for case in all_cases(options, peer) if any(fnmatch.fnmatchcase(case.id, one) for one in patterns)]
    return _sample(found) if short else found


def _sample(cases):
    """A sample: no slow case, and of similar ones the first and every third one after it."""
    taken, alike = [], {}
    for case in cases:
        kind = case.id.rpartition("/")[0]
        alike[kind] = alike.get(kind, -1) + 1
        if not case.long and alike[kind] % 3 == 0:
            taken.append(case)
    return taken


def play(case, session, begin):
    """Runs a case in a session that `begin` opens, and judges it."""
    started = time.monotonic()
    verdict = Verdict()
    try:
        begin()
        for step in case.script():
            step.run(session, verdict)
    except (Failed, Violation) as failure:
        verdict.result, because = case.otherwise
        verdict.notes += [str(failure), *([because] if because else [])]
    except Declined as declined:
        verdict.result = INFORMATIONAL
        verdict.notes.append(str(declined))
    return Result(case, verdict.result, tuple(verdict.notes), tuple(session.seen), time.monotonic() - started)
