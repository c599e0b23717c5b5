"""Messages of the largest size that the peer takes, and larger ones (sections 7.4.1 and 10.4)."""

from case import Case, bytes_of, fragments, pieces
from steps import FailsFast, GetsBefore, Send, echo, fails, message
from wire import BINARY, OPCODE_NAMES, TEXT, Frame, binary, more, ping, text

HELLO = text("Hello")


def cases(options):
    limit = options.max_message_bytes
    if not limit:
        return []
    largest = bytes_of(limit)
    part = limit // 4 or 1
    found = [
        Case(
            "limits/largest",
            "10.4",
            f"binary of {limit} bytes, the most that is taken",
            (binary(largest), echo(binary(largest))),
            long=True,
        ),
        Case(
            "limits/largest/fragments",
            "10.4",
            f"the same in fragments of {part}",
            (Send(fragments(BINARY, pieces(largest, part))), message(BINARY, largest)),
            long=True,
        ),
        Case(
            "limits/over/fragments",
            "10.4",
            f"fragments of {part} bytes, which together are one byte over the limit",
            (Send((*fragments(BINARY, pieces(largest, part) + [b"x"]), ping(b"late"))), fails(1009)),
            long=True,
        ),
        Case(
            "limits/over/last-fragment-announced",
            "10.4",
            "fragments up to the limit, and the header of one of a byte more",
            (Send((*fragments(BINARY, pieces(largest, part) + [b""])[:-1], more(length=1))), FailsFast((1009,))),
            long=True,
        ),
        Case(
            "limits/largest/then-another",
            "10.4",
            "the limit is for each message",
            (binary(largest), echo(binary(largest)), HELLO, echo(HELLO)),
            long=True,
        ),
    ]
    for opcode in (TEXT, BINARY):
        for over in (limit + 1, 2 * limit, 1 << 32, (1 << 63) - 1):
            name = OPCODE_NAMES[opcode]
            found.append(
                Case(
                    f"limits/over/{name}/{over:#x}",
                    "10.4",
                    f"the header of a {name} of {over} bytes",
                    (Frame(opcode, length=over), FailsFast((1009,))),
                )
            )
    found.append(
        Case(
            "limits/over/behind-a-message",
            "10.4",
            "the header of a message over the limit, behind a message",
            (Send((HELLO, Frame(BINARY, length=limit + 1))), echo(HELLO, GetsBefore), FailsFast((1009,))),
        )
    )
    return found
