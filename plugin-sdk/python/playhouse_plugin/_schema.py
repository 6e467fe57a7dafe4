"""The schema of a plugin's settings: what `plugin.json` says, on top of what its dataclass
says.

`plugin.json` may have words of its own, and may narrow what is taken: with a `pattern` or a
`minimum`, say, which the plugin checks in `start`. What both say has to be the same, and no
setting may be there that the dataclass does not have.
"""

from __future__ import annotations

import json
from typing import Any

from .run import pointer

_WORDS = ("title", "description", "examples", "$comment")
_SUBSCHEMAS = ("items", "additionalProperties")
_SETS = ("type", "required", "enum")


class Disagreement(Exception):
    """`plugin.json` contradicts the dataclass; the text says where and how."""


def agreed(said: Any, derived: dict[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """A schema written by hand, completed with the one that was derived."""
    if said is True:
        return derived
    if not isinstance(said, dict):
        raise Disagreement(f"{_at(path)} {json.dumps(said)}, which is no schema")
    whole = {**derived, **said}
    for key, meant in derived.items():
        if key not in said or key in _WORDS:
            continue
        place = (*path, key)
        if key == "properties":
            whole[key] = _agreed_properties(said[key], meant, place)
        elif key in _SUBSCHEMAS and isinstance(meant, dict):
            whole[key] = agreed(said[key], meant, place)
        elif _meaning(key, said[key]) == _meaning(key, meant):
            whole[key] = meant
        else:
            raise Disagreement(
                f"{_at(place)} {json.dumps(said[key])}, and the dataclass {json.dumps(meant)}"
            )
    return whole


def _agreed_properties(said: Any, derived: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Disagreement(f"{_at(path)} {json.dumps(said)}, which is no object")
    for name in said:
        if name not in derived:
            raise Disagreement(f"{_at((*path, name))} a setting that the dataclass does not have")
    return {
        name: agreed(said[name], schema, (*path, name)) if name in said else schema
        for name, schema in derived.items()
    }


def _meaning(key: str, value: Any) -> Any:
    """In these lists order means nothing, and one alone need not be in a list."""
    if key in _SETS:
        return sorted(json.dumps(part) for part in (value if isinstance(value, list) else [value]))
    return value


def _at(path: tuple[str, ...]) -> str:
    return f"`settings.schema` has at `{pointer(*path)}`"
