"""`weft listen`, with an independent client."""

import asyncio
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

import websockets

from listener import Listener, TIMEOUT
from program import command
from terminal import Terminal


class ListenTest(unittest.TestCase):
    def listen(self, *arguments, **options):
        listener = Listener(*arguments, **options)
        self.addCleanup(listener.end)
        return listener

    def run_async(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, TIMEOUT))

    def test_an_echo_and_its_log(self):
        listener = self.listen()

        async def talk():
            async with websockets.connect(listener.url + "a/b?token=1", subprotocols=["one", "two"]) as client:
                self.assertEqual(client.subprotocol, "one")
                for message in ["text", b"\0\xff"]:
                    await client.send(message)
                    self.assertEqual(await client.recv(), message)
                await client.close(4001, "bye")

        self.run_async(talk())
        self.assertEqual(listener.stop(signal.SIGINT), 0)
        self.assertRegex(
            listener.out,
            r'^\d{4}-\d\d-\d\dT[\d:]+[+-]\d\d:\d\d session=\d+ peer="127\.0\.0\.1:\d+" path="/a/b" subprotocol="one" '
            r'seconds=\d+\.\d{3} received=2 received_bytes=\d+ sent=2 sent_bytes=\d+ by=peer code=4001 reason="bye"\n$',
        )
        self.assertEqual(listener.err, "")

    def test_a_chat(self):
        listener = self.listen("--chat", "--quiet")

        async def talk():
            async with websockets.connect(listener.url) as one, websockets.connect(listener.url) as other:
                await one.send("hello")
                self.assertEqual([await one.recv(), await other.recv()], ["hello", "hello"])

        self.run_async(talk())
        self.assertEqual((listener.stop(), listener.out, listener.err), (0, "", ""))

    def test_sessions_are_closed_at_the_end(self):
        listener = self.listen()

        async def talk():
            async with websockets.connect(listener.url) as client:
                await client.send("x")
                await client.recv()
                listener.process.send_signal(signal.SIGTERM)
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await client.recv()
                self.assertEqual(closed.exception.code, 1001)

        self.run_async(talk())
        self.assertEqual(listener.process.wait(TIMEOUT), 0)

    def test_exec(self):
        listener = self.listen("--exec", 'echo "$WEFT_TARGET" "$WEFT_SUBPROTOCOL"; sed -u s/a/b/; echo oops >&2; exit 3')

        async def talk():
            async with websockets.connect(listener.url + "x?y", subprotocols=["s"]) as client:
                self.assertEqual(await client.recv(), "/x?y s")
                await client.send("banana")
                self.assertEqual(await client.recv(), "bbnana")

        self.run_async(talk())
        self.assertEqual(listener.stop(), 0)
        self.assertRegex(listener.out, " received=1 .* sent=2 .* by=peer code=1000 ")
        self.assertIn("oops\n", listener.err)

    def test_exec_ends_the_process_with_the_session(self):
        """Also one that does not care for the end of its input."""
        for how in [signal.SIGTERM, signal.SIGHUP]:
            listener = self.listen("--exec", "echo $$; exec sleep 1000")

            async def talk(url=listener.url):
                async with websockets.connect(url) as client:
                    return int(await client.recv())

            child = self.run_async(talk())
            self.assertEqual(listener.stop(how), 0)
            with self.assertRaises(ProcessLookupError):
                os.kill(child, 0)

    def test_exec_with_a_client_that_does_not_read(self):
        size = 64 << 20
        listener = self.listen("--binary", "--exec", f"head -c {size} /dev/zero")
        self.assertLess(listener.memory(), 40)

        async def talk():
            # websockets reads no more than it is asked for, but for some buffers.
            received = 0
            async with websockets.connect(listener.url, max_queue=1) as client:
                async for message in client:
                    received += len(message)
            self.assertEqual((received, client.close_code), (size, 1000))

        self.run_async(talk())
        self.assertLess(listener.memory(), 40)
        self.assertEqual(listener.stop(), 0)

    def open_raw(self, listener):
        """A socket of which nothing was read but the response that opens the WebSocket."""
        client = socket.create_connection(("127.0.0.1", listener.port))
        self.addCleanup(client.close)
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        return client

    def test_exec_that_does_not_read_empty_messages(self):
        """They take memory as well: of those that wait, and they add no byte to the process's input."""
        listener = self.listen("--binary", "--exec", "exec sleep 1000")
        client = self.open_raw(listener)
        size = 200000  # more than the pipe holds
        client.sendall(b"\x82\xff" + size.to_bytes(8, "big") + b"\0\0\0\0" + b"x" * size)
        count = 2000000
        client.sendall(b"\x82\x80\0\0\0\0" * count + b"\x88\x82\0\0\0\0\x03\xe8")
        while client.recv(65536):
            pass
        self.assertLess(listener.memory(), 40)
        self.assertEqual(listener.stop(), 0)
        self.assertIn(f" received={count + 1} ", listener.out)

    def test_exec_that_does_not_read(self):
        """The client is stopped by TCP before much waits in memory."""
        with tempfile.TemporaryDirectory() as folder:
            gate = os.path.join(folder, "gate")
            os.mkfifo(gate)
            listener = self.listen("--exec", f"read go <{gate}; wc -c")
            client = self.open_raw(listener)
            size = 60000
            frame = b"\x81\xfe" + size.to_bytes(2, "big") + b"\0\0\0\0" + b"x" * size
            count = 1000
            sent = []

            def send():
                for number in range(count):
                    client.sendall(frame)
                    sent.append(number)

            sender = threading.Thread(target=send)
            sender.start()
            before = -1
            while before != len(sent) < count:  # until TCP takes no more
                before = len(sent)
                sender.join(1)
            self.assertTrue(sender.is_alive())
            self.assertLess(listener.memory(), 40)
            with open(gate, "w") as file:
                file.write("go\n")
            sender.join()
            client.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
            while client.recv(65536):
                pass
            self.assertEqual(listener.stop(), 0)
        self.assertIn(f" received={count} ", listener.out)

    def test_tls(self):
        folder = os.path.dirname(os.environ["TEST_CA"])
        files = [os.path.join(folder, name) for name in ("server.pem", "server.key")]
        listener = self.listen(f"--cert={files[0]}", f"--key={files[1]}")
        self.assertTrue(listener.url.startswith("wss://"))

        async def talk():
            trusted = ssl.create_default_context(cafile=os.environ["TEST_CA"])
            async with websockets.connect(f"wss://localhost:{listener.port}", ssl=trusted) as client:
                await client.send("hello")
                self.assertEqual(await client.recv(), "hello")

        self.run_async(talk())
        self.assertEqual(listener.stop(), 0)

    def test_a_page_of_another_site(self):
        listener = self.listen("--allow-origin=https://friend.example")

        async def connect(origin):
            async with websockets.connect(listener.url, origin=origin):
                return 101

        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            self.run_async(connect("https://evil.example"))
        self.assertEqual(refused.exception.status_code, 403)
        self.assertEqual(self.run_async(connect("https://friend.example")), 101)
        self.assertEqual(listener.stop(), 0)
        self.assertRegex(listener.err, r"^weft: refused 127.0.0.1:\d+: HTTP 403, .*evil.example.*\n$")

    def test_limits(self):
        listener = self.listen("--max-connections=1", "--max-message-bytes=10")

        async def talk():
            async with websockets.connect(listener.url) as client:
                with self.assertRaises(websockets.InvalidStatusCode) as refused:
                    async with websockets.connect(listener.url):
                        pass
                self.assertEqual(refused.exception.status_code, 503)
                await client.send("12345678901")
                await client.wait_closed()
                self.assertEqual(client.close_code, 1009)

        self.run_async(talk())
        self.assertEqual(listener.stop(), 0)

    def test_the_limit_of_descriptors_is_raised(self):
        def lower():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))

        listener = self.listen(preexec_fn=lower)
        soft, hard = resource.prlimit(listener.process.pid, resource.RLIMIT_NOFILE)
        self.assertEqual(soft, hard)

    def test_errors(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            server = os.path.join(os.path.dirname(os.environ["TEST_CA"]), "server.pem")
            for arguments, code, told in [
                ([f"--port={port}"], 2, rf"cannot listen on 127.0.0.1:{port}: Address already in use"),
                (["--exec=no-such-program -x"], 1, "command not found: no-such-program"),
                (["--key=x"], 1, "--key requires --cert; see weft listen --help"),
                ([f"--cert={server}"], 1, r".*server.pem.*; see --key"),
                (["--cert=missing.pem"], 1, r".*missing.pem: No such file or directory"),
            ]:
                result = subprocess.run(
                    command("WEFT", "listen", *arguments), capture_output=True, text=True, timeout=TIMEOUT
                )
                self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
                self.assertRegex(result.stderr, rf"^weft: {told}\n$")

    def test_in_a_terminal(self):
        terminal = Terminal(command("WEFT", "listen", "--port=0"))
        self.addCleanup(terminal.close)
        terminal.wait_until(lambda lines: any(line.startswith("Listening on ws://127.0.0.1:") for line in lines))
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
