"""Differences between the control implementations and the cases' expectations, each with the side that the RFC
supports.

A case that is not OK with a control and not in this table is unexpected, and so is one that is in it and is OK.
"""

import dataclasses
import fnmatch

from steps import FAILED, INFORMATIONAL, NON_STRICT, OK
from wire import CLIENT, SERVER


@dataclasses.dataclass(frozen=True)
class Difference:
    cases: str  # a pattern of case ids
    result: str
    section: str
    why: str
    sometimes: bool = False  # whether the result depends on timing

    def __str__(self):
        return f"a known difference: {self.why}, and section {self.section} decides"


LONGER_LENGTHS = [
    Difference("framing/length/[0-9]*-in-form-*", NON_STRICT, "5.2", "accepts lengths in a longer form than necessary"),
    Difference(
        "framing/length/continuation-in-form-*", NON_STRICT, "5.2", "accepts lengths in a longer form than necessary"
    ),
]

HEADS_OF_HTTP = [
    Difference("handshake/request/good/upgrade-list", FAILED, "4.2.1", "accepts Upgrade only as a single token"),
    Difference("handshake/request/bad/*-Host", FAILED, "RFC 9112, 3.2", "does not check Host"),
    Difference("handshake/request/bad/line/fragment-in-target", NON_STRICT, "RFC 9112, 3", "accepts any target"),
]

# Its server uses Node.js's HTTP parser.
WS = [
    *LONGER_LENGTHS,
    Difference("utf8/fail-fast/*", NON_STRICT, "8.1", "checks a text when it is complete"),
]
WS_SERVER = [
    *WS,
    *HEADS_OF_HTTP,
    Difference("agreement/offer/good/empty-elements", FAILED, "RFC 9110, 5.6.1.2", "accepts no empty elements in lists"),
    Difference("agreement/offer/bad/*", FAILED, "RFC 7692, 7.1", "refuses the request instead of declining the offer"),
    Difference("handshake/request/bad/line/http-[01].?", FAILED, "4.2.1", "does not check the version of HTTP"),
    Difference("handshake/request/bad/version/[0+]13", FAILED, "11.3.5", "reads the version as any number"),
    Difference("handshake/request/bad/version/13.0", FAILED, "11.3.5", "reads the version as any number"),
]
WS_CLIENT = [
    *WS,
    Difference("handshake/response/bad/line/HTTP-1.0*", FAILED, "4.1", "waits if HTTP/1.0 switches protocols"),
    Difference("agreement/answer/bad/*-is-some-number-*", FAILED, "RFC 7692, 7.1.2", "reads a window as any number"),
    Difference("agreement/answer/bad/twice", FAILED, "RFC 7692, 7.1", "uses the first of two"),
]

LATE = "answers in a separate task, which may not run before the end"
WEBSOCKETS = [
    *LONGER_LENGTHS,
    Difference("framing/length/*-in-form-*", NON_STRICT, "5.2", "accepts lengths in a longer form than necessary"),
    Difference("utf8/fail-fast/*in-a-frame*", NON_STRICT, "8.1", "checks a text when its frame is complete"),
    Difference("utf8/fail-fast/surrogate-*/between-frames", NON_STRICT, "8.1", "accepts half a surrogate as a start"),
    Difference("control/*/oversize/header", NON_STRICT, "5.5", "checks a control frame when it is complete"),
    Difference("*/behind-a-message", NON_STRICT, "7.1.7", LATE, sometimes=True),
    Difference("fragmentation/illegal/*", NON_STRICT, "7.1.7", LATE, sometimes=True),
    Difference("compression/example/final-block/twice", FAILED, "RFC 7692, 7.2.3.4", "stops inflating permanently"),
    Difference("compression/final/then-usual", FAILED, "RFC 7692, 7.2.3.4", "stops inflating permanently"),
    Difference("closing/behind-it/answered-first", NON_STRICT, "7.1.7", LATE, sometimes=True),
]
ZLIB_8 = "agrees to a window of 8 bits, which its zlib does not have"
WEBSOCKETS_SERVER = [
    *WEBSOCKETS,
    Difference("agreement/offer/*server-8*", FAILED, "RFC 7692, 7.1.2.1", ZLIB_8),
    *HEADS_OF_HTTP,
    Difference(
        "handshake/request/good/line-before", NON_STRICT, "RFC 9112, 2.2", "reads an empty line as the request"
    ),
    Difference(
        "handshake/request/bad/version/*", FAILED, "4.2.2", "does not name the version it supports", sometimes=True
    ),
]

WEBSOCKETS_CLIENT = [
    *WEBSOCKETS,
    Difference("agreement/answer/*client-8", FAILED, "RFC 7692, 7.1.2.2", ZLIB_8),
]

DIFFERENCES = {
    ("ws", SERVER): WS_SERVER,
    ("ws", CLIENT): WS_CLIENT,
    ("websockets", SERVER): WEBSOCKETS_SERVER,
    ("websockets", CLIENT): WEBSOCKETS_CLIENT,
}


def known_difference(peer, case):
    """The Difference of `peer`, (name of a control or None, role), in this case; None if it has none."""
    return next((one for one in DIFFERENCES.get(peer, ()) if fnmatch.fnmatchcase(case.id, one.cases)), None)


def unexpected(peer, result, strict):
    """Why a result is unexpected; "" if it is as expected."""
    fine = result.result == OK or (result.result == INFORMATIONAL and not strict)
    known = known_difference(peer, result.case)
    if known is None:
        return "" if fine else f"{result.result} is not in differences.py"
    if result.result == known.result or (fine and known.sometimes):
        return ""
    return f"differences.py has {known.result} here: {known.why} (section {known.section})"
