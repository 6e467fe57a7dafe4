"""Settings as the author's own type; what does not fit is named by its JSON Pointer."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from .plugin import ConfigError, Plugin
from .run import pointer

_NAMES = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
}


def settings_for(plugin: type[Plugin], config: dict[str, Any]) -> Any:
    """The settings of a plugin, as its `settings` are annotated."""
    hint = typing.get_type_hints(plugin)["settings"]
    if hint is Any:
        hint = dict
    return _read(hint, config, ())


def _read(hint: Any, value: Any, path: tuple[str, ...]) -> Any:
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return _read_dataclass(hint, value, path)
    origin = typing.get_origin(hint) or hint
    parts = typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _read_union(parts, value, path)
    if origin is typing.Literal:
        if value not in parts:
            known = ", ".join(f"`{part}`" for part in parts)
            raise ConfigError(pointer(*path), f"`{value}` is not one of {known}")
        return value
    if origin not in _NAMES:
        raise TypeError(f"settings cannot have the type {hint}")
    is_bool = isinstance(value, bool)
    fits = isinstance(value, int) if origin is float else isinstance(value, origin)
    fits = fits or (origin is float and isinstance(value, float))
    if not fits or (is_bool and origin is not bool):
        raise ConfigError(pointer(*path), f"{_shown(value)} where {_NAMES[origin]} belongs")
    if origin is list and parts:
        return [_read(parts[0], item, (*path, str(at))) for at, item in enumerate(value)]
    if origin is dict and parts:
        return {key: _read(parts[1], item, (*path, key)) for key, item in value.items()}
    return value


def _read_dataclass(hint: Any, value: Any, path: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise ConfigError(pointer(*path), f"{_shown(value)} where an object belongs")
    hints = typing.get_type_hints(hint)
    fields = {field.name: field for field in dataclasses.fields(hint)}
    for key in value:
        if key not in fields:
            known = ", ".join(f"`{name}`" for name in fields) or "none"
            raise ConfigError(pointer(*path, key), f"unknown setting `{key}`, known: {known}")
    for name, field in fields.items():
        has_default = (
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING
        )
        if name not in value and not has_default:
            raise ConfigError(pointer(*path), f"the setting `{name}` is missing")
    return hint(**{key: _read(hints[key], item, (*path, key)) for key, item in value.items()})


def _read_union(parts: tuple[Any, ...], value: Any, path: tuple[str, ...]) -> Any:
    if value is None and type(None) in parts:
        return None
    parts = tuple(part for part in parts if part is not type(None))
    for part in parts[:-1]:
        try:
            return _read(part, value, path)
        except ConfigError:
            continue
    return _read(parts[-1], value, path)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, str | int | float) else _NAMES[type(value)]
