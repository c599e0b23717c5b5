"""A case: what is sent, what must come back, and the section that says so."""

import dataclasses
from collections.abc import Callable

from opening import Request, Response
from steps import WRONG, Closed, Refused, Send, Step, answers
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
    deflate: bool = False  # the script wants permessage-deflate agreed on
    long: bool = False  # takes a tenth of a second or more

    @property
    def group(self):
        return self.id.partition("/")[0]

    @property
    def refused(self):
        """Whether the peer is to refuse the opening handshake."""
        return not callable(self.steps) and bool(self.steps) and isinstance(self.steps[0], Refused)

    def script(self):
        """The steps, each a Step."""
        steps = self.steps() if callable(self.steps) else self.steps
        steps = [step if isinstance(step, Step) else Send((step,)) for step in steps]
        if not steps or not steps[-1].is_end:
            steps += [Send((close(1000, "done"),)), Closed(1000, b"done")]
        return steps

    def expected(self):
        """What the script expects, for people."""
        return tuple(str(step) for step in self.script() if step.expects)


def fragments(opcode, parts):
    """The frames of one message, a fragment for each part."""
    last = len(parts) - 1
    return tuple(Frame(opcode if i == 0 else CONTINUATION, part, fin=i == last) for i, part in enumerate(parts))


def sent_in_fragments(opcode, parts, chop=0):
    """The steps of a message in fragments that is answered."""
    return Send(fragments(opcode, parts), chop), answers(Frame(opcode, b"".join(parts)))
