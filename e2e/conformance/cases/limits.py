"""Messages of the largest size that the peer accepts, and larger ones (sections 7.4.1 and 10.4)."""

from case import Case, fragments, sent_in_fragments
from payloads import bytes_of, pieces
from steps import FailsFast, Send, answers, answers_before_end, fails
from wire import BINARY, OPCODE_NAMES, TEXT, Frame, binary, more, ping, text

HELLO = text("Hello")


def cases(options):
    limit = options.max_message_bytes
    if not limit:
        return
    size = limit // 4 or 1

    def largest():
        return binary(bytes_of(limit))

    def parts():
        return pieces(bytes_of(limit), size)

    for name, title, steps in [
        ("largest", f"binary of {limit} bytes, the most that is taken", lambda: (largest(), answers(largest()))),
        ("largest/fragments", f"the same in fragments of {size}", lambda: sent_in_fragments(BINARY, parts())),
        (
            "largest/and-another",
            "the limit is for each message",
            lambda: (largest(), answers(largest()), HELLO, answers(HELLO)),
        ),
        (
            "over/fragments",
            f"fragments of {size} bytes, which together are one byte over the limit",
            lambda: (Send((*fragments(BINARY, parts() + [b"x"]), ping(b"late"))), fails(1009)),
        ),
        (
            "over/fragment-announced",
            "fragments up to the limit, and the header of one of a byte more",
            lambda: (Send((*fragments(BINARY, parts() + [b""])[:-1], more(length=1))), FailsFast((1009,))),
        ),
    ]:
        yield Case(f"limits/{name}", "10.4", title, steps, long=True)
    for opcode in (TEXT, BINARY):
        for over in (limit + 1, 2 * limit, 1 << 32, (1 << 63) - 1):
            yield Case(
                f"limits/over/{OPCODE_NAMES[opcode]}/{over:#x}",
                "10.4",
                f"the header of a {OPCODE_NAMES[opcode]} of {over} bytes",
                (Frame(opcode, length=over), FailsFast((1009,))),
            )
    yield Case(
        "limits/over/behind-a-message",
        "10.4",
        "the header of a message over the limit, behind a message",
        (Send((HELLO, Frame(BINARY, length=limit + 1))), answers_before_end(HELLO), FailsFast((1009,))),
    )
