"""Debian's python3-websockets."""

import websockets
from peer import main
from websockets.extensions import permessage_deflate


def library_options(options, factory):
    no_takeover = options.compression == "no_takeover"
    extension = factory(server_no_context_takeover=no_takeover, client_no_context_takeover=no_takeover)
    return {
        "max_size": options.max_message_bytes,
        "ping_interval": None,
        "compression": None,
        "extensions": None if options.compression == "off" else [extension],
    }


async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass  # That is what many cases are about.


async def serve(port, options):
    factory = permessage_deflate.ServerPerMessageDeflateFactory
    server = await websockets.serve(echo, "127.0.0.1", port, **library_options(options, factory))
    return server.sockets[0].getsockname()[1]


class Socket:
    def __init__(self, socket):
        self.socket = socket
        self.send = socket.send

    async def receive(self):
        try:
            return await self.socket.recv()
        except websockets.ConnectionClosed:
            return None

    async def close(self, code, reason):
        await self.socket.close(code, reason)
        return self.socket.close_code, self.socket.close_reason


async def connect(url, options):
    factory = permessage_deflate.ClientPerMessageDeflateFactory
    return Socket(await websockets.connect(url, **library_options(options, factory)))


if __name__ == "__main__":
    main(serve, connect)
