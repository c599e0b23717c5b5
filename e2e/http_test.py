"""HTTP beside WebSocket, with independent clients: Python's http.client, curl, and the parser of Prometheus's client.
"""

import http.client
import math
import os
import socket
import subprocess
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from program import Server


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("ECHO_SERVER")
        cls.url = cls.server.url.replace("ws://", "http://")

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    def curl(self, *words):
        process = subprocess.run(["curl", "--silent", *words], capture_output=True, text=True, timeout=60, check=True)
        return process.stdout + process.stderr

    def test_http_client_stays_on_one_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.connect()
        first = connection.sock

        def ask(method, path, body=None):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer

        for _ in range(100):
            status, page, answer = ask("GET", "/")
            self.assertEqual((status, answer.getheader("Content-Type")), (200, "text/html; charset=utf-8"))
            self.assertIn(b"<title>Weft echo</title>", page)
        status, body, answer = ask("HEAD", "/")
        self.assertEqual((status, body, answer.getheader("Content-Length")), (200, b"", str(len(page))))
        status, _, answer = ask("POST", "/", b"x" * 100_000)
        self.assertEqual((status, answer.getheader("Allow")), (405, "GET, HEAD"))
        status, _, _ = ask("POST", "/", iter([b"in ", b"chunks"]))
        self.assertEqual(status, 405)
        self.assertEqual(ask("GET", "/healthz")[:2], (200, b"ok\n"))
        self.assertEqual(ask("GET", "/readyz")[:2], (200, b"ready\n"))
        self.assertIs(connection.sock, first)
        connection.close()

    def test_pipelined_requests(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as peer:
            head = " HTTP/1.1\r\nHost: localhost\r\n"
            last = f"GET /readyz{head}Connection: close\r\n\r\n"
            peer.sendall((f"GET /healthz{head}\r\n" * 500 + last).encode())
            answer = b"".join(iter(lambda: peer.recv(65536), b""))
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK\r\n"), 501)
        self.assertEqual(answer.count(b"\r\n\r\nok\n"), 500)
        self.assertTrue(answer.endswith(b"\r\n\r\nready\n"))

    def test_curl_keeps_the_connection(self):
        urls = [f"{self.url}/healthz", f"{self.url}/readyz", f"{self.url}/metrics"]
        out = self.curl("--write-out", "%{http_code} %{num_connects};", *(["--output", os.devnull] * 3), *urls)
        self.assertEqual(out, "200 1;200 0;200 0;")

    def test_curl_asks_for_the_head(self):
        self.assertRegex(self.curl("--head", self.url + "/healthz"), r"^HTTP/1.1 200 OK\r?\n(.*\n)*Content-Length: 3\r?\n")

    def test_curl_asks_whether_it_may_send_a_body(self):
        words = ["--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", "60", "--data", "hello"]
        out = self.curl(*words, self.url + "/")
        self.assertLess(out.index("HTTP/1.1 100 Continue"), out.index("HTTP/1.1 405 "))

    def test_metrics_are_what_prometheus_understands(self):
        self.curl(self.url + "/healthz")
        text = self.curl(self.url + "/metrics")
        families = {family.name: family for family in text_string_to_metric_families(text)}
        self.assertEqual({"counter", "gauge", "histogram"}, {family.type for family in families.values()})
        self.assertTrue(all(family.documentation for family in families.values()))
        pages = {sample.labels["code"]: sample.value for sample in families["weft_http_responses"].samples}
        self.assertGreater(pages["2xx"], 0)
        buckets = [s for s in families["weft_loop_lag_seconds"].samples if s.name.endswith("_bucket")]
        counts = [sample.value for sample in buckets]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(buckets[-1].labels, {"le": "+Inf"})
        count = [s.value for s in families["weft_loop_lag_seconds"].samples if s.name.endswith("_count")]
        self.assertEqual(count, counts[-1:])
        self.assertEqual(self.promtool(text), (0, ""))

    def test_own_metrics_are_what_prometheus_understands(self):
        server = Server("PUBLISH_SERVER")
        self.addCleanup(server.end)
        with urllib.request.urlopen(server.url.replace("ws://", "http://") + "/metrics", timeout=60) as page:
            text = page.read().decode()
        families = {family.name: family for family in text_string_to_metric_families(text)}
        self.assertIn("weft_sessions", families)
        odd = families["odd"]
        self.assertEqual((odd.type, odd.documentation), ("counter", "With \\ and\na new line."))
        self.assertEqual([(sample.name, sample.labels, sample.value) for sample in odd.samples],
                         [("odd_total", {"text": '"\\\n,{}= \r\t#'}, 1e15 + 1),
                          ("odd_total", {"a": "", "text": "not \ufffd UTF-8"}, 0.1)])
        self.assertEqual(families["odd_value"].type, "gauge")
        values = {sample.labels["of"]: sample.value for sample in families["odd_value"].samples}
        self.assertTrue(math.isnan(values.pop("nan")))
        self.assertEqual(values, {"infinity": -math.inf, "little": 5e-324})
        self.assertEqual(families["weft_client_sessions"].samples[0].value, 1)
        self.assertEqual([(sample.labels, sample.value) for sample in families["weft_client_closes"].samples],
                         [({"by": "peer", "code": "1001"}, 1)])
        reasons = {sample.labels["reason"]: sample.value for sample in families["weft_client_reconnects"].samples}
        self.assertEqual((reasons["closed"], reasons["refused"]), (1, 0))
        trips = families["weft_client_round_trip_seconds"]
        self.assertEqual(trips.type, "histogram")
        self.assertEqual([sample.value for sample in trips.samples if sample.name.endswith("_sum")], [0.03])
        self.assertEqual(self.promtool(text), (3, "odd_value no help text\n"))  # 1 would be a text that it cannot read

    def promtool(self, text):
        check = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, timeout=60, capture_output=True)
        return check.returncode, check.stdout + check.stderr


if __name__ == "__main__":
    unittest.main(verbosity=2)
