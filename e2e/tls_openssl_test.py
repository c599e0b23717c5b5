"""TLS with openssl's command line on the other side: its verdict on our server, and our client's on it."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import unittest

from program import Server, command

CA = os.environ["CA_PEM"]
REQUEST = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CLOSE = b"\x88\x80\0\0\0\0"  # A Close frame without a code, masked with zeros.


def identity(name):
    return os.environ[f"{name.upper()}_PEM"], os.environ[f"{name.upper()}_KEY"]


def s_client(port, *args, send=REQUEST.encode() + CLOSE):
    """The output of `openssl s_client`, including errors, after it has sent these bytes."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", CA, *args]
    process = subprocess.run(words, input=send, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return process.stdout.decode("latin1")


class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        certificate, key = identity("server")
        cls.server = Server("TLS_SERVER", "--verbose", f"--cert={certificate}", f"--key={key}", f"--client_ca={CA}")
        cls.client = ("-cert", identity("client")[0], "-key", identity("client")[1])

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    def test_speaks_tls_1_2_and_1_3_and_http_1_1_and_ends_with_close_notify(self):
        for version in ["-tls1_2", "-tls1_3"]:
            with self.subTest(version=version):
                # -ign_eof: continues reading after all input was sent, until the server ends the stream.
                output = s_client(
                    self.server.port, version, "-alpn", "h2,http/1.1", "-verify_hostname", "localhost",
                    "-verify_return_error", "-ign_eof", *self.client,
                )
                self.assertIn("HTTP/1.1 101 Switching Protocols", output)
                self.assertIn("ALPN protocol: http/1.1", output)
                self.assertIn("Verification: OK", output)
                self.assertIn("closed", output.splitlines()[-1])
                self.assertNotIn("unexpected eof", output)

    def test_refuses_what_is_older(self):
        output = s_client(self.server.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", *self.client)
        self.assertIn("alert protocol version", output)

    def test_names_the_client_ca_and_wants_a_certificate(self):
        output = s_client(self.server.port, "-tls1_2")
        self.assertIn("CN = Weft Test CA", output.partition("Acceptable client certificate CA names")[2])
        self.assertRegex(output, "alert (handshake failure|certificate required)")
        self.server.wait_for_line(".*dropped .*the handshake.*: .*certificate.*")

    def test_refuses_renegotiation(self):
        # "R" on its own line requests it.
        output = s_client(self.server.port, "-tls1_2", *self.client, send=b"R\n")
        self.assertRegex(output, "RENEGOTIATING[^$]*(no renegotiation|unexpected eof|error)")

    def test_plain_http(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as plain:
            plain.sendall(REQUEST.encode())
            plain.settimeout(60)
            self.assertTrue(plain.makefile("rb").read().startswith(b"HTTP/1.1 400 "))
        self.server.wait_for_line(".*refused .*: HTTP 400, this port speaks HTTP over TLS only.*")

    def test_reads_its_certificates_anew_on_sighup(self):
        self.server.process.send_signal(signal.SIGHUP)
        self.server.wait_for_line("The certificates were reloaded.")


class ClientTest(unittest.TestCase):
    def connect(self, url, *args):
        words = command("ECHO_CLIENT", f"--ca={CA}", *args, url, "Hello")
        process = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        print(process.stderr, end="")
        return process.returncode, process.stderr

    @contextlib.contextmanager
    def s_server(self, name, *args):
        """The port of `openssl s_server` with that certificate."""
        certificate, key = identity(name)
        words = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www", *args]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                for line in process.stdout:
                    found = re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", line)
                    if found:
                        break
                yield int(found[1])
            finally:
                process.kill()

    def test_says_what_is_wrong_with_the_certificate(self):
        for name, host, says in [
            ("expired", "localhost", "expired"),
            ("other_host", "localhost", "is for other.example, not for localhost"),
            ("other_host", "127.0.0.1", "is for other.example, not for 127.0.0.1"),
            ("self_signed", "localhost", "is self-signed"),
            ("unknown", "localhost", "issued by CN=Unknown Test CA"),
        ]:
            with self.subTest(certificate=name, host=host), self.s_server(name) as port:
                code, errors = self.connect(f"wss://{host}:{port}/")
                self.assertEqual(code, 1)
                self.assertIn(says, errors)

    def test_an_answer_that_is_no_upgrade(self):
        for version in ["-tls1_2", "-tls1_3"]:
            with self.subTest(version=version), self.s_server("server", version) as port:
                code, errors = self.connect(f"wss://localhost:{port}/")
                self.assertEqual(code, 1)
                self.assertIn("HTTP 200", errors)

    def test_no_common_version(self):
        with self.s_server("server", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as port:
            code, errors = self.connect(f"wss://localhost:{port}/")
            self.assertEqual(code, 1)
            self.assertRegex(errors, "TLS|version")

    def test_each_side_of_the_wrong_port(self):
        certificate, key = identity("server")
        for variable, args, scheme, says in [
            ("ECHO_SERVER", [], "wss", "does not speak TLS"),
            ("TLS_SERVER", [f"--cert={certificate}", f"--key={key}"], "ws", "wss://"),
        ]:
            with self.subTest(scheme=scheme):
                server = Server(variable, *args)
                words = command("ECHO_CLIENT", f"{scheme}://localhost:{server.port}", "Hello")
                process = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
                print(process.stderr, end="")
                self.assertEqual(process.returncode, 1)
                self.assertIn(says, process.stderr)
                server.end()


if __name__ == "__main__":
    unittest.main(verbosity=2)
