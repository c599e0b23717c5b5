"""The command-line tool, in a terminal as a person sees it, and in pipes."""

import asyncio
import base64
import fcntl
import http
import json
import os
import pty
import queue
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import termios
import threading
import unittest

import pyte
import websockets

from program import command
from raw_server import RawServer
from terminal import Terminal

TIMEOUT = 60  # Seconds; only a test that fails takes that long.


MOVED = {"/moved": "/echo", "/to-ftp": "ftp://h/", "/to-space": "/a b", "/round": "/round"}


class Server:
    """A WebSocket server that the test controls. /echo echoes, /refused is refused, the paths in MOVED redirect."""

    def __init__(self, tls=None):
        self.tls = tls
        self.loop = asyncio.new_event_loop()
        self.opened = queue.Queue()
        self.received = queue.Queue()
        self.closed = queue.Queue()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.do(self.start())
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{self.port}"

    async def start(self):
        return await websockets.serve(
            self.handle,
            "127.0.0.1",
            0,
            ssl=self.tls,
            subprotocols=["chat"],
            process_request=self.refuse,
            max_size=None,
        )

    def do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(TIMEOUT)

    async def refuse(self, path, _):
        if path == "/refused":
            return http.HTTPStatus.FORBIDDEN, [("X-Why", "test")], b"You may not.\nReally.\n"
        if path in MOVED:
            return http.HTTPStatus.FOUND, [("Location", MOVED[path])], b""
        return None

    async def handle(self, connection):
        self.connection = connection
        self.opened.put(connection.request_headers)
        self.certificate = self.tls and connection.transport.get_extra_info("peercert")
        try:
            while True:
                message = await connection.recv()
                self.received.put(message)
                if connection.path == "/echo":
                    await connection.send(message)
        except websockets.ConnectionClosed:
            pass
        self.closed.put((connection.close_code, connection.close_reason))

    def await_client(self):
        """The headers of the next client's request."""
        return self.opened.get(timeout=TIMEOUT)

    def next(self):
        return self.received.get(timeout=TIMEOUT)

    def send(self, message):
        self.do(self.connection.send(message))

    def close(self, code, reason=""):
        self.do(self.connection.close(code, reason))

    def end_of_client(self):
        return self.closed.get(timeout=TIMEOUT)

    def stop(self):
        self.server.close()
        self.do(self.server.wait_closed())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Screen(Terminal):
    """A program in a terminal of this size, seen through an independent terminal emulator."""

    def __init__(self, arguments, columns=80, rows=24, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.seen = 0
        environment = {"TERM": "xterm-256color", **environment}
        super().__init__(arguments, environment={**os.environ, **environment}, size=(rows, columns))

    def lines(self):
        """The text on the screen, without empty lines and trailing spaces."""
        self.stream.feed(self.output[self.seen :])
        self.seen = len(self.output)
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip("\n").split("\n")

    def wait_for(self, *last):
        """Waits until the screen ends with these lines; the prompt is compared without its trailing space."""
        return self.wait_until(lambda screen: screen[-len(last) :] == list(last))

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)


