"""The programs under test, as child processes."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading


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
