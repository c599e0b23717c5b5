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


LONGER_LENGTHS = [
    Difference("framing/length/[0-9]*-in-form-*", NON_STRICT, "5.2", "takes lengths in a longer form than needed"),
    Difference(
        "framing/length/continuation-in-form-*", NON_STRICT, "5.2", "takes lengths in a longer form than needed"
    ),
]

HEADS_OF_HTTP = [
    Difference("handshake/request/good/upgrade-list", FAILED, "4.2.1", "takes Upgrade only where it is one word"),
    Difference("handshake/request/bad/*-Host", FAILED, "RFC 9112, 3.2", "does not look at Host"),
    Difference("handshake/request/bad/line/fragment-in-target", NON_STRICT, "RFC 9112, 3", "takes any target"),
    Difference("handshake/request/bad/extensions/*", FAILED, "9.1", "reads no extensions where it would accept none"),
]

# Its server on Node.js's HTTP parser.
WS = [
    *LONGER_LENGTHS,
    Difference("utf8/fail-fast/*", NON_STRICT, "8.1", "looks at a text when it is whole"),
]
WS_SERVER = [
    *WS,
    *HEADS_OF_HTTP,
    Difference("handshake/request/bad/line/http-[01].?", FAILED, "4.2.1", "does not look at the version of HTTP"),
    Difference("handshake/request/bad/version/[0+]13", FAILED, "11.3.5", "reads the version as any number"),
    Difference("handshake/request/bad/version/13.0", FAILED, "11.3.5", "reads the version as any number"),
]
WS_CLIENT = [
    *WS,
    Difference("handshake/response/bad/line/HTTP-1.0*", FAILED, "4.1", "waits where HTTP/1.0 would switch protocols"),
]

LATE = "answers in a task of its own, for which there is no time before the end"
WEBSOCKETS = [
    *LONGER_LENGTHS,
    Difference("framing/length/*-in-form-*", NON_STRICT, "5.2", "takes lengths in a longer form than needed"),
    Difference("utf8/fail-fast/*in-a-frame*", NON_STRICT, "8.1", "looks at a text when its frame is whole"),
    Difference("utf8/fail-fast/surrogate-*/between-frames", NON_STRICT, "8.1", "takes half a surrogate for a start"),
    Difference("control/*/oversize/header", NON_STRICT, "5.5", "looks at a control frame when it is whole"),
    Difference("*/behind-a-message", NON_STRICT, "7.1.7", LATE, sometimes=True),
    Difference("fragmentation/illegal/*", NON_STRICT, "7.1.7", LATE, sometimes=True),
    Difference("closing/behind-it/answered-first", NON_STRICT, "7.1.7", LATE, sometimes=True),
]
WEBSOCKETS_SERVER = [
    *WEBSOCKETS,
    *HEADS_OF_HTTP,
    Difference(
        "handshake/request/good/line-before", NON_STRICT, "RFC 9112, 2.2", "takes an empty line for the request"
    ),
    Difference(
        "handshake/request/bad/version/*", FAILED, "4.2.2", "does not say which version it speaks", sometimes=True
    ),
]

DIFFERENCES = {
    ("ws", SERVER): WS_SERVER,
    ("ws", CLIENT): WS_CLIENT,
    ("websockets", SERVER): WEBSOCKETS_SERVER,
    ("websockets", CLIENT): WEBSOCKETS,
}


def known_difference(peer, case):
    """The Difference that `peer`, (name of a control or None, role), has in this case; None where it has none."""
    return next((one for one in DIFFERENCES.get(peer, ()) if fnmatch.fnmatchcase(case.id, one.cases)), None)


def unexpected(peer, result):
    """Why a result is not as it should be; "" where it is."""
    fine = result.result in (OK, INFORMATIONAL)
    known = known_difference(peer, result.case)
    if known is None:
        return "" if fine else f"{result.result} is not in differences.py"
    if result.result == known.result or (fine and known.sometimes):
        return ""
    return f"differences.py has {known.result} here: {known.why} (section {known.section})"
