"""The plugin over a recorded run: facts, a debug task, a change, a failure."""

import unittest
from pathlib import Path

from plugin import Slim

from playhouse_plugin import ConfigError
from playhouse_plugin.testing import Recording, TestPlugin

RECORDING = Recording.of_lines((Path(__file__).parent.parent / "recorded.jsonl").read_text())


class SlimTest(unittest.TestCase):
    def test_debug_events_are_left_out(self) -> None:
        kept = TestPlugin(Slim).keep(RECORDING)
        self.assertEqual(kept, [1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15])

    def test_a_failure_is_kept_whatever_the_module(self) -> None:
        kept = TestPlugin(Slim, {"drop": ["*"]}).keep(RECORDING)
        self.assertEqual(kept, [14])

    def test_chosen_facts_are_kept(self) -> None:
        changes = TestPlugin(Slim, {"facts": ["ansible_kernel"]}).enrich(RECORDING)
        self.assertEqual(list(changes), [5])
        change = changes[5]
        self.assertEqual(change.notes, {"facts_left_out": 7})
        assert change.data is not None
        self.assertEqual(list(change.data["res"]["ansible_facts"]), ["ansible_kernel"])
        self.assertEqual(change.data["host"], "web1")

    def test_nothing_changes_where_all_facts_are_wanted(self) -> None:
        self.assertEqual(TestPlugin(Slim, {"facts": ["*"]}).enrich(RECORDING), {})

    def test_a_wrong_setting_is_named(self) -> None:
        with self.assertRaises(ConfigError) as raised:
            TestPlugin(Slim, {"facts": ["a", 1]})
        self.assertEqual(raised.exception.setting, "/facts/1")
