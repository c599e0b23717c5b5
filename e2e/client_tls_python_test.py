"""The examples' clients on wss://, against a server on Python's websockets and ssl, with the test CA."""

import asyncio
import base64
import hashlib
import os
import re
import socket
import ssl
import threading
import unittest

import websockets

from program import command

CA = os.environ["CA_PEM"]
CLIENT = (f"--cert={os.environ['CLIENT_PEM']}", f"--key={os.environ['CLIENT_KEY']}")


def server_context(client_certificates=ssl.CERT_NONE):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["SERVER_PEM"], os.environ["SERVER_KEY"])
    context.verify_mode = client_certificates
    context.load_verify_locations(CA)
    return context


def serve(client_certificates=ssl.CERT_NONE, address="127.0.0.1"):
    return websockets.serve(echo, address, 0, ssl=server_context(client_certificates))


async def echo(socket):
    async for message in socket:
        await socket.send(message)


def url_of(server, host="localhost", scheme="wss"):
    return f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}"


async def run(variable, *args, stdin=""):
    """Exit code, output, and errors."""
    process = await asyncio.create_subprocess_exec(
        *command(variable, *args), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
    return process.returncode, out.decode(), err.decode()


class EchoClientTest(unittest.IsolatedAsyncioTestCase):
    async def test_trusts_the_ca_that_it_was_told(self):
        async with serve() as server:
            for host in ["localhost", "127.0.0.1"]:
                result = await run("ECHO_CLIENT", f"--ca={CA}", url_of(server, host), "Hello", "again")
                self.assertEqual(result, (0, "Hello\nagain\n", ""))

    async def expect_refused(self, server, *flags, says, host="localhost"):
        code, out, err = await run("ECHO_CLIENT", *flags, url_of(server, host), "Hello")
        self.assertEqual((code, out), (1, ""))
        for words in says:
            self.assertRegex(err, words)

    async def test_says_whom_it_does_not_trust(self):
        async with serve() as server:
            await self.expect_refused(server, says=["UNAUTHENTICATED", "certificate"])
            unknown = f"--ca={os.environ['UNKNOWN_CA_PEM']}"
            await self.expect_refused(server, unknown, says=["UNAUTHENTICATED", "certificate"])
        async with serve(address="127.0.0.2") as server:  # a name that the certificate is not for
            await self.expect_refused(server, f"--ca={CA}", host="127.0.0.2", says=["not for 127.0.0.2"])

    async def test_says_who_it_is(self):
        async with serve(client_certificates=ssl.CERT_REQUIRED) as server:
            result = await run("ECHO_CLIENT", f"--ca={CA}", *CLIENT, url_of(server), "Hello")
            self.assertEqual(result, (0, "Hello\n", ""))
            # Python ends the connection without a reason, and by a reset if the request came before that.
            await self.expect_refused(server, f"--ca={CA}", says=["the server ended the stream|Connection reset by peer"])

    async def test_names_flags_and_files_that_are_wrong(self):
        async with serve() as server:
            await self.expect_refused(server, "--ca=/no/such/file", says=["/no/such/file"])
            await self.expect_refused(server, f"--ca={os.environ['SERVER_KEY']}", says=[os.environ["SERVER_KEY"]])
            await self.expect_refused(server, CLIENT[0], says=["--cert and --key must be given together"])
        code, _, err = await run("ECHO_CLIENT", f"--ca={CA}", "ws://127.0.0.1:1", "Hello")
        self.assertEqual(code, 1)
        self.assertIn("ws://127.0.0.1:1 is not encrypted", err)


class CloseNotifyTest(unittest.IsolatedAsyncioTestCase):
    """With the right option, Python's ssl reports whether the client ended TLS properly."""

    def answer_and_close(self, listener, closes_first):
        sock, _ = listener.accept()
        sock.settimeout(60)
        self.end = None
        with server_context().wrap_socket(sock, server_side=True, suppress_ragged_eofs=False) as stream:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += stream.recv(4096)
            key = re.search(rb"Sec-WebSocket-Key: (.*)\r\n", request).group(1)
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            stream.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            close = b"\x88\x02\x03\xe8"
            if closes_first:
                stream.sendall(close)
            received = b""
            while b"\x88" not in received:
                received += stream.recv(4096)
            if not closes_first:
                stream.sendall(close)
            try:
                stream.unwrap()  # sends close_notify, and waits for the client's
                self.end = "in order"
            except OSError as error:
                self.end = str(error)

    async def test_an_orderly_close_ends_tls_in_order(self):
        for closes_first in [False, True]:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                thread = threading.Thread(target=self.answer_and_close, args=(listener, closes_first))
                thread.start()
                url = f"wss://localhost:{listener.getsockname()[1]}"
                # It has nothing to send: it closes at once.
                code, _, err = await run("WEFT", "connect", f"--ca={CA}", "--wait=0", url)
                thread.join()
                self.assertEqual(code, 0, err)
                self.assertEqual(self.end, "in order")


class ChatClientTest(unittest.IsolatedAsyncioTestCase):
    async def test_connects(self):
        async with serve(client_certificates=ssl.CERT_REQUIRED) as server:
            code, out, err = await run(
                "CHAT_CLIENT", f"--url={url_of(server)}", f"--ca={CA}", *CLIENT, stdin="connect\n__disconnect\nexit\n"
            )
            self.assertEqual((code, err), (0, ""))
            self.assertIn("Connected successfully.", out)
            self.assertIn("Disconnected successfully!", out)

    async def test_says_why_not(self):
        async with serve() as server:
            _, out, _ = await run("CHAT_CLIENT", f"--url={url_of(server)}", stdin="connect\nexit\n")
            self.assertRegex(out, r"Connection failed: \(.*certificate")
        code, _, err = await run("CHAT_CLIENT", "--url=wss://localhost", "--ca=/no/such/file")
        self.assertEqual(code, 2)
        self.assertIn("/no/such/file", err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
