"""Our server behind real proxies, each with its configuration from docs/howto/proxies.md.

A second case of each takes lines out of the configuration, or trust from the server, and expects an answer that names them.
The client connects from 127.0.0.2, and the proxies from 127.0.0.1.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import http.client
import os
import re
import ssl
import tempfile
import unittest

import websockets

from messages import bytes_of, text_of
from program import Server, running

CLIENT = "127.0.0.2"
LIMIT = 2 << 20  # of a message to the server
TRUST = ("--trusted_proxies=127.0.0.1",)
HOST = ("--allow_host=example.com",)
PROTOCOL = ("--proxy_protocol=required",)


def configurations():
    """Language of the block -> the blocks of the page, in order."""
    found = {}
    with open(os.environ["PROXIES_PAGE"]) as page:
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", page.read(), re.M | re.S):
            found.setdefault(language, []).append(block)
    return found


BLOCKS = configurations()


def replaced(text, *pairs):
    """The text with each old part, which it must have, replaced."""
    for old, new in pairs:
        assert old in text, f"{old!r} is not in the configuration:\n{text}"
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def proxy(file, arguments, text):
    """A proxy with this file. Both may name FOLDER, a temporary one, and PORT, the free port that it listens on and that is yielded."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, file)

        def make_command(port):
            values = (("FOLDER", folder), ("PORT", str(port)), ("FILE", path))
            with open(path, "w") as out:
                out.write(replaced_if(text, values))
            return [replaced_if(word, values) for word in arguments]

        with running("127.0.0.1", make_command, env=dict(os.environ, HOME=folder, XDG_DATA_HOME=folder)) as where:
            yield int(where.split(":")[1])


def replaced_if(text, pairs):
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def nginx(block, backend):
    paths = "".join(f"{kind}_temp_path FOLDER/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi", "client_body"))
    user = "user root root; " if os.getuid() == 0 else ""  # not another one, which a sandbox does not have
    text = (f"{user}daemon off; master_process off; pid FOLDER/pid; error_log stderr warn; events {{}}\n"
            f"http {{ access_log off;\n{paths}{block}}}\n")
    text = replaced(text, ("listen 8000", "listen 127.0.0.1:PORT"), ("127.0.0.1:8080", f"127.0.0.1:{backend}"))
    return proxy("nginx.conf", ["nginx", "-e", "stderr", "-p", "FOLDER", "-c", "FILE"], text)


def haproxy(block, backend):
    text = replaced(block, ("bind :8000", "bind 127.0.0.1:PORT"), ("127.0.0.1:8080", f"127.0.0.1:{backend}"))
    return proxy("haproxy.cfg", ["haproxy", "-db", "-f", "FILE"], text)


def apache(block, backend):
    modules = ("mpm_event", "authz_core", "proxy", "proxy_http", "headers")
    text = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in modules)
    text += ("ServerRoot FOLDER\nServerName localhost\nDefaultRuntimeDir FOLDER\nPidFile FOLDER/pid\nMutex file:FOLDER default\n"
             "ErrorLog /dev/stderr\nListen 127.0.0.1:PORT\n")
    text += "User nobody\nGroup nogroup\n" if os.getuid() == 0 else ""
    text += replaced(block, ("*:8000", "*:PORT"), ("127.0.0.1:8080", f"127.0.0.1:{backend}"))
    return proxy("apache.conf", ["apache2", "-X", "-d", "FOLDER", "-f", "FILE"], text)


def caddy(block, backend):
    text = "{\n  admin off\n  auto_https off\n}\n"
    text += replaced(block, ("8000 {\n", "PORT {\n  bind 127.0.0.1\n"), ("127.0.0.1:8080", f"127.0.0.1:{backend}"))
    return proxy("Caddyfile", ["caddy", "run", "--config", "FILE", "--adapter", "caddyfile"], text)


def varnish(block, backend, options=()):
    text = replaced(block, ('"8080"', f'"{backend}"'))
    command = ["varnishd", "-F", "-j", "none", "-n", "FOLDER/run", "-a", "127.0.0.1:PORT", "-f", "FILE", "-s", "default,16m", *options]
    return proxy("weft.vcl", command, text)


