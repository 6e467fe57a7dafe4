"""Write plugins for Playhouse in Python: sandboxed components that take part in a run of
Ansible.

A plugin is one class with a base for each hook it has::

    from dataclasses import dataclass

    from playhouse_plugin import Event, Filter


    @dataclass
    class Settings:
        actions: list[str]


    class Quiet(Filter):
        settings: Settings

        def keep(self, event: Event) -> bool:
            return event.action not in self.settings.actions

``python -m playhouse_plugin build`` makes a component of it, and `playhouse_plugin.testing`
runs it natively over recorded events.
"""

from . import http, log, net, secret
from .error import HostError
from .event import Event, Note, Outcome
from .plugin import (
    Attempt,
    Change,
    ConfigError,
    DeliveryError,
    Ending,
    Enricher,
    EventSink,
    Failed,
    Filter,
    Plugin,
    PreRun,
    Refused,
    Rejected,
    Retry,
    RunFacts,
    Setup,
    StatusChange,
    StatusSink,
    Stopped,
    Timer,
)
from .run import Edit, Run, pointer

__all__ = [
    "Attempt",
    "Change",
    "ConfigError",
    "DeliveryError",
    "Edit",
    "Ending",
    "Enricher",
    "Event",
    "EventSink",
    "Failed",
    "Filter",
    "HostError",
    "Note",
    "Outcome",
    "Plugin",
    "PreRun",
    "Refused",
    "Rejected",
    "Retry",
    "Run",
    "RunFacts",
    "Setup",
    "StatusChange",
    "StatusSink",
    "Stopped",
    "Timer",
    "http",
    "log",
    "net",
    "pointer",
    "secret",
]
