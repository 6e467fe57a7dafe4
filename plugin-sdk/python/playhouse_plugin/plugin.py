"""What an author writes: one class with a base for each hook the plugin has."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .event import Event
from .run import Run


@dataclass(frozen=True)
class RunFacts:
    """The run as it was asked for."""

    id: str
    """Unique to this execution."""
    ident: str
    """The artifact directory's name; a second run may use it again."""
    playbook: str | None
    """The playbook's name as it was given."""
    started: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    facts: dict[str, str] = field(default_factory=dict)
    """More facts by key: `limit`, `inventory`, `controller`, `user`, …"""


@dataclass(frozen=True)
class Setup:
    """What a plugin is told at its beginning."""

    name: str
    """The name the operator gave this plugin in this run."""
    host_version: str
    """Playhouse's own version."""
    lane: str
    """Which of a plugin's two instances this is: `path` or `delivery`."""
    purpose: str
    """`run`, `deliver`, `replay`, `test`, `check`. An open set."""
    restart: int
    """0 at first, one more for each instance that was lost."""
    run: RunFacts
    """The run."""


@dataclass(frozen=True)
class Ending:
    """How the run ended, as far as the host knows."""

    status: str
    """As the last status change has it."""
    rc: int | None
    """The run's exit code."""
    complete: bool
    """Everything was delivered to this plugin."""


class ConfigError(Exception):
    """The operator has to change a setting; the run does not start. To be raised in `start`."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting
        """JSON Pointer into the settings: `/headers/0`."""
        self.message = message
        """What is wrong and what belongs there."""


class Failed(Exception):
    """The plugin cannot do its work now. To be raised in `start`, `prepare` and `finish`."""


class Refused(Exception):
    """By rule, this run must not start; the text is shown to the operator. To be raised in
    `prepare`."""


class DeliveryError(Exception):
    """What a sink says other than "delivered"."""

    def __init__(self, reason: str, *, accepted: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why."""
        self.accepted = accepted
        """How many events of the batch, from the first, did arrive. They do not come again."""


class Retry(DeliveryError):
    """Not now. The same comes again, not before `after` seconds if that is said."""

    def __init__(self, reason: str, *, after: float | None = None, accepted: int = 0) -> None:
        super().__init__(reason, accepted=accepted)
        self.after = after
        """Seconds; the host backs off by itself if there are none."""


class Rejected(DeliveryError):
    """This will never be accepted: the host sets the event aside and goes on."""


class Stopped(DeliveryError):
    """Nothing will be accepted: the host stops calling and keeps the place."""


class Plugin:
    """What every plugin has: settings, a beginning and an end.

    An instance lives for the run. A trap or an overrun ends it: its memory is lost, and a
    new one starts with `setup.restart` raised. Events of the batch that was lost come
    again, earlier ones do not: counters, caches and sets must survive being empty.

    An exception that leaves a hook, other than those of this module, is such a trap; its
    traceback goes to the plugin's log.
    """

    settings: Any
    """As this attribute is annotated in the plugin's class: a dataclass, whose unknown and
    misfitting keys are refused, or `dict` for any."""
    setup: Setup
    """The run, and this plugin's place in it."""

    def start(self) -> None:
        """Called once an instance, first, with `settings` and `setup` there; on the event
        path always before Ansible starts."""

    def finish(self, ending: Ending) -> None:
        """Called once, last, when everything was delivered or the deadline is over. Not
        called after a trap: durable work belongs elsewhere."""


class PreRun(Plugin, ABC):
    """Looks at a run before it starts, changes or refuses it. Metadata: `pre-run`."""

    @abstractmethod
    def prepare(self, run: Run) -> None:
        """What `run` is left with becomes of the run, all of it or, where this raises
        `Refused` or `Failed`, none."""


