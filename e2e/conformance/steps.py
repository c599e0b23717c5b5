"""What a case does: frames and bytes to send, and things to expect of the peer."""

import dataclasses

from deflate import Declined
from opening import split_head
from payloads import pieces
from wire import CONTINUATION, OPCODE_NAMES, PING, RSV1, SERVER, TEXT, Event, Frame, close, encode

OK, NON_STRICT, INFORMATIONAL, FAILED = "OK", "NON-STRICT", "INFORMATIONAL", "FAILED"

# What a peer is that does otherwise than a case expects, and why, where it is not FAILED: where the RFC does not decide.
WRONG = (FAILED, "")

GONE = ("end of stream", "reset")


class Failed(Exception):
    """The peer did what no peer may."""


class Verdict:
    """OK, until something is noted: what the RFC would have otherwise, and does not forbid."""

    def __init__(self):
        self.result = OK
        self.notes = []

    def not_strict(self, note):
        self.result = NON_STRICT
        self.notes.append(note)


class Step:
    expects = True  # rather than only sends
    is_end = False  # whether the connection is over behind it

    def run(self, session, verdict):
        """Raises Failed."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Send(Step):
    """Frames and bytes in one write, or in writes of `chop` bytes."""

    what: tuple
    chop: int = 0
    expects = False

    def run(self, session, verdict):
        session.send(self.what, self.chop)


@dataclasses.dataclass(frozen=True)
class SendStart(Step):
    """A frame up to this byte of its payload. The rest is kept for FailsFast."""

    frame: Frame
    size: int
    expects = False

    def run(self, session, verdict):
        data = encode(self.frame, session.role)
        end = len(data) - len(self.frame.payload) + self.size
        session.write(data[:end])
        session.kept = data[end:]


@dataclasses.dataclass(frozen=True)
class SendDeflated(Step):
    """A message, compressed as deflate.Codec.compress takes it from `how`, in as many fragments."""

    frame: Frame
    how: dict = dataclasses.field(default_factory=dict)
    fragments: int = 1
    chop: int = 0
    between: tuple = ()  # frames behind each fragment but the last
    expects = False

    def run(self, session, verdict):
        data = session.codec.compress(self.frame.payload, **self.how)
        parts = pieces(data, -(-len(data) // self.fragments))
        frames = []
        for i, part in enumerate(parts):
            first, last = i == 0, i == len(parts) - 1
            frames.append(Frame(self.frame.opcode if first else CONTINUATION, part, fin=last, rsv=RSV1 * first))
            frames += () if last else self.between
        session.send(frames, self.chop)


@dataclasses.dataclass(frozen=True)
class NeedsTakeover(Step):
    """What follows refers to earlier messages: nothing for a peer with which that was not agreed on."""

    def __str__(self):
        return "takeover"

    def run(self, session, verdict):
        if not session.codec.send_takeover:
            raise Declined("it takes no context over")


@dataclasses.dataclass(frozen=True)
class AgreedOn(Step):
    """permessage-deflate was agreed on with a window of so many bits for a server's messages; None: it was not."""

    server_bits: int | None

    def __str__(self):
        return f"a window of {self.server_bits} bits" if self.server_bits else "no extension"

    def run(self, session, verdict):
        bits = session.codec.receive_bits if session.codec else None
        if bits is None and self.server_bits:
            raise Declined("declines the offer")
        if bits != self.server_bits:
            raise Failed(f"a window of {bits} bits was agreed on instead of {self}")


@dataclasses.dataclass(frozen=True)
class Answers(Step):
    """All of these come: the messages in their order, and the pongs in theirs, between which there is none. Of several pings
    that wait, all but the last may go unanswered (section 5.5.3)."""

    events: tuple
    before_end: bool = False  # the end follows; who gives no answers any more then is not wrong

    def __str__(self):
        return "; ".join(map(str, self.events if len(self.events) < 10 else [*self.events[:3], "...", self.events[-1]]))

    def run(self, session, verdict):
        messages = [event for event in self.events if event.kind != "pong"]
        pongs = [event for event in self.events if event.kind == "pong"]
        while messages or pongs:
            event = session.next()
            if event in pongs:
                del pongs[: pongs.index(event) + 1]
            elif event in messages[:1]:
                del messages[0]
            elif self.before_end and (event.kind == "close" or event.kind in GONE):
                session.put_back(event)
                verdict.not_strict(f"no {(messages + pongs)[0]}, which was due before the end")
                return
            else:
                raise Failed(_difference(event, (messages + pongs)[0]))


def _difference(event, expected):
    if event.kind == expected.kind and len(event.payload) == len(expected.payload) > 40:
        pairs = enumerate(zip(event.payload, expected.payload))
        return f"{event} is wrong from byte {next(i for i, (a, b) in pairs if a != b)} on"
    return f"{event} instead of {expected}"


def end(session, verdict):
    """What follows the peer's close frame: nothing but the end of the stream."""
    if not session.close_sent:
        session.send((close(1000),))
    # Section 7.1.1: the server is the first to close.
    if session.role == SERVER:
        session.end_writing()
    event = session.next()
    if event.kind == "silence":
        verdict.not_strict(f"still open {session.patience} s after both close frames (section 7.1.1)")
    elif event.kind not in GONE:
        raise Failed(f"{event} behind the peer's close frame (section 5.5.1)")


