"""`weft check`: what it says about servers that work, and about those that do not."""

import asyncio
import base64
import datetime
import hashlib
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import unittest

import websockets

from program import command
from raw_server import RawServer

TIMEOUT = 60  # Seconds; only a test that fails takes that long.
EXPIRED = datetime.datetime(2010, 1, 1, tzinfo=datetime.timezone.utc)  # the end of expired.pem


class EchoServer:
    """An echo with permessage-deflate and the subprotocol "chat"."""

    welcome = "welcome"

    def __init__(self, certificate=None):
        tls = None
        if certificate is not None:
            folder = os.path.dirname(os.environ["TEST_CA"])
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*(os.path.join(folder, f"{certificate}.{end}") for end in ("pem", "key")))
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        async def serve():
            self.server = await self.listen(tls)
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()

        def run():
            self.loop.run_until_complete(serve())
            self.loop.run_forever()

        self.thread = threading.Thread(target=run)
        self.thread.start()
        started.wait()
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}/"

    async def listen(self, tls):
        return await websockets.serve(self.echo, "127.0.0.1", 0, ssl=tls, subprotocols=["chat"])

    async def echo(self, connection):
        await connection.send(self.welcome)
        async for message in connection:
            await connection.send(message)

    def stop(self):
        async def close():
            self.server.close()
            await self.server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(TIMEOUT)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class ConnectProxy(EchoServer):
    """An HTTP proxy, for CONNECT only."""

    async def listen(self, tls):
        return await asyncio.start_server(self.tunnel, "127.0.0.1", 0)

    async def tunnel(self, reader, writer):
        async def copy(source, target):
            try:
                while data := await source.read(65536):
                    target.write(data)
            finally:
                target.close()

        head = await reader.readuntil(b"\r\n\r\n")
        host, port = head.split()[1].decode().rsplit(":", 1)
        from_server, to_server = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(copy(reader, to_server), copy(from_server, writer), return_exceptions=True)


