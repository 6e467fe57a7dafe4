"""Makes artifacts small: leaves out the events and the facts that nobody reads again."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from playhouse_plugin import Change, Enricher, Event, Filter, Outcome


@dataclass
class Settings:
    drop: list[str] = field(default_factory=lambda: ["ansible.builtin.debug"])
    """Modules whose good results are left out, as patterns"""
    facts: list[str] = field(
        default_factory=lambda: ["ansible_distribution*", "ansible_hostname", "ansible_kernel"]
    )
    """Facts to keep in results, as patterns"""


class Slim(Filter, Enricher):
    settings: Settings

    def keep(self, event: Event) -> bool:
        is_trouble = event.outcome in (Outcome.FAILED, Outcome.UNREACHABLE)
        return is_trouble or not fits(event.action or "", self.settings.drop)

    def enrich(self, event: Event, change: Change) -> None:
        result = event.result
        if result is None or not isinstance(result.get("ansible_facts"), dict):
            return
        facts = result["ansible_facts"]
        kept = {name: value for name, value in facts.items() if fits(name, self.settings.facts)}
        if len(kept) < len(facts):
            change.note("facts_left_out", len(facts) - len(kept))
            data = dict(event.data or {})
            data["res"] = {**result, "ansible_facts": kept}
            change.replace_data(data)


def fits(text: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
