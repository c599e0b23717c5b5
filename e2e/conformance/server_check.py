"""Runs the cases with a server that echoes every message, over raw sockets.

    bazel run //e2e/conformance:server_check                        with the echo server of this repository
    bazel run //e2e/conformance:server_check -- --url ws://HOST:PORT/PATH

The path should be only a WebSocket's: if there is also a page, a request that is not an upgrade may be answered with
it, but its cases expect a refusal.
"""

import base64
import concurrent.futures
import contextlib
import os
import socket
import urllib.parse

import deflate
import opening
from judge import play
from program import Server
from report import Report, parse_arguments
from session import FAIL_FAST_PATIENCE, PATIENCE, Session
from steps import Failed
from wire import CLIENT, SERVER

# Cases that run in parallel: some only wait for a peer that is not strict.
AT_ONCE = 8


class Target:
    """The server under test."""

    def __init__(self, url, patience=PATIENCE, fail_fast_patience=FAIL_FAST_PATIENCE):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "ws" or not parts.hostname:
            raise SystemExit(f"--url must be ws://HOST[:PORT][/PATH], and is {url}")
        self.url = url
        self.patience = patience
        self.fail_fast_patience = fail_fast_patience
        self.address = (parts.hostname, parts.port or 80)
        self.host = parts.netloc
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def play(self, case):
        try:
            sock = socket.create_connection(self.address, timeout=self.patience)
        except OSError as error:
            raise SystemExit(f"cannot connect to {self.url}: {error}") from None
        with sock:
            session = Session(sock, CLIENT, self.patience, self.fail_fast_patience)
            return play(case, session, lambda: self.open(case, session))

    def open(self, case, session):
        key = base64.b64encode(os.urandom(16)).decode()
        request = case.request
        session.send((request.text(self.host, self.path, key), *request.behind), request.chop)
        if case.refused:
            return
        head = session.read_head(opening.split_head)
        if head is None:
            raise Failed(
                f"{session.end or f'nothing for {self.patience} s'} instead of an answer to the opening request"
            )
        opening.check_response(head, key, request)
        offers = request.joined("Sec-WebSocket-Extensions")
        agreed = deflate.agreement(offers, head.joined("sec-websocket-extensions"))
        if agreed:
            session.use(deflate.Codec(agreed, CLIENT))
        elif case.deflate:
            raise deflate.Declined(f"declines {offers}")


def start_server(arguments):
    options = [f"--max_message_bytes={arguments.max_message_bytes}"]
    if arguments.handler_threads:
        options.append(f"--handler_threads={arguments.handler_threads}")
    return Server("ECHO_SERVER", *options)


def main():
    arguments = parse_arguments(__doc__, SERVER)
    server = None if arguments.url else start_server(arguments)
    try:
        # There is a page at /: a request that is not an upgrade is answered with it.
        target = Target(arguments.url or f"{server.url}/echo", fail_fast_patience=arguments.fail_fast_patience)
        report = Report(arguments, SERVER, f"server {target.url}")
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            # Closed when the report ends the program: cases that have not begun are then skipped.
            with contextlib.closing(pool.map(target.play, arguments.chosen)) as results:
                for result in results:
                    report.add(result)
        return report.finish()
    finally:
        if server:
            server.end()


if __name__ == "__main__":
    raise SystemExit(main())
