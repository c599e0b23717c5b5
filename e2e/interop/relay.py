"""A TCP relay between a client and a server that reports what they agreed on."""

import collections
import re
import socket
import threading

CLOSE = 8


class Stream:
    """The bytes of one side: the head of its opening handshake, then frames. No rule is checked here."""

    def __init__(self):
        self.buffer = bytearray()
        self.head = None
        self.skip = 0  # payload bytes still to come
        self.compressed = 0  # messages
        self.close_code = None

    def feed(self, data):
        self.buffer += data
        if self.head is None:
            head, end, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if not end:
                return
            self.head, self.buffer = head.decode("latin-1"), bytearray(rest)
        while self._take_frame():
            pass

    def _take_frame(self):
        taken = min(self.skip, len(self.buffer))
        del self.buffer[:taken]
        self.skip -= taken
        if self.skip or len(self.buffer) < 2:
            return False
        length, start = self.buffer[1] & 0x7F, 2
        if length >= 126:
            start = {126: 4, 127: 10}[length]
            length = int.from_bytes(self.buffer[2:start], "big")
        start += 4 if self.buffer[1] & 0x80 else 0
        opcode = self.buffer[0] & 0x0F
        whole = start + length
        if len(self.buffer) < (whole if opcode == CLOSE else start):
            return False
        self.compressed += bool(self.buffer[0] & 0x40)
        if opcode == CLOSE and length >= 2:
            key = self.buffer[start - 4 : start] if self.buffer[1] & 0x80 else bytes(4)
            self.close_code = (self.buffer[start] ^ key[0]) << 8 | self.buffer[start + 1] ^ key[1]
        self.skip = whole
        return True

    def header(self, name):
        """The values of a header, joined; "" if it is absent."""
        return ", ".join(re.findall(rf"^{name}: *(.*?) *$", self.head or "", re.IGNORECASE | re.MULTILINE))


Seen = collections.namedtuple("Seen", "client server")


class Relay:
    """Accepts connections on `port` and forwards them to `target`. When it is closed, `seen` has a Seen for each of
    them."""

    def __init__(self, target):
        self.target = target
        self.seen = []
        self.threads = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return  # It was already closed.
            server = socket.create_connection(("127.0.0.1", self.target))
            seen = Seen(Stream(), Stream())
            self.seen.append(seen)
            for source, sink, stream in ((client, server, seen.client), (server, client, seen.server)):
                self.threads.append(threading.Thread(target=self._pass_on, args=(source, sink, stream), daemon=True))
                self.threads[-1].start()

    def _pass_on(self, source, sink, stream):
        try:
            while data := source.recv(1 << 18):
                stream.feed(data)
                sink.sendall(data)
        except OSError:
            pass  # One of the two has gone. The other must see an end, too.
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self, seconds):
        """Accepts no more connections, and gives the existing ones this time to end."""
        self.socket.close()
        for thread in self.threads:
            thread.join(seconds)
