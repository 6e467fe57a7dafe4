"""The plugin over a recorded run, natively. `playhouse run demo -p site.yml -j` prints such
lines, and `Recording.of_folder` reads the `job_events` of a run."""

import unittest
#< event-filter event-enricher event-sink
from pathlib import Path
#>

{{test_imports}}
#< event-filter event-enricher event-sink
from playhouse_plugin.testing import Recording, TestPlugin
#>
#< not event-filter event-enricher event-sink
from playhouse_plugin.testing import TestPlugin
#>

from plugin import {{type}}
#< event-filter event-enricher event-sink

RECORDING = Recording.of_lines((Path(__file__).parent.parent / "recorded.jsonl").read_text())
#>
SETTINGS: dict[str, str] = {{settings}}


class PluginTest(unittest.TestCase):
    #< pre-run
    def test_the_region_is_set(self) -> None:
        edits = TestPlugin({{type}}, SETTINGS).prepare({})
        self.assertEqual(edits, [Edit("set", "/extravars/region", "north", "from the settings")])

    #>
    #< event-filter
    def test_debug_events_are_left_out(self) -> None:
        kept = TestPlugin({{type}}, SETTINGS).keep(RECORDING)
        self.assertEqual(kept, [1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 15])

    #>
    #< event-enricher
    def test_events_of_hosts_get_the_team(self) -> None:
        changes = TestPlugin({{type}}, SETTINGS).enrich(RECORDING)
        self.assertEqual(min(changes), 4)
        self.assertEqual(changes[4].notes, {"team": "web"})

    #>
    #< status-sink
    def test_statuses_are_posted(self) -> None:
        plugin = TestPlugin({{type}}, SETTINGS).answer(200)
        plugin.deliver_status(1, "starting")
        self.assertIn(b'"status": "starting"', plugin.requests[0].body)

    #>
    #< event-sink
    def test_an_event_that_is_turned_away_comes_again(self) -> None:
        plugin = TestPlugin({{type}}, SETTINGS).answer(200, 503)
        with self.assertRaises(Retry) as raised:
            plugin.deliver_events(RECORDING)
        self.assertEqual(raised.exception.accepted, 1)

    #>
    def test_an_unknown_setting_is_refused(self) -> None:
        with self.assertRaises(ConfigError) as raised:
            TestPlugin({{type}}, {**SETTINGS, "tema": "web"})
        self.assertEqual(raised.exception.setting, "/tema")