class Filter(Plugin, ABC):
    """Says which events go on. Metadata: `event-filter`."""

    @abstractmethod
    def keep(self, event: Event) -> bool:
        """Whether the event goes on: to the plugins after this one, `job_events/` and
        sinks. Terminal, `stdout` and the run's result are not touched."""


class Change:
    """What an enricher wants of an event."""

    __slots__ = ("data", "notes", "stdout")

    def __init__(self) -> None:
        self.notes: dict[str, Any] = {}
        self.data: dict[str, Any] | None = None
        self.stdout: str | None = None

    def note(self, key: str, value: Any) -> None:
        """Leaves a note under this plugin's name. A key is letters, digits, `-`, `_` and
        `.`, at most 64 of them; a value is anything JSON has."""
        json.dumps(value)
        self.notes[key] = value

    def replace_data(self, data: dict[str, Any]) -> None:
        """Replaces `event_data`."""
        self.data = data

    def replace_stdout(self, text: str) -> None:
        """Replaces the event's text, in the event, on the terminal and in `stdout`."""
        self.stdout = text

    def __bool__(self) -> bool:
        return bool(self.notes) or self.data is not None or self.stdout is not None


class Enricher(Plugin, ABC):
    """Adds to events, or replaces what they say. Metadata: `event-enricher`."""

    @abstractmethod
    def enrich(self, event: Event, change: Change) -> None:
        """Leaves what is to change in `change`; an untouched one changes nothing."""


@dataclass(frozen=True)
class StatusChange:
    """A change of the run's status."""

    number: int
    """1, 2, 3, …: with the run's id it names this change for ever."""
    status: str
    """`starting`, `running`, `successful`, `failed`, `timeout`, `canceled`. An open set."""
    is_final: bool
    """No further status will come."""
    created: int
    """Microseconds since 1970-01-01T00:00:00Z."""
    rc: int | None
    """The exit code, once there is one."""
    json: str
    """What Ansible Runner gives its plugins: one JSON object as text."""


class StatusSink(Plugin, ABC):
    """Takes status changes. Metadata: `status-sink`."""

    @abstractmethod
    def deliver_status(self, change: StatusChange) -> None:
        """In order: `running` comes before the first event, the final status after the
        last. Raises a `DeliveryError` where it is not delivered."""


@dataclass(frozen=True)
class Attempt:
    """One try to deliver a batch."""

    id: str
    """`<run id>/<first>-<last>`; the same for each try. A receiver that must not see an
    event twice keys on run id and counter instead: after a crash batches are cut anew."""
    number: int
    """1 at first."""


class EventSink(Plugin, ABC):
    """Takes events, in order, each at least once. Metadata: `event-sink`."""

    @abstractmethod
    def deliver_events(self, attempt: Attempt, events: Sequence[Event]) -> None:
        """Takes a batch. Raises a `DeliveryError` where not all of it is delivered."""


class Timer(Plugin, ABC):
    """For sinks that must do something while nothing happens. Metadata: `timer`."""

    @abstractmethod
    def tick(self) -> float | None:
        """Seconds until the next call; none: never again."""


HOOKS: dict[str, type[Plugin]] = {
    "pre-run": PreRun,
    "event-filter": Filter,
    "event-enricher": Enricher,
    "status-sink": StatusSink,
    "event-sink": EventSink,
    "timer": Timer,
}
"""The base of each hook, by its name in `plugin.json`."""


def plugin_of(module: Any) -> type[Plugin]:
    """The one plugin that a module defines."""
    found: list[type[Plugin]] = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Plugin)
        and hooks_of(value)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(f"`{plugin.__name__}`" for plugin in found) or "none"
        raise TypeError(
            f"`{module.__name__}` has to define one class with a base such as `Filter`; "
            f"it has {names}"
        )
    return found[0]


def hooks_of(plugin: type[Plugin]) -> list[str]:
    """The hooks that a plugin has."""
    return [name for name, base in HOOKS.items() if issubclass(plugin, base)]
