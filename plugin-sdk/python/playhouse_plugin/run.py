"""The run as a pre-run hook sees and changes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Edit:
    """A change that is asked for, at a JSON Pointer into the view."""

    kind: Literal["set", "append", "unset"]
    path: str
    value: Any = None
    reason: str = ""


class Run:
    """A view of the run, as far as the operator lets this plugin look, and the changes
    asked for so far. Strings that a plugin sets are data: Ansible does not expand `{{ }}`
    in them."""

    def __init__(self, view: dict[str, Any]) -> None:
        self.view = view
        self.edits: list[Edit] = []

    def get(self, path: str) -> Any:
        """What is at a JSON Pointer (RFC 6901) of the view; none where there is nothing,
        or nothing this plugin may see."""
        value: Any = self.view
        for part in path.split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return value

    def may_see(self, path: str) -> bool:
        """Whether this plugin may see what lies at a JSON Pointer. Where it may and `get`
        gives none, nothing is there."""
        parts = path.split("/")
        return any(
            len(globs) <= len(parts)
            and all(matches(glob, part) for glob, part in zip(globs, parts))
            for globs in (pattern.split("/") for pattern in self.view.get("granted", []))
        )

    @property
    def playbook(self) -> str | None:
        """The playbook, if it may be seen."""
        return _text(self.get("/playbook"))

    @property
    def limit(self) -> str | None:
        """The limit, if there is one and it may be seen."""
        return _text(self.get("/limit"))

    def set_extravar(self, name: str, value: Any, reason: str) -> None:
        """Sets an extra var. Needs the grant `set=/extravars/<name>`."""
        self.set(pointer("extravars", name), value, reason)

    def set_envvar(self, name: str, value: str, reason: str) -> None:
        """Sets an environment variable of Ansible's. Needs the grant `set=/envvars/<NAME>`."""
        self.set(pointer("envvars", name), value, reason)

    def set(self, path: str, value: Any, reason: str) -> None:
        """Sets the member at a JSON Pointer."""
        self._add(Edit("set", path, value, reason))

    def append(self, path: str, value: Any, reason: str) -> None:
        """Appends to the list at a JSON Pointer."""
        self._add(Edit("append", path, value, reason))

    def unset(self, path: str) -> None:
        """Removes the member at a JSON Pointer."""
        self._add(Edit("unset", path))

    def _add(self, edit: Edit) -> None:
        # What has no JSON form is found out where it is asked for.
        json.dumps(edit.value)
        self.edits.append(edit)


def matches(glob: str, text: str) -> bool:
    """Whether `glob`, in which `*` stands for any text, is `text`."""
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), text, re.DOTALL) is not None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def pointer(*parts: str) -> str:
    """The JSON Pointer (RFC 6901) with these parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
