"""Reserved bits, reserved opcodes, masks and lengths (sections 5.1 and 5.2)."""

from case import Case
from steps import NON_STRICT, Send, answers_before_end, fails
from wire import BINARY, CLOSE, CONTINUATION, OPCODE_NAMES, PING, PONG, TEXT, Frame, binary, more, ping, text

HELLO = text("Hello")
START = text("Hel", fin=False)

# Close frames have their own cases in closing.py.
OPCODES = [TEXT, BINARY, PING, PONG, CLOSE]
RESERVED = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]


def everywhere(name, section, title, bad):
    """A frame that is a violation: alone, after a message, between fragments, with a ping after it, and one byte per
    write."""
    yield Case(name, section, title, (bad, fails(1002)))
    yield Case(
        f"{name}/behind-a-message",
        section,
        f"{title}, behind a message",
        (Send((HELLO, bad)), answers_before_end(HELLO), fails(1002)),
    )
    # There a text or binary frame would itself be wrong.
    if bad.opcode not in (TEXT, BINARY):
        yield Case(f"{name}/in-a-message", section, f"{title}, between fragments", (Send((START, bad)), fails(1002)))
    yield Case(
        f"{name}/before-a-ping",
        section,
        f"{title}, and a ping behind it that is not answered",
        (Send((bad, ping(b"late"))), fails(1002)),
    )
    yield Case(f"{name}/by-1", section, f"{title}, a byte a write", (Send((bad,), 1), fails(1002)))


def bits(rsv):
    return "+".join(f"RSV{i}" for i, bit in [(1, 4), (2, 2), (3, 1)] if rsv & bit)


def reserved_bits():
    for rsv in range(1, 8):
        for opcode in OPCODES:
            name = OPCODE_NAMES[opcode]
            payload = b"\x03\xe8" if opcode == CLOSE else b"Hello"
            yield from everywhere(
                f"framing/{bits(rsv)}/{name}", "5.2", f"{name} with {bits(rsv)}", Frame(opcode, payload, rsv=rsv)
            )
        yield Case(
            f"framing/{bits(rsv)}/continuation",
            "5.2",
            f"a last fragment with {bits(rsv)}",
            (Send((START, more("lo", rsv=rsv))), fails(1002)),
        )
        yield Case(f"framing/{bits(rsv)}/empty", "5.2", f"an empty text with {bits(rsv)}", (text(rsv=rsv), fails(1002)))


def reserved_opcodes():
    for opcode in RESERVED:
        for payload in (b"", b"Hello"):
            for fin in (True, False):
                name = f"framing/opcode-{opcode}/{'payload' if payload else 'empty'}{'' if fin else '/not-final'}"
                title = f"reserved opcode {opcode}, {len(payload)} bytes{'' if fin else ', without FIN'}"
                yield from everywhere(name, "5.2", title, Frame(opcode, payload, fin=fin))


def masks():
    for opcode in OPCODES:
        name = OPCODE_NAMES[opcode]
        for payload in (b"", b"\x03\xe8"):
            frame = Frame(opcode, payload, wrong_mask=True)
            yield from everywhere(
                f"framing/mask/{name}/{len(payload)}",
                "5.1",
                f"{name} of {len(payload)} bytes, not masked by a client or masked by a server",
                frame,
            )
    yield Case(
        "framing/mask/continuation",
        "5.1",
        "a last fragment, not masked by a client or masked by a server",
        (Send((START, more("lo", wrong_mask=True))), fails(1002)),
    )


NOT_MINIMAL = (NON_STRICT, "it must not be sent, and nobody is told to look (section 5.2)")


def length_in_form(name, frame, form, *before):
    return Case(
        f"framing/length/{name}-in-form-{form}",
        "5.2",
        f"{frame}, and {min(form, 65536)} bytes or more would have needed it",
        (Send((*before, frame)), fails(1002)),
        otherwise=NOT_MINIMAL,
    )


def lengths():
    for form, sizes in {126: (0, 1, 125), 127: (0, 1, 125, 126, 65535)}.items():
        for size in sizes:
            yield length_in_form(size, binary(bytes(size), form=form), form)
        for opcode in (PING, CLOSE):
            yield length_in_form(OPCODE_NAMES[opcode], Frame(opcode, b"\x03\xe8", form=form), form)
        yield length_in_form("continuation", more("lo", form=form), form, START)
    for length in (1 << 63, (1 << 63) + 1, (1 << 64) - 4, (1 << 64) - 1):
        for opcode, before in ((TEXT, ()), (BINARY, ()), (CONTINUATION, (START,))):
            name = OPCODE_NAMES[opcode]
            yield Case(
                f"framing/length/{name}/{length:#x}",
                "5.2",
                f"{name} with a length of {length:#x}, whose highest bit is set",
                (Send((*before, Frame(opcode, length=length))), fails(1002, 1009)),
            )


def cases(options):
    return [*reserved_bits(), *reserved_opcodes(), *masks(), *lengths()]
