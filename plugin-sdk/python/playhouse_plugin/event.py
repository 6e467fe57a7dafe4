"""An event as an author sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Outcome(StrEnum):
    """How a task or loop item ended on a host."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNREACHABLE = "unreachable"


# In the order of the interface's own enum.
_OUTCOMES = tuple(Outcome)


class Note(NamedTuple):
    """What an enricher before this plugin left on an event."""

    plugin: str
    key: str
    value: Any


class HostScope(Protocol):
    """Where events come from, as the host gives it."""

    playbook: str | None
    play: str | None
    role: str | None
    task: str | None
    task_uuid: str | None
    action: str | None
    path: str | None


class HostEvent(Protocol):
    """An event as the host gives it."""

    counter: int
    uuid: str
    name: str
    created: int
    scope: int
    host: str | None
    outcome: Any
    changed: bool
    ignored: bool
    duration: int | None
    stdout: str | None
    data: str | None
    json: str | None
    oversize: int | None
    annotations: list[Any]


class Event:
    """One thing that happened in a run, with the play and task it belongs to."""

    __slots__ = ("_data", "_event", "_scope")

    def __init__(self, event: HostEvent, scope: HostScope) -> None:
        self._event = event
        self._scope = scope
        self._data: dict[str, Any] | None = None

    @property
    def counter(self) -> int:
        """1, 2, 3, … in the order Ansible printed. A filter leaves gaps."""
        return self._event.counter

    @property
    def uuid(self) -> str:
        """Unique in the run."""
        return self._event.uuid

    @property
    def name(self) -> str:
        """`runner_on_ok`, `playbook_on_stats`, `verbose`, … An open set: pass on what you
        do not know."""
        return self._event.name

    @property
    def created(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""
        return self._event.created

    @property
    def playbook(self) -> str | None:
        """The playbook's name as it was given."""
        return self._scope.playbook

    @property
    def play(self) -> str | None:
        """The play's name."""
        return self._scope.play

    @property
    def role(self) -> str | None:
        """The role the task belongs to."""
        return self._scope.role

    @property
    def task(self) -> str | None:
        """The task's name."""
        return self._scope.task

    @property
    def task_uuid(self) -> str | None:
        """The same for one task on every host."""
        return self._scope.task_uuid

    @property
    def action(self) -> str | None:
        """`ansible.builtin.copy`"""
        return self._scope.action

    @property
    def path(self) -> str | None:
        """Where the task is written: `/srv/project/site.yml:17`."""
        return self._scope.path

    @property
    def host(self) -> str | None:
        """The host it happened on."""
        return self._event.host

    @property
    def outcome(self) -> Outcome | None:
        """How the task or item ended; none where nothing ended."""
        outcome = self._event.outcome
        return None if outcome is None else _OUTCOMES[outcome.value]

    @property
    def changed(self) -> bool:
        """The result says `changed`."""
        return self._event.changed

    @property
    def ignored(self) -> bool:
        """Failed, and the task says `ignore_errors`."""
        return self._event.ignored

    @property
    def duration(self) -> int | None:
        """Microseconds the task took on this host."""
        return self._event.duration

    @property
    def stdout(self) -> str | None:
        """What the terminal shows for it. None unless the hook's `fields` in `plugin.json`
        has `stdout`."""
        return self._event.stdout

    @property
    def data(self) -> dict[str, Any] | None:
        """`event_data`, read once. None unless the hook's `fields` has `data`."""
        if self._data is None and self._event.data is not None:
            self._data = json.loads(self._event.data)
        return self._data

    @property
    def result(self) -> dict[str, Any] | None:
        """The task's result, `res` of `event_data`. None where the event has none, and
        unless the hook's `fields` has `data`."""
        result = (self.data or {}).get("res")
        return result if isinstance(result, dict) else None

    @property
    def json(self) -> str | None:
        """The whole event, byte for byte as `job_events/` has it. Sinks only, and none
        unless the hook's `fields` has `json`."""
        return self._event.json

    @property
    def oversize(self) -> int | None:
        """How many bytes `stdout`, `data` and `json` would have, where that is over the
        limit and none is there."""
        return self._event.oversize

    @property
    def notes(self) -> list[Note]:
        """What plugins before this one left on it, in chain order."""
        return [
            Note(note.plugin, note.key, json.loads(note.value)) for note in self._event.annotations
        ]


def events_of(batch: Any) -> Iterator[Event]:
    """The events of a batch as the host gives it."""
    scopes = batch.scopes
    for event in batch.events:
        yield Event(event, scopes[event.scope])
