"""The files of docs/monitoring, with Prometheus's own tool, and with the metrics that servers really have."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from program import Server

ALERTS, ALERTS_TEST, DASHBOARD, PAGE = (
    pathlib.Path(os.environ[name]) for name in ["ALERTS", "ALERTS_TEST", "DASHBOARD", "MONITORING_PAGE"]
)


def names_of(families):
    """The names that an expression may use."""
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
    return {family.name + ending for family in families for ending in endings.get(family.type, [""])}


def names_in(expressions):
    return {name for each in expressions for name in re.findall(r"\bweft_\w+", each)}


def promtool(*words):
    process = subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)
    return process.returncode, process.stdout + process.stderr


class MonitoringTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = Server("PUBLISH_SERVER")
        with urllib.request.urlopen(server.url.replace("ws://", "http://") + "/metrics", timeout=60) as page:
            cls.families = list(text_string_to_metric_families(page.read().decode()))
        server.end()
        cls.dashboard = json.loads(DASHBOARD.read_text())
        cls.panels = {
            panel["title"]: [target["expr"] for target in panel["targets"]]
            for panel in cls.dashboard["panels"]
            if panel["type"] != "row"
        }
        cls.alerts = re.findall(r"expr: (\|\n(?: {10,}.*\n)+|.*\n)", ALERTS.read_text())

    def test_the_dashboard_shows_metrics_that_exist(self):
        known = names_of(self.families)
        for title, expressions in self.panels.items():
            self.assertLessEqual(names_in(expressions), known, title)

    def test_the_dashboard_shows_every_metric(self):
        shown = names_in(expression for panel in self.panels.values() for expression in panel)
        for family in self.families:
            if family.name.startswith("weft_"):
                self.assertTrue(names_of([family]) & shown, f"no panel shows {family.name}")

    def test_prometheus_reads_every_expression_of_the_dashboard(self):
        rules = [
            {"record": f"panel:{number}", "expr": re.sub(r"\$__rate_interval", "1m", expression).replace("$", "")}
            for number, expression in enumerate(each for panel in self.panels.values() for each in panel)
        ]
        self.assertGreater(len(rules), 20)
        with tempfile.NamedTemporaryFile("w", suffix=".yml", dir=os.environ["TEST_TMPDIR"]) as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)  # JSON is YAML
            file.flush()
            code, output = promtool("check", "rules", file.name)
        self.assertEqual(code, 0, output)

    def test_panels_do_not_overlap(self):
        taken = {}
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            for place in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
                self.assertNotIn(place, taken, f"{panel['title']} and {taken.get(place)}")
                self.assertLess(place[0], 24, panel["title"])
                taken[place] = panel["title"]
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_alerts_use_metrics_that_exist(self):
        self.assertGreater(len(self.alerts), 10)
        self.assertLessEqual(names_in(self.alerts), names_of(self.families))

    def test_alerts_use_values_of_labels_that_exist(self):
        known = {}
        for family in self.families:
            for sample in family.samples:
                for label, value in sample.labels.items():
                    known.setdefault((sample.name, label), set()).add(value)
        checked = 0
        for name, selectors in re.findall(r"\b(weft_\w+)\{([^}]*)\}", " ".join(self.alerts)):
            for label, values in re.findall(r'(\w+)(?:=~?|!=|!~)"([^"]*)"', selectors):
                if name != "weft_closes_total":  # has no samples before something has closed
                    self.assertLessEqual(set(values.split("|")), known[name, label], name)
                    checked += 1
        self.assertGreater(checked, 4)

    def test_alerts_fire_for_their_causes_alone(self):
        code, output = promtool("test", "rules", str(ALERTS_TEST))
        self.assertEqual(code, 0, output)

    def test_the_page_explains_every_alert(self):
        page = PAGE.read_text()
        for alert in re.findall(r"alert: (\w+)", ALERTS.read_text()):
            self.assertIn(f"`{alert}`", page)
            self.assertIn(f"alertname: {alert}", ALERTS_TEST.read_text())
        for reason in {s.labels["reason"] for f in self.families for s in f.samples if "handshake" in s.name}:
            self.assertIn(f"`{reason}`", page)


if __name__ == "__main__":
    unittest.main()
