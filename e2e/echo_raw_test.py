"""The echo server over a bare socket: bytes that no WebSocket library would send."""

import base64
import hashlib
import os
import signal
import socket
import struct
import subprocess
import unittest

from program import Server, command

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAX_MESSAGE_BYTES = 100_000


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length_form=None):
    """A client's frame; `length_form` 126 or 127 forces a longer form than necessary."""
    size = len(payload)
    form = length_form or (size if size < 126 else 126 if size < 65536 else 127)
    head = bytes([fin << 7 | rsv << 4 | opcode, masked << 7 | form])
    head += struct.pack(">H", size) if form == 126 else struct.pack(">Q", size) if form == 127 else b""
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


class Peer:
    """A TCP connection to the server."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.input = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method="GET", path="/", and_then=b"", **headers):
        """Sends an upgrade request, followed by bytes in the same write. A header that is None is omitted."""
        self.key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": f"127.0.0.1:{self.server.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self.key,
            "Sec-WebSocket-Version": "13",
        }
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        self.send("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + and_then)

    def response(self):
        """The status of the response; its headers, with names in lower case, are in `self.headers`."""
        status = int(self.input.readline().split()[1])
        lines = iter(lambda: self.input.readline().decode().strip(), "")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return status

    def upgrade(self, **request):
        self.request(**request)
        status = self.response()
        assert status == 101, f"the upgrade was answered with {status}"
        guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1((self.key + guid).encode()).digest()).decode()
        assert self.headers["sec-websocket-accept"] == accept
        return self

    def receive(self):
        """The next frame, (opcode, payload), of a server that neither masks nor fragments; None at the end of the
        stream."""
        head = self.input.read(2)
        if not head:
            return None
        assert head[0] & 0xF0 == 0x80, "FIN is not set, or a reserved bit is"
        size = head[1]
        if size >= 126:
            form, minimum = {126: (">H", 126), 127: (">Q", 65536)}[size]  # Masked: KeyError.
            (size,) = struct.unpack(form, self.input.read(struct.calcsize(form)))
            assert size >= minimum, "a length longer than needed"
        return head[0] & 0x0F, self.input.read(size)

    def end(self):
        """Reads to the end of the stream and returns the frames, in the form of receive()."""
        return list(iter(self.receive, None))


class ServerTest(unittest.TestCase):
    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server("ECHO_SERVER", *cls.OPTIONS)

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    def peer(self):
        peer = Peer(self.server)
        self.addCleanup(peer.input.close)
        self.addCleanup(peer.socket.close)
        return peer


class HandshakeTest(ServerTest):
    OPTIONS = ["--allow_origin=http://friend.example:8000", "--allow_origin=null"]

    def answer(self, **request):
        peer = self.peer()
        peer.request(**request)
        return peer.response(), peer.headers

    def test_plain_get_is_told_to_upgrade(self):
        nothing = dict.fromkeys(["Upgrade", "Connection", "Sec_WebSocket_Key", "Sec_WebSocket_Version"])
        status, headers = self.answer(path="/echo", **nothing)  # At "/" there is a page.
        self.assertEqual((status, headers["upgrade"].lower()), (426, "websocket"))

    def test_other_version_is_told_ours(self):
        for version in ["8", "12", "14", "013", "130"]:
            with self.subTest(version=version):
                status, headers = self.answer(Sec_WebSocket_Version=version)
                self.assertEqual((status, headers["sec-websocket-version"]), (426, "13"))

    def test_post_is_refused(self):
        status, headers = self.answer(method="POST")
        self.assertEqual((status, headers["allow"]), (405, "GET"))

    def test_bad_requests(self):
        for headers in [
            {"Host": None},
            {"Sec_WebSocket_Key": None},
            {"Sec_WebSocket_Key": "c2hvcnQ="},
            {"Sec_WebSocket_Key": "this is no base64, is it"},
        ]:
            with self.subTest(**headers):
                self.assertEqual(self.answer(**headers)[0], 400)

    def test_no_http_at_all(self):
        peer = self.peer()
        peer.send(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
        self.assertEqual(peer.response(), 400)

    def test_rs21_connection_is_a_list(self):
        for connection in ["keep-alive, Upgrade", "upgrade", "a,UPGRADE,b"]:
            with self.subTest(connection=connection):
                self.assertEqual(self.answer(Connection=connection)[0], 101)

    def test_r20_origins(self):
        itself = f"http://127.0.0.1:{self.server.port}"
        for origin, status in [
            (None, 101),
            (itself, 101),
            ("null", 101),
            ("http://friend.example:8000", 101),
            ("http://friend.example", 403),
            ("https://friend.example:8000", 403),
            ("http://friend.example:8000.evil.example", 403),
            ("http://evil.example", 403),
            ("http://127.0.0.1:1", 403),
            (itself + ".evil.example", 403),
        ]:
            with self.subTest(origin=origin):
                self.assertEqual(self.answer(Origin=origin)[0], status)

    def test_too_large_a_head(self):
        peer = self.peer()
        peer.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 16384)  # Endless, as far as the server knows.
        self.assertEqual(peer.response(), 431)

    def test_byte_by_byte(self):
        peer = self.peer()
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sent = []
        peer.send, send = sent.append, peer.send
        peer.request(and_then=frame(TEXT, b"Hello"))
        for byte in b"".join(sent):
            send(bytes([byte]))
        self.assertEqual((peer.response(), peer.receive()), (101, (TEXT, b"Hello")))

    def test_frames_right_behind_the_request(self):
        peer = self.peer().upgrade(and_then=frame(TEXT, b"eager") + frame(PING, b"p"))
        self.assertEqual([peer.receive(), peer.receive()], [(TEXT, b"eager"), (PONG, b"p")])

    def test_r11_invalid_bytes_right_behind_the_request(self):
        peer = self.peer().upgrade(and_then=b"\xff" * 100)
        (opcode, payload), *rest = peer.end()
        self.assertEqual((opcode, payload[:2], rest), (CLOSE, close_payload(1002), []))


class FrameTest(ServerTest):
    OPTIONS = [f"--max_message_bytes={MAX_MESSAGE_BYTES}"]

    def assert_fails(self, code, *frames):
        """The frames fail the connection with this code: exactly one Close frame comes back, then the end."""
        peer = self.peer().upgrade()
        peer.send(b"".join(frames))
        (opcode, payload), *rest = peer.end()
        self.assertEqual((opcode, payload[:2], rest), (CLOSE, close_payload(code), []))

    def test_echo(self):
        peer = self.peer().upgrade()
        for opcode, payload in [(TEXT, b""), (TEXT, "Schuß".encode()), (BINARY, b"\x00\xff"), (BINARY, bytes(65536))]:
            peer.send(frame(opcode, payload))
            self.assertEqual(peer.receive(), (opcode, payload))

    def test_unmasked(self):
        self.assert_fails(1002, frame(TEXT, b"bare", masked=False))

    def test_reserved_bits(self):
        for rsv in [1, 2, 4, 7]:
            with self.subTest(rsv=rsv):
                self.assert_fails(1002, frame(TEXT, b"x", rsv=rsv))

    def test_reserved_opcodes(self):
        for opcode in [3, 7, 11, 15]:
            with self.subTest(opcode=opcode):
                self.assert_fails(1002, frame(opcode, b"x"))

    def test_length_longer_than_needed(self):
        self.assert_fails(1002, frame(BINARY, bytes(125), length_form=126))
        self.assert_fails(1002, frame(BINARY, bytes(65535), length_form=127))

    def test_r1_length_with_the_high_bit(self):
        for length in [2**63, 2**64 - 4, 2**64 - 1]:
            with self.subTest(length=length):
                self.assert_fails(1002, b"\x82\xff" + struct.pack(">Q", length) + b"mask")

    def test_control_frames(self):
        self.assert_fails(1002, frame(PING, bytes(126)))
        self.assert_fails(1002, frame(PING, b"", fin=False))
        self.assert_fails(1002, frame(CLOSE, b"", fin=False))

    def test_fragments_out_of_order(self):
        self.assert_fails(1002, frame(CONTINUATION, b"of nothing"))
        self.assert_fails(1002, frame(TEXT, b"a", fin=False), frame(TEXT, b"b"))

    def test_invalid_utf8(self):
        for payload in [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut \xc3"]:
            with self.subTest(payload=payload):
                self.assert_fails(1007, frame(TEXT, payload))

    def test_invalid_utf8_is_refused_before_the_frame_is_whole(self):
        self.assert_fails(1007, frame(TEXT, b"bad \xff and" + bytes(1000))[:-900])

    def test_too_large(self):
        self.assert_fails(1009, frame(BINARY, bytes(MAX_MESSAGE_BYTES + 1)))
        self.assert_fails(1009, frame(BINARY, bytes(MAX_MESSAGE_BYTES), fin=False), frame(CONTINUATION, b"x"))

    def test_too_large_is_refused_by_its_declared_length(self):
        self.assert_fails(1009, frame(BINARY, bytes(MAX_MESSAGE_BYTES + 1))[:14])
        self.assert_fails(1009, b"\x82\xff" + struct.pack(">Q", 2**63 - 1) + b"mask")

    def test_just_not_too_large(self):
        peer = self.peer().upgrade()
        peer.send(frame(BINARY, bytes(MAX_MESSAGE_BYTES - 1), fin=False) + frame(CONTINUATION, b"x"))
        self.assertEqual(peer.receive(), (BINARY, bytes(MAX_MESSAGE_BYTES - 1) + b"x"))

    def test_close_codes_of_the_wire(self):
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]:
            with self.subTest(code=code):
                peer = self.peer().upgrade()
                peer.send(frame(CLOSE, close_payload(code, b"why")))
                self.assertEqual(peer.end(), [(CLOSE, close_payload(code, b"why"))])

    def test_close_without_a_code(self):
        peer = self.peer().upgrade()
        peer.send(frame(CLOSE))
        self.assertEqual(peer.end(), [(CLOSE, b"")])

    def test_close_that_must_not_be(self):
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535]:
            with self.subTest(code=code):
                self.assert_fails(1002, frame(CLOSE, close_payload(code)))
        self.assert_fails(1002, frame(CLOSE, b"\x03"))
        self.assert_fails(1007, frame(CLOSE, close_payload(1000, b"\xff")))

    def test_nothing_is_answered_after_a_close(self):
        peer = self.peer().upgrade()
        peer.send(frame(TEXT, b"before") + frame(CLOSE, close_payload(1000)) + frame(TEXT, b"after") + frame(PING))
        self.assertEqual(peer.end(), [(TEXT, b"before"), (CLOSE, close_payload(1000))])

    def test_r12_nothing_is_answered_after_a_violation(self):
        self.assert_fails(1002, frame(3), frame(TEXT, b"after"), frame(PING))

    def test_server_outlives_clients_that_vanish(self):
        for start in [b"", b"GET / HT", None]:
            peer = Peer(self.server)
            peer.send(start) if start is not None else peer.upgrade().send(frame(TEXT, bytes(1000))[:100])
            # A reset instead of a normal end.
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.input.close()
            peer.socket.close()
        self.test_echo()


class MaxConnectionsTest(ServerTest):
    OPTIONS = ["--max_connections=1"]

    def status(self):
        peer = Peer(self.server)
        with peer.socket, peer.input:
            peer.request()
            return peer.response()

    def test_one_too_many_is_refused_until_another_has_left(self):
        first = self.peer().upgrade()
        self.assertEqual(self.status(), 503)
        first.send(frame(CLOSE))
        self.assertEqual(first.end(), [(CLOSE, b"")])
        first.socket.close()
        # The order in which its end and our next connection reach the server is not determined.
        while (status := self.status()) == 503:
            pass
        self.assertEqual(status, 101)


class CommandLineTest(ServerTest):
    def run_server(self, *args):
        return subprocess.run(command("ECHO_SERVER", *args), capture_output=True, text=True, timeout=60)

    def test_rs45_a_port_that_is_taken(self):
        result = self.run_server(f"--port={self.server.port}")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^Error: .*\b%d\b" % self.server.port)

    def test_help(self):
        text = self.run_server("--help").stdout
        flags = ["address", "port", "threads", "max_message_bytes", "max_connections", "allow_origin", "allow_host"]
        for flag in flags:
            with self.subTest(flag=flag):
                self.assertRegex(text, rf"--{flag}\b")

    def test_an_argument_that_means_nothing(self):
        result = self.run_server("8080")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("8080", result.stderr)


class ShutdownTest(unittest.TestCase):
    def test_sessions_are_told_1001(self):
        for how in [signal.SIGTERM, signal.SIGINT]:
            with self.subTest(how=how):
                server = Server("ECHO_SERVER")
                self.addCleanup(server.end)
                peer = Peer(server).upgrade()
                with peer.socket, peer.input:
                    server.process.send_signal(how)
                    opcode, payload = peer.receive()
                    self.assertEqual((opcode, payload[:2]), (CLOSE, close_payload(1001)))
                    peer.send(frame(CLOSE, payload))
                    self.assertEqual(peer.end(), [])
                self.assertEqual(server.process.wait(timeout=60), 0)

    def test_drained_they_are_told_1012(self):
        server = Server("ECHO_SERVER", "--drain=100ms")
        self.addCleanup(server.end)
        peers = [Peer(server).upgrade() for _ in range(3)]
        server.process.send_signal(signal.SIGTERM)
        for peer in peers:
            with peer.socket, peer.input:
                opcode, payload = peer.receive()
                self.assertEqual((opcode, payload[:2]), (CLOSE, close_payload(1012)))
                peer.send(frame(CLOSE, payload))
                self.assertEqual(peer.end(), [])
        self.assertEqual(server.process.wait(timeout=60), 0)

    def test_a_second_signal_ends_the_drain(self):
        server = Server("ECHO_SERVER", "--drain=1h")
        self.addCleanup(server.end)
        peer = Peer(server).upgrade()
        with peer.socket, peer.input:
            server.process.send_signal(signal.SIGTERM)
            # The port is closed once the first signal has arrived.
            while True:
                try:
                    Peer(server).socket.close()
                except OSError:
                    break
            server.process.send_signal(signal.SIGTERM)
            opcode, payload = peer.receive()
            self.assertEqual((opcode, payload[:2]), (CLOSE, close_payload(1001)))
            peer.send(frame(CLOSE, payload))
            self.assertEqual(peer.end(), [])
        self.assertEqual(server.process.wait(timeout=60), 0)

    def test_a_peer_that_never_answers_does_not_hold_it(self):
        server = Server("ECHO_SERVER")
        self.addCleanup(server.end)
        upgraded, silent = Peer(server).upgrade(), Peer(server)
        with upgraded.socket, upgraded.input, silent.socket, silent.input:
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
