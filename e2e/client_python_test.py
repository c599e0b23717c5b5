"""Our clients against servers on Python's websockets: the echo client, and the conformance client against a small
server of the protocol of conformance suites."""

import asyncio
import unittest
import urllib.parse

import websockets

from messages import SIZES, bytes_of, text_of
from program import command


async def output_of(variable, *args):
    """The output of a program, which must end with exit code 0."""
    process = await asyncio.create_subprocess_exec(*command(variable, *args), stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode == 0, f"{variable} ended with {process.returncode}, having printed: {output}"
    return output.decode()


def serve(talk):
    """A server on a free port that passes each connection to `talk`."""
    return websockets.serve(talk, "127.0.0.1", 0, max_size=None, ping_interval=None)


def url_of(server):
    return "ws://127.0.0.1:%d" % server.sockets[0].getsockname()[1]


async def expect_echo(socket, sent, expected=None):
    await socket.send(sent)
    answer = await socket.recv()
    assert answer == (sent if expected is None else expected), "the echo differs"


async def expect_close(socket, code, reason):
    await socket.close(code, reason)
    answer = (socket.close_code, socket.close_reason)
    assert answer == (code, reason), f"closed with {code} {reason!r}, answered with {answer}"


async def expect_pong(socket, payload):
    await (await socket.ping(payload))


async def many_at_once(socket):
    for i in range(100):
        await socket.send(f"message {i}")
    for i in range(100):
        answer = await socket.recv()
        assert answer == f"message {i}", f"answer {i} is {answer!r}"


async def ping_between_fragments(socket):
    async def fragments():
        yield "a"
        await expect_pong(socket, b"between")
        yield "b"

    await expect_echo(socket, fragments(), "ab")


# name -> function of a socket, whose coroutine raises an error if the client does something wrong
CASES = {
    **{f"text of {size} bytes": lambda s, size=size: expect_echo(s, text_of(size)) for size in SIZES},
    **{f"binary of {size} bytes": lambda s, size=size: expect_echo(s, bytes_of(size)) for size in SIZES},
    "a hundred messages at once": many_at_once,
    "text in fragments": lambda s: expect_echo(s, ["", "one ", "", "two", ""], "one two"),
    "binary in fragments": lambda s: expect_echo(s, [bytes_of(65536)] * 4, bytes_of(65536) * 4),
    "a ping of 0 bytes": lambda s: expect_pong(s, b""),
    "a ping of 125 bytes": lambda s: expect_pong(s, b"p" * 125),
    "a ping between fragments": ping_between_fragments,
    "close with 1001": lambda s: expect_close(s, 1001, "away"),
    "close with 3000": lambda s: expect_close(s, 3000, "Schuß"),
    "close with 4999": lambda s: expect_close(s, 4999, "r" * 123),
}


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def test_echo_client(self):
        closed = asyncio.get_running_loop().create_future()

        async def talk(socket):
            async for message in socket:
                await socket.send(f"<{message}>")
            closed.set_result(socket.close_code)

        messages = ["Hello", "", "Schuß, 織物 🧵", text_of(65536)]
        async with serve(talk) as server:
            output = await output_of("ECHO_CLIENT", url_of(server), *messages)
            self.assertEqual(output, "".join(f"<{message}>\n" for message in messages))
            self.assertEqual(await closed, 1000)

    async def test_conformance_client(self):
        names = list(CASES)
        results = {}
        reports = []

        async def talk(socket):
            url = urllib.parse.urlparse(socket.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            if url.path == "/getCaseCount":
                await socket.send(str(len(names)))
            elif url.path == "/updateReports":
                reports.append(query["agent"])
            else:
                self.assertEqual((url.path, query["agent"]), ("/runCase", "Weft"))
                name = names[int(query["case"]) - 1]
                try:
                    await CASES[name](socket)
                    if socket.open:
                        await expect_close(socket, 1000, "done")
                    results[name] = "ok"
                except Exception as error:  # It is the result of this case; the others continue.
                    results[name] = repr(error)

        async with serve(talk) as server:
            await output_of("CONFORMANCE_CLIENT", f"--url={url_of(server)}", "--agent=Weft")
        for name in names:
            with self.subTest(name):
                self.assertEqual(results.get(name), "ok")
        self.assertEqual(reports, ["Weft"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
