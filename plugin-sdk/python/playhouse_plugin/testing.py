"""Tests a plugin natively, without WebAssembly: recorded events go in, and what the plugin
said and asked of the host comes out.

A recording is a `job_events` folder, Playhouse's or Ansible Runner's, or JSON lines as
`playhouse run -j` prints them. The host of a test records log lines, requests and what goes
into streams; requests are answered and peers act from a script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from . import _host
from ._peer import Peer, Stream
from ._settings import settings_for
from .error import HttpError
from .event import Event, Outcome, events_of
from .http import Request, Response
from .plugin import Attempt, Change, Ending, Plugin, RunFacts, Setup, StatusChange
from .run import Edit, Run

__all__ = ["Peer", "Recording", "Stream", "TestPlugin"]

_STARTED = 1_764_000_000_000_000

_OUTCOMES = {
    "runner_on_ok": Outcome.OK,
    "runner_item_on_ok": Outcome.OK,
    "runner_on_async_ok": Outcome.OK,
    "runner_on_failed": Outcome.FAILED,
    "runner_item_on_failed": Outcome.FAILED,
    "runner_on_async_failed": Outcome.FAILED,
    "runner_on_skipped": Outcome.SKIPPED,
    "runner_item_on_skipped": Outcome.SKIPPED,
    "runner_on_unreachable": Outcome.UNREACHABLE,
}


class Recording:
    """Recorded events, with everything a plugin could ask for."""

    def __init__(self, events: list[str]) -> None:
        scopes: list[Any] = []
        self._batch = SimpleNamespace(scopes=scopes, events=[])
        for text in events:
            scope, event = _read(text, len(scopes))
            scopes.append(scope)
            self._batch.events.append(event)

    @classmethod
    def of_lines(cls, lines: str) -> Recording:
        """The events of JSON lines, in the order of the lines."""
        return cls([line for line in lines.splitlines() if line.strip()])

    @classmethod
    def of_folder(cls, folder: str | Path) -> Recording:
        """The events of a `job_events` folder, by counter."""
        texts = [file.read_text("utf-8") for file in Path(folder).glob("*.json")]
        return cls(sorted(texts, key=lambda text: json.loads(text)["counter"]))

    @property
    def events(self) -> list[Event]:
        """The events."""
        return list(events_of(self._batch))


class TestPlugin:
    """A plugin in a test, with the host it talks to. It is started as the host would, for
    a run called `test`; that raises what the plugin's `start` does, and `ConfigError` for
    settings that do not fit.

    It is granted the `secrets` given, by name; one that is `None` has no value. Each of
    `peers` takes one connection to its address.
    """

    __test__ = False

    def __init__(
        self,
        plugin: type[Plugin],
        settings: dict[str, Any] | None = None,
        *,
        lane: str = "path",
        secrets: Mapping[str, str | None] | None = None,
        peers: Sequence[Peer] = (),
    ) -> None:
        self.host = _host.recorder = _host.Recorder(secrets, peers)
        self.plugin: Any = plugin()
        self.plugin.setup = Setup(
            name="test",
            host_version="0.1.0",
            lane=lane,
            purpose="test",
            restart=0,
            run=RunFacts(
                id="0b1c2d3e-0000-4000-8000-000000000001",
                ident="test",
                playbook="site.yml",
                started=_STARTED,
                facts={"controller": "localhost"},
            ),
        )
        self.plugin.settings = settings_for(plugin, settings or {})
        self.plugin.start()

    def answer(self, *answers: Response | HttpError | int) -> TestPlugin:
        """The next requests get these answers, one each; a number is a status."""
        self.host.answers.extend(
            Response(answer) if isinstance(answer, int) else answer for answer in answers
        )
        return self

    @property
    def requests(self) -> list[Request]:
        """The requests so far."""
        return self.host.requests

    @property
    def streams(self) -> list[Stream]:
        """The connections so far, closed ones too."""
        return self.host.streams

    @property
    def log(self) -> list[tuple[str, str]]:
        """The log so far: levels and messages."""
        return self.host.log

    def prepare(self, view: dict[str, Any]) -> list[Edit]:
        """The changes it asks for, shown this view."""
        run = Run(view)
        self.plugin.prepare(run)
        return run.edits

    def keep(self, recording: Recording) -> list[int]:
        """The counters of the events it keeps."""
        return [event.counter for event in recording.events if self.plugin.keep(event)]

    def enrich(self, recording: Recording) -> dict[int, Change]:
        """What it changes, by counter."""
        changes = {}
        for event in recording.events:
            change = Change()
            self.plugin.enrich(event, change)
            if change:
                changes[event.counter] = change
        return changes

    def deliver_status(self, number: int, status: str) -> None:
        """Gives it a status."""
        text = json.dumps({"status": status, "runner_ident": "test"})
        is_final = status not in ("starting", "running")
        rc = 0 if status == "successful" else None
        self.plugin.deliver_status(StatusChange(number, status, is_final, _STARTED, rc, text))

    def deliver_events(self, recording: Recording) -> None:
        """Gives it the recording as one batch."""
        self.plugin.deliver_events(Attempt("test/1-1", 1), recording.events)

    def tick(self) -> float | None:
        """Calls its timer."""
        seconds: float | None = self.plugin.tick()
        return seconds

    def finish(self) -> None:
        """Ends it as after a run that went well."""
        self.plugin.finish(Ending("successful", 0, True))


def _read(text: str, scope: int) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A recorded event in the form in which the host gives it."""
    file = json.loads(text)
    data = file.get("event_data")
    facts = data or {}
    name = file.get("event", "")
    outcome = _OUTCOMES.get(name)
    result = facts.get("res")
    duration = facts.get("duration")
    is_changed = isinstance(result, dict) and result.get("changed") is True
    keys = ("playbook", "play", "play_uuid", "role", "task", "task_uuid")
    scope_of_it = SimpleNamespace(
        **{key: facts.get(key) for key in keys},
        action=facts.get("resolved_action") or facts.get("task_action"),
        path=facts.get("task_path"),
        ext=[],
    )
    event = SimpleNamespace(
        counter=file["counter"],
        uuid=file["uuid"],
        name=name,
        created=_STARTED,
        scope=scope,
        host=facts.get("host"),
        outcome=None if outcome is None else SimpleNamespace(value=list(Outcome).index(outcome)),
        changed=outcome is not None and is_changed,
        ignored=outcome is Outcome.FAILED and facts.get("ignore_errors") is True,
        duration=None if duration is None else round(duration * 1_000_000),
        stdout=file.get("stdout", ""),
        data=None if data is None else json.dumps(data),
        json=text.rstrip(),
        oversize=None,
        annotations=[],
        ext=[],
    )
    return scope_of_it, event
