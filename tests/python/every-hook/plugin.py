"""Every hook in Python, and what can go wrong in one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from playhouse_plugin import (
    Attempt,
    Change,
    Ending,
    Enricher,
    Event,
    EventSink,
    Failed,
    Filter,
    PreRun,
    Refused,
    Retry,
    Run,
    StatusChange,
    StatusSink,
    Stopped,
    Timer,
    http,
    log,
)


@dataclass
class Settings:
    url: str
    other_url: str | None = None
    raise_on_task: str | None = None
    is_broken: bool = False


class EveryHook(PreRun, Filter, Enricher, StatusSink, EventSink, Timer):
    settings: Settings

    def start(self) -> None:
        if self.settings.is_broken:
            raise Failed("it is broken")
        log.info(f"started on the {self.setup.lane} lane, restart {self.setup.restart}")

    def finish(self, ending: Ending) -> None:
        log.info(f"finished: {ending.status}")

    def prepare(self, run: Run) -> None:
        if run.get("/extravars/forbidden"):
            raise Refused("forbidden things are forbidden")
        run.set_extravar("greeting", f"from {self.setup.run.ident}", "to greet")

    def keep(self, event: Event) -> bool:
        return event.name != "runner_on_start"

    def enrich(self, event: Event, change: Change) -> None:
        if event.task == self.settings.raise_on_task and event.outcome:
            raise ValueError("a fault in the plugin")
        change.note("length", len(event.stdout or ""))
        if event.stdout and "secret" in event.stdout:
            change.replace_stdout(event.stdout.replace("secret", "******"))

    def deliver_status(self, change: StatusChange) -> None:
        self.post(json.loads(change.json))

    def deliver_events(self, attempt: Attempt, events: Sequence[Event]) -> None:
        for accepted, event in enumerate(events):
            self.post(json.loads(event.json or ""), accepted)
        if self.settings.other_url:
            http.get(self.settings.other_url)

    def post(self, body: object, accepted: int = 0) -> None:
        answer = http.post(self.settings.url, json=body, timeout=5)
        if answer.status == 410:
            raise Stopped("gone")
        if not answer.is_success:
            raise Retry(f"status {answer.status}", after=0.05, accepted=accepted)

    def tick(self) -> float | None:
        return None
