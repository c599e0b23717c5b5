"""The suite's own permessage-deflate: the examples of RFC 7692, and the detection of errors."""

import itertools
import unittest

from deflate import PLAIN, Agreement, Codec, agreement
from payloads import bytes_of, text_of
from wire import CLIENT, SERVER, Violation

STORY = text_of(20_000)


def pair(agreed, receiver=None):
    """The codec of a client, and that of a server that receives its messages; with another agreement, if one is given."""
    return Codec(agreed, CLIENT), Codec(receiver or agreed, SERVER)


def windows(bits, takeover=True):
    return Agreement({CLIENT: takeover, SERVER: takeover}, {CLIENT: bits, SERVER: bits})


class CodecTest(unittest.TestCase):
    def test_examples_of_the_rfc(self):
        for data in [
            "f248cdc9c90700",  # section 7.2.3.1
            "000500faff48656c6c6f00",  # 7.2.3.3
            "f348cdc9c9070000",  # 7.2.3.4
            "f24805000000ffffcac9c90700",  # 7.2.3.5
        ]:
            with self.subTest(data):
                server = Codec(PLAIN, SERVER)
                for _ in range(2):
                    self.assertEqual(server.inflate(bytes.fromhex(data)), b"Hello")
        self.assertEqual(server.inflate(bytes.fromhex("f200110000")), b"Hello")  # 7.2.3.2
        self.assertEqual(server.inflate(b"\0"), b"")  # 7.2.3.6

    def test_round_trip(self):
        ways = [{}, {"level": 0}, {"blocks": 7}, {"final": True}, {"final": True, "blocks": 3}, {"strategy": 2}]
        for bits, takeover in itertools.product(range(8, 16), [True, False]):
            with self.subTest(bits=bits, takeover=takeover):
                client, server = pair(windows(bits, takeover))
                for payload, way in itertools.product([b"", b"x", STORY, bytes_of(3000), STORY], ways):
                    self.assertEqual(server.inflate(client.compress(payload, **way)), payload)

    def test_a_reference_beyond_the_window_is_seen(self):
        far = bytes_of(20_000) * 2
        client, server = pair(PLAIN, windows(9))
        with self.assertRaises(Violation):
            server.inflate(client.compress(far))

    def test_a_reference_to_an_earlier_message_is_seen(self):
        client, server = pair(PLAIN, windows(15, takeover=False))
        self.assertEqual(server.inflate(client.compress(STORY)), STORY)
        with self.assertRaises(Violation):
            server.inflate(client.compress(STORY))

    def test_what_is_no_deflate_is_seen(self):
        with self.assertRaises(Violation):
            Codec(PLAIN, SERVER).inflate(b"\xff" * 10)


class AgreementTest(unittest.TestCase):
    def test_none(self):
        for offers in ("", "permessage-deflate", "x-other"):
            self.assertIsNone(agreement(offers, ""))

    def test_what_is_agreed_on(self):
        for offers, response, expected in [
            ("permessage-deflate", "permessage-deflate", PLAIN),
            (
                "permessage-deflate; client_max_window_bits",
                "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
                Agreement({CLIENT: True, SERVER: False}, {CLIENT: 10, SERVER: 15}),
            ),
            (
                'x, permessage-deflate; server_max_window_bits="12"',
                "permessage-deflate; server_max_window_bits=9; client_no_context_takeover",
                Agreement({CLIENT: False, SERVER: True}, {CLIENT: 15, SERVER: 9}),
            ),
            (
                "permessage-deflate; server_max_window_bits=7, permessage-deflate",
                "permessage-deflate",
                PLAIN,
            ),
        ]:
            with self.subTest(response):
                self.assertEqual(agreement(offers, response), expected)

    def test_what_is_no_answer(self):
        for offers, response in [
            ("", "permessage-deflate"),
            ("permessage-deflate", "x-other"),
            ("permessage-deflate", "permessage-deflate, permessage-deflate"),
            ("permessage-deflate", "permessage-deflate; client_max_window_bits=10"),
            ("permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=10"),
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=11"),
            ("permessage-deflate; server_no_context_takeover", "permessage-deflate"),
            ("permessage-deflate", "permessage-deflate; server_max_window_bits=16"),
            ("permessage-deflate", "permessage-deflate; server_no_context_takeover=1"),
            ("permessage-deflate", "permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
            ("permessage-deflate; x", "permessage-deflate"),
        ]:
            with self.subTest(response):
                with self.assertRaises(Violation):
                    agreement(offers, response)


if __name__ == "__main__":
    unittest.main(verbosity=2)
