"""A case: what is sent, what must come back, and the section that says so."""

import dataclasses
import functools
import random
from collections.abc import Callable

from opening import Request, Response
from steps import WRONG, Closed, Send, SendStart, Step, answers
from wire import CLIENT, CONTINUATION, SERVER, Frame, close

BOTH = (CLIENT, SERVER)


@dataclasses.dataclass(frozen=True)
class Options:
    """What the suite is told of the peer."""

    max_message_bytes: int = 16 << 20  # 0: unknown, so that no case asks for it


@dataclasses.dataclass(frozen=True)
class Case:
    """One script. It ends with a closing handshake of ours unless its last step is an end already."""

    id: str  # "group/what", to be chosen by
    section: str  # of RFC 6455, where no other is named
    title: str
    steps: tuple | Callable  # or a function that makes them, where they are large
    request: Request = Request()  # ours, where the peer is a server
    response: Response = Response()  # ours, where the peer is a client
    peers: tuple = BOTH  # the roles of the peer that it is for
    otherwise: tuple = WRONG  # what a peer is that answers otherwise; where it is not FAILED, why
    long: bool = False  # takes a tenth of a second or more

    @property
    def group(self):
        return self.id.partition("/")[0]

    def script(self):
        """The steps, each a Step."""
        steps = self.steps() if callable(self.steps) else self.steps
        steps = [step if isinstance(step, Step) else Send((step,)) for step in steps]
        if not steps or not steps[-1].is_end:
            steps += [Send((close(1000, "done"),)), Closed(1000, b"done")]
        return steps

    def expected(self):
        """What the script expects, for people."""
        return tuple(str(step) for step in self.script() if not isinstance(step, (Send, SendStart)))


@functools.lru_cache(maxsize=64)
def bytes_of(size):
    """Bytes that repeat nowhere, so that a piece in the wrong place is seen."""
    return random.Random(size).randbytes(size)


@functools.lru_cache(maxsize=64)
def text_of(size):
    """Exactly `size` bytes of UTF-8, of one to four bytes a character, that repeat nowhere."""
    lines = "".join(f"{i} Weft and Schuß, 織物 🧵\n" for i in range(size // 30 + 1)).encode()
    whole = lines[:size].decode(errors="ignore").encode()
    return whole + b"." * (size - len(whole))


def payload_of(opcode, size):
    return text_of(size) if opcode == 1 else bytes_of(size)


def pieces(payload, size):
    """The payload in pieces of `size` bytes; one empty piece of nothing."""
    return [payload[i : i + size] for i in range(0, len(payload), size)] or [b""]


def fragments(opcode, parts):
    """The frames of one message, a fragment for each part."""
    last = len(parts) - 1
    return tuple(Frame(opcode if i == 0 else CONTINUATION, part, fin=i == last) for i, part in enumerate(parts))


def sent_in_fragments(opcode, parts, chop=0):
    """The steps of a message in fragments that is answered."""
    return Send(fragments(opcode, parts), chop), answers(Frame(opcode, b"".join(parts)))
