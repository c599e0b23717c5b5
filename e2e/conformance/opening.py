"""The opening handshake (RFC 6455, section 4): requests and responses, valid and invalid, and the errors of the
peer's."""

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Callable, Mapping

from wire import Violation

MAX_HEAD = 1 << 20


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


@dataclasses.dataclass(frozen=True)
class Opening:
    """One end's half of the handshake: valid, except for the parts set here."""

    line: str = ""  # the first line
    headers: Mapping = dataclasses.field(default_factory=dict)  # name -> a text, several, or None to omit it
    rename: Callable = str  # for the names of all headers
    extra: bytes = b""  # one more header line, unchanged
    body: bytes = b""
    before: bytes = b""
    raw: bytes | None = None  # instead of everything above
    chop: int = 0  # bytes per write
    behind: tuple = ()  # frames in the same write
    ends: bool = False  # whether the stream ends after it

    def joined(self, name):
        """The value of a header that is a list."""
        value = self.headers.get(name) or ""
        return ", ".join(value) if isinstance(value, list) else value

    def render(self, defaults, words):
        """The text, with `words` replacing the names in braces of a value."""
        if self.raw is not None:
            return self.raw
        lines = [self.line.format_map(words).encode("latin-1")]
        for name, value in {**defaults, **self.headers}.items():
            for one in [] if value is None else value if isinstance(value, list) else [value]:
                lines.append(f"{self.rename(name)}: {one.format_map(words)}".encode("latin-1"))
        return self.before + b"\r\n".join([*lines, *([self.extra] if self.extra else []), b"", b""]) + self.body


@dataclasses.dataclass(frozen=True)
class Request(Opening):
    line: str = "GET {target} HTTP/1.1"

    def text(self, host, target, key):
        defaults = {
            "Host": host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        return self.render(defaults, {"host": host, "target": target})


@dataclasses.dataclass(frozen=True)
class Response(Opening):
    line: str = "HTTP/1.1 101 Switching Protocols"

    def text(self, key):
        defaults = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "{accept}"}
        accept = accept_of(key)
        words = {"accept": accept, "key": key, "accept-cut": accept[:-1], "accept-swapped": accept.swapcase()}
        return self.render(defaults, words)


@dataclasses.dataclass(frozen=True)
class Head:
    """The head of a request or response: its first line, and its headers with names in lower case."""

    line: str
    headers: tuple

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def one(self, name, section):
        """The value of a header that must appear once."""
        values = self.all(name)
        if len(values) != 1:
            raise Violation(section, f"{len(values)} headers {name}")
        return values[0]

    def joined(self, name):
        """The value of a header that is a list."""
        return ", ".join(self.all(name))

    def elements(self, name):
        """The elements of the list."""
        return [element.strip() for element in self.joined(name).split(",")]

    @property
    def status(self):
        """The status of a response, or 0 if its first line is invalid."""
        words = self.line.split(" ")
        return int(words[1]) if len(words) > 1 and words[0].startswith("HTTP/") and words[1].isdigit() else 0


def split_head(data):
    """(Head, the bytes after it), or None if the head is incomplete."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        if len(data) > MAX_HEAD:
            raise Violation("4.1", f"a head of over {MAX_HEAD} bytes")
        return None
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = [field.partition(":") for field in fields]
    return Head(line, tuple((name.lower(), value.strip(" \t")) for name, _, value in headers)), rest


def _check_upgrade(head, section):
    if head.one("upgrade", section).lower() != "websocket":
        raise Violation(section, f"Upgrade: {head.all('upgrade')[0]}")
    if "upgrade" not in map(str.lower, head.elements("connection")):
        raise Violation(section, f"Connection: {head.joined('connection')}")


def check_response(head, key, request):
    """Raises Violation if a server's response does not open the requested WebSocket; does not check extensions."""
    if head.status != 101:
        raise Violation("4.2.2", f"the answer to the opening request is {head.line!r}")
    _check_upgrade(head, "4.2.2")
    if head.one("sec-websocket-accept", "4.2.2") != accept_of(key):
        raise Violation("4.2.2", "Sec-WebSocket-Accept does not follow from the key")
    offered = [one.strip() for one in request.joined("Sec-WebSocket-Protocol").split(",")]
    if not set(head.all("sec-websocket-protocol")) <= set(offered):
        raise Violation(
            "4.2.2", f"Sec-WebSocket-Protocol: {head.joined('sec-websocket-protocol')}, which was not offered"
        )


def check_request(head):
    """Raises Violation if a client's request does not conform to section 4.1; returns its key."""
    words = head.line.split(" ")
    if len(words) != 3 or words[0] != "GET" or words[2] != "HTTP/1.1":
        raise Violation("4.1", f"the opening request is {head.line!r}")
    head.one("host", "4.1")
    _check_upgrade(head, "4.1")
    if head.one("sec-websocket-version", "4.1") != "13":
        raise Violation("4.1", f"Sec-WebSocket-Version: {head.all('sec-websocket-version')[0]}")
    key = head.one("sec-websocket-key", "4.1")
    try:
        size = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        size = -1
    if size != 16:
        raise Violation("4.1", f"Sec-WebSocket-Key {key!r} is not the base64 of 16 bytes")
    return key
