"""A WebSocket over a raw socket: sends any bytes in any pieces, and reads while it writes, so that neither side
blocks forever."""

import select
import socket
import time

from wire import CLIENT, CLOSE, SERVER, Decoder, Event, Frame, encode

# Seconds that a peer may take for anything: it limits failures, and a correct peer is never waited for that long.
PATIENCE = 60

# Seconds that a peer may take to fail a connection in the middle of a frame, before it counts as one that waits for
# the rest: some peers wait, and there are many such cases.
FAIL_FAST_PATIENCE = 5

READ_SIZE = 256 << 10


class Session:
    """One connection. `role` is ours; the peer has the other."""

    def __init__(self, sock, role, patience=PATIENCE, fail_fast_patience=FAIL_FAST_PATIENCE):
        sock.setblocking(False)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.role = role
        self.patience = patience
        self.fail_fast_patience = fail_fast_patience
        self.decoder = Decoder(SERVER if role == CLIENT else CLIENT)
        self.codec = None  # permessage-deflate, if it was agreed on
        self.end = None  # how the peer's stream ended
        self.close_sent = False
        self.kept = b""  # the rest of a frame that was sent in part
        self.seen = []  # the received events, for people
        self.ahead = []  # events that were read and not consumed
        self.head = bytearray()  # before the handshake is complete

    def _read(self, feed):
        try:
            data = self.sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self.end = "reset"
            return
        if data:
            feed(data)
        else:
            self.end = "end of stream"

    def write(self, data, chop=0):
        """Sends bytes, at most `chop` per write. A peer that has gone is noticed when reading."""
        feed = self.decoder.feed if self.head is None else self.head.extend
        rest = memoryview(data)
        while rest:
            readable, writable, _ = select.select([] if self.end else [self.sock], [self.sock], [], self.patience)
            if readable:
                self._read(feed)
            if writable:
                try:
                    rest = rest[self.sock.send(rest[: chop or len(rest)]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    return
            if not readable and not writable:
                return

    def read_head(self, split):
        """The peer's half of the opening handshake, parsed by `split`; None if the stream ends or times out first."""
        deadline = time.monotonic() + self.patience
        while (found := split(bytes(self.head))) is None:
            if self.end or not select.select([self.sock], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            self._read(self.head.extend)
        head, rest = found
        self.head = None
        self.decoder.feed(rest)
        extensions = head.joined("sec-websocket-extensions")
        self.seen.append(f"{head.line} ({extensions})" if extensions else head.line)
        return head

    def use(self, codec):
        self.codec = codec
        self.decoder.inflate = codec.inflate

    def send(self, what, chop=0):
        """Sends frames, and bytes unchanged."""
        self.close_sent = self.close_sent or any(isinstance(one, Frame) and one.opcode == CLOSE for one in what)
        self.write(b"".join(encode(one, self.role) if isinstance(one, Frame) else one for one in what), chop)

    def next(self, seconds=None):
        """The next event; at the end, always how the stream ended; "silence" if nothing arrives in time."""
        if self.ahead:
            return self.ahead.pop()
        event = self._wait(time.monotonic() + (seconds or self.patience))
        self.seen.append(str(event))
        return event

    def _wait(self, deadline):
        while True:
            event = self.decoder.next()
            if event:
                return event
            if self.end:
                return Event(self.end)
            if not select.select([self.sock], [], [], max(0, deadline - time.monotonic()))[0]:
                return Event("silence")
            self._read(self.decoder.feed)

    def put_back(self, event):
        self.ahead.append(event)

    def end_writing(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The peer has already gone.
