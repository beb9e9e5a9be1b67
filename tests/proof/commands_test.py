"""stellwerk workflow check, show, graph, test, simulate, schema: what they print and how they end.

usage: commands_test.py STELLWERK SOURCE
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

STELLWERK, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
LIBRARY = SOURCE / "workflows/library"

LAMP = """language: 1
workflow: lamp
kind: lamp
title: Lamp
settings: { timeout: { type: duration, default: PT1H } }
attributes: { room: { type: string, default: hall } }
events: { press: { allow: [customer] } }
initial: off
states:
  off: { status: off, rest: true, on: { press: { notify: lit, to: lit } } }
  lit: { status: lit, on: { press: { to: off } }, after: { settings.timeout: { to: off } } }
"""
BASE = """language: 1
workflow: base
abstract: true
kind: lamp
title: Base
events: { press: { allow: [customer] } }
initial: off
states:
  off: { status: off, rest: true, on: { press: { to: working } } }
  working: { status: off, steps: required, done: { to: off }, failed: { to: off } }
"""
PRODUCT = """language: 1
workflow: product
extends: base
states:
  working: { steps: [ { wink: { notify: winked } } ] }
"""


def run(*arguments: object, given: str = "", environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([STELLWERK, "workflow", *map(str, arguments)], input=given, env=environment, capture_output=True, text=True, timeout=60, check=False)


class Commands(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.lamp = self.write("lamp.yaml", LAMP)

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def test_a_good_file_ends_with_0(self) -> None:
        done = run("check", self.lamp)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("2 states", done.stdout)

    def test_a_bad_file_ends_with_1_and_says_where(self) -> None:
        bad = self.write("bad.yaml", LAMP.replace("to: lit }", "to: lid }"))
        done = run("check", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{bad}:10:", done.stdout)
        self.assertIn("^", done.stdout)

    def test_a_file_that_is_not_there_ends_with_2(self) -> None:
        self.assertEqual(run("check", self.folder / "none.yaml").returncode, 2)
        self.assertEqual(run("test", self.folder / "none.test.yaml").returncode, 2)
        self.assertEqual(run("check").returncode, 2)
        self.assertEqual(run("check", "--catalog", self.folder / "none.yaml", self.lamp).returncode, 2)

    def test_problems_come_as_json(self) -> None:
        bad = self.write("bad.yaml", LAMP.replace("to: lit }", "to: lid }"))
        done = run("check", "--json", bad)
        self.assertEqual(done.returncode, 1)
        problems = json.loads(done.stdout)["problems"]
        self.assertEqual((problems[0]["code"], problems[0]["line"], problems[0]["file"]), ("SW030", 10, str(bad)))
        self.assertEqual(json.loads(run("check", "--json", self.lamp).stdout), {"problems": []})

    def test_problems_come_as_sarif(self) -> None:
        bad = self.write("bad.yaml", LAMP.replace("to: lit }", "to: lid }"))
        log = json.loads(run("check", "--sarif", bad).stdout)
        self.assertEqual(log["version"], "2.1.0")
        result = log["runs"][0]["results"][0]
        self.assertEqual(result["ruleId"], "SW030")
        self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["startLine"], 10)
        self.assertIn("SW030", [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]])

    def test_the_resolved_text_stands_for_itself(self) -> None:
        self.write("base.yaml", BASE)
        product = self.write("product.yaml", PRODUCT)
        self.assertEqual(run("show", product).stdout, PRODUCT)
        shown = run("show", "--resolved", product)
        self.assertEqual(shown.returncode, 0, shown.stdout)
        self.assertNotIn("extends", shown.stdout)
        alone = self.write("alone/product.yaml", shown.stdout) if (self.folder / "alone").mkdir() is None else None
        self.assertEqual(run("check", alone).returncode, 0)

    def test_pictures_show_every_state(self) -> None:
        mermaid = run("graph", LIBRARY / "proxmox-vm.yaml").stdout
        self.assertIn("stateDiagram-v2", mermaid)
        self.assertIn("  [*] --> ordered\n", mermaid)
        self.assertIn("  ordered --> cancelled: ⏱ after settings.cancel_unpaid\n", mermaid)
        picture = json.loads(run("graph", "--format", "json", LIBRARY / "proxmox-vm.yaml").stdout)
        states = {state["name"]: state for state in picture["states"]}
        self.assertTrue(states["provisioning"]["works"])
        self.assertEqual(states["provisioning"]["steps"][0], "place")
        for state in states:
            self.assertIn(state, mermaid)
        self.assertIn({"from": "ordered", "to": "cancelled", "kind": "timer"}, [{key: edge[key] for key in ("from", "to", "kind")} for edge in picture["edges"]])
        dot = run("graph", "--format", "dot", LIBRARY / "ticket.yaml").stdout
        self.assertTrue(dot.startswith('digraph "ticket" {') and "style=dashed" in dot)

    def test_sarif_escapes_what_a_uri_does_not_take(self) -> None:
        bad = self.write("my lamp, 50%#ü.yaml", LAMP.replace("to: lit }", "to: lid }"))
        result = json.loads(run("check", "--sarif", bad).stdout)["runs"][0]["results"][0]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        self.assertTrue(uri.endswith("/my%20lamp,%2050%25%23%C3%BC.yaml"), uri)

    def test_a_file_of_another_sort_is_named_as_what_it_is(self) -> None:
        test = self.write("lamp.test.yaml", "test: lamp\ncases: []\n")
        connector = SOURCE / "connectors/library/proxmox.yaml"
        for arguments, told, instead in (
            (("check", test), "this is a test file, not a workflow", f"stellwerk workflow test {test}"),
            (("graph", test), "this is a test file, not a workflow", f"stellwerk workflow test {test}"),
            (("simulate", test), "this is a test file, not a workflow", f"stellwerk workflow test {test}"),
            (("show", "--resolved", test), "this is a test file, not a workflow", f"stellwerk workflow test {test}"),
            (("test", self.lamp), "this is a workflow, not a test file", f"stellwerk workflow check {self.lamp}"),
            (("simulate", self.lamp, "--script", self.lamp), "this is a workflow, not a test file", f"stellwerk workflow check {self.lamp}"),
            (("check", connector), "this is a connector, not a workflow", f"stellwerk connector check {connector}"),
        ):
            done = run(*arguments)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertEqual(done.stdout.count("error"), 1, done.stdout)
            self.assertIn(told, done.stdout)
            self.assertIn(instead, done.stdout)
        self.assertEqual(run("check", "--catalog", self.lamp, self.lamp).returncode, 2)

    def test_a_misspelt_line_of_a_script_is_named(self) -> None:
        script = self.write("evening.yaml", "test: lamp\nscript:\n  - sned: press\n")
        done = run("simulate", self.lamp, "--script", script)
        self.assertEqual(done.returncode, 1)
        for part in (f"{script}:3:5: error SW010", "not 'sned'", "did you mean 'send'?"):
            self.assertIn(part, done.stdout)

    def test_a_command_that_is_not_one_is_named_with_the_closest(self) -> None:
        for arguments, told in (
            (["bogus"], "stellwerk: there is no command 'bogus'; the commands are: serve, "),
            (["worklow"], "there is no command 'worklow'; did you mean 'workflow'?"),
            (["workflow"], "stellwerk workflow: a command is missing; the commands are: check, "),
            (["workflow", "chek", "x.yaml"], "stellwerk workflow: there is no command 'chek'; did you mean 'check'?"),
            (["workflow", "check"], "stellwerk workflow check: file is required"),
            (["workflow", "check", "--jsn", str(self.lamp)], "there is no option '--jsn'; did you mean '--json'?"),
            (["workflow", "schema", "x"], "'x' is one argument too many"),
        ):
            done = subprocess.run([STELLWERK, *arguments], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(told, done.stderr)
            self.assertIn("--help` for more", done.stderr)

    def test_codes_are_explained_in_either_case(self) -> None:
        upper, lower = (subprocess.run([STELLWERK, "explain", code], capture_output=True, text=True, timeout=60, check=False) for code in ("SW030", "sw030"))
        self.assertEqual((lower.returncode, lower.stdout), (0, upper.stdout))

    def stand(self, **settings: str) -> dict[str, str]:
        """The environment of a server of its own that is not running."""
        (self.folder / "empty.yaml").write_text("{}\n", encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STELLWERK_")}
        return kept | {"STELLWERK_CONFIG": str(self.folder / "empty.yaml"), "STELLWERK_DATA__DIR": str(self.folder / "data")} | settings

    def test_a_newer_file_is_listed_and_published_when_told_to(self) -> None:
        (self.folder / "mine/workflows").mkdir(parents=True)
        self.write("mine/workflows/lamp.yaml", LAMP.replace("kind: lamp", "kind: service").replace("status: off", "status: pending").replace("status: lit", "status: active"))
        environment = self.stand(STELLWERK_LIBRARY__DIRS=str(self.folder / "mine"))
        listed = run("list", environment=environment)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertRegex(listed.stdout, r"lamp +not published; the next start does so +\S*/mine/workflows/lamp.yaml")
        self.assertFalse((self.folder / "data").exists())
        self.assertIn("lamp: published as revision 1", run("publish", "lamp", environment=environment).stdout)
        self.assertIn("revision 1 is this file already", run("publish", "lamp", environment=environment).stdout)
        with (self.folder / "mine/workflows/lamp.yaml").open("a", encoding="utf-8") as file:
            file.write("# newer\n")
        listed = run("list", environment=environment).stdout
        self.assertRegex(listed, r"lamp +revision 1 +newer file: \S*/mine/workflows/lamp.yaml")
        self.assertRegex(listed, r"ticket +revision 1\n")
        self.assertIn("stellwerk workflow publish NAME", listed)
        self.assertIn("lamp: published as revision 2", run("publish", "lamp", environment=environment).stdout)
        self.assertRegex(run("list", environment=environment).stdout, r"lamp +revision 2\n")
        wrong = run("publish", "lmap", environment=environment)
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("did you mean 'lamp'?", wrong.stderr)

    def test_a_library_folder_that_would_say_nothing_is_refused(self) -> None:
        (self.folder / "flat").mkdir()
        for folder, told in (("flat", "holds neither workflows/ nor connectors/"), ("none", "there is no folder")):
            environment = self.stand(STELLWERK_LIBRARY__DIRS=str(self.folder / folder))
            for arguments in (["serve"], ["config", "check"], ["workflow", "list"]):
                done = subprocess.run([STELLWERK, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 2, arguments)
                self.assertIn(told, done.stderr)

    def test_a_failed_test_tells_line_expected_and_actual(self) -> None:
        test = self.write("lamp.test.yaml", "test: lamp\ncases:\n  - name: dark\n    script:\n      - send: press\n      - expect: { state: off }\n")
        results = self.folder / "results.xml"
        done = run("test", test, "--junit", results)
        self.assertEqual(done.returncode, 1)
        for part in (f"{test}:6:26: state", "expected: off", "actual:   lit", "off -> lit", "FAILED lamp: dark"):
            self.assertIn(part, done.stdout)
        suite = xml.etree.ElementTree.parse(results).getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "1"))

    def test_what_was_not_reached_is_told(self) -> None:
        test = self.write("lamp.test.yaml", "test: lamp\ncases: [ { name: dark, script: [ { pass: PT1H } ] } ]\ncoverage: { states: all, transitions: 10% }\n")
        done = run("test", test)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 of 2 states were reached, 100 % are wanted; never:\n    lit (line 11)", done.stdout)
        self.assertIn("off: press -> lit", done.stdout)

    def test_a_mistake_in_a_test_file_is_told_with_its_place(self) -> None:
        test = self.write("lamp.test.yaml", "test: lamp\ncases:\n  - name: dark\n    script:\n      - send: pres\n      - expect: { stat: off }\n")
        done = run("test", test)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{test}:5:15: error SW032", done.stdout)
        self.assertIn("did you mean 'press'?", done.stdout)
        self.assertIn(f"{test}:6:19: error SW010", done.stdout)

    def test_a_script_prints_every_decision(self) -> None:
        script = self.write("evening.yaml", "test: lamp\nstart: 2026-03-02T20:00Z\nscript: [ { send: press }, { pass: PT2H } ]\n")
        done = run("simulate", self.lamp, "--script", script)
        self.assertEqual(done.returncode, 0, done.stdout)
        for part in ("2026-03-02 20:00:00 state          off -> lit", "notice lit", "2026-03-02 21:00:00 state          lit -> off", "room: \"hall\""):
            self.assertIn(part, done.stdout)

    def test_it_is_moved_by_hand(self) -> None:
        done = run("simulate", self.lamp, given="send press\ntimers\nsend prss\npass PT1H\nstate\nquit\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        for part in ("off -> lit", "after:lit:1", "did you mean 'press'?", "lit -> off"):
            self.assertIn(part, done.stdout)

    def test_what_is_given_by_hand_is_checked(self) -> None:
        done = run("simulate", self.lamp, "--given", "{ room: attic }", given="state\n")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('room: "attic"', done.stdout)
        self.assertEqual(run("simulate", LIBRARY / "proxmox-vm.yaml", given="").returncode, 1)
        wrong = run("simulate", self.lamp, "--given", "room=attic")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("--given:2:8: error SW013: 'given' takes a map of values", wrong.stdout)

    def test_a_problem_of_a_base_is_told_once_with_its_own_line(self) -> None:
        self.write("base.yaml", BASE.replace("to: working }", "to: wrking }"))
        product = self.write("product.yaml", PRODUCT)
        done = run("check", self.folder / "base.yaml", product)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("SW030"), 1, done.stdout)
        self.assertIn("to: wrking", done.stdout)

    def test_the_schema_is_json(self) -> None:
        done = run("schema")
        self.assertEqual(done.returncode, 0)
        self.assertIn("properties", json.loads(done.stdout))

    def test_the_shipped_tests_reach_every_state_and_way(self) -> None:
        done = run("test", *sorted(LIBRARY.glob("*.test.yaml")))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertGreaterEqual(done.stdout.count("cases passed"), 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