def answer(status, *headers, body=b""):
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class CheckTest(unittest.TestCase):
    def serve(self, certificate=None):
        server = EchoServer(certificate)
        self.addCleanup(server.stop)
        return server

    def check(self, *arguments, code=0):
        """The lines that it prints, without times; the test fails if a line has a step without one."""
        result = subprocess.run(
            command("WEFT", "check", *arguments), capture_output=True, text=True, timeout=TIMEOUT
        )
        self.assertEqual((result.returncode, result.stderr), (code, ""), result.stdout)
        return [re.sub(r"  \([\d.]+ m?s\)$", "", line) for line in result.stdout.splitlines()]

    def refused(self, *response, url=None, flags=(), code=3, **options):
        """The advice about a server that answers so."""
        server = RawServer(answer(*response, **options))
        lines = self.check(*flags, url or server.url, code=code)
        server.thread.join()
        self.assertTrue(any(line.startswith("FAIL  upgrade ") for line in lines), lines)
        return "\n".join(line for line in lines if line.startswith(("      -> ", "note  seen")))

    def test_all_is_well(self):
        server = self.serve()
        self.assertEqual(
            self.check("--subprotocol=chat", "--pings=2", server.url),
            [
                "ok    name         127.0.0.1 is 127.0.0.1",
                f"ok    connection   127.0.0.1:{server.port}",
                "ok    upgrade      HTTP/1.1 101 Switching Protocols",
                f"note  seen         Server: Python/{sys.version_info[0]}.{sys.version_info[1]} "
                f"websockets/{websockets.__version__}",
                "ok    subprotocol  chat",
                "ok    compression  permessage-deflate, windows of 12 and 12 bits",
                "ok    ping         round trip 1",
                "ok    ping         round trip 2",
                "ok    close        1000 normal closure",
                "note  messages     1 arrived meanwhile",
            ],
        )

    def test_no_subprotocol_in_common(self):
        lines = self.check("--subprotocol=a,b", self.serve().url)
        at = lines.index("note  subprotocol  none of a, b was chosen")
        self.assertEqual(lines[at + 1], "      -> Browsers give up such a connection.")

    def test_tls(self):
        lines = self.check(f"--ca={os.environ['TEST_CA']}", self.serve("server").url)
        certificate = [line for line in lines if line.startswith("ok    certificate")]
        self.assertRegex(
            certificate[0],
            r"CN=localhost for localhost, 127.0.0.1 and ::1, issued by CN=Weft Test CA, "
            r"expires in \d+ days \(Jan  1 00:00:00 2100 GMT\)$",
        )
        self.assertIn("ok    TLS          the certificate is trusted, and for 127.0.0.1", lines)
        self.assertTrue(any(re.match(r"ok    encryption   TLSv1\.[23], \w+$", line) for line in lines), lines)

    def test_bad_certificates(self):
        ca = f"--ca={os.environ['TEST_CA']}"
        for certificate, expected, advice in [
            ("expired", "expired on Jan  1 00:00:00 2010 GMT", "Renew the certificate"),
            ("unknown", "which is not trusted", "To trust another authority: --ca=FILE"),
            ("self_signed", "is self-signed and not trusted", "To trust it: --ca=FILE"),
            ("other_host", ", not for 127.0.0.1", "Use a name of the certificate in the URL"),
        ]:
            with self.subTest(certificate):
                lines = self.check(ca, self.serve(certificate).url, code=2)
                self.assertTrue(lines[-2].startswith("FAIL  TLS "), lines)
                self.assertIn(expected, lines[-2])
                self.assertTrue(lines[-1].startswith("      -> " + advice), lines)
                shown = [line for line in lines if line[6:].startswith("certificate")]
                self.assertEqual(len(shown), 1, lines)
                if certificate == "expired":
                    days = (datetime.datetime.now(datetime.timezone.utc) - EXPIRED).days
                    self.assertRegex(shown[0], rf"^FAIL .* expired ({days - 1}|{days}) days ago ")

    def test_the_certificate_behind_a_proxy(self):
        proxy = ConnectProxy()
        self.addCleanup(proxy.stop)
        flags = [f"--proxy=http://localhost:{proxy.port}", f"--ca={os.environ['TEST_CA']}"]
        for certificate, code in [("server", 0), ("expired", 2)]:
            with self.subTest(certificate):
                server = self.serve(certificate)
                lines = self.check(*flags, server.url, code=code)
                (shown,) = [line for line in lines if line[6:].startswith("certificate")]
                self.assertRegex(shown, r"CN=\w+ for .* issued by CN=Weft Test CA, expire[sd] ")
                self.assertEqual(shown[:4], "ok  " if code == 0 else "FAIL")
                self.assertEqual(sum(line.startswith("ok    connection ") for line in lines), 1, lines)
        # At the host of the server, and after a redirect through the proxy.
        server = self.serve("server")
        flags[0] = f"--proxy=http://127.0.0.1:{proxy.port}"
        first = RawServer(answer("307 There", f"Location: {server.url}"))
        for arguments in [[server.url], ["--max-redirects=1", first.url]]:
            with self.subTest(arguments):
                lines = self.check(*flags, *arguments)
                self.assertEqual(sum(line.startswith("ok    certificate ") for line in lines), 1, lines)
                self.assertIn("ok    name         the proxy 127.0.0.1 is 127.0.0.1", lines)
        first.thread.join()
        # Without TLS there is none.
        lines = self.check(*flags, self.serve().url)
        self.assertFalse([line for line in lines if "certificate" in line], lines)

    def test_any_certificate(self):
        lines = self.check("--insecure", self.serve("expired").url)
        self.assertIn("ok    TLS          the certificate was not checked (--insecure)", lines)
        (certificate,) = [line for line in lines if line[6:].startswith("certificate")]
        self.assertRegex(certificate, r"^note .* expired \d+ days ago ")

    def test_the_wrong_scheme(self):
        plain = self.serve()
        lines = self.check(f"wss://127.0.0.1:{plain.port}/x", code=2)
        self.assertEqual(lines[-1], f"      -> Did you mean ws://127.0.0.1:{plain.port}/x?")
        tls = self.serve("server")
        lines = self.check(f"ws://127.0.0.1:{tls.port}/", code=2)
        self.assertTrue(any(line.startswith("FAIL  upgrade ") for line in lines), lines)
        body = b"<h1>The plain HTTP request was sent to HTTPS port</h1>"  # nginx
        self.assertIn("Did you mean wss://127.0.0.1:", self.refused("400 Bad Request", body=body))
        self.assertIn(
            "Did you mean wss://127.0.0.1:", self.refused("301 Moved", "Location: https://127.0.0.1/")
        )

    def test_refusals(self):
        for response, flags, advice in [
            (["401 No", 'WWW-Authenticate: Basic realm="x"'], [], "--auth=USER:PASSWORD"),
            (["401 No", "WWW-Authenticate: Bearer"], [], "--bearer=TOKEN"),
            (["401 No"], [], "does not say how to authenticate"),
            (["403 No"], [], "--origin=https://HOST"),
            (["403 No"], ["--origin=https://a.example"], 'not accept the origin "https://a.example"'),
            (["404 No"], [], 'No WebSocket is at the path "/"'),
            (["421 No"], [], "--connect-to=HOST:PORT"),
            (["426 No"], [], "proxy_http_version 1.1"),
            (["400 No"], [], "pass the headers Upgrade and Connection on"),
            (["200 OK"], [], "The answer is a page"),
            (["502 No"], [], "may not reach the server behind it"),
            (["503 No", "Retry-After: 7"], [], "try again after 7 s"),
            (["503 No", "Via: 1.1 varnish"], [], "note  seen         Via: 1.1 varnish"),
        ]:
            with self.subTest(response):
                self.assertIn(advice, self.refused(*response, flags=flags))

    def test_nobody_there(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # and does not listen
            port = unused.getsockname()[1]
            lines = self.check(f"ws://127.0.0.1:{port}/", code=2)
        self.assertEqual(
            lines[1:],
            [
                f"FAIL  connection   cannot connect to 127.0.0.1:{port} (Connection refused)",
                "      -> Nothing listens at that port, or a firewall rejects connections to it.",
            ],
        )

    def test_an_address_that_does_not_work(self):
        """localhost is ::1 as well."""
        server = self.serve()
        lines = self.check(f"ws://localhost:{server.port}/")
        self.assertTrue(lines[1].startswith(f"note  connection   cannot connect to [::1]:{server.port} "), lines)
        self.assertEqual(lines[3], f"ok    connection   127.0.0.1:{server.port}")

    def test_no_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
            lines = self.check("--timeout=1s", url, code=2)  # also for the connection
        self.assertTrue(lines[-2].startswith("FAIL  upgrade "), lines)
        self.assertIn("No answer in time", lines[-1])

    def test_a_server_that_sends_and_never_answers(self):
        def flood():
            with silent, silent.accept()[0] as connection:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    request += connection.recv(4096)
                key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)[1]
                accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                )
                try:
                    while True:
                        connection.sendall(b"\x81\x01x" * 10000)
                except OSError:
                    pass

        silent = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=flood)
        thread.start()
        lines = self.check("--timeout=1s", f"ws://127.0.0.1:{silent.getsockname()[1]}/", code=4)
        thread.join()
        self.assertTrue(any(line.startswith("FAIL  ping         no answer within 1s") for line in lines), lines)

    def test_a_server_that_hangs_up(self):
        server = RawServer(b"")
        lines = self.check(server.url, code=2)
        server.thread.join()
        self.assertTrue(lines[-1].startswith("FAIL  upgrade "), lines)

    def test_a_server_that_closes_at_once(self):
        server = self.serve()
        server.welcome = None  # the handler fails
        lines = self.check(server.url, code=4)
        self.assertTrue(lines[-1].startswith("FAIL  ping         the server closed: 1011"), lines)

    def test_a_peers_text_is_escaped(self):
        told = self.refused("503 No", "Via: \x9b2J")
        self.assertNotIn("\x9b", told)

    def test_wrong_usage(self):
        for arguments, told in [
            ([], "a URL is missing"),
            (["ws://h/", "x"], "unexpected argument x"),
            (["--pings=0", "ws://h/"], '--pings: "0" is not a number above 0'),
        ]:
            result = subprocess.run(
                command("WEFT", "check", *arguments), capture_output=True, text=True, timeout=TIMEOUT
            )
            self.assertEqual(
                (result.returncode, result.stderr), (1, f"weft: {told}; see weft check --help\n"), result.stdout
            )


if __name__ == "__main__":
    unittest.main(verbosity=2)
