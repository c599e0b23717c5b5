"""Fragments in every order, valid and invalid (section 5.4)."""

import itertools

from case import Case, fragments, sent_in_fragments
from steps import Send, answers, answers_before_end, fails
from wire import BINARY, CONTINUATION, PONG, TEXT, Frame, binary, more, ping, pong, text

# The kinds of data frames: "T-" begins a text, "T+" is a whole text, "C+" ends a message.
KINDS = {
    f"{letter}{'+' if fin else '-'}": (opcode, fin)
    for letter, opcode in (("T", TEXT), ("B", BINARY), ("C", CONTINUATION))
    for fin in (False, True)
}
LONGEST = 4


def part(i):
    return b"part %d." % i


def play(order):
    """Evaluates an order of frames by section 5.4: (for each frame the message that it ends, or None; whether the
    last one is legal; whether a message is unfinished). None if one before the last is illegal."""
    ended, opcode, joined = [], None, b""
    for i, kind in enumerate(order):
        frame_opcode, fin = KINDS[kind]
        if (frame_opcode == CONTINUATION) != (opcode is not None):
            return (ended, False, False) if i == len(order) - 1 else None
        opcode = opcode or frame_opcode
        joined += part(i)
        ended.append(Frame(opcode, joined) if fin else None)
        if fin:
            opcode, joined = None, b""
    return ended, True, opcode is not None


def orders():
    """Every order of up to LONGEST data frames that is legal and complete, or illegal only in its last frame."""
    for length in range(1, LONGEST + 1):
        for order in itertools.product(KINDS, repeat=length):
            played = play(order)
            if played is None:
                continue
            ended, legal, unfinished = played
            if not unfinished:
                yield from (
                    order_case(order, ended, legal, between) for between in BETWEEN if length > 1 or not between
                )


# Control frames between the data frames.
BETWEEN = {"": lambda i: [], "ping": lambda i: [ping(b"%d" % i)], "pong": lambda i: [pong(b"%d" % i)]}


def order_case(order, ended, legal, between):
    sent, answered = [], []
    for i, kind in enumerate(order):
        control = BETWEEN[between](i) if i > 0 else []
        opcode, fin = KINDS[kind]
        sent += [*control, Frame(opcode, part(i), fin)]
        answered += [frame for frame in [*control, *ended[i : i + 1]] if frame and frame.opcode != PONG]
    expected = (answers(*answered),) if legal else (answers_before_end(*answered), fails(1002))
    name = "".join(order).replace("-", "_")
    return Case(
        f"fragmentation/{'legal' if legal else 'illegal'}/{name}{between and '/' + between}",
        "5.4",
        f"{' '.join(order)} (Text, Binary, Continuation; + with FIN){between and f', {between}s between'}",
        (Send(tuple(sent)), *expected),
    )


def parts_of(count):
    return [b"%d, " % i for i in range(count)]


def more_cases():
    """Further cases: many fragments, empty ones, each in its own write, pings between them."""
    for count in (2, 10, 1000, 10_000):
        for opcode, name in ((TEXT, "text"), (BINARY, "binary")):
            parts = parts_of(count)
            yield Case(
                f"fragmentation/{name}-in-{count}",
                "5.4",
                f"{name} in {count} fragments",
                sent_in_fragments(opcode, parts),
            )
    for name, parts in {
        "all-empty": [b""] * 3,
        "first-empty": [b"", b"a", b"b"],
        "middle-empty": [b"a", b"", b"b"],
        "last-empty": [b"a", b"b", b""],
        "thousand-empty": [b""] * 1000,
    }.items():
        yield Case(
            f"fragmentation/{name}",
            "5.4",
            f"fragments: {name.replace('-', ' ')}",
            sent_in_fragments(TEXT, parts),
        )
    for chop in (1, 3):
        parts = parts_of(20)
        yield Case(
            f"fragmentation/by-{chop}",
            "5.4",
            f"20 fragments, {chop} bytes a write",
            sent_in_fragments(TEXT, parts, chop),
        )
    parts = parts_of(3)
    yield Case(
        "fragmentation/answered-ping-between",
        "5.4",
        "a ping between fragments is answered before the message ends",
        (
            text(parts[0], fin=False),
            ping(b"now"),
            answers(ping(b"now")),
            more(parts[1], fin=False),
            ping(b"and now"),
            answers(ping(b"and now")),
            more(parts[2]),
            answers(text(b"".join(parts))),
        ),
    )
    yield Case(
        "fragmentation/two-messages-one-by-one",
        "5.4",
        "two messages in fragments, each frame in its own write",
        (
            *fragments(TEXT, parts),
            answers(text(b"".join(parts))),
            *fragments(BINARY, parts),
            answers(binary(b"".join(parts))),
        ),
    )
    for count in (1, 2, 3):
        yield Case(
            f"fragmentation/illegal/continuation-behind-{count}-fragments",
            "5.4",
            f"a continuation behind a message in {count} fragments, when that was answered",
            (*sent_in_fragments(TEXT, parts[:count]), more(b"x"), fails(1002)),
        )


def cases(options):
    return [*orders(), *more_cases()]
