"""Tests the suite itself: a correct server passes, and one that breaks a rule fails the cases of that rule and no
others."""

import concurrent.futures
import dataclasses
import fnmatch
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import deflate
from case import Options
from cases import all_cases
from differences import DIFFERENCES
from judge import chosen
from opening import Response, check_request, split_head
from server_check import AT_ONCE, Target
from session import PATIENCE, Session
from steps import GONE, OK
from wire import BINARY, CLIENT, CLOSE, CONTINUATION, OPCODE_NAMES, PONG, RSV1, RSV3, SERVER, TEXT
from wire import Decoder, Frame, Violation, close, encode


class Sinner(Decoder):
    """Reads like a server, except for one rule."""

    def __init__(self, sin):
        super().__init__(CLIENT)
        self.sin = sin

    def _frame(self):
        if self.sin == "takes unmasked frames" and len(self.buffer) > 1:
            self.sender = CLIENT if self.buffer[1] & 0x80 else SERVER
        return super()._frame()

    def _event(self, frame):
        if self.sin == "takes reserved bits":
            frame = dataclasses.replace(frame, rsv=0)
        elif self.sin == "skips reserved opcodes" and frame.opcode not in OPCODE_NAMES:
            return None
        elif self.sin == "takes long control frames" and frame.opcode >= CLOSE:
            frame = dataclasses.replace(frame, payload=frame.payload[:125])
        elif self.sin == "takes control frames without FIN" and frame.opcode >= CLOSE:
            frame = dataclasses.replace(frame, fin=True)
        elif self.sin == "begins anew inside a message" and frame.opcode in (TEXT, BINARY):
            self.fragments = None
        elif self.sin == "begins with a continuation" and frame.opcode == 0 and self.fragments is None:
            frame = dataclasses.replace(frame, opcode=BINARY)
        elif self.sin == "takes RSV1 on any fragment" and frame.opcode == CONTINUATION:
            frame = dataclasses.replace(frame, rsv=frame.rsv & ~RSV1)
        elif self.sin == "takes any text" and frame.opcode == TEXT:
            frame = dataclasses.replace(frame, opcode=BINARY)
        elif self.sin == "takes any close frame" and frame.opcode == CLOSE:
            frame = close(1000)
        event = super()._event(frame)
        if event and event.kind == "close" and event.code and 1015 < event.code < 3000:
            raise Violation("7.4.2", "an undefined close code")
        return event


def answer_to(offers, takes_any):
    """(The first valid offer of permessage-deflate, unchanged except for a hint; the resulting agreement), or
    nothing."""
    for name, pairs in deflate.parse(offers):
        words = [key if value is None else f"{key}={value}" for key, value in pairs]
        response = "; ".join([name, *(word for word in words if word != deflate.WINDOW_BITS[CLIENT])])
        try:
            return response, deflate.agreement(offers, response)
        except Violation:
            if takes_any:
                return response, deflate.PLAIN
    return None, None


class LastsOneBlock(deflate.Codec):
    """Ignores the data after a final block."""

    ended = False

    def inflate(self, data):
        inflater = self.inflater
        whole = b"" if self.ended else super().inflate(data)
        self.ended = self.ended or self.inflater is not inflater
        return whole


class Echo:
    """An echo server with one fault, or none."""

    def __init__(self, sin=None):
        self.sin = sin
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = "ws://127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return  # It was already closed.
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock:
            session = Session(sock, SERVER)
            session.decoder = Sinner(self.sin)
            try:
                if self._open(session):
                    self._echo(session)
            except Violation as violation:
                code = 1007 if "UTF-8" in str(violation) else 1002
                session.send((close(code),))
                session.end_writing()
                while session.end is None:  # A reset would discard the Close frame.
                    session.decoder.buffer.clear()
                    session.decoder.next = lambda: None
                    session.next()

    def _open(self, session):
        head = session.read_head(split_head)
        if head is None:
            return False
        try:
            key = check_request(head)
        except Violation:
            if self.sin != "takes any request":
                session.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return False
            key = "x"
        changes = {"answers with another key": {"Sec-WebSocket-Accept": "x"}, "forgets Upgrade": {"Upgrade": None}}
        headers = dict(changes.get(self.sin, {}))
        offers = head.joined("sec-websocket-extensions")
        headers["Sec-WebSocket-Extensions"], agreed = answer_to(offers, self.sin == "takes any offer")
        if agreed:
            session.use(self._codec(agreed))
        session.write(Response(headers=headers).text(key))
        return True

    def _codec(self, agreed):
        if self.sin == "takes over what it was to forget":
            agreed = dataclasses.replace(agreed, takeover=deflate.PLAIN.takeover)
        elif self.sin == "refers beyond the window":
            agreed = dataclasses.replace(agreed, window_bits=deflate.PLAIN.window_bits)
        kind = LastsOneBlock if self.sin == "ends with a final block" else deflate.Codec
        return kind(agreed, SERVER)

    def _echo(self, session):
        while (event := session.next()).kind != "close":
            if event.kind in (*GONE, "silence"):
                return
            if event.kind == "pong" or (event.kind == "ping" and self.sin == "sends no pong"):
                continue
            session.write(self._answer(session, event))
        session.send((close(event.code),))
        if self.sin == "goes on behind its close frame":
            session.send((Frame(TEXT, b"late"),))
        session.end_writing()
        session.next()

    def _answer(self, session, event):
        opcode = {"text": TEXT, "binary": BINARY, "ping": PONG}[event.kind]
        frame = Frame(opcode, event.payload)
        if session.codec and opcode != PONG:
            frame = Frame(opcode, session.codec.compress(event.payload), rsv=RSV1)
        if self.sin == "sets a reserved bit":
            frame = dataclasses.replace(frame, rsv=RSV3)
        elif self.sin == "masks its frames":
            frame = dataclasses.replace(frame, wrong_mask=True)
        elif self.sin == "drops a byte":
            frame = dataclasses.replace(frame, payload=frame.payload[:-1])
        elif self.sin == "sends text as binary" and opcode == TEXT:
            frame = dataclasses.replace(frame, opcode=BINARY)
        elif self.sin == "sends long lengths" and len(frame.payload) < 126:
            frame = dataclasses.replace(frame, form=126)
        return encode(frame, SERVER)


