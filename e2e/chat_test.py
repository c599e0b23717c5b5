"""The chat example in a terminal: a session as its users see it, exactly as in the rows RS34 to RS44."""

import signal
import subprocess
import unittest

from program import Server, command
from terminal import Terminal

USAGE = [
    "Usage:",
    "\tconnect: Connect to the server",
    "\t__disconnect: Disconnect from the server",
    "\texit: Exit the program",
    "\thelp: Prints usage guide",
]


class ChatTest(unittest.TestCase):
    def setUp(self):
        self.server = Server("CHAT_SERVER")
        self.addCleanup(self.server.end)

    def start(self, server=None):
        """A client that has printed its first prompt."""
        client = Terminal(command("CHAT_CLIENT", f"--url={(server or self.server).url}"))
        self.addCleanup(client.close)
        client.seen = []
        self.expect(client, "---<Command Line Chat Initialized!>---", "> ")
        return client

    def start_connected(self):
        client = self.start()
        self.enter(client, "connect", "Connected successfully.", "msg> ")
        return client

    def expect(self, client, *lines):
        """Expects exactly these lines below the earlier ones; the last is the prompt, with the cursor after it."""
        expected = client.seen + list(lines)
        try:
            client.wait_until(lambda screen: screen == expected)
        except (TimeoutError, EOFError):
            self.assertEqual(client.lines(), expected)
        client.seen = expected

    def enter(self, client, text, *lines):
        """Types a line at the prompt and expects these lines below it."""
        client.type(text + "\n")
        client.seen[-1] += text
        self.expect(client, *lines)

    def test_rs35_help(self):
        self.enter(self.start(), "help", *USAGE, "> ")

    def test_rs36_connect(self):
        self.enter(self.start(), "connect", "Connected successfully.", "msg> ")

    def test_rs36_connect_to_nobody(self):
        client = self.start()
        self.server.stop()
        client.type("connect\n")
        *_, failure, _ = client.wait_until(lambda screen: screen[-1] == "> " and len(screen) > 3)
        self.assertRegex(failure, r"^Connection failed: \(.+\)$")

    def test_rs37_exit(self):
        client = self.start()
        self.enter(client, "exit", "Exiting Program!", "")
        self.assertEqual(client.wait(), 0)

    def test_rs38_anything_else(self):
        client = self.start()
        for text in ["hello", "__disconnect", "Help", "connect now"]:
            self.enter(client, text, "Command not recognized!", *USAGE, "", "> ")

    def test_rs39_empty_lines(self):
        client = self.start()
        self.enter(client, "", "> ")
        self.enter(client, "  ", "> ")
        self.enter(client, "connect", "Connected successfully.", "msg> ")
        self.enter(client, "", "msg> ")
        self.enter(client, " \t", "msg> ")

    def test_rs40_disconnect(self):
        client = self.start_connected()
        self.enter(client, "__disconnect", "Disconnected successfully!", "> ")
        self.enter(client, "help", *USAGE, "> ")
        self.enter(client, "connect", "Connected successfully.", "msg> ")
        self.enter(client, "again", "rcv=> again", "msg> ")

    def test_rs41_rs42_what_is_sent_comes_back_and_brings_the_prompt(self):
        client = self.start_connected()
        for text in ["hi", "help", "exit", "connect", "Schuß, 織物 🧵", "x" * 1000]:
            self.enter(client, text, f"rcv=> {text}", "msg> ")

    def test_rs43_input_is_trimmed(self):
        client = self.start()
        self.enter(client, "  help ", *USAGE, "> ")
        self.enter(client, "\tconnect", "Connected successfully.", "msg> ")
        self.enter(client, "  two  words ", "rcv=> two  words", "msg> ")

    def test_rs43_default_url(self):
        result = subprocess.run(command("CHAT_CLIENT", "--help"), capture_output=True, text=True, timeout=60)
        self.assertIn("ws://127.0.0.1:8080", result.stdout + result.stderr)

    def test_rs17_rs18_a_text_goes_to_all_clients_and_into_the_log(self):
        sender = self.start_connected()
        others = [self.start_connected(), self.start_connected()]
        self.enter(sender, "hello, all", "rcv=> hello, all", "msg> ")
        for other in others:
            # The prompt was already there; the message still gets its own line.
            screen = other.wait_until(lambda screen: screen[-2:] == ["rcv=> hello, all", "msg> "])
            self.assertEqual(screen[: len(other.seen) - 1], other.seen[:-1])
        self.server.wait_for_line("Received: hello, all")
        self.server.wait_for_line("Data broadcast to all clients")

    def test_rs17_a_client_that_left_gets_nothing_and_stops_nobody(self):
        first, second = self.start_connected(), self.start_connected()
        self.enter(first, "__disconnect", "Disconnected successfully!", "> ")
        self.enter(second, "anyone?", "rcv=> anyone?", "msg> ")
        self.enter(first, "help", *USAGE, "> ")

    def test_rs44_end_of_input_ends_the_program(self):
        for client in [self.start(), self.start_connected()]:
            client.type("\x04")
            self.assertEqual(client.wait(), 0)

    def test_rs44_end_of_input_that_is_no_terminal(self):
        result = subprocess.run(
            command("CHAT_CLIENT", f"--url={self.server.url}"), input="help", capture_output=True, text=True, timeout=60
        )
        self.assertEqual(result.returncode, 0)
        self.assertIn("\n".join(USAGE), result.stdout)

    def test_rs44_death_of_the_server_is_told_and_leads_back_to_off(self):
        for how in [signal.SIGTERM, signal.SIGKILL]:
            with self.subTest(how=how):
                server = Server("CHAT_SERVER")
                client = self.start(server)
                self.enter(client, "connect", "Connected successfully.", "msg> ")
                server.stop(how)
                *_, line, _ = client.wait_until(lambda screen: screen[-1] == "> ")
                self.assertRegex(line, "(?i)connection|disconnected|server")
                client.seen = client.lines()
                self.enter(client, "help", *USAGE, "> ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