@dataclasses.dataclass(frozen=True)
class Closed(Step):
    """The answer to our close frame, and the end (sections 5.5.1 and 7.1)."""

    code: int | None
    reason: bytes = b""
    is_end = True

    def __str__(self):
        return str(Event("close", self.reason, self.code))

    def run(self, session, verdict):
        event = session.next()
        if event.kind != "close":
            raise Failed(f"{event} instead of a close frame")
        if event.code != self.code:
            verdict.not_strict(f"{event} instead of {self}: typically the code is echoed (section 5.5.1)")
        end(session, verdict)


@dataclasses.dataclass(frozen=True)
class Fails(Step):
    """The peer fails the connection: a close frame with one of these codes, and the end (section 7.1.7)."""

    codes: tuple
    is_end = True

    def __str__(self):
        return f"close {' or '.join(map(str, self.codes))}"

    def run(self, session, verdict):
        self.judge(session.next(), session, verdict)

    def judge(self, event, session, verdict):
        if event.kind in GONE:
            verdict.not_strict(f"{event} without a close frame (section 7.1.7)")
            return
        if event.kind != "close":
            raise Failed(f"{event}, and no failed connection")
        if event.code not in self.codes:
            verdict.not_strict(f"{event} does not fit (section 7.4.1)")
        end(session, verdict)


@dataclasses.dataclass(frozen=True)
class FailsFast(Fails):
    """As Fails, before what SendStart kept, and `rest`, are sent. A peer that waits for them is late, and not wrong."""

    rest: tuple = ()
    is_end = True

    def __str__(self):
        return f"{super().__str__()} before the rest is sent"

    def run(self, session, verdict):
        event = session.next(session.fail_fast_patience)
        if event.kind in ("silence", "pong"):
            verdict.not_strict("waits for the rest of the message")
            if not session.kept and not self.rest:
                return
            session.send((session.kept, *self.rest))
            event = session.next()
        self.judge(event, session, verdict)


@dataclasses.dataclass(frozen=True)
class FailsOrEchoes(Fails):
    """As Fails; or, what the RFC leaves open, the closing handshake with this code."""

    code: int = 0
    is_end = True

    def judge(self, event, session, verdict):
        if event.kind == "close" and event.code == self.code:
            verdict.not_strict(f"{event}: a code that nobody has defined is taken (section 7.4.2)")
            end(session, verdict)
        else:
            super().judge(event, session, verdict)


@dataclasses.dataclass(frozen=True)
class Ends(Step):
    """Our stream ends without a close frame; so does the peer's, which may send one."""

    is_end = True

    def __str__(self):
        return "end of stream"

    def run(self, session, verdict):
        session.end_writing()
        event = session.next()
        if event.kind == "close":
            event = session.next()
        if event.kind not in GONE:
            raise Failed(f"{event} instead of the end")


@dataclasses.dataclass(frozen=True)
class Refused(Step):
    """The peer does not open the WebSocket: a server says why by one of these statuses, a client goes without a frame."""

    statuses: tuple = ()
    names_version: bool = False  # whether a header must say which version the server speaks (section 4.4)
    is_end = True

    def __str__(self):
        return f"HTTP {' or '.join(map(str, self.statuses))}" if self.statuses else "end of stream"

    def run(self, session, verdict):
        if session.role == SERVER:
            self.by_client(session, verdict)
        else:
            self.by_server(session, verdict)

    def by_client(self, session, verdict):
        # A client that takes the response for a good one sends this back; one that does not is gone.
        session.send((Frame(TEXT, b"Are you there?"),))
        event = session.next()
        if event.kind == "close":
            verdict.not_strict(f"{event} on a connection that was never open (section 7.1.7)")
        elif event.kind not in GONE:
            raise Failed(f"{event} although the handshake failed")

    def by_server(self, session, verdict):
        head = session.read_head(split_head)
        if head is None:
            if not session.end:
                raise Failed(f"no answer in {session.patience} s")
            verdict.not_strict(f"{session.end} instead of an answer (section 4.2.2)")
            return
        if head.status == 101 or not 300 <= head.status <= 599:
            raise Failed(f"answered with {head.line!r}")
        if self.names_version and "13" not in head.elements("sec-websocket-version"):
            raise Failed("no header says which version the server speaks (section 4.2.2)")
        if head.status not in self.statuses:
            verdict.not_strict(f"{head.line!r} does not fit (section 4.2.2)")


def _answer(frame):
    return Event("pong" if frame.opcode == PING else OPCODE_NAMES[frame.opcode], frame.payload)


def answers(*frames):
    """Expects each of these messages back, and a pong for each ping."""
    return Answers(tuple(map(_answer, frames)))


def answers_before_end(*frames):
    """The same where the end follows."""
    return Answers(tuple(map(_answer, frames)), before_end=True)


def fails(*codes):
    return Fails(codes)
