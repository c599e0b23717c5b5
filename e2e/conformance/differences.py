"""Where implementations that serve as a control differ from what the cases expect, and which of both the RFC's words are for.

A case that is not OK with a control and not in this table is unexpected, and so is one that is in it and is OK.
"""

import dataclasses
import fnmatch

from steps import FAILED, INFORMATIONAL, NON_STRICT, OK
from wire import CLIENT, SERVER


@dataclasses.dataclass(frozen=True)
class Difference:
    cases: str  # a pattern of ids
    result: str
    section: str
    why: str
    sometimes: bool = False  # whether it depends on the moment


DIFFERENCES = {}


def unexpected(peer, result):
    """Why a result is not as it should be, for `peer`, (name of a control or None, role); "" where it is."""
    fine = result.result in (OK, INFORMATIONAL)
    for known in DIFFERENCES.get(peer, ()):
        if fnmatch.fnmatchcase(result.case.id, known.cases):
            if result.result == known.result or (fine and known.sometimes):
                return ""
            return f"differences.py has {known.result} here: {known.why} (section {known.section})"
    return "" if fine else f"{result.result} is not in differences.py"
