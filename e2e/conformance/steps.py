"""The steps of a case: frames and bytes to send, and events to expect from the peer."""

import dataclasses

from deflate import Declined
from opening import split_head
from payloads import pieces
from wire import CONTINUATION, OPCODE_NAMES, PING, RSV1, SERVER, TEXT, Event, Frame, close, encode

OK, NON_STRICT, INFORMATIONAL, FAILED = "OK", "NON-STRICT", "INFORMATIONAL", "FAILED"

# The verdicts, with reasons, for a peer that differs from a case's expectation without being FAILED: the RFC leaves
# the choice.
WRONG = (FAILED, "")

GONE = ("end of stream", "reset")


class Failed(Exception):
    """The peer did something that no peer may do."""


class Verdict:
    """OK, until something is noted: behaviour that the RFC discourages and does not forbid."""

    def __init__(self):
        self.result = OK
        self.notes = []

    def not_strict(self, note):
        self.result = NON_STRICT
        self.notes.append(note)


class Step:
    expects = True  # instead of only sending
    is_end = False  # whether the connection has ended after it

    def run(self, session, verdict):
        """Raises Failed."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Send(Step):
    """Sends frames and bytes in one write, or in writes of `chop` bytes."""

    what: tuple
    chop: int = 0
    expects = False

    def run(self, session, verdict):
        session.send(self.what, self.chop)


@dataclasses.dataclass(frozen=True)
class SendStart(Step):
    """Sends a frame up to this byte of its payload. The rest is kept for FailsFast."""

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
    """Sends a message, compressed by deflate.Codec.compress with `how`, in this number of fragments."""

    frame: Frame
    how: dict = dataclasses.field(default_factory=dict)
    fragments: int = 1
    chop: int = 0
    between: tuple = ()  # frames after each fragment except the last
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
    """The next message refers to earlier ones: skipped for a peer without that agreement."""

    def __str__(self):
        return "takeover"

    def run(self, session, verdict):
        if not session.codec.send_takeover:
            raise Declined("it uses no context takeover")


@dataclasses.dataclass(frozen=True)
class AgreedOn(Step):
    """Expects permessage-deflate with a window of this number of bits for a server's messages; None: without it."""

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
    """Expects all of these: the messages in order, and the pongs in order, in any interleaving. Of several waiting
    pings, all but the last may stay unanswered (section 5.5.3)."""

    events: tuple
    before_end: bool = False  # the end follows; a peer that answers no more is then not wrong

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
    """Expects nothing but the end of the stream after the peer's Close frame."""
    if not session.close_sent:
        session.send((close(1000),))
    # Section 7.1.1: the server closes first.
    if session.role == SERVER:
        session.end_writing()
    event = session.next()
    if event.kind == "silence":
        verdict.not_strict(f"still open {session.patience} s after both close frames (section 7.1.1)")
    elif event.kind not in GONE:
        raise Failed(f"{event} after the peer's Close frame (section 5.5.1)")


@dataclasses.dataclass(frozen=True)
class Closed(Step):
    """Expects the answer to our Close frame, and the end (sections 5.5.1 and 7.1)."""

    code: int | None
    reason: bytes = b""
    is_end = True

    def __str__(self):
        return str(Event("close", self.reason, self.code))

    def run(self, session, verdict):
        event = session.next()
        if event.kind != "close":
            raise Failed(f"{event} instead of a Close frame")
        if event.code != self.code:
            verdict.not_strict(f"{event} instead of {self}: typically the code is echoed (section 5.5.1)")
        end(session, verdict)


@dataclasses.dataclass(frozen=True)
class Fails(Step):
    """Expects that the peer fails the connection: a Close frame with one of these codes, and the end (section 7.1.7).
    """

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
            raise Failed(f"{event}, but the connection did not fail")
        if event.code not in self.codes:
            verdict.not_strict(f"{event} does not fit (section 7.4.1)")
        end(session, verdict)


@dataclasses.dataclass(frozen=True)
class FailsFast(Fails):
    """Like Fails, before the bytes that SendStart kept, and `rest`, are sent. A peer that waits for them is late, but
    not wrong."""

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
    """Like Fails; or, because the RFC leaves it open, the closing handshake with this code."""

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
    """Our stream ends without a Close frame; the peer's must end too, and it may send a Close frame."""

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
    """Expects that the peer does not open the WebSocket: a server answers with one of these statuses, a client leaves
    without sending a frame."""

    statuses: tuple = ()
    names_version: bool = False  # whether a header must name the version of the server (section 4.4)
    is_end = True

    def __str__(self):
        return f"HTTP {' or '.join(map(str, self.statuses))}" if self.statuses else "end of stream"

    def run(self, session, verdict):
        if session.role == SERVER:
            self.by_client(session, verdict)
        else:
            self.by_server(session, verdict)

    def by_client(self, session, verdict):
        # A client that accepts the response sends this back; one that refuses it has gone.
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
            raise Failed("no header names the version that the server supports (section 4.2.2)")
        if head.status not in self.statuses:
            verdict.not_strict(f"{head.line!r} does not fit (section 4.2.2)")


def _answer(frame):
    return Event("pong" if frame.opcode == PING else OPCODE_NAMES[frame.opcode], frame.payload)


def answers(*frames):
    """Expects each of these messages back, and a pong for each ping."""
    return Answers(tuple(map(_answer, frames)))


def answers_before_end(*frames):
    """The same, if the end follows."""
    return Answers(tuple(map(_answer, frames)), before_end=True)


def fails(*codes):
    return Fails(codes)