def stunnel(block, backend):
    text = "foreground = yes\npid =\nsyslog = no\ndebug = 4\n"
    text += replaced(block, ("accept = 8000", "accept = 127.0.0.1:PORT"), ("127.0.0.1:8080", f"127.0.0.1:{backend}"),
                     ("/etc/ssl/example.com.pem", os.path.abspath(os.environ["SERVER_PEM"])),
                     ("/etc/ssl/example.com.key", os.path.abspath(os.environ["SERVER_KEY"])))
    return proxy("stunnel.conf", ["stunnel", "FILE"], text)


def request(port, tls=False, origin=True):
    """A connection that has sent an upgrade, as a browser with a page of the same host and port."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(CLIENT, 0))
    client.connect()
    if tls:
        client.sock = insecure().wrap_socket(client.sock)
    client.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
    headers = {"Host": f"example.com:{port}", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    if origin:
        headers["Origin"] = f"http{'s' if tls else ''}://example.com:{port}"
    for name, value in headers.items():
        client.putheader(name, value)
    client.endheaders()
    return client


def ask(port, **kwargs):
    """The status and the body of the answer to an upgrade."""
    client = request(port, **kwargs)
    answer = client.getresponse()
    with client.sock or contextlib.nullcontext():
        return answer.status, "" if answer.status == 101 else answer.read().decode()


@contextlib.contextmanager
def upgraded(port, **kwargs):
    """The socket of a client whose upgrade was accepted."""
    with request(port, **kwargs).sock as socket:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = read(socket, 1)
            assert byte, f"the proxy has closed the connection after {head}"
            head += byte
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield socket


def read(socket, size):
    """The next `size` bytes; fewer if the connection ends."""
    data = b""
    while len(data) < size:
        try:
            part = socket.recv(size - len(data))
        except ConnectionResetError:
            part = b""
        if not part:
            break
        data += part
    return data


def insecure():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class ReverseProxyTest(unittest.IsolatedAsyncioTestCase):
    def server(self, *flags, program="ECHO_SERVER"):
        server = Server(program, "--verbose", f"--max_message_bytes={LIMIT}", *flags)
        self.addCleanup(server.end)
        return server

    def connect(self, port, tls):
        scheme = "s" if tls else ""
        return websockets.connect(f"ws{scheme}://example.com:{port}/", host="127.0.0.1", port=port, local_addr=(CLIENT, 0),
                                  origin=f"http{scheme}://example.com:{port}", max_size=None, ssl=insecure() if tls else None)

    async def works(self, start, block, *flags, tls=False, program="ECHO_SERVER", port=r"\d+"):
        """All that a client does passes through the proxy, and the server sees the client."""
        server = self.server(*flags, *HOST, program=program)
        with start(block, server.port) as proxy_port:
            async with self.connect(proxy_port, tls) as socket:
                self.assertTrue(socket.extensions, "compression was agreed")
                for message in ("Hello", text_of(1 << 20), os.urandom(1 << 20), bytes_of(1 << 20)):
                    await asyncio.wait_for(socket.send(message), 60)
                    self.assertTrue(await asyncio.wait_for(socket.recv(), 60) == message, "the echo differs")
                await asyncio.wait_for(await socket.ping(), 60)
                await socket.close(4001, "bye")
            found = server.wait_for_line(r"session \d+ of ([^ ]+):(\d+): .*4001.*bye.*")
            self.assertEqual(found[1], CLIENT)
            self.assertRegex(found[2], f"^{port}$")
            async with self.connect(proxy_port, tls) as socket:
                await socket.send(os.urandom(LIMIT + 1))
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), 60)
                self.assertEqual(closed.exception.rcvd.code, 1009)

    def refuses(self, start, block, status, *parts, flags=(), logged=True, **kwargs):
        """The answer through the proxy names the cause, and so does the log."""
        server = self.server(*flags)
        with start(block, server.port) as port:
            answer = ask(port, **kwargs)
            self.assertEqual(answer[0], status, answer[1])
            for part in parts:
                self.assertIn(part, answer[1])
            server.wait_for_line(f".*{status}.*{re.escape(parts[0])}.*")

    async def test_nginx(self):
        await self.works(nginx, BLOCKS["nginx"][0], *TRUST, port="0")

    def test_nginx_without(self):
        block = BLOCKS["nginx"][0]
        version = ("    proxy_http_version 1.1;\n", "")
        upgrade = ("    proxy_set_header Upgrade $http_upgrade;\n", "")
        connection = ("    proxy_set_header Connection $connection_upgrade;\n", "")
        host = ("    proxy_set_header Host $http_host;\n", "")
        forwarded = ("    proxy_set_header X-Forwarded-Host $http_host;\n", "")
        named = 'nginx needs "proxy_http_version 1.1", "proxy_set_header Upgrade $http_upgrade" and "proxy_set_header Connection upgrade"'
        trust = TRUST + HOST
        self.refuses(nginx, replaced(block, version, upgrade, connection), 426, named, "HTTP/1.0", flags=trust)
        self.refuses(nginx, replaced(block, upgrade, connection), 426, named, "no \"Upgrade", flags=trust)
        self.refuses(nginx, replaced(block, connection), 426, named, "no \"Connection", flags=trust)
        self.refuses(nginx, replaced(block, host, forwarded), 403, 'nginx needs "proxy_set_header Host $http_host"')
        self.refuses(nginx, replaced(block, ("Host $http_host", "Host $host")), 403, "has lost its port", "$http_host", flags=trust)
        self.refuses(nginx, block, 421, "http.allowed_hosts", flags=TRUST)

    async def test_haproxy(self):
        await self.works(haproxy, BLOCKS["haproxy"][0], *TRUST, port="0")

    def test_haproxy_without(self):
        self.refuses(haproxy, BLOCKS["haproxy"][0], 421, "http.allowed_hosts", flags=TRUST)

    async def test_haproxy_with_the_proxy_protocol(self):
        block = BLOCKS["haproxy"][1]
        await self.works(haproxy, block, *TRUST, *PROTOCOL)
        await self.works(haproxy, replaced(block, ("send-proxy-v2", "send-proxy")), *TRUST, *PROTOCOL)

    async def test_haproxy_with_the_proxy_protocol_before_tls(self):
        keys = (f"--cert={os.environ['SERVER_PEM']}", f"--key={os.environ['SERVER_KEY']}")
        await self.works(haproxy, BLOCKS["haproxy"][1], *TRUST, *PROTOCOL, *keys, tls=True, program="TLS_SERVER")

    def test_haproxy_with_the_proxy_protocol_that_is_not_expected(self):
        block = replaced(BLOCKS["haproxy"][1], (" check inter 2s", ""))
        for header in ("send-proxy-v2", "send-proxy"):
            self.refuses(haproxy, replaced(block, ("send-proxy-v2", header)), 400, "begins with a header of the PROXY protocol",
                         "proxies.trusted_networks", "proxies.protocol", flags=HOST)
        self.refuses(haproxy, replaced(block, (" send-proxy-v2", "")), 400, "does not begin with a header of the PROXY protocol",
                     "send-proxy", flags=TRUST + PROTOCOL + HOST)
        self.refuses(haproxy, block, 421, "http.allowed_hosts", flags=TRUST + PROTOCOL)

    async def test_apache(self):
        block = BLOCKS["apache"][0]
        await self.works(apache, block, *TRUST, port="0")
        # X-Forwarded-Host, of a trusted proxy, is enough.
        await self.works(apache, replaced(block, ("  ProxyPreserveHost On\n", "")), *TRUST, port="0")

    def test_apache_without(self):
        block = BLOCKS["apache"][0]
        self.refuses(apache, replaced(block, ("  ProxyPreserveHost On\n", "")), 403, "the header X-Forwarded-Host has the page's host",
                     "proxies.trusted_networks")
        self.refuses(apache, replaced(block, (" upgrade=websocket", "")), 426, 'Apache needs "upgrade=websocket"', flags=TRUST + HOST)
        self.refuses(apache, block, 421, "http.allowed_hosts", flags=TRUST)

    async def test_caddy(self):
        await self.works(caddy, BLOCKS["caddyfile"][0], *TRUST, port="0")

    def test_caddy_without(self):
        block = replaced(BLOCKS["caddyfile"][0], ("8080\n", "8080 {\n    header_up Host {upstream_hostport}\n  }\n"))
        self.refuses(caddy, block, 403, "the header X-Forwarded-Host has the page's host", "proxies.trusted_networks")
        self.refuses(caddy, BLOCKS["caddyfile"][0], 421, "http.allowed_hosts", flags=TRUST)

    async def test_varnish(self):
        await self.works(varnish, BLOCKS["vcl"][0], *TRUST, port="0")

    def test_varnish_without(self):
        block = BLOCKS["vcl"][0]
        self.refuses(varnish, replaced(block, ("    return (pipe);\n", "")), 426, "has lost its upgrade in a proxy", "return (pipe)",
                     flags=TRUST + HOST)
        self.refuses(varnish, block, 421, "http.allowed_hosts", flags=TRUST)

    async def test_stunnel(self):
        await self.works(stunnel, BLOCKS["ini"][0], *TRUST, *PROTOCOL, tls=True)

    def test_stunnel_without(self):
        block = BLOCKS["ini"][0]
        self.refuses(stunnel, block, 400, "begins with a header of the PROXY protocol", "proxies.protocol", flags=HOST, tls=True)
        self.refuses(stunnel, replaced(block, ("protocol = proxy\n", "")), 400, "does not begin with a header of the PROXY protocol",
                     "stunnel: protocol = proxy", flags=TRUST + PROTOCOL + HOST, tls=True)
        self.refuses(stunnel, block, 421, "http.allowed_hosts", flags=TRUST + PROTOCOL, tls=True)


IDLE = 5  # seconds: a proxy ends a session that is silent for so long
PINGS = 25  # that a client waits for, one each PING seconds: much longer than IDLE
PING = 0.4

# Name -> how a proxy of the page is started with that idle timeout instead of its own, and the flags of its server.
IMPATIENT = {
    "nginx": (nginx, replaced(BLOCKS["nginx"][0], ("    proxy_http_version 1.1;", f"    proxy_http_version 1.1; proxy_read_timeout {IDLE}s;")), TRUST),
    "HAProxy": (haproxy, replaced(BLOCKS["haproxy"][0], ("timeout tunnel 1h", f"timeout tunnel {IDLE}s")), TRUST),
    "HAProxy without HTTP": (
        haproxy,
        replaced(BLOCKS["haproxy"][1], ("client 60s", f"client {IDLE}s"), ("server 60s", f"server {IDLE}s")),
        TRUST + PROTOCOL,
    ),
    "Varnish": (functools.partial(varnish, options=("-p", f"pipe_timeout={IDLE}")), BLOCKS["vcl"][0], TRUST),
    "stunnel": (stunnel, replaced(BLOCKS["ini"][0], ("[weft]\n", f"[weft]\nTIMEOUTidle = {IDLE}\n")), TRUST + PROTOCOL),
}


class SilenceTest(unittest.TestCase):
    """Apache and Caddy are left out: they end no WebSocket for its silence."""

    def through_all(self, interval, check):
        """Calls check(socket) for a silent client of each proxy, at once; `interval` is that of the server's pings."""

        def run(name):
            start, block, flags = IMPATIENT[name]
            server = Server("PUBLISH_SERVER", f"--ping_interval={interval}", *flags, *HOST)
            try:
                with start(block, server.port) as port, upgraded(port, tls=start is stunnel) as socket:
                    check(socket)
            finally:
                server.end()

        with concurrent.futures.ThreadPoolExecutor(len(IMPATIENT)) as pool:
            results = {name: pool.submit(run, name) for name in IMPATIENT}
            for name, result in results.items():
                with self.subTest(name):
                    result.result()

    def test_pings_keep_a_silent_client_connected(self):
        def check(socket):
            for _ in range(PINGS):
                answer_ping(socket, read(socket, 2))
            socket.sendall(b"\x81\x82\0\0\0\0hi")
            head = read(socket, 2)
            while head != b"\x81\x02":  # another ping may be on its way
                answer_ping(socket, head)
                head = read(socket, 2)
            self.assertEqual(read(socket, 2), b"hi")
            socket.sendall(b"\x88\x82\0\0\0\0\x03\xe8")

        def answer_ping(socket, head):
            self.assertEqual(head[:1], b"\x89")
            socket.sendall(b"\x8a" + bytes([0x80 | head[1]]) + b"\0\0\0\0" + read(socket, head[1]))

        self.through_all(f"{PING}s", check)

    def test_without_pings_each_proxy_ends_it(self):
        self.through_all("1h", lambda socket: self.assertEqual(read(socket, 1), b""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
