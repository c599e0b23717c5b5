"""The echo server with Python's websockets as client."""

import asyncio
import unittest

import websockets

from messages import SIZES, bytes_of, text_of
from program import Server


class EchoTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("ECHO_SERVER", "--threads=2", "--max_message_bytes=16777216")

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    def connect(self, **options):
        return websockets.connect(self.server.url, max_size=None, **options)

    async def exchange(self, sent, expected):
        async with self.connect() as socket:
            await asyncio.wait_for(socket.send(sent), 60)
            self.assertTrue(await asyncio.wait_for(socket.recv(), 60) == expected, "the echo differs")

    async def test_text(self):
        for size in SIZES:
            with self.subTest(size=size):
                await self.exchange(text_of(size), text_of(size))

    async def test_binary(self):
        for size in SIZES:
            with self.subTest(size=size):
                await self.exchange(bytes_of(size), bytes_of(size))

    async def test_fragments(self):
        for fragments in [
            ["one ", "two ", "three"],
            ["", "not", "", " empty", ""],
            ["", ""],
            ["f" * 65536] * 16,
            [b"\x00", b"", b"\xff"],
        ]:
            with self.subTest(fragments=len(fragments)):
                await self.exchange(fragments, fragments[0][:0].join(fragments))

    async def test_without_an_offer_of_compression(self):
        async with self.connect(compression=None) as socket:
            await socket.send("plain")
            self.assertEqual(await socket.recv(), "plain")
            self.assertEqual(socket.extensions, [])
            self.assertIsNone(socket.subprotocol)

    async def test_ping(self):
        async with self.connect() as socket:
            for payload in [b"", b"p", b"p" * 125]:
                with self.subTest(size=len(payload)):
                    await asyncio.wait_for(await socket.ping(payload), 60)  # Waits for the pong with this payload.

    async def test_pings_and_messages_on_one_connection(self):
        async with self.connect() as socket:
            pongs = []
            for i in range(50):
                pongs.append(await socket.ping(b"%d" % i))
                await socket.send(str(i))
            for i in range(50):
                self.assertEqual(await asyncio.wait_for(socket.recv(), 60), str(i))
            await asyncio.wait_for(asyncio.gather(*pongs), 60)

    async def test_close(self):
        for code, reason in [(1000, ""), (1000, "done"), (1001, "away"), (3000, "Schuß"), (4999, "r" * 123)]:
            with self.subTest(code=code):
                async with self.connect() as socket:
                    await socket.close(code, reason)
                    self.assertEqual((socket.close_code, socket.close_reason), (code, reason))

    async def test_100_connections_at_once(self):
        async def talk(i):
            async with self.connect() as socket:
                for message in (f"{i} {n}" for n in range(10)):
                    await socket.send(message)
                    self.assertEqual(await socket.recv(), message)

        await asyncio.wait_for(asyncio.gather(*(talk(i) for i in range(100))), 120)


class AccessLogTest(unittest.TestCase):
    def test_a_line_for_each_session(self):
        server = Server("ECHO_SERVER", "--access_log")

        async def talk():
            async with websockets.connect(f"{server.url}/rooms/7?token=secret", compression=None) as socket:
                await socket.send("hello")
                self.assertEqual(await socket.recv(), "hello")

        asyncio.run(talk())
        server.wait_for_line(
            r'session=\d+ peer="127\.0\.0\.1:\d+" path="/rooms/7" subprotocol="" seconds=\d+\.\d{3} received=1 '
            r'received_bytes=19 sent=1 sent_bytes=11 by=peer code=1000 reason=""'
        )
        server.end()


if __name__ == "__main__":
    unittest.main(verbosity=2)
