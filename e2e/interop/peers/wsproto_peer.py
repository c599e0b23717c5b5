"""Debian's python3-wsproto, which does no I/O itself: here on asyncio's streams."""

import asyncio
import urllib.parse

from peer import main
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate

READ_SIZE = 1 << 16


class Socket:
    """Either end of a connection, including its handshake."""

    def __init__(self, role, reader, writer, limit):
        self.connection = WSConnection(role)
        self.reader = reader
        self.writer = writer
        self.limit = limit
        self.parts = []  # of the message in progress
        self.closed = (1006, "")

    async def write(self, event):
        self.writer.write(self.connection.send(event))
        await self.writer.drain()

    async def events(self):
        """Everything received, as wsproto's events, to the end of the stream."""
        while True:
            for event in self.connection.events():
                yield event
            data = await self.reader.read(READ_SIZE)
            if not data:
                return
            self.connection.receive_data(data)

    async def accept(self):
        async for event in self.events():
            assert isinstance(event, Request), event
            return await self.write(AcceptConnection(extensions=[PerMessageDeflate()]))

    async def request(self, host, target):
        await self.write(Request(host=host, target=target, extensions=[PerMessageDeflate()]))
        async for event in self.events():
            if isinstance(event, RejectConnection):
                raise ConnectionError(f"HTTP {event.status_code}")
            assert isinstance(event, AcceptConnection), event
            return

    async def send(self, message):
        await self.write((BytesMessage if isinstance(message, bytes) else TextMessage)(data=message))

    async def receive(self):
        async for event in self.events():
            if isinstance(event, Message):
                self.parts.append(event.data)
                assert sum(map(len, self.parts)) <= self.limit, "the message is too large"
                if event.message_finished:
                    whole = self.parts[0][:0].join(self.parts)
                    self.parts = []
                    return whole if isinstance(event, TextMessage) else bytes(whole)
            elif isinstance(event, Ping):
                await self.write(event.response())
            elif isinstance(event, CloseConnection):
                self.closed = (event.code, event.reason)
                # The second of the two Close frames is an answer; it is ours if the peer's came first.
                if self.connection.state.name == "REMOTE_CLOSING":
                    await self.write(event.response())
                self.writer.close()
                return None
        return None

    async def close(self, code, reason):
        await self.write(CloseConnection(code=code, reason=reason))
        while await self.receive() is not None:
            pass
        return self.closed


async def serve(port, max_message_bytes):
    async def echo(reader, writer):
        socket = Socket(ConnectionType.SERVER, reader, writer, max_message_bytes)
        await socket.accept()
        while (message := await socket.receive()) is not None:
            await socket.send(message)

    server = await asyncio.start_server(echo, "127.0.0.1", port)
    return server.sockets[0].getsockname()[1]


async def connect(url, max_message_bytes):
    parts = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    socket = Socket(ConnectionType.CLIENT, reader, writer, max_message_bytes)
    await socket.request(parts.netloc, parts.path or "/")
    return socket


if __name__ == "__main__":
    main(serve, connect)
