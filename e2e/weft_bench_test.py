"""`weft bench`, against `weft listen`. No speed is asserted."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from listener import Listener, TIMEOUT
from program import command
from terminal import Terminal

SHORT = ["--duration=100ms", "--warm-up=10ms", "--connections=3"]


class BenchTest(unittest.TestCase):
    def listen(self, *arguments):
        listener = Listener("--quiet", *arguments)
        self.addCleanup(listener.end)
        return listener

    def bench(self, *arguments, code=0):
        """Its standard output and standard error."""
        done = subprocess.run(command("WEFT", "bench", *arguments), capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def bench_json(self, *arguments, code=0):
        out, _ = self.bench("--json", *arguments, code=code)
        return json.loads(out)

    def test_the_report(self):
        listener = self.listen()
        out, err = self.bench(listener.url, *SHORT)
        self.assertEqual(err, "")
        self.assertTrue(out.startswith(listener.url + "\n3 connections, messages of 20 bytes of text, 1 in flight"), out)
        self.assertRegex(out, r"\n  messages +[\d,]+  in \d\.\d\d s\n")
        self.assertRegex(out, r"\n  errors +0\n")
        self.assertRegex(out, r"\n    p99\.9 +[\d.]+ (us|ms|s)\n")
        self.assertRegex(out, r"\n  up to .* #+\n")

    def test_json(self):
        listener = self.listen()
        report = self.bench_json(listener.url, *SHORT, f"--pid={listener.process.pid}", "--threads=2")
        self.assertGreater(report["messages"], 0)
        self.assertEqual((report["errors"], report["failures"], report["open_connections"]), (0, {}, 3))
        self.assertLessEqual(report["p50_us"], report["p99_us"])
        self.assertLessEqual(report["p99_us"], report["max_us"])
        self.assertIn("server_cpu_seconds", report)
        self.assertFalse(report["interrupted"])

    def test_a_fixed_rate_counts_from_when_messages_are_due(self):
        out, _ = self.bench(self.listen().url, *SHORT, "--rate=200", "--ramp-up=20ms")
        self.assertIn("200 per second, at most 16 in flight on each\n", out)
        self.assertIn("A round trip begins when its message is due", out)

    def test_payloads(self):
        listener = self.listen("--compress")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"\xff\0" * 50000)
            file.flush()
            for more in [[], ["--compress"], ["--depth=5"], ["--compress", "--depth=5"]]:
                report = self.bench_json(listener.url, *SHORT, "--binary", f"--payload=@{file.name}", *more)
                self.assertGreater(report["messages"], 0)
                self.assertEqual((report["errors"], report["payload"]), (0, 100000))
        self.assertGreater(self.bench_json(listener.url, *SHORT, "--payload=0")["messages"], 0)

    def test_tls(self):
        folder = os.path.dirname(os.environ["TEST_CA"])
        listener = self.listen("--cert", f"{folder}/server.pem", "--key", f"{folder}/server.key")
        self.assertGreater(self.bench_json(listener.url, *SHORT, "--ca", os.environ["TEST_CA"])["messages"], 0)
        self.assertGreater(self.bench_json(listener.url, *SHORT, "--insecure")["messages"], 0)
        _, err = self.bench(listener.url, *SHORT, code=2)
        self.assertIn("not trusted", err)

    def test_comparing(self):
        one, other = self.listen(), self.listen()
        out, _ = self.bench(one.url, "--compare", other.url, *SHORT, "--rounds=3")
        self.assertTrue(out.startswith(f"A  {one.url}\nB  {other.url}\n"), out)
        self.assertIn("\n3 rounds of 0.0", out)
        self.assertRegex(out, r"\n  per second +[\d,]+ +[\d,]+   [\d.]+ \([\d.]+ to [\d.]+\)\n")
        report = self.bench_json(one.url, "--compare", other.url, *SHORT, "--rounds=2", "--fail-if=ratio>=0", code=5)
        self.assertEqual(report["compared_with"]["url"], other.url)
        self.assertEqual(len(report["rounds"]), 2)
        self.assertEqual(report["failed_conditions"], ["ratio>=0"])

    def test_conditions(self):
        listener = self.listen()
        self.bench(listener.url, *SHORT, "--fail-if=errors>0", "--fail-if=p99>1h", "--fail-if=rate<=0")
        _, err = self.bench(listener.url, *SHORT, "--fail-if=p99 > 0ms", "--fail-if=errors>0", code=5)
        self.assertRegex(err, r"^weft: --fail-if=p99 > 0ms: p99 is [\d.]+ (us|ms|s)\n$")

    def test_a_server_that_does_not_echo(self):
        _, err = self.bench(self.listen("--exec", "exec sleep 1000").url, *SHORT, "--timeout=5s", code=4)
        self.assertIn(" does not echo: no echo within 5s. The server must send each message back", err)
        _, err = self.bench(self.listen("--exec", "sed -u s/^/x/").url, *SHORT, code=4)
        self.assertRegex(err, r' does not echo: received 21 bytes \(text: "x.*and not the echo of 20 bytes')
        _, err = self.bench(self.listen("--exec", "exit 3").url, *SHORT, code=4)
        self.assertIn(" does not echo: Close frame 1011", err)

    def test_an_echo_that_becomes_wrong(self):
        """A chat is an echo for a single client only."""
        out, _ = self.bench(self.listen("--chat").url, *SHORT, code=4)
        self.assertRegex(out, r"\n +3  wrong echo; first: connection \d, byte \d+: ")

    def test_connections_that_are_refused(self):
        listener = self.listen("--max-connections=2")
        report = self.bench_json(listener.url, *SHORT, code=4)
        self.assertEqual(report["open_connections"], 2)
        self.assertEqual(report["failures"]["refused with HTTP 503"]["count"], 1)
        self.bench(listener.url, *SHORT, "--fail-if=errors>1")
        self.bench(listener.url, *SHORT, "--fail-if=errors>=1", code=5)

    def test_conditions_on_errors_judge_both_servers(self):
        healthy, full = self.listen(), self.listen("--max-connections=2")
        for first, other in [(healthy, full), (full, healthy)]:
            for conditions, code in [([], 4), (["rate<=0"], 4), (["errors>1"], 0), (["errors>0"], 5)]:
                arguments = [first.url, "--compare", other.url, *SHORT, "--rounds=1"]
                self.bench(*arguments, *(f"--fail-if={condition}" for condition in conditions), code=code)

    def test_a_server_that_is_not_there(self):
        _, err = self.bench("ws://127.0.0.1:1/", code=2)
        self.assertIn("Connection refused", err)
        self.assertIn("Nothing listens at that port", err)

    def test_wrong_usage(self):
        for arguments, error in [
            ([], "a URL is missing"),
            (["ws://h/", "--duration=soon"], '--duration: "soon" is not a duration'),
            (["ws://h/", "--fail-if=p99"], '--fail-if: "p99" is not a condition'),
            (["ws://h/", "--ca=/no/such/file"], "/no/such/file"),
            (["ws://h/", "--connections=100000000"], "file descriptors"),
        ]:
            out, err = self.bench(*arguments, code=1)
            self.assertEqual(out, "")
            self.assertIn(error, err)
        self.assertIn("--fail-if=CONDITION", self.bench("--help")[0])

    def test_progress_and_ctrl_c(self):
        terminal = Terminal(command("WEFT", "bench", self.listen().url, "--connections=3", "--warm-up=0", "--duration=1h"))
        self.addCleanup(terminal.close)
        terminal.wait_until(lambda lines: re.search(r"\d s of 3600 s: [\d,]+ messages per second, p50", lines[-1]))
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), 130)
        screen = "\n".join(terminal.lines())
        self.assertRegex(screen, r"\n  messages +[\d,]+  in ")
        self.assertIn("interrupted: these are the figures so far", screen)
        self.assertNotIn("s of 3600 s", screen)

    def test_ctrl_c_before_the_first_echo(self):
        terminal = Terminal(command("WEFT", "bench", self.listen("--exec", "exec sleep 1000").url))
        self.addCleanup(terminal.close)
        terminal.wait_until(lambda lines: "connecting to" in lines[-1])
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertIn("interrupted before the measurement", "\n".join(terminal.lines()))


if __name__ == "__main__":
    unittest.main()
