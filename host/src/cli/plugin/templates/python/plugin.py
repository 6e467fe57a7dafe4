"""{{name}}: what it does, in a sentence."""

#< event-sink
from collections.abc import Sequence
#>
#< event-filter
from dataclasses import dataclass, field
#>
#< not event-filter
from dataclasses import dataclass
#>

{{imports}}


@dataclass
class Settings:
    """The settings, and what they are unless the operator says otherwise."""

    #< status-sink event-sink
    url: str
    """Where to post. Writing it allows it."""
    #>
    #< pre-run
    region: str = "north"
    """What the extra var `region` is set to."""
    #>
    #< event-filter
    drop: list[str] = field(default_factory=lambda: ["ansible.builtin.debug"])
    """Modules whose events are left out; failures stay."""
    #>
    #< event-enricher
    team: str = "web"
    """What every event gets as a note."""
    #>


class {{type}}({{bases}}):
    """The plugin. An instance lives for the run, unless an exception leaves it."""

    settings: Settings

    def start(self) -> None:
        #< timer
        self.delivered = 0
        #>
        log.info(f"run {self.setup.run.ident} begins")
    #< pre-run

    def prepare(self, run: Run) -> None:
        run.set_extravar("region", self.settings.region, "from the settings")
    #>
    #< event-filter

    def keep(self, event: Event) -> bool:
        is_failure = event.outcome in (Outcome.FAILED, Outcome.UNREACHABLE)
        return is_failure or event.action not in self.settings.drop
    #>
    #< event-enricher

    def enrich(self, event: Event, change: Change) -> None:
        if event.host is not None:
            change.note("team", self.settings.team)
    #>
    #< status-sink

    def deliver_status(self, change: StatusChange) -> None:
        self.post(change.json)
    #>
    #< event-sink

    def deliver_events(self, attempt: Attempt, events: Sequence[Event]) -> None:
        for accepted, event in enumerate(events):
            self.post(event.json or "", accepted)
    #>
    #< timer

    def tick(self) -> float | None:
        log.info(f"{self.delivered} delivered")
        self.delivered = 0
        return 30
    #>
    #< status-sink event-sink

    def post(self, json: str, accepted: int = 0) -> None:
        headers = {"content-type": "application/json"}
        answer = http.post(self.settings.url, headers=headers, body=json)
        if not answer.is_success:
            raise Retry(f"status {answer.status}", accepted=accepted)
        #< timer
        self.delivered += 1
        #>
    #>
