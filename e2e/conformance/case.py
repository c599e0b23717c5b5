"""A case: the frames to send, the expected answers, and the section that requires them."""

import dataclasses
from collections.abc import Callable

from opening import Request, Response
from steps import WRONG, Closed, Refused, Send, Step, answers
from wire import CLIENT, CONTINUATION, SERVER, Frame, close

BOTH = (CLIENT, SERVER)


@dataclasses.dataclass(frozen=True)
class Options:
    """The suite's options about the peer."""

    max_message_bytes: int = 16 << 20  # 0: unknown, so that no case requires it


@dataclasses.dataclass(frozen=True)
class Case:
    """One script. It ends with our closing handshake unless its last step already ends the connection."""

    id: str  # "group/name", by which cases are selected
    section: str  # of RFC 6455, unless another is named
    title: str
    steps: tuple | Callable  # or a function that creates them, if they are large
    request: Request = Request()  # ours, if the peer is a server
    response: Response = Response()  # ours, if the peer is a client
    peers: tuple = BOTH  # the roles of the peer for which the case is valid
    otherwise: tuple = WRONG  # the verdict for a peer that answers differently, with the reason, if it is not FAILED
    deflate: bool = False  # the script requires permessage-deflate
    long: bool = False  # takes at least a tenth of a second

    @property
    def group(self):
        return self.id.partition("/")[0]

    @property
    def refused(self):
        """Whether the peer must refuse the opening handshake."""
        return not callable(self.steps) and bool(self.steps) and isinstance(self.steps[0], Refused)

    def script(self):
        """The steps, each a Step."""
        steps = self.steps() if callable(self.steps) else self.steps
        steps = [step if isinstance(step, Step) else Send((step,)) for step in steps]
        if not steps or not steps[-1].is_end:
            steps += [Send((close(1000, "done"),)), Closed(1000, b"done")]
        return steps

    def expected(self):
        """The script's expectations, for people."""
        return tuple(str(step) for step in self.script() if step.expects)


def fragments(opcode, parts):
    """The frames of one message, one fragment per part."""
    last = len(parts) - 1
    return tuple(Frame(opcode if i == 0 else CONTINUATION, part, fin=i == last) for i, part in enumerate(parts))


def sent_in_fragments(opcode, parts, chop=0):
    """The steps of a fragmented message that is answered."""
    return Send(fragments(opcode, parts), chop), answers(Frame(opcode, b"".join(parts)))
