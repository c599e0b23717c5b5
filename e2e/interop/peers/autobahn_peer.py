"""Debian's python3-autobahn, on asyncio."""

import asyncio

from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from peer import PATIENCE, main


PATIENT = {"openHandshakeTimeout": PATIENCE, "closeHandshakeTimeout": PATIENCE}


def accept_offer(offers):
    return next((PerMessageDeflateOfferAccept(one) for one in offers if isinstance(one, PerMessageDeflateOffer)), None)


def accept_response(response):
    return PerMessageDeflateResponseAccept(response) if isinstance(response, PerMessageDeflateResponse) else None


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, is_binary):
        self.sendMessage(payload, is_binary)


async def serve(port, max_message_bytes):
    factory = WebSocketServerFactory()
    factory.protocol = Echo
    factory.setProtocolOptions(
        maxMessagePayloadSize=max_message_bytes, perMessageCompressionAccept=accept_offer, **PATIENT
    )
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", port)
    return server.sockets[0].getsockname()[1]


class Socket(WebSocketClientProtocol):
    def __init__(self):
        super().__init__()
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.messages = asyncio.Queue()

    def onOpen(self):
        self.opened.set_result(None)

    def onMessage(self, payload, is_binary):
        self.messages.put_nowait(payload if is_binary else payload.decode())

    def onClose(self, was_clean, code, reason):
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(reason))
        self.messages.put_nowait(None)
        self.closed.set_result((code, reason))

    async def send(self, message):
        binary = isinstance(message, bytes)
        self.sendMessage(message if binary else message.encode(), binary)

    async def receive(self):
        return await self.messages.get()

    async def close(self, code, reason):
        self.sendClose(code, reason)
        await self.closed
        return self.remoteCloseCode, self.remoteCloseReason


async def connect(url, max_message_bytes):
    factory = WebSocketClientFactory(url)
    factory.protocol = Socket
    factory.setProtocolOptions(
        maxMessagePayloadSize=max_message_bytes,
        perMessageCompressionOffers=[PerMessageDeflateOffer()],
        perMessageCompressionAccept=accept_response,
        serverConnectionDropTimeout=PATIENCE,
        **PATIENT,
    )
    _, socket = await asyncio.get_running_loop().create_connection(factory, factory.host, factory.port)
    await socket.opened
    return socket


if __name__ == "__main__":
    main(serve, connect)
