"""What the package promises, natively."""

import sys
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Literal

from playhouse_plugin import (
    Attempt,
    ConfigError,
    Event,
    EventSink,
    Filter,
    PreRun,
    Refused,
    Retry,
    Run,
    http,
    log,
    pointer,
)
from playhouse_plugin.__main__ import leb128
from playhouse_plugin.plugin import hooks_of, plugin_of
from playhouse_plugin.testing import Recording, TestPlugin

RECORDING = Recording.of_lines(
    '{"uuid": "b", "counter": 2, "event": "runner_on_failed", "stdout": "no", "event_data":'
    ' {"host": "web2", "task": "Try", "resolved_action": "a.b.c", "duration": 0.5,'
    ' "ignore_errors": true, "res": {"changed": true, "rc": 1}}}\n'
    '{"uuid": "c", "counter": 3, "event": "verbose", "stdout": "text"}\n'
)


@dataclass
class Rule:
    hosts: list[str] = field(default_factory=list)


@dataclass
class Settings:
    url: str
    level: Literal["low", "high"] = "low"
    wait: float = 1.0
    rules: dict[str, Rule] = field(default_factory=dict)
    tag: str | None = None


class Sink(EventSink):
    settings: Settings

    def start(self) -> None:
        log.info(f"to {self.settings.url}")

    def deliver_events(self, attempt: Attempt, events: list[Event]) -> None:
        for accepted, event in enumerate(events):
            answer = http.post(self.settings.url, json={"counter": event.counter})
            if not answer.is_success:
                raise Retry(f"status {answer.status}", after=2.5, accepted=accepted)


class Guard(PreRun, Filter):
    settings: dict

    def prepare(self, run: Run) -> None:
        if run.get("/extravars/region") is None:
            raise Refused("a run needs a region")
        run.set_extravar("a/b", [1], "why")
        run.append("/tags", "x", "why")
        run.unset("/limit")

    def keep(self, event: Event) -> bool:
        return True


class EventTest(unittest.TestCase):
    def test_an_event_has_typed_fields(self) -> None:
        event, text = RECORDING.events
        self.assertEqual((event.counter, event.host, event.task), (2, "web2", "Try"))
        self.assertEqual((event.outcome, event.action), ("failed", "a.b.c"))
        self.assertTrue(event.changed and event.ignored)
        self.assertEqual(event.duration, 500_000)
        self.assertEqual(event.result, {"changed": True, "rc": 1})
        self.assertEqual((text.outcome, text.data, text.result), (None, None, None))


class SettingsTest(unittest.TestCase):
    def test_settings_are_typed(self) -> None:
        config = {"url": "http://x", "wait": 2, "rules": {"r": {"hosts": ["db*"]}}, "tag": None}
        settings = TestPlugin(Sink, config).plugin.settings
        self.assertEqual(settings, Settings("http://x", "low", 2, {"r": Rule(["db*"])}, None))

    def test_what_does_not_fit_is_named(self) -> None:
        for more, setting in [
            ({"rul": 1}, "/rul"),
            ({"level": "mid"}, "/level"),
            ({"wait": "1"}, "/wait"),
            ({"wait": True}, "/wait"),
            ({"tag": 1}, "/tag"),
            ({"rules": {"a/b": {"hosts": [1]}}}, "/rules/a~1b/hosts/0"),
            ({"rules": {"r": []}}, "/rules/r"),
        ]:
            with self.assertRaises(ConfigError) as raised:
                TestPlugin(Sink, {"url": "http://x", **more})
            self.assertEqual(raised.exception.setting, setting)
        with self.assertRaises(ConfigError) as raised:
            TestPlugin(Sink)
        self.assertEqual(raised.exception.message, "the setting `url` is missing")


class PluginTest(unittest.TestCase):
    def test_hooks_are_its_bases(self) -> None:
        self.assertEqual(hooks_of(Guard), ["pre-run", "event-filter"])
        self.assertEqual(hooks_of(Sink), ["event-sink"])

    def test_a_sink_talks_to_a_recorder(self) -> None:
        sink = TestPlugin(Sink, {"url": "http://x"}).answer(200, 503)
        with self.assertRaises(Retry) as raised:
            sink.deliver_events(RECORDING)
        self.assertEqual((raised.exception.accepted, raised.exception.after), (1, 2.5))
        self.assertEqual(
            [request.body for request in sink.requests], [b'{"counter": 2}', b'{"counter": 3}']
        )
        self.assertEqual(sink.log, [("info", "to http://x")])
        with self.assertRaises(http.HttpError):
            sink.deliver_events(RECORDING)

    def test_a_pre_run_hook_asks_for_changes(self) -> None:
        guard = TestPlugin(Guard)
        edits = guard.prepare({"extravars": {"region": "north"}})
        self.assertEqual(
            [(edit.kind, edit.path, edit.value) for edit in edits],
            [("set", "/extravars/a~1b", [1]), ("append", "/tags", "x"), ("unset", "/limit", None)],
        )
        with self.assertRaises(Refused):
            guard.prepare({})

    def test_what_may_be_seen_is_told_from_what_is_not_there(self) -> None:
        run = Run({"granted": ["/limit", "/extravars/vault_*"], "limit": None})
        seen = ["/limit", "/extravars/vault_a", "/extravars/vault_a/b"]
        for path in [*seen, "/tags", "/extravars", "/extravars/other"]:
            self.assertEqual(run.may_see(path), path in seen, path)


class FormatTest(unittest.TestCase):
    def test_pointers_are_escaped(self) -> None:
        self.assertEqual(pointer("a/b", "c~d"), "/a~1b/c~0d")

    def test_numbers_of_a_section(self) -> None:
        self.assertEqual(
            [leb128(n) for n in (0, 127, 128, 624485)],
            [b"\0", b"\x7f", b"\x80\x01", b"\xe5\x8e\x26"],
        )


class ReadmeTest(unittest.TestCase):
    def test_its_examples_are_plugins(self) -> None:
        readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
        keeper, pager, test = (text.split("```")[0] for text in readme.split("```python\n")[1:])
        plugin = plugin_of(self.run_example(keeper))
        self.assertEqual(TestPlugin(plugin).keep(RECORDING), [2])
        self.assertEqual(hooks_of(plugin), ["event-filter"])
        self.assertEqual(hooks_of(plugin_of(self.run_example(pager + test))), ["status-sink"])

    def run_example(self, text: str) -> ModuleType:
        module = ModuleType("example")
        sys.modules["example"] = module
        exec(text, vars(module))
        return module
