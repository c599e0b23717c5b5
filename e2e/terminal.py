"""A program in a pseudo-terminal, and the screen that its user sees."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """Types into a program and reads its screen. The terminal echoes typed text, as usual."""

    TIMEOUT = 30  # Seconds; only a test that fails takes that long.

    def __init__(self, arguments, environment=None, size=(24, 80)):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.output = b""
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def type(self, text):
        os.write(self.master, text.encode())

    def lines(self):
        """The screen, line by line; the last line is the cursor's."""
        lines = [""]
        column = 0
        for part in re.findall(r"\r|\n|\x1b\[\d*[A-Za-z]|.", self.output.decode(errors="replace")):
            if part == "\r":
                column = 0
            elif part == "\n":
                lines.append("")
            elif part in ("\x1b[K", "\x1b[0K"):
                lines[-1] = lines[-1][:column]
            elif part == "\x1b[2K":
                lines[-1] = " " * column
            else:
                lines[-1] = lines[-1][:column] + part + lines[-1][column + 1 :]
                column += 1
        return lines

    def read(self, deadline):
        """Waits for more output; False when the program has closed the terminal."""
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError("\n".join(["this is still the screen:", *self.lines()]))
        try:
            self.output += os.read(self.master, 65536)
        except OSError:  # EIO: the other end is not open.
            return False
        return True

    def wait_until(self, condition):
        """Reads until the screen meets the condition, and returns its lines."""
        deadline = time.monotonic() + self.TIMEOUT
        while not condition(self.lines()):
            if not self.read(deadline):
                raise EOFError("\n".join(["the program ended with this screen:", *self.lines()]))
        return self.lines()

    def wait(self):
        """Reads until the program ends and returns its exit code."""
        deadline = time.monotonic() + self.TIMEOUT
        while self.read(deadline):
            pass
        return self.process.wait(self.TIMEOUT)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
