"""Runs the cases with a client that echoes every message. The check is a server, which the client asks for one case
after the other: /getCaseCount, /runCase?case=N&agent=NAME, and /updateReports?agent=NAME at the end.

    bazel run //e2e/conformance:client_check                        with the client of this repository
    bazel run //e2e/conformance:client_check -- --async             with its asynchronous client
    bazel run //e2e/conformance:client_check -- --port 9001         with one that you start yourself
"""

import shlex
import socket
import subprocess
import sys
import threading
import urllib.parse

import deflate
import program
from case import Case
from judge import Result, play
from opening import check_request, split_head
from report import Report, parse_arguments, say
from session import PATIENCE, Session
from steps import FAILED, Closed, Send, Verdict
from wire import CLIENT, SERVER, Violation, close, text


class CaseServer:
    """Serves the cases, with one thread per connection, until a client has asked for its report."""

    def __init__(self, address, cases, report):
        self.cases = cases
        self.report = report
        self.results = {}  # number -> Result
        self.keys = set()
        self.lock = threading.Lock()
        self.done = threading.Event()
        self.socket = socket.create_server(address, backlog=128)
        self.port = self.socket.getsockname()[1]
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
            session = Session(sock, SERVER, fail_fast_patience=self.report.arguments.fail_fast_patience)
            try:
                head = session.read_head(split_head)
            except Violation:
                head = None
            if head is None:
                return  # Not a client under test: it has asked for nothing.
            url = urllib.parse.urlsplit((head.line.split(" ") + [""])[1])
            query = dict(urllib.parse.parse_qsl(url.query))
            if url.path == "/getCaseCount":
                self._tell(session, head, text(str(len(self.cases))))
            elif url.path == "/runCase" and 0 < int(query.get("case", 0)) <= len(self.cases):
                self._run(session, head, int(query["case"]))
            elif url.path == "/updateReports":
                self._tell(session, head)
                self.done.set()
            else:
                session.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                session.end_writing()

    def _open(self, session, head, case):
        key = check_request(head)
        with self.lock:
            if key in self.keys:
                raise Violation("4.1", f"the key {key} was used before")
            self.keys.add(key)
        response = case.response
        if case.deflate:
            session.use(deflate.Codec(self._agreement(case, head.joined("sec-websocket-extensions")), SERVER))
        session.send((response.text(key), *response.behind), response.chop)
        if response.ends:
            session.end_writing()

    def _agreement(self, case, offers):
        """The case's response to a client's offers."""
        if not any(name == deflate.NAME for name, _ in deflate.parse(offers)):
            raise deflate.Declined("offers no permessage-deflate")
        response = case.response.joined("Sec-WebSocket-Extensions")
        try:
            return deflate.agreement(offers, response)
        except Violation:
            if case.refused:  # Then it is wrong on purpose.
                return deflate.PLAIN
            raise deflate.Declined(f"offers {offers}, to which {response} is not an answer") from None

    def _tell(self, session, head, *frames):
        """Sends frames and closes. A client that misbehaves here fails all its cases, so no error is reported."""
        self._open(session, head, Case("", "", "", ()))
        for step in (Send((*frames, close(1000))), Closed(1000)):
            step.run(session, Verdict())

    def _run(self, session, head, number):
        case = self.cases[number - 1]
        result = play(case, session, lambda: self._open(session, head, case))
        with self.lock:
            if number not in self.results:
                self.results[number] = result
                self.report.add(result)

    def finish(self):
        """The exit code; cases that the client did not request have failed."""
        self.socket.close()
        with self.lock:
            for number, case in enumerate(self.cases, 1):
                if number not in self.results:
                    self.report.add(Result(case, FAILED, ("the client did not run it",)))
        return self.report.finish()


def run_client(command, server, name):
    """Runs a client until it ends, and waits for its last case."""
    arguments = [f"--url=ws://127.0.0.1:{server.port}", f"--agent={name}"]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL)
    code = process.wait()
    if code < 0:
        print(f"the client was ended by signal {-code}", file=sys.stderr)
    if not server.done.wait(PATIENCE):
        print(f"the client ended with {code}, and did not ask for /updateReports", file=sys.stderr)
    return code


def main():
    arguments = parse_arguments(__doc__, CLIENT)
    name = arguments.control or ("asynchronous" if arguments.asynchronous else "client")
    address = ("", arguments.port) if arguments.port else ("127.0.0.1", 0)
    server = CaseServer(address, arguments.chosen, Report(arguments, CLIENT, f"client {name}"))
    if arguments.port:
        say(f"{len(arguments.chosen)} cases on port {server.port}, until a client asks for /updateReports")
        server.done.wait()
        return server.finish()
    if arguments.client:
        command = shlex.split(arguments.client)
    else:
        options = [f"--max_message_bytes={arguments.max_message_bytes}"]
        if arguments.asynchronous:
            options.append("--async")
        command = program.command("CONFORMANCE_CLIENT", *options)
    code = run_client(command, server, name)
    return server.finish() or code < 0


if __name__ == "__main__":
    raise SystemExit(main())
