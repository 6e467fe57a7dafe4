"""Looks for what means nothing in `plugin.json`: keys that nobody reads, and wishes that nobody
can grant. The host refuses what is made today with any of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from .run import matches

Json = dict[str, Any]

MADE_BY = "python 0.1.0"
"""What a component says of who looked at its metadata."""


def doubt(metadata: Json, interface: Path) -> str | None:
    """What is wrong, if anything is. `interface` is the folder `wit`."""
    schema: Json = json.loads((interface / "plugin.schema.json").read_text("utf-8"))
    # It is for tools to write.
    del schema["properties"]["sdk"]
    unknown = _unknown(schema, metadata, "")
    if unknown is not None:
        pointer, known = unknown
        return f"has the unknown key `{pointer}`; there are {', '.join(known)}"
    view: Json = json.loads((interface / "run-view.schema.json").read_text("utf-8"))
    settable = {
        name: about.get("type") == "object"
        for name, about in view["properties"].items()
        if not about.get("readOnly")
    }
    for path in _set_by(metadata):
        first, *below = path.split("/")[1:] or [""]
        members = [member for member in settable if matches(first, member)]
        if not any(settable[member] or not below for member in members):
            return f"wants to set `{path}`, which cannot be set; what can is {', '.join(settable)}"
    return None


def _set_by(metadata: Json) -> list[str]:
    """The patterns of what it wants to set. What has another form the host refuses."""
    wants: Any = metadata.get("wants")
    paths: list[Any] = []
    for want in cast(list[Any], wants if isinstance(wants, list) else []):
        if isinstance(want, dict) and cast(Json, want).get("kind") == "set":
            said: Any = cast(Json, want).get("paths")
            paths += said if isinstance(said, list) else []
    return [path for path in paths if isinstance(path, str)]


def _unknown(schema: Any, value: Any, at: str) -> tuple[str, list[str]] | None:
    """The first member that the schema does not let be there, and those that may be."""
    if not isinstance(schema, dict):
        return None
    schema = cast(Json, schema)
    if isinstance(value, dict):
        properties: Json = schema.get("properties", {})
        for key, item in cast(Json, value).items():
            pointer = f"{at}/{key}"
            if key not in properties and schema.get("additionalProperties") is False:
                return pointer, list(properties)
            below = properties.get(key, schema.get("additionalProperties"))
            found = _unknown(below, item, pointer)
            if found is not None:
                return found
    if isinstance(value, list):
        for index, item in enumerate(cast(list[Any], value)):
            found = _unknown(schema.get("items"), item, f"{at}/{index}")
            if found is not None:
                return found
    return None
