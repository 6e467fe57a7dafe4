"""Settings as the author's own type.

Each kind of type is a shape, which reads a value, naming what does not fit by its JSON
Pointer, and says in JSON Schema what fits. The two stand side by side so that a plugin's
metadata promises what the plugin takes.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import itertools
import json
import textwrap
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
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

_DEFINITIONS = "#/$defs/"

_Path = tuple[str, ...]
_Schema = dict[str, Any]


def settings_for(plugin: type[Plugin], config: dict[str, Any]) -> Any:
    """The settings of a plugin, as its `settings` are annotated."""
    return _shape(_hint(plugin)).read(config, ())


def schema_for(plugin: type[Plugin]) -> _Schema | None:
    """The JSON Schema of a plugin's settings; none where they are no dataclass, and may be
    anything. Raises `TypeError` for a type that settings cannot have."""
    shape = _shape(_hint(plugin))
    return _Definitions().complete(shape) if isinstance(shape, _Dataclass) else None


def _hint(plugin: type[Plugin]) -> Any:
    hint = typing.get_type_hints(plugin)["settings"]
    return dict if hint is Any else hint


def _shape(hint: Any) -> _Shape:
    origin = typing.get_origin(hint) or hint
    parts = typing.get_args(hint)
    if hint is Any:
        return _Anything()
    if dataclasses.is_dataclass(hint):
        return _Dataclass(hint)
    if origin in (typing.Union, types.UnionType):
        return _Union(parts)
    if origin is typing.Literal and all(isinstance(part, str | int | None) for part in parts):
        return _Literal(parts)
    if origin in (bool, float, int, str):
        return _Plain(origin)
    if origin is list:
        return _List(*map(_shape, parts))
    if origin is dict and parts[:1] in ((), (str,), (Any,)):
        return _Dict(*map(_shape, parts[1:]))
    raise TypeError(f"settings cannot have the type {hint}")


class _Shape(ABC):
    @abstractmethod
    def read(self, value: Any, path: _Path) -> Any:
        """The value as the author has it. Raises `ConfigError`."""

    @abstractmethod
    def schema(self, known: _Definitions) -> _Schema:
        """What `read` takes."""


class _Anything(_Shape):
    def read(self, value: Any, path: _Path) -> Any:
        return value

    def schema(self, known: _Definitions) -> _Schema:
        return {}


class _Plain(_Shape):
    def __init__(self, kind: type) -> None:
        self._kind = kind

    def read(self, value: Any, path: _Path) -> Any:
        kind = self._kind
        if kind is int and isinstance(value, float) and value.is_integer():
            # JSON does not tell the two apart.
            return int(value)
        fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise _misfit(value, kind, path)
        return value

    def schema(self, known: _Definitions) -> _Schema:
        names = {bool: "boolean", float: "number", int: "integer", str: "string"}
        return {"type": names[self._kind]}


class _Literal(_Shape):
    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._parts = parts

    def read(self, value: Any, path: _Path) -> Any:
        for part in self._parts:
            # To Python true is 1.
            if value == part and isinstance(value, bool) == isinstance(part, bool):
                return part
        known = ", ".join(f"`{part}`" for part in self._parts)
        raise ConfigError(pointer(*path), f"`{value}` is not one of {known}")

    def schema(self, known: _Definitions) -> _Schema:
        return {"enum": list(self._parts)}


class _List(_Shape):
    def __init__(self, items: _Shape | None = None) -> None:
        self._items = items or _Anything()

    def read(self, value: Any, path: _Path) -> Any:
        if not isinstance(value, list):
            raise _misfit(value, list, path)
        return [self._items.read(item, (*path, str(at))) for at, item in enumerate(value)]

    def schema(self, known: _Definitions) -> _Schema:
        items = self._items.schema(known)
        return {"type": "array", "items": items} if items else {"type": "array"}


class _Dict(_Shape):
    def __init__(self, values: _Shape | None = None) -> None:
        self._values = values or _Anything()

    def read(self, value: Any, path: _Path) -> Any:
        if not isinstance(value, dict):
            raise _misfit(value, dict, path)
        return {key: self._values.read(item, (*path, key)) for key, item in value.items()}

    def schema(self, known: _Definitions) -> _Schema:
        values = self._values.schema(known)
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}


class _Union(_Shape):
    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._is_optional = type(None) in parts
        self._shapes = [_shape(part) for part in parts if part is not type(None)]

    def read(self, value: Any, path: _Path) -> Any:
        if value is None and self._is_optional:
            return None
        for shape in self._shapes[:-1]:
            try:
                return shape.read(value, path)
            except ConfigError:
                continue
        return self._shapes[-1].read(value, path)

    def schema(self, known: _Definitions) -> _Schema:
        schemas = [shape.schema(known) for shape in self._shapes]
        if self._is_optional:
            schemas.append({"type": "null"})
        if all(schema.keys() == {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        return {"anyOf": schemas}


class _Dataclass(_Shape):
    def __init__(self, kind: Any) -> None:
        self._kind = kind

    @functools.cached_property
    def _fields(self) -> dict[str, tuple[dataclasses.Field[Any], _Shape]]:
        """Not before they are needed: a dataclass may have itself in it."""
        hints = typing.get_type_hints(self._kind)
        fields = dataclasses.fields(self._kind)
        return {field.name: (field, _shape(hints[field.name])) for field in fields if field.init}

    def read(self, value: Any, path: _Path) -> Any:
        if not isinstance(value, dict):
            raise _misfit(value, dict, path)
        for key in value:
            if key not in self._fields:
                known = ", ".join(f"`{name}`" for name in self._fields) or "none"
                raise ConfigError(pointer(*path, key), f"unknown setting `{key}`, known: {known}")
        for name, (field, _) in self._fields.items():
            if name not in value and _is_required(field):
                raise ConfigError(pointer(*path), f"the setting `{name}` is missing")
        read = {key: self._fields[key][1].read(item, (*path, key)) for key, item in value.items()}
        return self._kind(**read)

    def schema(self, known: _Definitions) -> _Schema:
        return known.describe(self._kind, self._describe)

    def _describe(self, known: _Definitions) -> _Schema:
        words = _words_for(self._kind)
        properties = {}
        for name, (field, shape) in self._fields.items():
            properties[name] = shape.schema(known)
            said = field.metadata.get("description", words.get(name))
            if said is not None:
                properties[name]["description"] = said
            properties[name].update(_default(field, shape))
        required = [name for name, (field, _) in self._fields.items() if _is_required(field)]
        described: _Schema = {"type": "object", "properties": properties}
        if required:
            described["required"] = required
        return {**described, "additionalProperties": False}


class _Definitions:
    """The dataclasses that a schema is in the middle of. One that is in itself is defined
    once and referred to; all others are written where they are used."""

    def __init__(self) -> None:
        self._open: list[type] = []
        self._referred: set[str] = set()
        self._defined: dict[str, _Schema] = {}

    def complete(self, shape: _Dataclass) -> _Schema:
        """A schema with what it refers to."""
        schema = shape.schema(self)
        if not self._defined:
            return schema
        outermost = self._defined.get(schema.get("$ref", "").removeprefix(_DEFINITIONS), schema)
        return {**outermost, "$defs": self._defined}

    def describe(self, kind: type, description: Callable[[_Definitions], _Schema]) -> _Schema:
        """What `description` gives, or a reference to it."""
        name = f"{kind.__module__}.{kind.__qualname__}"
        reference = {"$ref": _DEFINITIONS + name}
        if kind in self._open:
            self._referred.add(name)
            return reference
        if name in self._defined:
            return reference
        self._open.append(kind)
        schema = description(self)
        self._open.pop()
        if name not in self._referred:
            return schema
        self._defined[name] = schema
        return reference


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field: dataclasses.Field[Any], shape: _Shape) -> _Schema:
    """The default as the operator would write it; none where it cannot be written."""
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    else:
        default = field.default
    try:
        written = json.loads(json.dumps(default, default=dataclasses.asdict, allow_nan=False))
        shape.read(written, ())
    except (ConfigError, TypeError, ValueError):
        return {}
    return {"default": written}


def _words_for(kind: type) -> dict[str, str]:
    """The texts that stand below the fields of a dataclass, as far as its source is there."""
    words = {}
    for base in reversed(kind.__mro__):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, SyntaxError, TypeError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, text in itertools.pairwise(body):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(name)),
                    ast.Expr(ast.Constant(str(said))),
                ):
                    words[name] = inspect.cleandoc(said).replace("\n", " ")
    return words


def _misfit(value: Any, kind: type, path: _Path) -> ConfigError:
    return ConfigError(pointer(*path), f"{_shown(value)} where {_NAMES[kind]} belongs")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if isinstance(value, str | int | float) else _NAMES[type(value)]
