"""Frames on the wire (RFC 6455, section 5), written for this suite alone, so that it shares no mistake with the code
it tests."""

import codecs
import dataclasses
import os
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
OPCODE_NAMES = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}

RSV1, RSV2, RSV3 = 4, 2, 1

CLIENT, SERVER = "client", "server"


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame, valid or not. The sender's role decides whether it is masked; `wrong_mask` inverts that."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    wrong_mask: bool = False
    form: int = 0  # 126 or 127: a longer form of the length than necessary
    length: int = -1  # the announced length; -1: the length of the payload

    def __str__(self):
        name = OPCODE_NAMES.get(self.opcode, f"opcode {self.opcode}")
        traits = [name if self.fin else name + ", more to come"]
        if self.rsv:
            traits.append("+".join(f"RSV{i}" for i, bit in [(1, RSV1), (2, RSV2), (3, RSV3)] if self.rsv & bit))
        if self.wrong_mask:
            traits.append("masked the wrong way")
        if self.form:
            traits.append(f"length in the form {self.form}")
        if self.length >= 0:
            traits.append(f"announced as {self.length} bytes")
        return f"[{', '.join(traits)}: {shown(self.payload)}]"


def text(payload=b"", **traits):
    return Frame(TEXT, payload.encode() if isinstance(payload, str) else payload, **traits)


def binary(payload=b"", **traits):
    return Frame(BINARY, payload, **traits)


def more(payload=b"", **traits):
    """A continuation frame."""
    return Frame(CONTINUATION, payload.encode() if isinstance(payload, str) else payload, **traits)


def ping(payload=b"", **traits):
    return Frame(PING, payload, **traits)


def pong(payload=b"", **traits):
    return Frame(PONG, payload, **traits)


def close(code=None, reason=b"", **traits):
    reason = reason.encode() if isinstance(reason, str) else reason
    return Frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason, **traits)


def shown(payload):
    """Bytes as a short text for people."""
    if len(payload) <= 40:
        return repr(bytes(payload))[1:]
    return f"{len(payload)} bytes {bytes(payload[:12])!r}..."


def masked(payload, key):
    """The payload, masked or unmasked (section 5.3)."""
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")).to_bytes(size, "little")


def encode(frame, sender):
    """The bytes of a frame, as sent by this role."""
    length = len(frame.payload) if frame.length < 0 else frame.length
    form = frame.form or (length if length < 126 else 126 if length < 1 << 16 else 127)
    mask = (sender == CLIENT) != frame.wrong_mask
    head = bytes([frame.fin << 7 | frame.rsv << 4 | frame.opcode, mask << 7 | form])
    head += struct.pack(">H", length) if form == 126 else struct.pack(">Q", length) if form == 127 else b""
    if not mask:
        return head + frame.payload
    key = os.urandom(4)
    return head + key + masked(frame.payload, key)


class Violation(Exception):
    """The peer broke a rule."""

    def __init__(self, section, what):
        super().__init__(f"{what} (section {section})")


@dataclasses.dataclass(frozen=True)
class Event:
    """An event from the peer: a whole message, a control frame, or an end: "end of stream", "reset", "silence"."""

    kind: str
    payload: bytes = b""
    code: int | None = None  # of a Close frame

    def __str__(self):
        if self.kind == "close":
            reason = f" {shown(self.payload)}" if self.payload else ""
            return "close without a code" if self.code is None else f"close {self.code}{reason}"
        return f"{self.kind} {shown(self.payload)}" if self.kind in OPCODE_NAMES.values() else self.kind


