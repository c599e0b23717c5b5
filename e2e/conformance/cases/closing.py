"""The closing handshake (sections 5.5.1, 7.1 and 7.4)."""

from case import Case
from steps import Closed, Ends, FailsOrEchoes, Send, SendStart, answers, answers_before_end, fails
from wire import CLOSE, Frame, binary, close, more, ping, pong, text

# Section 7.4.1, and the registry of section 11.7, to which 1012, 1013 and 1014 were added later.
REGISTERED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
OF_APPLICATIONS = [3000, 3001, 3500, 3999, 4000, 4001, 4500, 4999]
NEVER_ON_THE_WIRE = [0, 1, 99, 500, 998, 999, 1004, 1005, 1006, 1015]
UNDEFINED = [1016, 1017, 1018, 1019, 1020, 1099, 1100, 1500, 1999, 2000, 2500, 2998, 2999]
OUT_OF_RANGE = [5000, 5001, 9999, 10000, 32767, 32768, 65534, 65535]

REASON = "Schuß, 織物 🧵"
LONGEST_REASON = "r" * 123
HELLO = text("Hello")


def legal():
    yield Case("closing/no-code", "5.5.1", "a close frame without a code", (close(), Closed(None)))
    for code in (*REGISTERED, *OF_APPLICATIONS):
        yield Case(f"closing/code/{code}", "7.4", f"close {code}", (close(code), Closed(code)))
        yield Case(
            f"closing/code/{code}/reason", "7.4", f"close {code} with a reason", (close(code, REASON), Closed(code))
        )
    for name, reason in {
        "longest": LONGEST_REASON,
        "utf8": REASON,
        "null": "\0",
        "four-bytes-last": "r" * 119 + "🧵",
    }.items():
        yield Case(
            f"closing/reason/{name}",
            "5.5.1",
            f"a reason of {len(reason.encode())} bytes",
            (close(1000, reason), Closed(1000)),
        )
    yield Case(
        "closing/by-1",
        "5.5.1",
        "a close frame with the longest reason, a byte a write",
        (Send((close(1001, LONGEST_REASON),), 1), Closed(1001)),
    )


def illegal():
    for code in NEVER_ON_THE_WIRE:
        yield Case(f"closing/code/{code}", "7.4", f"close {code}, which must not be sent", (close(code), fails(1002)))
    yield Case("closing/code/1006/reason", "7.4.1", "close 1006 with a reason", (close(1006, REASON), fails(1002)))
    for code in UNDEFINED:
        yield Case(
            f"closing/code/{code}",
            "7.4.2",
            f"close {code}, which nobody has defined",
            (close(code), FailsOrEchoes((1002,), code)),
        )
    for code in OUT_OF_RANGE:
        yield Case(
            f"closing/code/{code}",
            "7.4.2",
            f"close {code}, above every range",
            (close(code), FailsOrEchoes((1002,), code)),
        )
    for byte in (0x00, 0x03, 0xFF):
        yield Case(
            f"closing/one-byte/{byte:02x}",
            "5.5.1",
            f"a close frame of the byte {byte:02x}, half a code",
            (Frame(CLOSE, bytes([byte])), fails(1002)),
        )
    for size in (126, 127, 1000, 65536):
        frame = Frame(CLOSE, b"\x03\xe8" + b"r" * (size - 2))
        yield Case(f"closing/oversize/{size}", "5.5", f"a close frame of {size} bytes", (frame, fails(1002)))
    yield Case("closing/not-final", "5.5", "a close frame without FIN", (close(1000, fin=False), fails(1002)))
    yield Case(
        "closing/fragmented",
        "5.5",
        "a close frame in two fragments",
        (Send((close(1000, "a", fin=False), more("b"))), fails(1002)),
    )
    for name, reason in {
        "ff": b"\xff",
        "cut": b"Schu\xc3",
        "surrogate": b"\xed\xa0\x80",
        "overlong": b"\xc0\xaf",
        "last": b"r" * 122 + b"\xff",
    }.items():
        yield Case(
            f"closing/reason/not-utf8/{name}",
            "5.5.1",
            f"a reason that is not UTF-8: {name}",
            (close(1000, reason), fails(1007)),
        )


def behind_it():
    """Frames after a Close frame are ignored, valid or not."""
    for name, frames in {
        "text": (text("late"),),
        "binary": (binary(b"late"),),
        "ping": (ping(b"late"),),
        "pong": (pong(b"late"),),
        "close": (close(1001),),
        "reserved-bit": (text("late", rsv=4),),
        "reserved-opcode": (Frame(3),),
        "wrong-mask": (text("late", wrong_mask=True),),
        "garbage": (b"\xff" * 100,),
        "many": tuple(text("late %d" % i) for i in range(1000)),
    }.items():
        yield Case(
            f"closing/behind-it/{name}",
            "5.5.1",
            f"close, and {name} behind it",
            (Send((close(1000), *frames)), Closed(1000)),
        )
    yield Case(
        "closing/behind-it/answered-first",
        "5.5.1",
        "a message before the close frame is answered before it",
        (Send((HELLO, close(1000))), answers_before_end(HELLO), Closed(1000)),
    )
    yield Case(
        "closing/behind-it/pinged-first",
        "5.5.2",
        "a ping before the close frame is answered before it",
        (Send((ping(b"x"), close(1000))), answers_before_end(ping(b"x")), Closed(1000)),
    )
    yield Case(
        "closing/in-a-message",
        "5.4",
        "a close frame between fragments",
        (Send((text("Hel", fin=False), close(1000))), Closed(1000)),
    )
    yield Case(
        "closing/in-a-message/and-on",
        "5.4",
        "a close frame between fragments, and the last fragment behind it",
        (Send((text("Hel", fin=False), close(1000), more("lo"))), Closed(1000)),
    )


def without_it():
    """The stream ends without a Close frame (section 7.1.5): the peer must not wait for one forever."""
    for name, before in {
        "at-once": (),
        "behind-a-message": (HELLO, answers(HELLO)),
        "in-a-message": (text("Hel", fin=False),),
        "in-a-header": (b"\x81",),
        "in-a-frame": (SendStart(HELLO, 2),),
    }.items():
        yield Case(
            f"closing/stream-ends/{name}",
            "7.1.4",
            f"the stream ends {name.replace('-', ' ')}, without a close frame",
            (*before, Ends()),
        )


def cases(options):
    return [*legal(), *illegal(), *behind_it(), *without_it()]
