"""Pings and pongs (sections 5.5, 5.5.2 and 5.5.3)."""

from case import Case
from steps import INFORMATIONAL, WRONG, FailsFast, Send, answers, answers_before_end, fails
from wire import OPCODE_NAMES, PING, PONG, Frame, more, ping, pong, text

HELLO = text("Hello")
TOO_MANY = (INFORMATIONAL, "how many pings may wait is up to the receiver (section 10.4)")


def ping_of(size, chop=0):
    payload = bytes(range(256))[-size:] if size else b""
    how = f", {chop} byte a write" if chop else ""
    return Case(
        f"control/ping/{size}{'/by-' + str(chop) if chop else ''}",
        "5.5.2",
        f"a ping of {size} bytes{how}",
        (Send((ping(payload),), chop), answers(ping(payload))),
    )


def several(count, chop=0):
    payloads = tuple(b"ping %d" % i for i in range(count))
    return Case(
        f"control/ping/{count}-in-a-row{'/by-' + str(chop) if chop else ''}",
        "5.5.3",
        f"{count} pings at once{', a byte a write' if chop else ''}",
        (Send(tuple(map(ping, payloads)), chop), answers(*map(ping, payloads))),
        otherwise=TOO_MANY if count > 50 else WRONG,
    )


def one_by_one(count):
    payloads = tuple(b"ping %d" % i for i in range(count))
    steps = tuple(step for payload in payloads for step in (ping(payload), answers(ping(payload))))
    return Case(
        f"control/ping/{count}-one-by-one", "5.5.2", f"{count} pings, each when the one before is answered", steps
    )


def illegal(opcode):
    name = OPCODE_NAMES[opcode]
    make = lambda *args, **traits: Frame(opcode, *args, **traits)
    return [
        *(
            Case(
                f"control/{name}/oversize/{size}", "5.5", f"a {name} of {size} bytes", (make(bytes(size)), fails(1002))
            )
            for size in (126, 127, 65535, 65536)
        ),
        Case(
            f"control/{name}/oversize/by-1",
            "5.5",
            f"a {name} of 126 bytes, a byte a write",
            (Send((make(bytes(126)),), 1), fails(1002)),
        ),
        Case(
            f"control/{name}/oversize/header",
            "5.5",
            f"the header of a {name} of 126 bytes",
            (make(length=126), FailsFast((1002,))),
        ),
        Case(
            f"control/{name}/fragmented",
            "5.5",
            f"a {name} in two fragments",
            (Send((make(b"a", fin=False), more(b"b"))), fails(1002)),
        ),
        Case(f"control/{name}/not-final", "5.5", f"a {name} without FIN", (make(fin=False), fails(1002))),
        Case(
            f"control/{name}/not-final/behind-a-message",
            "5.5",
            f"a {name} without FIN behind a message",
            (Send((HELLO, make(b"x", fin=False))), answers_before_end(HELLO), fails(1002)),
        ),
        Case(
            f"control/{name}/not-final/in-a-message",
            "5.5",
            f"a {name} without FIN between fragments",
            (Send((text("a", fin=False), make(fin=False))), fails(1002)),
        ),
    ]


def cases(options):
    return [
        *(ping_of(size) for size in (0, 1, 2, 124, 125)),
        *(ping_of(size, 1) for size in (1, 125)),
        several(10),
        several(10, 1),
        several(1000),
        one_by_one(10),
        Case(
            "control/ping/behind-a-message",
            "5.5.2",
            "a ping right behind a message",
            (Send((HELLO, ping(b"x"))), answers(HELLO, ping(b"x"))),
        ),
        *(
            Case(
                f"control/pong/unsolicited/{size}",
                "5.5.3",
                f"a pong of {size} bytes that nobody asked for",
                (pong(bytes(size)), HELLO, answers(HELLO)),
            )
            for size in (0, 1, 125)
        ),
        Case(
            "control/pong/unsolicited/then-ping",
            "5.5.3",
            "a pong that nobody asked for, and a ping",
            (pong(b"pong"), ping(b"ping"), answers(ping(b"ping"))),
        ),
        Case(
            "control/pong/unsolicited/thousand",
            "5.5.3",
            "a thousand pongs that nobody asked for",
            (Send(tuple(pong(b"%d" % i) for i in range(1000))), HELLO, answers(HELLO)),
        ),
        *illegal(PING),
        *illegal(PONG),
    ]