class Decoder:
    """Converts bytes to events. Raises Violation, with the section, for everything that the sender must not do.

    `inflate` is a function from a compressed message to the message, if permessage-deflate was agreed on.
    """

    def __init__(self, sender, inflate=None):
        self.sender = sender
        self.inflate = inflate
        self.buffer = bytearray()
        self.fragments = None  # of the message in progress
        self.opcode = None  # and its opcode
        self.compressed = False  # and whether its first frame had RSV1
        self.closed = False
        self.keys = []  # the last three

    def feed(self, data):
        self.buffer += data

    def _frame(self):
        """The next frame, its payload unmasked; None if it is incomplete."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length >= 126:
            start = {126: 4, 127: 10}[length]
            if len(buffer) < start:
                return None
            minimum = {126: 126, 127: 1 << 16}[length]
            length = int.from_bytes(buffer[2:start], "big")
            if length < minimum:
                raise Violation("5.2", f"a length of {length} in {start - 2} bytes")
            if length >> 63:
                raise Violation("5.2", "a length with its highest bit set")
        is_masked = bool(buffer[1] & 0x80)
        if is_masked != (self.sender == CLIENT):
            raise Violation("5.1", f"a {self.sender} sent a frame {'' if is_masked else 'not '}masked")
        end = start + 4 * is_masked + length
        if len(buffer) < end:
            return None
        payload = bytes(buffer[end - length : end])
        if is_masked:
            key = bytes(buffer[start : start + 4])
            self.keys = [*self.keys[-2:], key]
            if self.keys == [key] * 3:
                raise Violation("5.3", f"three frames in a row are masked with {key.hex()}")
            payload = masked(payload, key)
        frame = Frame(buffer[0] & 0x0F, payload, fin=bool(buffer[0] & 0x80), rsv=buffer[0] >> 4 & 7)
        del buffer[:end]
        return frame

    def next(self):
        """The next event, or None where more bytes are needed."""
        while frame := self._frame():
            event = self._event(frame)
            if event:
                return event
        return None

    def _event(self, frame):
        if self.closed:
            raise Violation("5.5.1", f"{frame} after a Close frame")
        if frame.opcode not in OPCODE_NAMES:
            raise Violation("5.2", f"{frame} has a reserved opcode")
        allowed = RSV1 if self.inflate and frame.opcode in (TEXT, BINARY) else 0
        if frame.rsv & ~allowed:
            raise Violation("5.2", f"{frame} has a reserved bit")
        return self._control(frame) if frame.opcode >= CLOSE else self._data(frame)

    def _control(self, frame):
        if not frame.fin:
            raise Violation("5.5", f"{frame} is a fragmented control frame")
        if len(frame.payload) > 125:
            raise Violation("5.5", f"{frame} is a control frame of over 125 bytes")
        if frame.opcode != CLOSE:
            return Event(OPCODE_NAMES[frame.opcode], frame.payload)
        self.closed = True
        if not frame.payload:
            return Event("close")
        if len(frame.payload) == 1:
            raise Violation("5.5.1", "a Close frame of 1 byte")
        code = int.from_bytes(frame.payload[:2], "big")
        if code < 1000 or code in (1004, 1005, 1006, 1015) or code >= 5000:
            raise Violation("7.4", f"the close code {code} on the wire")
        _decode(frame.payload[2:], "5.5.1")
        return Event("close", frame.payload[2:], code)

    def _data(self, frame):
        if frame.opcode == CONTINUATION:
            if self.fragments is None:
                raise Violation("5.4", f"{frame} continues no message")
        else:
            if self.fragments is not None:
                raise Violation("5.4", f"{frame} inside another message")
            self.fragments, self.opcode, self.compressed = [], frame.opcode, bool(frame.rsv & RSV1)
        self.fragments.append(frame.payload)
        if not frame.fin:
            return None
        payload, self.fragments = b"".join(self.fragments), None
        if self.compressed:
            payload = self.inflate(payload)
        if self.opcode == TEXT:
            _decode(payload, "8.1")
        return Event(OPCODE_NAMES[self.opcode], payload)


def _decode(payload, section):
    try:
        codecs.utf_8_decode(payload, "strict", True)
    except UnicodeDecodeError:
        raise Violation(section, f"{shown(payload)} is not UTF-8") from None
