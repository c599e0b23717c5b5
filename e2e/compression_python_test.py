"""permessage-deflate with Python's websockets: our server with its client, our client with its server."""

import asyncio
import json
import unittest

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from messages import SIZES, bytes_of, text_of
from program import Server, command

# The options of a peer; None: no compression.
AGREEMENTS = [
    None,
    {},
    {"server_no_context_takeover": True},
    {"client_no_context_takeover": True},
    {"server_max_window_bits": 9, "client_max_window_bits": 10},
    # Python's zlib cannot compress with a window of 2^8.
    {"server_max_window_bits": 9, "client_max_window_bits": 9, "server_no_context_takeover": True},
]


def chat_line(i):
    return json.dumps({"type": "message", "room": "general", "user": f"user{i % 7}", "text": f"line {i} of the chat"})


def extensions_of(factory, agreement):
    return {"compression": None, "extensions": None if agreement is None else [factory(**agreement)]}


class ServerTest(unittest.IsolatedAsyncioTestCase):
    async def check(self, server, agreement, compressed):
        options = extensions_of(ClientPerMessageDeflateFactory, agreement)
        async with websockets.connect(server.url, max_size=None, **options) as socket:
            self.assertEqual(len(socket.extensions), 1 if compressed else 0)
            for i in range(200):
                await socket.send(chat_line(i))
                self.assertEqual(await asyncio.wait_for(socket.recv(), 60), chat_line(i))
            for size in SIZES if agreement == {} else SIZES[:-1]:  # The largest takes seconds.
                for message in (text_of(size), bytes_of(size)):
                    await socket.send(message)
                    self.assertTrue(await asyncio.wait_for(socket.recv(), 60) == message, f"{size} bytes differ")
            await socket.send(["", chat_line(1), "", chat_line(2), ""])
            self.assertEqual(await asyncio.wait_for(socket.recv(), 60), chat_line(1) + chat_line(2))

    async def test_echo_server(self):
        for mode in ["on", "no_takeover", "off"]:
            server = Server("ECHO_SERVER", "--max_message_bytes=16777216", f"--compression={mode}")
            try:
                for agreement in AGREEMENTS:
                    with self.subTest(mode=mode, agreement=agreement):
                        await self.check(server, agreement, agreement is not None and mode != "off")
            finally:
                server.end()


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def check(self, mode, agreement, compressed):
        async def talk(socket):
            self.assertEqual(len(socket.extensions), 1 if compressed else 0)
            async for message in socket:
                await socket.send(f"<{message}>")

        options = extensions_of(ServerPerMessageDeflateFactory, agreement)
        messages = [chat_line(i) for i in range(50)] + ["", text_of(65536)]
        async with websockets.serve(talk, "127.0.0.1", 0, max_size=None, **options) as server:
            url = "ws://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            process = await asyncio.create_subprocess_exec(
                *command("ECHO_CLIENT", f"--compression={mode}", url, *messages), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await asyncio.wait_for(process.communicate(), 60)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(output.decode(), "".join(f"<{message}>\n" for message in messages))

    async def test_echo_client(self):
        for mode in ["on", "no_takeover", "off"]:
            for agreement in AGREEMENTS:
                with self.subTest(mode=mode, agreement=agreement):
                    await self.check(mode, agreement, agreement is not None and mode != "off")


if __name__ == "__main__":
    unittest.main(verbosity=2)
