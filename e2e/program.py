"""Programs as child processes: those under test, and proxies."""

import contextlib
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time


def command(variable, *args):
    """The command that an environment variable names: a path, or a path and its first arguments."""
    return os.environ[variable].split(" ") + list(args)


class Server:
    """A server of ours on a free port of 127.0.0.1, or of another --address."""

    def __init__(self, variable, *args):
        self.process = subprocess.Popen(
            command(variable, "--port=0", *args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        # A thread reads its output, so that it never waits for us.
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        found = self.wait_for_line(r"Server Listening on (.*):(\d+)")
        self.port = int(found[2])
        self.url = f"ws://{found[1]}:{self.port}"

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                try:
                    print("server:", line, end="", file=sys.stderr, flush=True)
                except BrokenPipeError:  # As in `server_check 2>&1 | head`. Python would write it again when it ends.
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
                self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def wait_for_line(self, expression):
        """The match in the next matching line that the server prints."""
        while True:
            line = self.lines.get(timeout=60)
            assert line is not None, f"the server ended, and never printed {expression}"
            found = re.fullmatch(expression, line)
            if found:
                return found

    def stop(self, how=signal.SIGTERM):
        """Ends the server and returns its exit code; negative: the signal that ended it."""
        self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def end(self):
        """Ends the server, which must return exit code 0; so must a server that was stopped earlier."""
        try:
            code = self.process.poll()
            if code is None:
                code = self.stop()
            assert code == 0, f"the server ended with {code}"
        finally:
            self.process.kill()


def free_port(address):
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as listener:
        return listener.getsockname()[1]


def listens(address, port, process):
    """Waits until the process, which does not report it, listens there; false if it ends because its port was taken."""
    while process.poll() is None:
        try:
            socket.create_connection((address, port), 60).close()
            return process.poll() is None
        except ConnectionRefusedError:
            time.sleep(0.01)
    return False


@contextlib.contextmanager
def running(address, make_command, **options):
    """A proxy on a free port of `address`, started with the command make_command(port). Yields host:port."""
    for _ in range(5):
        port = free_port(address)
        process = subprocess.Popen(make_command(port), stdout=subprocess.DEVNULL, **options)
        if listens(address, port, process):
            break
    else:
        raise AssertionError(f"it does not start: {make_command(port)}")
    try:
        yield f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    finally:
        process.terminate()  # some have processes of their own to end
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
