"""Our client through independent proxies: tinyproxy for HTTP's CONNECT, microsocks for SOCKS5."""

import contextlib
import os
import subprocess
import tempfile
import unittest

from program import Server, command, free_port, running

USER = "joe:s%2Dcret@"  # the password is s-cret


def has_ipv6():
    try:
        return free_port("::1") > 0
    except OSError:
        return False


@contextlib.contextmanager
def tinyproxy(address="127.0.0.1", login=False, ports=()):
    """A proxy that allows connections to these ports; to all, if there are none."""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "tinyproxy.conf")

        def make_command(port):
            lines = [f"Port {port}", f"Listen {address}", "Timeout 60", "MaxClients 20", "LogLevel Critical"]
            lines += ["BasicAuth joe s-cret"] * login + [f"ConnectPort {port}" for port in ports]
            with open(config, "w") as file:
                file.write("\n".join(lines) + "\n")
            return ["tinyproxy", "-d", "-c", config]

        with running(address, make_command) as where:
            yield "http", where


@contextlib.contextmanager
def microsocks(address="127.0.0.1", login=False):
    words = ["-u", "joe", "-P", "s-cret"] * login
    with running(address, lambda port: ["microsocks", "-i", address, "-p", str(port), *words]) as where:
        yield "socks5", where


PROXIES = [tinyproxy, microsocks]


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.plain = Server("ECHO_SERVER")
        cls.addClassCleanup(cls.plain.end)
        cls.tls = Server("TLS_SERVER", f"--cert={os.environ['SERVER_PEM']}", f"--key={os.environ['SERVER_KEY']}")
        cls.addClassCleanup(cls.tls.end)
        # The proxy resolves the name. client_proxy_test checks that it is sent to the proxy.
        cls.urls = [(f"ws://localhost:{cls.plain.port}/", []), (f"wss://localhost:{cls.tls.port}/", [f"--ca={os.environ['CA_PEM']}"])]

    def run_client(self, proxy, url, *flags, user=""):
        """Exit code, output, and errors, which must never contain the password."""
        kind, where = proxy
        words = command("ECHO_CLIENT", f"--proxy={kind}://{user}{where}", *flags, url, "Hello", "again")
        result = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertNotIn("cret", result.stderr)
        return result.returncode, result.stdout, result.stderr

    def expect_echo(self, *args, **kwargs):
        self.assertEqual(self.run_client(*args, **kwargs), (0, "Hello\nagain\n", ""))

    def expect_error(self, *args, says, **kwargs):
        code, output, errors = self.run_client(*args, **kwargs)
        self.assertEqual((code, output), (1, ""))
        for words in says:
            self.assertIn(words, errors)

    def test_without_a_login(self):
        for start in PROXIES:
            with start() as proxy:
                for url, flags in self.urls:
                    with self.subTest(proxy=start.__name__, url=url):
                        self.expect_echo(proxy, url, *flags)
                        # A login that the proxy does not require does no harm.
                        self.expect_echo(proxy, url, *flags, user=USER)

    def test_with_a_login(self):
        for start in PROXIES:
            with start(login=True) as proxy:
                where = f"the proxy {proxy[0]}://{proxy[1]} does not connect to localhost:"
                for url, flags in self.urls:
                    with self.subTest(proxy=start.__name__, url=url):
                        self.expect_echo(proxy, url, *flags, user=USER)
                        self.expect_error(proxy, url, *flags, says=["UNAUTHENTICATED", where, "requires a user name"])
                        wrong = "it rejects the user name and password"
                        self.expect_error(proxy, url, *flags, user="joe:cret@", says=["UNAUTHENTICATED", where, wrong])

    def test_r19_the_certificate_must_be_the_servers(self):
        url = self.urls[1][0]
        for start in PROXIES:
            with start() as proxy, self.subTest(start.__name__):
                self.expect_error(proxy, url, says=["UNAUTHENTICATED", 'no TLS with "localhost"'])
                unknown = f"--ca={os.environ['UNKNOWN_CA_PEM']}"
                self.expect_error(proxy, url, unknown, says=["UNAUTHENTICATED", 'no TLS with "localhost"'])
                other = f"wss://127.0.0.2:{self.tls.port}/"
                self.expect_error(proxy, other, *self.urls[1][1], says=["127.0.0.2"])

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_ipv6(self):
        server = Server("ECHO_SERVER", "--address=::1")
        self.addCleanup(server.end)
        for start in PROXIES:
            with start("::1") as proxy, self.subTest(start.__name__):
                self.expect_echo(proxy, server.url)

    def test_nobody_where_the_proxy_shall_connect_to(self):
        url = f"ws://127.0.0.1:{free_port('127.0.0.1')}/"
        for start, says in (tinyproxy, "it answered HTTP 5"), (microsocks, "the connection was refused"):
            with start() as proxy, self.subTest(start.__name__):
                self.expect_error(proxy, url, says=["does not connect to 127.0.0.1:", says])

    def test_a_port_that_the_proxy_refuses(self):
        with tinyproxy(ports=[1]) as proxy:
            self.expect_error(proxy, self.urls[0][0], says=["PERMISSION_DENIED", "it answered HTTP 403 Forbidden"])

    def test_the_wrong_kind_of_proxy(self):
        with microsocks() as (_, where):
            self.expect_error(("http", where), self.urls[0][0], says=[f"the proxy http://{where} does not connect"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
