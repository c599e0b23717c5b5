"""`tools/install`: what it installs works on its own, also after it was moved."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TIMEOUT = 60  # Seconds; only a test that fails takes that long.
INSTALL, WEFT = (os.path.abspath(os.environ[name]) for name in ("INSTALL", "WEFT"))
SYSTEM = re.compile(r"(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libstdc\+\+|libgcc_s)\.so.*")
ENVIRONMENT = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": "", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def run(*words, code=0, env=ENVIRONMENT, **options):
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, env=env, **options
    )
    assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Installs twice, and moves the tree."""
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        first = pathlib.Path(cls.folder, "a prefix")
        run(INSTALL, f"--weft={WEFT}", str(first))
        (first / "lib/weft/left-over.so").touch()
        cls.out = run(INSTALL, f"--weft={WEFT}", str(first)).stdout
        cls.prefix = first.rename(pathlib.Path(cls.folder, "moved"))
        cls.weft = str(cls.prefix / "bin/weft")

    def help(self, *command):
        return run(self.weft, *command, "--help").stdout

    def commands(self):
        return re.findall(r"^  (\w+) ", self.help(), re.M)

    def flags(self, command):
        """Those that its help lists."""
        return re.findall(r"^  (?:-\w, |    )(--[\w-]+)", self.help(command), re.M)

    def test_files(self):
        files = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if path.is_file()}
        others = {file for file in files if not file.startswith("lib/weft/")}
        self.assertEqual(
            others, {"bin/weft", "share/man/man1/weft.1", "share/bash-completion/completions/weft"}
        )
        self.assertNotIn("lib/weft/left-over.so", files)
        self.assertEqual(list(self.prefix.joinpath("lib").iterdir()), [self.prefix / "lib/weft"])

    def test_libraries(self):
        """Each is the system's, or from the folder beside weft; so are those of the libraries."""
        own = 0
        for line in run("ldd", self.weft).stdout.splitlines():
            self.assertNotIn("not found", line)
            self.assertNotIn("bazel-out", line)
            name, arrow, path = line.strip().partition(" => ")
            if SYSTEM.fullmatch(os.path.basename(name.split(" ")[0])):
                continue
            self.assertTrue(arrow, line)
            path = os.path.realpath(path.rpartition(" ")[0])
            self.assertEqual(os.path.dirname(path), os.path.realpath(self.prefix / "lib/weft"), line)
            own += 1
        self.assertGreater(own, 0)
        files = [path.name for path in self.prefix.joinpath("lib/weft").iterdir()]
        self.assertEqual(own, len(files) - 1, files)
        self.assertIn("installed-by-weft", files)

    def test_it_runs(self):
        self.assertIn("Usage: weft COMMAND", self.help())
        listener = subprocess.Popen([self.weft, "listen", "--port=0"], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        try:
            url = re.fullmatch(r"Listening on (ws://\S+)\n", listener.stdout.readline())[1]
            self.assertEqual(run(self.weft, "connect", url, "hello", "--receive=1", stdin=subprocess.DEVNULL).stdout, "hello\n")
            # Its libraries are not on the disk alone: TLS, compression and the load run.
            run(self.weft, "bench", url, "--connections=2", "--duration=50ms", "--warm-up=0")
        finally:
            listener.kill()
            listener.communicate()

    def test_the_man_page(self):
        page = str(self.prefix / "share/man/man1/weft.1")
        if shutil.which("mandoc"):
            self.assertEqual(run("mandoc", "-Tlint", page).stdout, "")
            text = run("mandoc", "-Tascii", page).stdout
        elif shutil.which("groff"):
            done = run("groff", "-man", "-ww", "-Tascii", "-P-c", page)
            self.assertEqual(done.stderr, "")
            text = done.stdout
        else:
            self.skipTest("neither mandoc nor groff is installed")
        if shutil.which("man"):
            self.assertEqual(run("man", "--warnings", "-l", page).stderr, "")
        text = re.sub(r".\x08", "", text)
        self.assertEqual(self.commands(), ["connect", "check", "bench", "listen"])
        for command in self.commands():
            section = re.search(rf"^WEFT {command.upper()}\n(.*?)^(WEFT|weft)\b", text + "\nWEFT", re.M | re.S)[1]
            flags = self.flags(command)
            self.assertIn("--help", flags)
            for flag in flags:
                self.assertRegex(section, rf"{flag}\b", command)
        for flag in ["--version", "--completion"]:
            self.assertIn(flag, text)

    def complete(self, *words):
        """The words that bash offers for the last one of these."""
        script = """
            source "$0"
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _weft
            for word in "${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done
        """
        completion = str(self.prefix / "share/bash-completion/completions/weft")
        done = run("bash", "--norc", "-uc", script, completion, "weft", *words, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def test_completion(self):
        self.assertEqual(self.complete("c"), ["connect", "check"])
        self.assertEqual(self.complete("--v"), ["--version"])
        for command in self.commands():
            offered = [flag.rstrip("=") for flag in self.complete(command, "--")]
            self.assertEqual(offered, self.flags(command))
        self.assertEqual(self.complete("connect", "--inp"), ["--input="])
        self.assertEqual(self.complete("connect", "--input", "="), ["lines", "whole", "stream"])
        self.assertEqual(self.complete("connect", "--input", "=", "w"), ["whole"])
        self.assertEqual(self.complete("connect", "--input", "s"), ["stream"])
        self.assertEqual(self.complete("bench", "--ca", "=", "mov"), ["moved"])
        self.assertEqual(self.complete("bench", "--duration", "=", ""), [])
        self.assertEqual(self.complete("listen", "--quiet", "--ch"), ["--chat"])

    def test_errors(self):
        for words, error in [
            ([], "PREFIX is missing"),
            (["--wft=x", self.folder], "unknown flag --wft=x"),
            (["a", "b"], "unexpected argument b"),
            (["--weft=/no/such/program", self.folder], "/no/such/program is not a program"),
            ([f"--weft={WEFT}", self.weft], f"cannot write to {self.weft}"),  # a file
        ]:
            done = run(INSTALL, *words, code=1)
            self.assertIn(f"tools/install: {error}", done.stderr)
        self.assertIn("tools/install [--weft=BINARY] PREFIX", run(INSTALL, "--help").stdout)

    def test_what_is_not_of_weft_is_left_alone(self):
        for name, error in [
            ("lib/weft/theirs", "lib/weft is not an installation of weft"),
            ("bin/weft/theirs", "bin/weft is a folder"),
            ("share/man/man1/weft.1/theirs", "share/man/man1/weft.1 is a folder"),
        ]:
            prefix = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            theirs = prefix / name
            theirs.parent.mkdir(parents=True)
            theirs.touch()
            done = run(INSTALL, f"--weft={WEFT}", str(prefix), code=1)
            self.assertIn(f"tools/install: {prefix}/{error}", done.stderr)
            self.assertEqual([path for path in prefix.rglob("*") if path.is_file()], [theirs])

    def test_after_a_failure_the_old_installation_works(self):
        prefix = pathlib.Path(self.folder, "old")
        shutil.copytree(self.prefix, prefix)
        (prefix / "lib/weft/old.so").touch()
        tools = pathlib.Path(self.folder, "tools")
        tools.mkdir()
        (tools / "mv").write_text(f'#!/bin/sh\ncase "$*" in *bin/weft) exit 1 ;; esac\nexec {shutil.which("mv")} "$@"\n')
        (tools / "mv").chmod(0o755)
        run(INSTALL, f"--weft={WEFT}", str(prefix), code=1, env={**ENVIRONMENT, "PATH": f"{tools}:{ENVIRONMENT['PATH']}"})
        self.assertTrue((prefix / "lib/weft/old.so").exists())
        self.assertEqual([path.name for path in (prefix / "lib").iterdir()], ["weft"])
        run(str(prefix / "bin/weft"), "--help")

    def test_an_installed_weft_is_installed_elsewhere(self):
        """It is in the current folder, whose path has a space."""
        source = pathlib.Path(self.folder, "with a space")
        shutil.copytree(self.prefix, source)
        prefix = pathlib.Path(self.folder, "another")
        run(INSTALL, "--weft=weft", str(prefix), cwd=source / "bin")
        for name in ["lib/weft", "bin", "share/man/man1"]:
            self.assertEqual(*(sorted(path.name for path in (tree / name).iterdir()) for tree in (source, prefix)))
        run(str(prefix / "bin/weft"), "--help")

    @unittest.skipIf(os.geteuid() == 0, "root can write everywhere")
    def test_a_prefix_that_cannot_be_written(self):
        prefix = pathlib.Path(self.folder, "read-only")
        prefix.mkdir(mode=0o555)
        done = run(INSTALL, f"--weft={WEFT}", str(prefix), code=1)
        self.assertIn(f"tools/install: cannot write to {prefix}", done.stderr)


if __name__ == "__main__":
    unittest.main()