class WeftTest(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.history = os.path.join(folder.name, "history")

    def connect(self, *flags, path="/", arguments=None, **options):
        """The tool in a terminal, connected and at its prompt."""
        options.setdefault("WEFT_HISTORY", self.history)
        screen = Screen(arguments or command("WEFT", "connect", self.server.url + path, *flags), **options)
        self.addCleanup(screen.close)
        self.server.await_client()
        screen.wait_until(lambda lines: lines[-1] == ">")
        return screen

    def run_piped(self, *arguments, input=b"", url=None):
        url = url or self.server.url + "/echo"
        return subprocess.run(
            command("WEFT", "connect", url, *arguments), input=input, capture_output=True, timeout=TIMEOUT
        )


class TerminalTest(WeftTest):
    """In a terminal."""

    def test_a_conversation(self):
        screen = self.connect("--subprotocol=chat")
        self.assertEqual(
            screen.lines(), [f"connected to {self.server.url}/ at 127.0.0.1:{self.server.port}, subprotocol chat", ">"]
        )
        screen.type("Hello, Weft\n")
        self.assertEqual(self.server.next(), "Hello, Weft")
        self.server.send("Hello, you")
        screen.wait_for("> Hello, Weft", "< Hello, you", ">")

    def test_a_message_does_not_tear_the_line_that_is_typed(self):
        screen = self.connect()
        screen.type("hel")
        screen.wait_for("> hel")
        self.server.send("tick")
        screen.wait_for("< tick", "> hel")
        screen.type("lo\n")
        self.assertEqual(self.server.next(), "hello")
        screen.wait_for("< tick", "> hello", ">")

    def test_nor_one_that_wraps_and_has_wide_characters(self):
        screen = self.connect(columns=20)
        typed = "Schuß 織物 and more than one line of it, 織物, ends here"
        screen.type(typed)
        before = screen.wait_until(lambda lines: lines[-1].endswith("ends here"))
        for count in range(3):
            self.server.send(f"tick {count}")
            screen.wait_until(lambda lines: f"< tick {count}" in lines and lines[-3:] == before[-3:])
        screen.type("!\n")
        self.assertEqual(self.server.next(), typed + "!")

    def test_nor_moves_the_cursor(self):
        screen = self.connect()
        screen.type("helo\x1b[D")
        screen.wait_for("> helo")
        self.server.send("tick")
        screen.wait_for("< tick", "> helo")
        screen.type("l\n")
        self.assertEqual(self.server.next(), "hello")

    def test_many_messages_while_one_types(self):
        screen = self.connect(rows=10)
        for part in range(10):
            screen.type(f"{part}")
            for message in range(100):
                self.server.send(f"message {part} {message}")
        screen.wait_for("< message 9 98", "< message 9 99", "> 0123456789")
        screen.type("\n")
        self.assertEqual(self.server.next(), "0123456789")
        numbers = re.findall(r"< message (\d \d+)\r\n", re.sub(r"\x1b\[[\d;]*m", "", screen.output.decode()))
        self.assertEqual(numbers, [f"{part} {message}" for part in range(10) for message in range(100)])

    def paste(self, screen, text):
        """Like a terminal in bracketed paste mode."""
        self.assertEqual(re.findall(rb"\x1b\[\?2004[hl]", screen.output)[-1:], [b"\x1b[?2004h"])
        screen.type("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def test_lines_that_are_pasted_are_one_message(self):
        screen = self.connect()
        self.paste(screen, '{\n  "a": 1\n}\n')
        screen.wait_for("> {", '  "a": 1', "}")
        self.assertTrue(self.server.received.empty())
        self.server.send("tick")
        screen.wait_for("< tick", "> {", '  "a": 1', "}")
        screen.type("\n")
        self.assertEqual(self.server.next(), '{\n  "a": 1\n}')
        screen.wait_for(">")
        screen.type("\x1b[A")
        screen.wait_for("> {", '  "a": 1', "}")
        screen.type("\n")
        self.assertEqual(self.server.next(), '{\n  "a": 1\n}')

    def test_a_paste_that_is_larger_than_the_screen(self):
        screen = self.connect(rows=10)
        pasted = "\n".join(f"line {i} " + "x" * i for i in range(100))
        self.paste(screen, pasted)
        screen.wait_until(lambda lines: lines[-1].endswith("x" * 19))
        screen.type("!\n")
        self.assertEqual(self.server.next(), pasted + "!")

    def test_the_terminal_does_not_mark_pastes_any_more(self):
        for keys in ["\x04", "\x03"]:
            screen = self.connect()
            screen.type(keys)
            screen.wait()
            self.assertEqual(re.findall(rb"\x1b\[\?2004[hl]", screen.output), [b"\x1b[?2004h", b"\x1b[?2004l"])

    def test_alt_enter_begins_a_line_of_the_same_message(self):
        screen = self.connect()
        screen.type("one\x1b\rtwo")
        screen.wait_for("> one", "two")
        self.server.send("tick")
        screen.wait_for("< tick", "> one", "two")
        screen.type("\x1b\r\x1b\rthree\n")
        self.assertEqual(self.server.next(), "one\ntwo\n\nthree")

    def test_commands(self):
        screen = self.connect()
        screen.type("/ping\n")
        lines = screen.wait_until(lambda lines: len(lines) > 3 and lines[-1] == ">")
        self.assertRegex(lines[-2], r"^pong: [\d.]+ m?s$")
        screen.type("/empty\n//slash\n/binary 00 fF10\n")
        self.assertEqual([self.server.next() for _ in range(3)], ["", "/slash", b"\0\xff\x10"])
        screen.type("/dance\n")
        screen.wait_for(
            "weft: there is no command /dance; begin with // to send a message with a slash,", "or see /help", ">"
        )
        screen.type("/help\n")
        screen.wait_until(lambda lines: any(line.startswith("//TEXT ") for line in lines) and lines[-1] == ">")
        screen.type("/close 4001 going home\n")
        self.assertEqual(screen.wait(), 0)
        self.assertEqual(screen.lines()[-1], 'closed: 4001 application defined: "going home"')
        self.assertEqual(self.server.end_of_client(), (4001, "going home"))
        self.assertTrue(self.server.received.empty())

    def test_timestamps(self):
        screen = self.connect("--timestamps")
        self.server.send("tick")
        screen.wait_until(lambda lines: lines[-1] == ">" and re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} < tick", lines[-2]))

    def test_a_sign_of_life_while_it_connects(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
            screen = Screen(command("WEFT", "connect", url))
            self.addCleanup(screen.close)
            screen.wait_for(f"connecting to {url}, for at most 30s")

    def test_reconnecting(self):
        screen = self.connect("--reconnect", "subscribe")
        self.assertEqual(self.server.next(), "subscribe")
        self.server.close(1011, "oops")
        self.server.await_client()
        self.assertEqual(self.server.next(), "subscribe")
        screen.type("hello\n")
        self.assertEqual(self.server.next(), "hello")
        lines = screen.wait_until(lambda lines: lines[-2:] == ["> hello", ">"])
        connected = [line for line in lines if line.startswith("connected to ")]
        self.assertEqual(len(connected), 2, lines)
        self.assertTrue(any(line.startswith("lost the connection: ") for line in lines), lines)
        screen.type("\x04")
        self.assertEqual(screen.wait(), 0)

    def test_lines_that_are_pasted_without_a_mark(self):
        screen = self.connect()
        screen.type("".join(f"line {i}\n" for i in range(50)))
        for i in range(50):
            self.assertEqual(self.server.next(), f"line {i}")

    def test_history(self):
        screen = self.connect()
        for text in ["one", "two"]:
            screen.type(text + "\n")
            self.assertEqual(self.server.next(), text)
            screen.wait_for(f"> {text}", ">")
        screen.type("\x1b[A\x1b[A")
        screen.wait_for("> one")
        screen.type("\n")
        self.assertEqual(self.server.next(), "one")
        screen.wait_for(">")
        screen.type("\x04")
        self.assertEqual(screen.wait(), 0)
        self.assertEqual(os.stat(self.history).st_mode & 0o777, 0o600)
        again = self.connect()
        again.type("\x1b[A\x1b[A")
        again.wait_for("> two")

    def type_and_leave(self, **options):
        screen = self.connect(**options)
        screen.type("x\n")
        self.assertEqual(self.server.next(), "x")
        screen.wait_for("> x", ">")
        screen.type("\x04")
        self.assertEqual(screen.wait(), 0)

    def test_the_file_of_the_history_keeps_its_mode(self):
        with open(self.history, "w"):
            os.chmod(self.history, 0o640)
        self.type_and_leave()
        self.assertEqual(os.stat(self.history).st_mode & 0o777, 0o640)
        self.assertGreater(os.stat(self.history).st_size, 0)

    def test_a_history_that_is_no_file_is_left_alone(self):
        """Run by root, WEFT_HISTORY=/dev/null made the device inaccessible for all other users."""
        os.mkfifo(self.history, 0o644)
        self.type_and_leave()
        self.assertEqual(os.stat(self.history).st_mode & 0o777, 0o644)

    def test_the_folders_of_the_history_are_for_the_user_alone(self):
        home = os.path.dirname(self.history)
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        weft = command("WEFT", "connect", self.server.url)
        environment = {"HOME": home, "XDG_STATE_HOME": ""}
        self.type_and_leave(arguments=["env", "-u", "WEFT_HISTORY", *weft], **environment)
        for folder in [".local", ".local/state", ".local/state/weft"]:
            self.assertEqual(os.stat(os.path.join(home, folder)).st_mode & 0o777, 0o700, folder)
        self.assertEqual(os.stat(os.path.join(home, ".local/state/weft/history")).st_mode & 0o777, 0o600)

    def test_an_empty_line_sends_nothing(self):
        screen = self.connect()
        screen.type("\n\nx\n")
        self.assertEqual(self.server.next(), "x")

    def test_lines_of_a_message_stand_below_each_other(self):
        screen = self.connect()
        self.server.send('{\n  "a": 1\n}')
        screen.wait_for("< {", '    "a": 1', "  }", ">")

    def test_controls_are_shown_and_not_obeyed(self):
        screen = self.connect()
        self.server.send("\x1b[2J\x1b[31mred\a\x9b")
        screen.wait_for("< \\x1b[2J\\x1b[31mred\\x07\\x9b", ">")

    def test_binary_messages(self):
        screen = self.connect("--binary")
        screen.type("Schuß\n")
        self.assertEqual(self.server.next(), "Schuß".encode())
        self.server.send(bytes(range(20)))
        screen.wait_for(
            "< binary, 20 bytes",
            "  00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|",
            "  00000010  10 11 12 13                                       |....|",
            ">",
        )

    def test_pings(self):
        screen = self.connect("--ping=10ms")
        screen.type("typed")
        lines = screen.wait_until(lambda lines: len(lines) > 5 and lines[-1] == "> typed")
        for line in lines[1:-1]:
            self.assertRegex(line, r"^pong: [\d.]+ m?s$")

    def test_ctrl_d_closes(self):
        screen = self.connect("--close=4001 going home")
        screen.type("\x04")
        self.assertEqual(screen.wait(), 0)
        self.assertEqual(screen.lines()[1:], ['closed: 4001 application defined: "going home"'])
        self.assertEqual(self.server.end_of_client(), (4001, "going home"))

    def test_ctrl_c_drops_the_line_and_then_ends(self):
        screen = self.connect()
        screen.type("oops")
        screen.wait_for("> oops")
        screen.type("\x03")
        screen.wait_for("> oops^C", ">")
        screen.type("\x03")
        self.assertEqual(screen.wait(), 128 + signal.SIGINT)
        self.assertEqual(self.server.end_of_client(), (1000, ""))
        self.assertTrue(self.server.received.empty())

    def test_a_close_while_one_types(self):
        screen = self.connect()
        screen.type("half a li")
        screen.wait_for("> half a li")
        self.server.close(1008, "no more")
        self.assertEqual(screen.wait(), 4)
        self.assertEqual(
            screen.lines()[1:], ["> half a li", 'weft: closed by the server: 1008 policy violation: "no more"']
        )

    def test_the_terminal_is_left_as_it_was(self):
        fresh, other = pty.openpty()
        expected = termios.tcgetattr(fresh)
        os.close(fresh)
        os.close(other)
        for keys in ["\x04", "\x03"]:
            screen = self.connect()
            self.assertNotEqual(termios.tcgetattr(screen.master), expected)
            screen.type(keys)
            screen.wait()
            self.assertEqual(termios.tcgetattr(screen.master), expected)

    def test_another_size(self):
        screen = self.connect()
        screen.type("typed")
        screen.wait_for("> typed")
        screen.resize(40, 10)
        self.server.send("tick")
        screen.wait_for("< tick", "> typed")

    def test_colours(self):
        colored = self.connect()
        self.assertIn(b"\x1b[1;32m>", colored.output)
        for name, value in [("NO_COLOR", "1"), ("TERM", "dumb")]:
            plain = self.connect(**{name: value})
            self.server.send("tick")
            plain.wait_until(lambda lines: "< tick" in lines)
            self.assertNotRegex(plain.output, rb"\x1b\[\d*;?3\dm")


    def test_what_a_refusal_says_is_shown_and_not_obeyed(self):
        server = RawServer(
            b"HTTP/1.1 403 \x9b2J\r\nX-Why: \xe2\x80\xaeevil\r\nContent-Length: 26\r\n\r\n"
            b"\x1b]0;owned\x07\x9b2J \xc2\x9b2J\nmore"
        )
        screen = Screen(command("WEFT", "connect", server.url, "-i"), columns=120)
        self.addCleanup(screen.close)
        self.assertEqual(screen.wait(), 3)
        server.thread.join()
        self.assertEqual(
            screen.lines()[-7:],
            [
                "< HTTP/1.1 403 \\x9b2J",
                "< X-Why: \\u202eevil",
                "< Content-Length: 26",
                f"weft: {server.url}: refused with HTTP 403 Forbidden",
                "\\x1b]0;owned\\x07\\x9b2J \\x9b2J",
                "more",
                "If the server accepts only pages of its own: --origin=https://HOST.",
            ],
        )

    def test_where_a_redirect_leads_is_shown_and_not_obeyed(self):
        server = RawServer(b"HTTP/1.1 302 Found\r\nLocation: /\x9b2J\xff\r\nContent-Length: 0\r\n\r\n")
        screen = Screen(command("WEFT", "connect", server.url), columns=200)
        self.addCleanup(screen.close)
        self.assertEqual(screen.wait(), 3)
        server.thread.join()
        self.assertIn('holds "\\x9b"', "\n".join(screen.lines()))
        self.assertNotIn(b"\x9b", screen.output)

    def test_a_reason_to_close_stays_on_its_line(self):
        screen = self.connect()
        self.server.close(1000, "bye\nweft: \x1b[2J\u202e")
        screen.wait()
        self.assertEqual(screen.lines()[-1], 'closed by the server: 1000 normal closure: "bye\\x0aweft: \\x1b[2J\\u202e"')


class PipeTest(WeftTest):
    """In scripts."""

    def test_lines(self):
        result = self.run_piped("--receive=3", "--wait=inf", input="one\n\nSchuß".encode())
        self.assertEqual((result.stdout, result.stderr, result.returncode), ("one\n\nSchuß\n".encode(), b"", 0))

    def test_messages_of_the_command_line(self):
        result = self.run_piped("a b", "c", "--receive=2", "--wait=inf")
        self.assertEqual(result.stdout, b"a b\nc\n")

    def test_binary_in_is_binary_out(self):
        data = os.urandom(1 << 20)
        result = self.run_piped("--binary", "--receive=1", "--wait=inf", input=data)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout == data)
        self.assertEqual(self.server.received.qsize(), 1)

    def test_a_stream(self):
        """Two pipes through a server, as with ssh."""
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url + "/echo", "--binary", "--input=stream"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for part in [b"one", b"two\n"]:
            process.stdin.write(part)
            process.stdin.flush()
            self.assertEqual(os.read(process.stdout.fileno(), 100), part)
        process.stdin.close()
        process.stdout.close()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_answers_that_take_their_time(self):
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--wait=inf"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process.stdin.write(b"question\n")
        process.stdin.close()
        self.assertEqual(self.server.next(), "question")
        self.server.send("answer")
        self.server.close(1001)
        self.assertEqual(process.stdout.read(), b"answer\n")
        self.assertEqual(process.wait(TIMEOUT), 0)
        process.stdout.close()

    def test_only_errors_are_told(self):
        for code, expected, told in [
            (1000, 0, b""),
            (1001, 0, b""),
            (1011, 4, b'weft: closed by the server: 1011 internal error: "x"\n'),
            (3000, 4, b'weft: closed by the server: 3000 application defined: "x"\n'),
        ]:
            process = subprocess.Popen(
                command("WEFT", "connect", self.server.url), stdin=subprocess.PIPE, stderr=subprocess.PIPE
            )
            self.server.await_client()
            self.server.close(code, "x")
            self.assertEqual(process.wait(TIMEOUT), expected)
            self.assertEqual(process.stderr.read(), told)
            process.stdin.close()
            process.stderr.close()

    def test_a_refusal(self):
        result = self.run_piped(url=self.server.url + "/refused")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(
            result.stderr.decode(),
            f"weft: {self.server.url}/refused: refused with HTTP 403 Forbidden\nYou may not.\nReally.\n"
            "If the server accepts only pages of its own: --origin=https://HOST.\n",
        )
        self.assertEqual(result.stdout, b"")

    def test_nobody_there(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # and does not listen
            result = self.run_piped(url=f"ws://127.0.0.1:{unused.getsockname()[1]}/")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr.decode(), r"^weft: ws://127.0.0.1:\d+/: .*refused\)\nNothing listens .*\n$")

    def test_headers(self):
        self.run_piped("-H", "X-Test: a b", "-HX-More:c", "--origin=https://example.com", "--wait=0")
        headers = self.server.await_client()
        self.assertEqual((headers["X-Test"], headers["X-More"]), ("a b", "c"))
        self.assertEqual(headers["Origin"], "https://example.com")

    def test_heads(self):
        result = self.run_piped("--show-headers", "--wait=0", "-H", "X-Test: a")
        self.assertEqual(result.stdout, b"")
        lines = result.stderr.decode().splitlines()
        self.assertIn("> GET /echo HTTP/1.1", lines)
        self.assertIn("> X-Test: a", lines)
        self.assertIn("< HTTP/1.1 101 Switching Protocols", lines)
        refused = self.run_piped("-i", url=self.server.url + "/refused").stderr.decode().splitlines()
        self.assertIn("< X-Why: test", refused)

    def test_compression(self):
        text = b"again " * 10000
        result = self.run_piped("--compress", "-i", "--receive=1", "--wait=inf", input=text)
        self.assertTrue(result.stdout == text + b"\n")
        self.assertIn(b"< Sec-WebSocket-Extensions: permessage-deflate", result.stderr)
        self.assertIn("Sec-WebSocket-Extensions", self.server.await_client())
        self.run_piped("--wait=0")
        self.assertNotIn("Sec-WebSocket-Extensions", self.server.await_client())

    def test_a_proxy(self):
        proxy = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(proxy.close)

        def copy(source, target):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

        def connect():
            client, _ = proxy.accept()
            target = client.recv(65536).split()[1]
            with client, socket.create_connection(("127.0.0.1", self.server.port)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Proxy: " + target + b"\r\n\r\n")
                back = threading.Thread(target=copy, args=(server, client))
                back.start()
                copy(client, server)
                back.join()

        thread = threading.Thread(target=connect)
        thread.start()
        result = self.run_piped(
            f"--proxy=http://127.0.0.1:{proxy.getsockname()[1]}",
            "--show-headers",
            "--receive=1",
            "--wait=inf",
            input=b"hello",
            url=f"ws://server.example:{self.server.port}/echo",
        )
        thread.join(TIMEOUT)
        self.assertEqual((result.stdout, result.returncode), (b"hello\n", 0))
        self.assertIn(f"< X-Proxy: server.example:{self.server.port}\n", result.stderr.decode())

    def test_a_redirect(self):
        result = self.run_piped(url=self.server.url + "/moved")
        self.assertEqual(result.returncode, 3)
        self.assertIn(b"It redirects to /echo; see --max-redirects.\n", result.stderr)
        flags = ["hello", "--max-redirects=1", "--receive=1", "--wait=inf"]
        result = self.run_piped(*flags, url=self.server.url + "/moved")
        self.assertEqual((result.stdout, result.returncode), (b"hello\n", 0))

    def test_why_a_redirect_was_not_followed(self):
        for path, why in {
            "/to-ftp": 'in its header Location the scheme "ftp" is not ws, wss, http or https',
            "/to-space": 'in its header Location the URL holds " " after ',
            "/round": f'it leads in a loop, back to "{self.server.url}/round"',
        }.items():
            result = self.run_piped("--max-redirects=2", url=self.server.url + path)
            self.assertEqual(result.returncode, 3)
            self.assertIn("The redirect was not followed: " + why, result.stderr.decode())
            self.assertNotIn(b"--max-redirects", result.stderr)

    def test_another_address_than_the_urls(self):
        flags = [f"--connect-to=127.0.0.1:{self.server.port}", "hello", "--show-headers", "--receive=1", "--wait=inf"]
        result = self.run_piped(*flags, url="ws://server.example/echo")
        self.assertEqual((result.stdout, result.returncode), (b"hello\n", 0))
        self.assertIn(b"> Host: server.example\n", result.stderr)

    def test_credentials(self):
        self.run_piped("--auth=joe:se:cret", "--wait=0")
        expected = base64.b64encode(b"joe:se:cret").decode()
        self.assertEqual(self.server.await_client()["Authorization"], f"Basic {expected}")

    def test_secrets_are_not_among_the_arguments(self):
        with open(self.history, "w") as file:
            file.write("t0ken\n")
        os.environ["WEFT_TEST_COOKIE"] = "a=1; b=2"
        self.addCleanup(os.environ.pop, "WEFT_TEST_COOKIE")
        self.run_piped(f"--bearer=@{self.history}", "--cookie=env:WEFT_TEST_COOKIE", "--wait=0")
        headers = self.server.await_client()
        self.assertEqual((headers["Authorization"], headers["Cookie"]), ("Bearer t0ken", "a=1; b=2"))

    def test_json(self):
        result = self.run_piped("--json", "--receive=2", "--wait=inf", "--subprotocol=chat", input=b'a "b"\nc')
        self.assertEqual((result.stderr, result.returncode), (b"", 0))
        events = [json.loads(line) for line in result.stdout.splitlines()]
        for event in events:
            self.assertRegex(event.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(
            events,
            [
                {
                    "event": "open",
                    "url": self.server.url + "/echo",
                    "peer": f"127.0.0.1:{self.server.port}",
                    "subprotocol": "chat",
                },
                {"event": "message", "type": "text", "data": 'a "b"'},
                {"event": "message", "type": "text", "data": "c"},
                {"event": "close", "code": 1000, "reason": "", "by": "client"},
            ],
        )
        result = self.run_piped("--json", "--binary", "--receive=1", "--wait=inf", input=b"\xff\0")
        message = json.loads(result.stdout.splitlines()[1])
        self.assertEqual((message["type"], base64.b64decode(message["base64"])), ("binary", b"\xff\0"))

    def test_json_of_errors(self):
        result = self.run_piped("--json", url=self.server.url + "/refused")
        self.assertEqual(result.returncode, 3)
        (event,) = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual((event["event"], event["status"]), ("error", 403))

    def test_exec(self):
        script = "echo question; read answer; echo \"<$answer>\"; read answer; test \"$answer\" = '<question>'"
        result = self.run_piped("--exec", script)
        self.assertEqual((result.stdout, result.stderr, result.returncode), (b"", b"", 0))
        self.assertEqual([self.server.next(), self.server.next()], ["question", "<question>"])
        self.assertEqual(self.server.end_of_client(), (1000, ""))

    def test_exec_that_fails(self):
        result = self.run_piped("--exec", "exit 3", "--wait=0")
        self.assertEqual((result.stderr, result.returncode), (b"weft: the command ended with exit code 3\n", 4))
        result = self.run_piped("--exec", "no-such-program")
        self.assertEqual((result.stderr, result.returncode), (b"weft: command not found: no-such-program\n", 1))

    def test_exec_ends_with_the_connection(self):
        process = subprocess.Popen(command("WEFT", "connect", self.server.url, "--exec", "cat"), stderr=subprocess.PIPE)
        self.server.await_client()
        self.server.send("x")
        self.assertEqual(self.server.next(), "x")
        self.server.close(1000)
        self.assertEqual(process.wait(TIMEOUT), 0)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_exec_where_sigchld_is_ignored(self):
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        arguments = command("WEFT", "connect", self.server.url, "--wait=0", "--exec", "exit 3")
        self.assertEqual(subprocess.run(arguments, stderr=subprocess.DEVNULL, preexec_fn=ignore).returncode, 4)

    def test_exec_that_weft_ends(self):
        """The command is not at fault."""
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--exec", "exec sleep 1000"), stderr=subprocess.PIPE
        )
        self.server.await_client()
        self.server.close(1000)
        self.assertEqual((process.wait(TIMEOUT), process.stderr.read()), (0, b""))
        process.stderr.close()

    def test_exec_ends_with_a_signal_after_the_session(self):
        script = "echo $$ >&2; cat; echo input ended >&2; exec sleep 1000"
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--exec", script), stderr=subprocess.PIPE, text=True
        )
        child = os.pidfd_open(int(process.stderr.readline()))
        self.addCleanup(os.close, child)
        self.server.await_client()
        # close() would wait until the client has closed its socket.
        asyncio.run_coroutine_threadsafe(self.server.connection.close(), self.server.loop)
        self.assertEqual(process.stderr.readline(), "input ended\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(TIMEOUT), 130)
        self.assertEqual(select.select([child], [], [], TIMEOUT)[0], [child])
        process.stderr.close()

    def test_reconnecting_loses_no_line(self):
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--reconnect", "--quiet"), stdin=subprocess.PIPE
        )
        for number in range(3):
            self.server.await_client()
            process.stdin.write(b"%d\n" % number)
            process.stdin.flush()
            self.assertEqual(self.server.next(), str(number))
            self.server.close(1001)
        self.server.await_client()
        process.stdin.close()
        self.assertEqual(process.wait(TIMEOUT), 0)

    def test_reconnecting_gives_up_where_it_is_refused(self):
        result = self.run_piped("--reconnect", url=self.server.url + "/refused")
        self.assertEqual(result.returncode, 3)

    def test_hints(self):
        for status, headers, hint in [
            ("401 No", b"WWW-Authenticate: Basic realm=x\r\n", b"--auth=USER:PASSWORD"),
            ("401 No", b"WWW-Authenticate: Bearer\r\n", b"--bearer=TOKEN"),
            ("503 No", b"Retry-After: 7\r\n", b"The server asks to try again after 7 s.\n"),
            ("301 No", b"Location: https://127.0.0.1/x\r\n", b"Did you mean wss://127.0.0.1:"),
        ]:
            server = RawServer(f"HTTP/1.1 {status}\r\n".encode() + headers + b"Content-Length: 0\r\n\r\n")
            result = self.run_piped(url=server.url)
            server.thread.join()
            self.assertEqual(result.returncode, 3)
            self.assertIn(hint, result.stderr)

    def test_wrong_usage(self):
        for arguments, told in [
            (["connect"], "a URL is missing; see weft connect --help"),
            (["connect", "http://x/"], None),
            (["connect", "--loud", self.server.url], "unknown flag --loud; see weft connect --help"),
            (["hear"], "unknown command hear; see weft --help"),
        ]:
            result = subprocess.run(command("WEFT", *arguments), capture_output=True, text=True, timeout=TIMEOUT)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"^weft: .*\n$")
            if told is not None:
                self.assertEqual(result.stderr, f"weft: {told}\n")

    def test_help_and_version(self):
        for arguments, told in [(["--help"], "Usage:"), (["connect", "-h"], "Exit codes:"), (["--version"], "weft ")]:
            result = subprocess.run(command("WEFT", *arguments), capture_output=True, text=True, timeout=TIMEOUT)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(told, result.stdout)

    def test_output_that_is_full(self):
        """Only connect said so: a script took half of an answer for all of it."""
        for arguments in [
            ["--help"],
            ["--man"],
            ["connect", "--help"],
            ["listen", "--help"],
            ["check", self.server.url],
            ["bench", self.server.url + "/echo", "--connections=1", "--warm-up=0s", "--duration=10ms"],
        ]:
            with self.subTest(arguments), open("/dev/full", "w") as full:
                result = subprocess.run(
                    command("WEFT", *arguments), stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT
                )
                told = "weft: cannot write to standard output: No space left on device"
                self.assertEqual((result.returncode, result.stderr.splitlines()[-1]), (1, told))

    def test_signals(self):
        for how in [signal.SIGINT, signal.SIGTERM]:
            process = subprocess.Popen(command("WEFT", "connect", self.server.url, "hi"), stdin=subprocess.PIPE)
            self.assertEqual(self.server.next(), "hi")
            process.send_signal(how)
            self.assertEqual(process.wait(TIMEOUT), 128 + how)
            self.assertEqual(self.server.end_of_client(), (1000, ""))
            process.stdin.close()

    def test_ignored_signals_stay_ignored(self):
        def ignore():  # as nohup does
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        arguments = command("WEFT", "connect", self.server.url, "hi")
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, preexec_fn=ignore)
        self.assertEqual(self.server.next(), "hi")
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT), 128 + signal.SIGTERM)
        process.stdin.close()

    def test_nobody_reads(self):
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.server.await_client()
        process.stdout.close()
        self.server.send("x")
        self.assertEqual(process.wait(TIMEOUT), 128 + signal.SIGPIPE)
        process.stdin.close()

    def test_all_arrives_where_the_pipe_does_not_block(self):
        """O_NONBLOCK, which another program with the same pipe may have set."""
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--wait=inf"), stdin=subprocess.PIPE, stdout=write_end
        )
        os.close(write_end)
        self.server.await_client()
        self.server.send("x" * 800_000)
        with os.fdopen(read_end, "rb") as output:
            self.assertEqual(len(output.read(800_001)), 800_001)
            self.server.close(1000)
            self.assertEqual(output.read(), b"")
        self.assertEqual(process.wait(TIMEOUT), 0)
        process.stdin.close()

    def test_a_message_over_the_limit_names_the_flag(self):
        process = subprocess.Popen(
            command("WEFT", "connect", self.server.url, "--max-message-bytes=10"),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.server.await_client()
        self.server.send("12345678901")
        told = process.communicate(timeout=TIMEOUT)[1]
        self.assertEqual(process.returncode, 4)
        self.assertRegex(told, r"^weft: the message is larger .*; see --max-message-bytes\n$")

    def test_no_input_at_all(self):
        weft = " ".join(command("WEFT"))
        script = f"{weft} connect {self.server.url}/echo hello --wait=inf --receive=1 <&- 2>&-"
        result = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual((result.stdout, result.returncode), (b"hello\n", 0))


class TlsTest(WeftTest):
    """wss://"""

    def setUp(self):
        super().setUp()
        self.folder = os.path.dirname(os.environ["TEST_CA"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file("server.pem"), self.file("server.key"))
        context.load_verify_locations(self.file("ca.pem"))
        context.verify_mode = ssl.CERT_OPTIONAL
        self.server = Server(context)
        self.addCleanup(self.server.stop)

    def file(self, name):
        return os.path.join(self.folder, name)

    def test_a_ca_to_trust(self):
        result = self.run_piped("--ca", self.file("ca.pem"), "--receive=1", "--wait=inf", input=b"hello\n")
        self.assertEqual((result.stdout, result.stderr, result.returncode), (b"hello\n", b"", 0))

    def test_a_certificate_that_nobody_trusts(self):
        result = self.run_piped()
        self.assertEqual((result.stdout, result.returncode), (b"", 2))
        self.assertRegex(result.stderr, rb"^weft: wss://.*certificate.*\nTo trust another authority: --ca=FILE.*\n$")

    def test_trusting_anybody(self):
        result = self.run_piped("--insecure", "--receive=1", "--wait=inf", input=b"hello\n")
        self.assertEqual((result.stdout, result.returncode), (b"hello\n", 0))

    def test_a_certificate_of_ours(self):
        for key in ["--key=" + self.file("client.key"), None]:
            certificate = self.file("client.pem")
            if key is None:
                with open(certificate, "rb") as one, open(self.file("client.key"), "rb") as other:
                    both = one.read() + other.read()
                certificate = self.history
                with open(certificate, "wb") as file:
                    file.write(both)
            flags = [f"--ca={self.file('ca.pem')}", f"--cert={certificate}", "--wait=0"]
            result = self.run_piped(*flags, *([key] if key else []))
            self.assertEqual((result.stderr, result.returncode), (b"", 0))
            self.assertIn((("commonName", "client"),), self.server.certificate["subject"])

    def test_a_file_that_is_not_there(self):
        result = self.run_piped("--ca=missing.pem")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"missing.pem", result.stderr)

    def test_a_server_without_tls(self):
        plain = Server()
        self.addCleanup(plain.stop)
        result = self.run_piped(url=f"wss://127.0.0.1:{plain.port}/")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"does not speak TLS", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
