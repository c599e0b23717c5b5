"""The commands of every Python peer, as peer.js has them for JavaScript: `serve`, `exchange URL` and `cases --url=URL
--agent=NAME`."""

import argparse
import asyncio
import signal

from messages import SIZES, bytes_of, text_of

# Seconds. A library's limit for a handshake, if it has one: longer than a slow machine needs.
PATIENCE = 60

# Cases that run in parallel: some only wait for this peer.
AT_ONCE = 8


async def expect_echo(socket, sent):
    for message in sent:
        await socket.send(message)
    for message in sent:
        answer = await socket.receive()
        assert answer == message, f"a message of {len(message)} came back as another, or not at all"


async def exchange(connect, url):
    """The exchange of websocket_cases.js."""
    socket = await connect(url)
    for size in (min(size, 1 << 20) for size in SIZES):
        await expect_echo(socket, [text_of(size)])
        await expect_echo(socket, [bytes_of(size)])
    await expect_echo(socket, [bytes_of(i) if i % 2 else f"{i} {text_of(i)}" for i in range(1000)])
    answer = await socket.close(1000, "done")
    assert answer == (1000, "done"), f"closed with 1000 'done', answered with {answer}"


async def run_cases(connect, url, agent):
    counter = await connect(f"{url}/getCaseCount")
    numbers = iter(range(1, int(await counter.receive()) + 1))
    await counter.receive()

    async def run_case(number):
        socket = await connect(f"{url}/runCase?case={number}&agent={agent}")
        try:
            while (message := await socket.receive()) is not None:
                await socket.send(message)
        except Exception:
            await socket.close(1011, "")  # No peer waits for it.
            raise

    async def run():
        for number in numbers:
            try:
                await run_case(number)
            except Exception as error:  # The server decides whether the case may end like this.
                print(f"case {number}: {error!r}")

    await asyncio.gather(*(run() for _ in range(AT_ONCE)))
    await (await connect(f"{url}/updateReports?agent={agent}")).receive()


def main(serve, connect):
    """`serve(port, max_message_bytes)` starts an echo server and returns its port. `connect(url, max_message_bytes)`
    returns an open socket: `send(message)`; `receive()`, a message or None at the end; `close(code, reason)`,
    which returns those of the answer. All are coroutines, and a message is a str or bytes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve", "exchange", "cases"])
    parser.add_argument("target", nargs="?")
    parser.add_argument("--url")
    parser.add_argument("--agent")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--max_message_bytes", type=int, default=16 << 20)
    arguments = parser.parse_args()

    async def run():
        def connect_with(url):
            return connect(url, arguments.max_message_bytes)

        if arguments.command == "serve":
            terminated = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
            port = await serve(arguments.port, arguments.max_message_bytes)
            print(f"Server Listening on 127.0.0.1:{port}", flush=True)
            await terminated.wait()
        elif arguments.command == "exchange":
            await exchange(connect_with, arguments.target)
        else:
            await run_cases(connect_with, arguments.url, arguments.agent)

    asyncio.run(run())
