"""Debian's python3-websockets."""

import websockets
from peer import main


def options(max_message_bytes):
    return {"max_size": max_message_bytes, "ping_interval": None, "compression": "deflate"}


async def echo(socket):
    try:
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass  # Many cases expect that.


async def serve(port, max_message_bytes):
    server = await websockets.serve(echo, "127.0.0.1", port, **options(max_message_bytes))
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


async def connect(url, max_message_bytes):
    return Socket(await websockets.connect(url, **options(max_message_bytes)))


if __name__ == "__main__":
    main(serve, connect)
