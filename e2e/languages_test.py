"""The programs of docs/howto/other_languages.md, with the echo server."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from program import Server

PAGE = pathlib.Path(os.environ["LANGUAGES_PAGE"]).read_text()


def program(language):
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    return block


class LanguagesTest(unittest.TestCase):
    def setUp(self):
        self.server = Server("ECHO_SERVER")
        self.addCleanup(self.server.end)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, language, file, command, environment=()):
        """The output of the program, connected to this test's server."""
        url = "ws://localhost:8080/"
        self.assertIn(url, program(language))
        path = self.folder / file
        path.write_text(program(language).replace(url, self.server.url + "/"))
        run = subprocess.run([*command, path], capture_output=True, text=True, timeout=120, env={**os.environ, **dict(environment)})
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def test_javascript(self):
        self.assertEqual(self.run_program("js", "hello.js", ["node"]), "Hello from JavaScript\nclosed with 1000\n")

    def test_python(self):
        self.assertEqual(self.run_program("python", "hello.py", [sys.executable]), "Hello from Python\n")

    def test_go(self):
        # Debian's packages of Go are found without modules, and without a network.
        environment = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(self.folder / "cache"), "GOFLAGS": ""}
        self.assertEqual(self.run_program("go", "hello.go", ["go", "run"], environment), "Hello from Go\n")


if __name__ == "__main__":
    unittest.main()
