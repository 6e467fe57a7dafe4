"""What a component exports, written once for every plugin. Only a component imports this."""

from __future__ import annotations

import json
from typing import Any

from componentize_py_types import Err  # type: ignore[import-not-found]
from wit_world import exports  # type: ignore[import-not-found]

from ._settings import settings_for
from .error import Denied, HostError, SecretError
from .event import events_of
from .plugin import (
    Attempt,
    Change,
    ConfigError,
    DeliveryError,
    Ending,
    Failed,
    Plugin,
    Refused,
    Rejected,
    Retry,
    RunFacts,
    Setup,
    StatusChange,
    Stopped,
    hooks_of,
)
from .run import Edit, Run

# What may leave a hook, beside what is made to be raised there: the host did not do what
# it was asked for.
_ASKED_IN_VAIN = (HostError, SecretError)


class _Instance:
    """The component's one plugin; there is none before `init`."""

    plugin: Any = None


def exports_of(plugin: type[Plugin]) -> dict[str, type]:
    """The classes that componentize-py looks for in the component's first module."""
    hooks = {
        "pre-run": PreRun,
        "event-filter": EventFilter,
        "event-enricher": EventEnricher,
        "status-sink": StatusSink,
        "event-sink": EventSink,
        "timer": Timer,
    }
    lifecycle = type("Lifecycle", (_Lifecycle,), {"plugin": plugin})
    return {"Lifecycle": lifecycle} | {
        hooks[name].__name__: hooks[name] for name in hooks_of(plugin)
    }


class _Lifecycle:
    plugin: type[Plugin]

    def init(self, setup: Any) -> None:
        run = setup.run
        plugin = self.plugin()
        plugin.setup = Setup(
            name=setup.name,
            host_version=setup.host_version,
            lane=setup.lane.name.lower(),
            purpose=setup.purpose,
            restart=setup.restart,
            run=RunFacts(run.id, run.ident, run.playbook, run.started, dict(run.ext)),
        )
        kinds = exports.lifecycle
        try:
            plugin.settings = settings_for(self.plugin, json.loads(setup.config))
            plugin.start()
        except ConfigError as error:
            said = kinds.ConfigError(error.setting, error.message)
            raise Err(kinds.InitError_Config(said)) from None
        except (Failed, *_ASKED_IN_VAIN) as error:
            raise Err(kinds.InitError_Failed(str(error))) from None
        _Instance.plugin = plugin

    def finish(self, ending: Any) -> None:
        try:
            _Instance.plugin.finish(Ending(ending.status, ending.rc, ending.complete))
        except (Failed, *_ASKED_IN_VAIN) as error:
            raise Err(str(error)) from None


class PreRun:
    def prepare(self, view: str) -> list[Any]:
        kinds = exports.pre_run
        run = Run(json.loads(view))
        try:
            _Instance.plugin.prepare(run)
        except Refused as error:
            raise Err(kinds.PrepareError_Refused(kinds.Refusal(str(error), []))) from None
        except (Failed, *_ASKED_IN_VAIN) as error:
            raise Err(kinds.PrepareError_Failed(str(error))) from None
        return [_edit(edit) for edit in run.edits]


def _edit(edit: Edit) -> Any:
    kinds = exports.pre_run
    if edit.kind == "unset":
        return kinds.Edit_Unset(edit.path)
    assignment = kinds.Assignment(edit.path, json.dumps(edit.value), edit.reason)
    return kinds.Edit_Set(assignment) if edit.kind == "set" else kinds.Edit_Append(assignment)


class EventFilter:
    def keep(self, batch: Any) -> list[bool]:
        keep = _Instance.plugin.keep
        return [bool(keep(event)) for event in events_of(batch)]


class EventEnricher:
    def enrich(self, batch: Any) -> list[Any]:
        kinds = exports.event_enricher
        enrich = _Instance.plugin.enrich
        changes = []
        for event in events_of(batch):
            change = Change()
            enrich(event, change)
            if change:
                notes = [kinds.Note(key, json.dumps(value)) for key, value in change.notes.items()]
                data = None if change.data is None else json.dumps(change.data)
                changes.append(kinds.Change(event.counter, notes, data, change.stdout, []))
        return changes


class StatusSink:
    def deliver_status(self, change: Any) -> None:
        said = StatusChange(
            change.number, change.status, change.final, change.created, change.rc, change.json
        )
        try:
            _Instance.plugin.deliver_status(said)
        except (DeliveryError, *_ASKED_IN_VAIN) as error:
            raise Err(_delivery_error(error)) from None


class EventSink:
    def deliver_events(self, attempt: Any, batch: Any) -> None:
        events = list(events_of(batch))
        try:
            _Instance.plugin.deliver_events(Attempt(attempt.id, attempt.number), events)
        except (DeliveryError, *_ASKED_IN_VAIN) as error:
            accepted = getattr(error, "accepted", 0)
            failure = exports.event_sink.DeliveryFailure(accepted, _delivery_error(error))
            raise Err(failure) from None


def _delivery_error(error: DeliveryError | HostError | SecretError) -> Any:
    # Only the world of a sink has it.
    from wit_world.imports import delivery  # type: ignore[import-not-found]

    match error:
        case HostError(kind="denied" | "invalid") | Denied() | Stopped():
            return delivery.DeliveryError_Stopped(str(error))
        case Rejected():
            return delivery.DeliveryError_Rejected(str(error))
        case Retry(after=after) if after is not None:
            return delivery.DeliveryError_Retry(delivery.Retry(round(after * 1000), str(error)))
        case _:
            return delivery.DeliveryError_Retry(delivery.Retry(None, str(error)))


class Timer:
    def tick(self) -> int | None:
        seconds = _Instance.plugin.tick()
        return None if seconds is None else round(seconds * 1000)
