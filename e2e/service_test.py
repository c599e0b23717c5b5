"""Servers under a service manager: the files of docs/systemd with systemd's own tools, and the pods of docs/kubernetes."""

import asyncio
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

import websockets
import yaml

from program import Server, free_port

SOCKET_UNIT, SERVICE_UNIT, MANIFEST = (
    pathlib.Path(os.environ[name]) for name in ["SOCKET_UNIT", "SERVICE_UNIT", "MANIFEST"]
)
ECHO_SERVER = os.path.abspath(os.environ["ECHO_SERVER"])
CLOSE = 5  # seconds: the default of timeouts.close
UNREADY = 5  # that of timeouts.unready


def seconds(text):
    return int(re.fullmatch(r"(\d+)s?", str(text))[1])


def status_of(port, path, **headers):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("GET", path, headers=headers)
    try:
        return client.getresponse().status
    finally:
        client.close()


async def echo(url, text="hello"):
    async with websockets.connect(url, open_timeout=60) as client:
        await client.send(text)
        return await client.recv()


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(60)

    def next_state(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def close(self):
        self.socket.close()


def pass_on(listener, *command, **environment):
    """Starts a program that gets the listening socket as descriptor 3, as from systemd."""
    number = listener.fileno()
    script = f'export LISTEN_PID=$$ LISTEN_FDS=${{LISTEN_FDS-1}}; exec "$@" 3<&{number}'
    return subprocess.Popen(
        ["sh", "-c", script, "sh", *command],
        pass_fds=(number,), env=dict(os.environ, **environment),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )


class SystemdTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.manager = Manager(str(self.folder / "notify"))
        self.addCleanup(self.manager.close)

    def verify(self, service):
        (self.folder / "weft.socket").write_text(SOCKET_UNIT.read_text())
        (self.folder / "weft.service").write_text(service)
        process = subprocess.run(
            ["systemd-analyze", "verify", "./weft.socket", "./weft.service"],
            cwd=self.folder, capture_output=True, text=True, timeout=60,
        )
        return process.returncode, process.stdout + process.stderr

    def test_systemd_takes_the_units(self):
        service, count = re.subn(r"(?m)^ExecStart=\S+", f"ExecStart={ECHO_SERVER}", SERVICE_UNIT.read_text())
        self.assertEqual(count, 1)
        self.assertEqual(self.verify(service), (0, ""))
        # systemd ignores what it does not know, and says so.
        code, output = self.verify(service.replace("LimitNOFILE=", "LimitNoFile="))
        self.assertIn("LimitNoFile", output)

    def test_the_time_to_stop_is_longer_than_the_drain(self):
        service = SERVICE_UNIT.read_text()
        drain = seconds(re.search(r"--drain=(\w+)", service)[1])
        self.assertGreater(seconds(re.search(r"(?m)^TimeoutStopSec=(.*)$", service)[1]), drain + CLOSE)

    def test_the_server_takes_the_flags_of_the_unit(self):
        words = re.search(r"(?m)^ExecStart=\S+ (.*)$", SERVICE_UNIT.read_text())[1].split()
        server = Server("ECHO_SERVER", *words)
        self.assertEqual(status_of(server.port, "/readyz", Host="example.com"), 200)
        server.process.kill()
        server.process.wait()

    def test_a_socket_of_systemd(self):
        port = free_port("127.0.0.1")
        activate = subprocess.Popen(
            ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-E", f"NOTIFY_SOCKET={self.folder}/notify",
             ECHO_SERVER, "--drain=1s"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.addCleanup(activate.kill)
        while not activate.stdout.readline().startswith("Listening on "):
            self.assertIsNone(activate.poll())
        self.assertEqual(asyncio.run(echo(f"ws://127.0.0.1:{port}")), "hello")
        self.assertEqual(status_of(port, "/healthz"), 200)
        state = self.manager.next_state()
        self.assertEqual(state, {"READY": "1", "STATUS": f"listens on 127.0.0.1:{port}"})
        activate.send_signal(signal.SIGTERM)
        self.assertEqual(self.manager.next_state()["STOPPING"], "1")
        output, _ = activate.communicate(timeout=60)
        self.assertEqual(activate.returncode, 0, output)
        self.assertIn(f"Server Listening on 127.0.0.1:{port}\n", output)

    def test_several_sockets_and_a_path(self):
        path = self.folder / "weft.sock"
        port = free_port("127.0.0.1")
        activate = subprocess.Popen(
            ["systemd-socket-activate", "-l", str(path), "-l", f"127.0.0.1:{port}", "--fdname=path:port", ECHO_SERVER],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.addCleanup(activate.kill)
        for _ in range(2):
            self.assertTrue(activate.stdout.readline().startswith("Listening on "))

        async def over_path():
            async with websockets.unix_connect(str(path), "ws://localhost/", open_timeout=60) as client:
                await client.send("by path")
                return await client.recv()

        self.assertEqual(asyncio.run(over_path()), "by path")
        self.assertEqual(asyncio.run(echo(f"ws://127.0.0.1:{port}")), "hello")
        activate.send_signal(signal.SIGTERM)
        activate.communicate(timeout=60)
        self.assertEqual(activate.returncode, 0)
        self.assertTrue(path.exists(), "the file is systemd's")

    def test_a_restart_refuses_nobody(self):
        with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
            url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
            environment = {"NOTIFY_SOCKET": str(self.folder / "notify")}
            for restart in range(3):
                server = pass_on(listener, ECHO_SERVER, **environment)
                self.addCleanup(server.kill)
                self.assertEqual(self.manager.next_state()["READY"], "1")
                self.assertEqual(asyncio.run(echo(url)), "hello")
                server.terminate()
                output, _ = server.communicate(timeout=60)
                self.assertEqual(server.returncode, 0, output)
                self.assertEqual(self.manager.next_state()["STOPPING"], "1")
                # Between two servers: the client waits in the queue.
                waiting = socket.create_connection(listener.getsockname(), 60)
                waiting.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                server = pass_on(listener, ECHO_SERVER, **environment)
                self.addCleanup(server.kill)
                self.assertEqual(waiting.recv(12), b"HTTP/1.1 200")
                waiting.close()
                self.assertEqual(self.manager.next_state()["READY"], "1")
                server.terminate()
                server.communicate(timeout=60)
                self.assertEqual(self.manager.next_state()["STOPPING"], "1")

    def test_errors_say_what_is_wrong(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = pass_on(listener, ECHO_SERVER, LISTEN_FDS="two")
            output, _ = server.communicate(timeout=60)
            self.assertEqual(server.returncode, 1)
            self.assertIn('LISTEN_FDS is "two"', output)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            server = pass_on(datagrams, ECHO_SERVER)
            output, _ = server.communicate(timeout=60)
            self.assertEqual(server.returncode, 1)
            self.assertIn("fd:3 has the socket type 2, expected a stream", output)


class KubernetesTest(unittest.TestCase):
    def setUp(self):
        self.deployment, self.service = yaml.safe_load_all(MANIFEST.read_text())
        self.pod = self.deployment["spec"]["template"]
        (self.container,) = self.pod["spec"]["containers"]
        self.flags = dict(word.lstrip("-").split("=", 1) for word in self.container["args"])

    def probe(self, kind):
        return self.container[kind]

    def test_the_labels_and_ports_match(self):
        self.assertEqual((self.deployment["kind"], self.service["kind"]), ("Deployment", "Service"))
        labels = self.pod["metadata"]["labels"]
        self.assertEqual(self.deployment["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(self.service["spec"]["selector"], labels)
        (port,) = self.container["ports"]
        self.assertEqual(str(port["containerPort"]), self.flags["port"])
        self.assertEqual(self.service["spec"]["ports"][0]["targetPort"], port["name"])
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertEqual(self.probe(kind)["httpGet"]["port"], port["name"])

    def test_the_time_to_end_has_room_for_all_steps(self):
        steps = self.container["lifecycle"]["preStop"]["sleep"]["seconds"] + seconds(self.flags["drain"]) + CLOSE
        self.assertGreater(self.pod["spec"]["terminationGracePeriodSeconds"], steps)

    def test_the_readiness_probe_fails_while_the_server_still_accepts(self):
        probe = self.probe("readinessProbe")
        unready = min(UNREADY, seconds(self.flags["drain"]) / 2)
        self.assertLess(probe["periodSeconds"] * probe["failureThreshold"], unready)

    def test_the_probes_are_answered(self):
        words = [f"--{name}={value}" for name, value in self.flags.items() if name not in ("address", "port")]
        server = Server("ECHO_SERVER", "--address=0.0.0.0", *words)
        try:
            for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
                ask = self.probe(kind)["httpGet"]
                headers = {header["name"]: header["value"] for header in ask["httpHeaders"]}
                self.assertEqual(status_of(server.port, ask["path"], **headers), 200)
                # The host that the kubelet would ask for without the header.
                self.assertEqual(status_of(server.port, ask["path"], Host=f"10.0.0.7:{server.port}"), 421)
            server.process.send_signal(signal.SIGTERM)
            ask = self.probe("readinessProbe")["httpGet"]
            while status_of(server.port, ask["path"], Host="example.com") != 503:
                pass
            self.assertEqual(status_of(server.port, "/healthz", Host="example.com"), 200)
        finally:
            server.process.kill()
            server.process.wait()


if __name__ == "__main__":
    unittest.main()