# A fault, and cases that must not pass with it. All other cases that do not look for it must pass.
SINS = {
    "takes unmasked frames": "framing/mask/text/*",
    "takes reserved bits": "framing/RSV?/*",
    "skips reserved opcodes": "framing/opcode-3/*",
    "takes long control frames": "control/*/oversize/126",
    "takes control frames without FIN": "control/*/not-final",
    "begins anew inside a message": "fragmentation/illegal/T_T+",
    "begins with a continuation": "fragmentation/illegal/C+",
    "takes any text": "utf8/invalid/byte-ff/*",
    "takes any close frame": "closing/code/1005",
    "takes any request": "handshake/request/bad/no-*",
    "answers with another key": "control/ping/1",
    "forgets Upgrade": "messages/text/1",
    "sends no pong": "control/ping/[01]",
    "goes on behind its close frame": "messages/text/1",
    "sets a reserved bit": "messages/text/1",
    "masks its frames": "messages/text/1",
    "drops a byte": "messages/binary/125",
    "sends text as binary": "messages/text/1",
    "sends long lengths": "messages/text/125",
    "takes any offer": "agreement/offer/bad/*-twice",
    "takes over what it was to forget": "agreement/offer/server-forgets-server-1?",
    "refers beyond the window": "agreement/offer/server-9",
    "takes RSV1 on any fragment": "compression/rsv1/continuation*",
    "ends with a final block": "compression/final/then-usual",
}


class SuiteTest(unittest.TestCase):
    def play(self, sin, wanted, patience=PATIENCE):
        server = Echo(sin)
        self.addCleanup(server.socket.close)
        found = [case for case in chosen(Options(), SERVER, ["*"], short=sin is None) if wanted(case)]
        self.assertTrue(found, sin)
        target = Target(server.url, patience)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(target.play, found))

    def test_one_that_is_right_passes(self):
        # Echo does not have limits, strict parsing of requests, checks of incomplete frames, or checks of the end of
        # compressed data: it is small.
        def wanted(case):
            beyond_it = [
                "compression/corrupt/behind-the-final-block",
                "compression/corrupt/cut",
                "compression/corrupt/nothing",
                "limits/",
                "handshake/request/bad",
                "handshake/request/o",
                "utf8/fail-fast/",
                "handshake/request/good/line-before",
            ]
            return not case.id.startswith(tuple(beyond_it)) and not case.id.endswith("/header")

        for result in self.play(None, wanted):
            self.assertEqual(result.result, OK, str(result))

    def test_each_sin_is_seen(self):
        for sin, pattern in SINS.items():
            with self.subTest(sin):
                # Some faults leave us without an answer. However slow the machine is, that is one more way not to
                # pass.
                for result in self.play(sin, lambda case: fnmatch.fnmatchcase(case.id, pattern), patience=0.3):
                    self.assertNotEqual(result.result, OK, str(result))


class PipeTest(unittest.TestCase):
    """If the output has no reader any more, as in `server_check | head -n 1`, a check ends silently. Its output is
    larger than a pipe's buffer, so it does not end earlier."""

    def ends_quietly(self, *arguments):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server_check.py")
        command = [sys.executable, script, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as check:
            self.assertNotEqual(check.stdout.readline(), "")
            check.stdout.close()
            self.assertEqual(check.stderr.read(), "")
            self.assertEqual(check.wait(), 128 + signal.SIGPIPE)

    def test_cases(self):
        server = Echo()
        self.addCleanup(server.socket.close)
        self.ends_quietly("--url", server.url)

    def test_list(self):
        self.ends_quietly("--list")

    def test_where_errors_go_into_the_same_pipe(self):
        """`server_check 2>&1 | head`: the output of its server is not read either."""
        server = Echo()
        self.addCleanup(server.socket.close)
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "server.py")
            with open(program, "w") as file:
                file.write(
                    "import signal\n"
                    "signal.signal(signal.SIGTERM, lambda *_: exit(0))\n"
                    f"print('Server Listening on', {server.url.split('/')[2]!r}, flush=True)\n"
                    "signal.pause()\n"
                )
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server_check.py")
            read_end, write_end = os.pipe()
            os.close(read_end)
            check = subprocess.run(
                [sys.executable, script],
                stdout=write_end,
                stderr=write_end,
                env={**os.environ, "ECHO_SERVER": f"{sys.executable} {program}"},
                timeout=30,
            )
            os.close(write_end)
        self.assertEqual(check.returncode, 128 + signal.SIGPIPE)


class TableTest(unittest.TestCase):
    def test_ids_are_unique_and_sections_named(self):
        for peer in (CLIENT, SERVER):
            found = all_cases(Options(), peer)
            self.assertEqual(len(found), len({case.id for case in found}))
            for case in found:
                self.assertRegex(case.section, r"^(RFC \d+, )?\d+(\.\d+)*$", case.id)

    def test_every_difference_is_of_some_case(self):
        for (_, peer), differences in DIFFERENCES.items():
            ids = [case.id for case in all_cases(Options(), peer)]
            for difference in differences:
                self.assertTrue(fnmatch.filter(ids, difference.cases), difference)


if __name__ == "__main__":
    unittest.main(verbosity=2)
