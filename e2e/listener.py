"""`weft listen` as a server for tests."""

import re
import signal
import subprocess

from program import command

TIMEOUT = 60  # Seconds; only a test that fails takes that long.


class Listener:
    """`weft listen` on a free port."""

    def __init__(self, *arguments, **options):
        self.process = subprocess.Popen(
            command("WEFT", "listen", "--port=0", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        line = self.process.stdout.readline()
        found = re.fullmatch(r"Listening on (wss?://127.0.0.1:(\d+)/)\n", line)
        assert found, line + self.process.stderr.read()
        self.url = found[1]
        self.port = int(found[2])

    def stop(self, how=signal.SIGTERM):
        """Ends it; what it has printed since it listens, and its exit code."""
        self.process.send_signal(how)
        self.out, self.err = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode

    def end(self):
        """Kills it if it still runs, and closes its pipes: for a test that has ended, however it did."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def memory(self):
        """The most memory that it had, in MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024
