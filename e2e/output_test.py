"""The examples' output: to descriptors that fail, and to terminals, which must not get commands from a peer."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from program import command
from terminal import Terminal

TIMEOUT = 60  # Seconds; only a test that fails takes that long.

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class OutputTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "socket")

    def start(self, variable, *arguments, **streams):
        """A server at a Unix socket, so that its port need not be read from its output. Returns its process."""
        return self.start_as(command(variable, f"--address=unix:{self.path}", *arguments), **streams)

    def start_as(self, words, **streams):
        process = subprocess.Popen(words, **streams)
        self.addCleanup(process.wait, TIMEOUT)
        self.addCleanup(process.kill)
        self.await_answer(process)
        return process

    def await_answer(self, process):
        """A connection is refused until the server listens."""
        while process.poll() is None:
            try:
                return self.ask(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            except (FileNotFoundError, ConnectionRefusedError):
                pass
        self.fail(f"the server ended with {process.returncode}")

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(TIMEOUT)
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection

    def ask(self, request):
        """The whole response to a request after which the server closes."""
        with self.connect() as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        return answer

    def refuse(self):
        self.assertRegex(self.ask(b"nonsense\r\n\r\n"), rb"^HTTP/1.1 400 ")

    def say(self, text):
        """Sends one message, and waits for its echo."""
        with self.connect() as connection:
            connection.sendall(UPGRADE + bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
            answer = b""
            while text not in answer:
                part = connection.recv(65536)
                self.assertNotEqual(part, b"")
                answer += part

    def end(self, process):
        self.assertIsNone(process.poll())
        process.terminate()
        self.assertEqual(process.wait(TIMEOUT), 0)


class LostOutputTest(OutputTest):
    """A server continues without its log."""

    def test_no_space_for_the_log(self):
        with open("/dev/full", "w") as full:
            process = self.start("ECHO_SERVER", "--verbose", stdout=full, stderr=full)
        self.refuse()
        self.say(b"still there")
        self.end(process)

    def test_nobody_reads_the_log(self):
        for stream in ["stdout", "stderr"]:
            with self.subTest(stream=stream):
                read_end, write_end = os.pipe()
                process = self.start("CHAT_SERVER", "--verbose", **{stream: write_end})
                os.close(write_end)
                os.close(read_end)
                self.refuse()
                self.say(b"still there")
                self.say(b"and again")
                self.end(process)

    def test_the_reader_of_the_log_stands_still(self):
        read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
        process = self.start("ECHO_SERVER", "--verbose", stderr=write_end)
        os.close(write_end)
        for _ in range(200):
            self.refuse()
        with os.fdopen(read_end, "rb") as log:
            self.assertEqual(len(os.read(log.fileno(), 1)), 1)
            os.set_blocking(log.fileno(), False)
            log.read()
            self.refuse()
            self.end(process)
            os.set_blocking(log.fileno(), True)
            lines = log.read().decode().splitlines()
        self.assertRegex(lines[0], r"^\d+ log lines were lost$")
        self.assertRegex(lines[1], "^refused ")

    def test_streams_that_are_closed(self):
        """The first socket would get the number of standard output, and a client would receive the printed text."""
        for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]:
            with self.subTest(closed=closed):
                server = " ".join(command("CHAT_SERVER", f"--address=unix:{self.path}", "--verbose"))
                process = self.start_as(["sh", "-c", f"exec {server} {closed}"])
                self.refuse()
                self.say(b"hello")
                for number, name in enumerate(["<", ">", "2>"]):
                    if re.search(rf"(^| ){name}&-", closed):
                        self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/dev/null")
                self.end(process)


class TerminalTest(OutputTest):
    """A peer's text is shown, and its terminal commands are not executed."""

    EVIL = "\x1b]0;owned\a\x1b[2J\u202e\u009b2J"
    SHOWN = "\\x1b]0;owned\\x07\\x1b[2J\\u202e\\x9b2J"

    def url(self):
        self.start("ECHO_SERVER", stdout=subprocess.DEVNULL)
        return f"ws+unix://{self.path}:/ws"

    def test_the_echo_client(self):
        client = Terminal(command("ECHO_CLIENT", self.url(), self.EVIL))
        self.addCleanup(client.close)
        self.assertEqual(client.wait(), 0)
        self.assertEqual(client.output.decode(), self.SHOWN + "\r\n")

    def test_the_echo_client_in_a_pipe(self):
        result = subprocess.run(command("ECHO_CLIENT", self.url(), self.EVIL), capture_output=True, timeout=TIMEOUT)
        self.assertEqual(result.stdout.decode(), self.EVIL + "\n")

    def test_the_chat_client(self):
        client = Terminal(command("CHAT_CLIENT", f"--url={self.url()}"))
        self.addCleanup(client.close)
        client.wait_until(lambda screen: screen[-1] == "> ")
        client.type("connect\n")
        client.wait_until(lambda screen: screen[-1] == "msg> ")
        client.type(f"a{self.EVIL}b\n")
        client.wait_until(lambda screen: f"rcv=> a{self.SHOWN}b" in screen)


class WordsTest(OutputTest):
    """Command lines, and their errors."""

    def test_the_chat_client_takes_a_url(self):
        self.start("CHAT_SERVER", stdout=subprocess.DEVNULL)
        arguments = command("CHAT_CLIENT", f"ws+unix://{self.path}:/")
        result = subprocess.run(arguments, input="connect\n", capture_output=True, text=True, timeout=TIMEOUT)
        self.assertIn("Connected successfully.", result.stdout)

    def test_the_chat_client_takes_one_url(self):
        arguments = command("CHAT_CLIENT", "ws://127.0.0.1:1/", "another")
        result = subprocess.run(arguments, input="", capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stderr), (2, "unexpected argument: another (try --help)\n"))

    def test_a_wrong_command_line_says_what_to_do(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            for flags, code, error in [
                (["--prot=1"], 2, "unknown flag: --prot=1 (try --help)"),
                (["--port", "0", "--nodrain"], 2, "unknown flag: --nodrain (try --help)"),
                (["--port=x"], 1, "ERROR: Illegal value 'x' specified for flag 'port'; expected 0 to 65535"),
                (["--port=65536"], 1, "ERROR: Illegal value '65536' specified for flag 'port'; expected 0 to 65535"),
                (
                    [f"--port={port}"],
                    1,
                    f"Error: cannot listen on 127.0.0.1:{port}: Address already in use (try --port=0, for a free one)",
                ),
                (["--address=fd:99"], 1, "Error: the file descriptor fd:99 is not open"),
            ]:
                with self.subTest(flags):
                    arguments = command("ECHO_SERVER", *flags)
                    result = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT)
                    self.assertEqual((result.returncode, result.stderr), (code, f"{error}\n"))

    def test_help_has_the_flags(self):
        result = subprocess.run(command("ECHO_SERVER", "--help"), capture_output=True, text=True, timeout=TIMEOUT)
        self.assertIn("--port (the port; 0 for a free one); default: 8080;", result.stdout)

    def test_no_browser_is_told_to_open_a_unix_socket(self):
        process = self.start("ECHO_SERVER", stdout=subprocess.PIPE, text=True)
        process.send_signal(signal.SIGTERM)
        with process.stdout:
            self.assertEqual(process.stdout.read(), f"Server Listening on unix:{self.path}\n")

    def test_a_tls_server_that_finds_no_certificate_says_what_to_do(self):
        arguments = [os.path.abspath(word) for word in command("TLS_SERVER")]
        result = subprocess.run(
            [*arguments, "--port=0"], cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT
        )
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^Error: .*--cert and --key.*bazel run //examples/tls:server.*\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
