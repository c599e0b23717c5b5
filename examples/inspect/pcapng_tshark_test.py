"""The tap's export, read by Wireshark: its own WebSocket dissector finds the frames."""

import asyncio
import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

from program import Server
from websockets import connect

TEXT, BINARY, CLOSE, PING, PONG = "1", "2", "8", "9", "10"


def tshark(file, *args):
    """Its output, as lines of fields."""
    home = os.environ["TEST_TMPDIR"]
    checked = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    result = subprocess.run(
        ["tshark", "-n", "-r", file, *checked, *args],
        env=dict(os.environ, HOME=home, XDG_CONFIG_HOME=home),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [line.split("\t") for line in result.stdout.splitlines()]


def frames(file):
    """(stream, sender, opcode, masked, length) of each frame: several may be in one packet, separated by commas.

    The length is that in the second byte of the frame: 126 and 127 announce an extended one.
    """
    fields = ["tcp.stream", "ip.src", "websocket.opcode", "websocket.mask", "websocket.payload_length"]
    words = [word for field in fields for word in ("-e", field)]
    found = []
    for stream, sender, *each in tshark(file, "-Y", "websocket", "-T", "fields", *words):
        names = {"192.0.2.1": "client", "192.0.2.2": "server"}
        for opcode, masked, length in zip(*(column.split(",") for column in each)):
            found.append((stream, names[sender], opcode, masked, int(length)))
    return found


class PcapngTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.echo = Server("ECHO_SERVER")
        self.addCleanup(self.echo.end)
        self.inspect = Server("INSPECT_SERVER", f"--forward={self.echo.url}", "--tap_port=0")
        self.addCleanup(self.inspect.end)
        async with connect(f"{self.inspect.url}/wire") as page:
            self.tap = json.loads(await page.recv())["tap"]["connect"]

    def export(self):
        url = f"{self.inspect.url.replace('ws:', 'http:')}/tap.pcapng"
        with urllib.request.urlopen(url, timeout=60) as response:
            self.assertEqual(response.headers["Content-Disposition"], "attachment; filename=tap.pcapng")
            content = response.read()
        file = os.path.join(os.environ["TEST_TMPDIR"], "tap.pcapng")
        with open(file, "wb") as out:
            out.write(content)
        return file

    async def test_wireshark_finds_the_frames(self):
        async with connect(self.tap, compression=None) as client:
            for message in "Hello, Wireshark", bytes(200), "x" * 100_000:
                await client.send(message)
                self.assertEqual(await client.recv(), message)
            await asyncio.wait_for(await client.ping("here"), 60)
        async with connect(self.tap, compression=None) as client:
            await client.send("the second connection")
            await client.recv()
        file = self.export()

        expected = []
        for opcode, size in (TEXT, 16), (BINARY, 126), (TEXT, 127):
            expected += [("0", "client", opcode, "1", size), ("0", "server", opcode, "0", size)]
        expected += [("0", "client", PING, "1", 4), ("0", "server", PONG, "0", 4)]
        expected += [("0", "client", CLOSE, "1", 2), ("0", "server", CLOSE, "0", 2)]
        seen = frames(file)
        self.assertEqual([frame for frame in seen if frame[0] == "0"], expected)
        self.assertEqual(
            [frame[1:] for frame in seen if frame[0] == "1"],
            [(end, opcode, mask, size) for opcode, size in ((TEXT, 21), (CLOSE, 2)) for end, mask in (("client", "1"), ("server", "0"))],
        )
        texts = tshark(file, "-Y", "websocket", "-T", "fields", "-e", "text")
        self.assertIn("Hello, Wireshark", str(texts))

        requests = tshark(file, "-Y", "http.request", "-T", "fields", "-e", "http.upgrade", "-e", "frame.comment")
        self.assertEqual([request[0] for request in requests], ["websocket", "websocket"])
        comments = tshark(file, "-Y", "tcp.flags.syn==1 && tcp.flags.ack==0", "-T", "fields", "-e", "frame.comment")
        self.assertEqual(comments, [[f"connection #{n} to {self.echo.url}/"] for n in (1, 2)])

        # Nothing that Wireshark finds wrong: checksums, sequence numbers, or the form of a message.
        wrong = "ip.checksum.status==0 || tcp.checksum.status==0 || tcp.analysis.flags || _ws.malformed"
        self.assertEqual(tshark(file, "-Y", wrong), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
