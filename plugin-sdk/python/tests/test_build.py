"""What `python -m playhouse_plugin build` says before it needs componentize-py."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLUGIN = """\
from dataclasses import dataclass

from playhouse_plugin import Event, Filter


@dataclass
class Settings:
    size: {kind} = 5


class Small(Filter):
    settings: Settings

    def keep(self, event: Event) -> bool:
        return True
"""


class BuildTest(unittest.TestCase):
    def refusal(self, metadata: dict[str, object], kind: str = "int") -> str:
        with tempfile.TemporaryDirectory() as folder:
            said = {"name": "small", "hooks": {"event-filter": {}}, **metadata}
            (Path(folder) / "plugin.json").write_text(json.dumps(said))
            (Path(folder) / "plugin.py").write_text(PLUGIN.format(kind=kind))
            words = [sys.executable, "-m", "playhouse_plugin", "build", folder]
            ended = subprocess.run(words, check=False, text=True, capture_output=True)
            self.assertEqual((ended.returncode, ended.stdout), (1, ""), ended.stderr)
            self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
            return ended.stderr

    def test_a_schema_that_contradicts_the_dataclass_is_refused(self) -> None:
        schema = {"properties": {"size": {"type": "string"}}}
        self.assertEqual(
            self.refusal({"settings": {"schema": schema}}),
            "error: plugin.json contradicts the settings of `Small`: `settings.schema` has at "
            '`/properties/size/type` "string", and the dataclass "integer"; leave it out there, '
            "or change one of the two\n",
        )
        self.assertIn("is not an object", self.refusal({"settings": []}))

    def test_settings_that_no_schema_can_describe_are_refused(self) -> None:
        for kind, problem in [
            ("set[str]", "settings cannot have the type set[str]"),
            ("'Size'", "name 'Size' is not defined"),
        ]:
            said = self.refusal({}, kind)
            self.assertEqual(said, f"error: the settings of `Small` have no schema: {problem}\n")

    def test_hooks_that_the_class_does_not_have_are_refused(self) -> None:
        said = self.refusal({"hooks": {"event-filter": {}, "timer": {}}})
        self.assertIn("give `Small` the base `Timer`, or take the hook out", said)

    def test_what_nobody_reads_or_grants_is_refused(self) -> None:
        for metadata, problem in [
            ({"want": []}, "has the unknown key `/want`; there are schema, name"),
            ({"sdk": "mine"}, "has the unknown key `/sdk`"),
            ({"wants": [{"kind": "http", "origin": "x"}]}, "unknown key `/wants/0/origin`"),
            ({"wants": [{"kind": "set", "paths": ["/limit", "/mode"]}]}, "wants to set `/mode`"),
            ({"wants": [{"kind": "set", "paths": ["/limit/x"]}]}, "wants to set `/limit/x`"),
        ]:
            self.assertIn(problem, self.refusal(metadata))
