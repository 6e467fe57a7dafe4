"""The schema of settings says what the plugin takes, no more and no less."""

import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from playhouse_plugin import ConfigError, Event, Filter
from playhouse_plugin._schema import Disagreement, agreed
from playhouse_plugin._settings import schema_for, settings_for


@dataclass
class Login:
    user: str
    level: Literal["low", "high", 3, None] = "low"


@dataclass
class Rule:
    hosts: list[str] = field(default_factory=list)
    all_of: "list[Rule]" = field(default_factory=list)


@dataclass
class Settings:
    kinds: ClassVar[int] = 3
    url: str
    """Where to send:
    a place."""
    size: int = 5
    """Overridden."""
    wait: float = 1.5
    limit: float = field(default=float("inf"), metadata={"description": "Not to be written."})
    is_loud: bool = True
    amount: int | list[int] = 1
    tag: str | int | None = None
    names: list[str] | None = None
    login: Login = field(default_factory=lambda: Login("me"))
    logins: dict[str, Login] = field(default_factory=dict)
    rule: Rule | None = None
    rules: list[Rule] = field(default_factory=list)
    anything: Any = None
    table: dict = field(default_factory=dict)
    flag: Literal[True, 0] = True
    odd: str = 1  # type: ignore[assignment]
    seen: set[str] = field(default_factory=set, init=False)


class Quiet(Filter):
    settings: Settings

    def keep(self, event: Event) -> bool:
        return True


class Loose(Filter):
    settings: dict

    def keep(self, event: Event) -> bool:
        return True


SCHEMA: dict[str, Any] = schema_for(Quiet) or {}
RULE = f"{Rule.__module__}.Rule"


class SchemaTest(unittest.TestCase):
    def test_it_is_derived_from_the_dataclass(self) -> None:
        self.assertEqual(
            SCHEMA,
            {
                "type": "object",
                "properties": {
                    "url": {"type": "string", "description": "Where to send: a place."},
                    "size": {"type": "integer", "description": "Overridden.", "default": 5},
                    "wait": {"type": "number", "default": 1.5},
                    "limit": {"type": "number", "description": "Not to be written."},
                    "is_loud": {"type": "boolean", "default": True},
                    "amount": {
                        "anyOf": [
                            {"type": "integer"},
                            {"type": "array", "items": {"type": "integer"}},
                        ],
                        "default": 1,
                    },
                    "tag": {"type": ["string", "integer", "null"], "default": None},
                    "names": {
                        "anyOf": [
                            {"type": "array", "items": {"type": "string"}},
                            {"type": "null"},
                        ],
                        "default": None,
                    },
                    "login": {
                        "type": "object",
                        "properties": {
                            "user": {"type": "string"},
                            "level": {"enum": ["low", "high", 3, None], "default": "low"},
                        },
                        "required": ["user"],
                        "additionalProperties": False,
                        "default": {"user": "me", "level": "low"},
                    },
                    "logins": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {
                                "user": {"type": "string"},
                                "level": {"enum": ["low", "high", 3, None], "default": "low"},
                            },
                            "required": ["user"],
                            "additionalProperties": False,
                        },
                        "default": {},
                    },
                    "rule": {
                        "anyOf": [{"$ref": f"#/$defs/{RULE}"}, {"type": "null"}],
                        "default": None,
                    },
                    "rules": {
                        "type": "array",
                        "items": {"$ref": f"#/$defs/{RULE}"},
                        "default": [],
                    },
                    "anything": {"default": None},
                    "table": {"type": "object", "default": {}},
                    "flag": {"enum": [True, 0], "default": True},
                    "odd": {"type": "string"},
                },
                "required": ["url"],
                "additionalProperties": False,
                "$defs": {
                    RULE: {
                        "type": "object",
                        "properties": {
                            "hosts": {
                                "type": "array",
                                "items": {"type": "string"},
                                "default": [],
                            },
                            "all_of": {
                                "type": "array",
                                "items": {"$ref": f"#/$defs/{RULE}"},
                                "default": [],
                            },
                        },
                        "additionalProperties": False,
                    }
                },
            },
        )

    def test_it_takes_what_the_plugin_takes(self) -> None:
        values: list[Any] = [None, True, False, 0, 1, 3, 5.0, 2.5, "", "low", [], ["a"], [1]]
        values += [{}, {"user": "a"}, {"user": 1}, {"user": "a", "level": 3}, {"hosts": ["a"]}]
        values += [{"user": "a", "level": True}, {"all_of": [{"hosts": []}]}]
        values += [{"all_of": [{"hosts": 1}]}, {"x": {"user": "a"}}, {"x": {}}, [{"hosts": []}]]
        took = dict.fromkeys(("yes", "no"), 0)
        for name in [*SCHEMA["properties"], "unknown", "seen", "kinds"]:
            for value in values:
                config = {"url": "x", name: value}
                taken = takes(lambda config=config: settings_for(Quiet, config))
                self.assertEqual(taken, fits(config, SCHEMA), config)
                took["yes" if taken else "no"] += 1
        self.assertFalse(fits({}, SCHEMA) or takes(lambda: settings_for(Quiet, {})))
        self.assertTrue(took["yes"] > 50 and took["no"] > 200, took)

    def test_a_whole_number_may_be_written_with_a_point(self) -> None:
        size = settings_for(Quiet, {"url": "x", "size": 5.0}).size
        self.assertEqual((size, type(size)), (5, int))

    def test_settings_of_any_form_have_none(self) -> None:
        self.assertIsNone(schema_for(Loose))
        self.assertEqual(settings_for(Loose, {"a": 1}), {"a": 1})

    def test_a_dataclass_may_be_in_itself(self) -> None:
        class Nested(Filter):
            settings: Rule

            def keep(self, event: Event) -> bool:
                return True

        schema = schema_for(Nested)
        assert schema is not None
        self.assertEqual(list(schema["properties"]), ["hosts", "all_of"])
        self.assertEqual(schema["properties"]["all_of"]["items"], {"$ref": f"#/$defs/{RULE}"})

    def test_a_type_that_settings_cannot_have_is_named(self) -> None:
        for hint in (tuple[str, str], dict[int, str], set[str], Literal[b"x"]):
            wrong = type("Wrong", (Quiet,), {"__annotations__": {"settings": list[hint]}})
            with self.assertRaises(TypeError) as raised:
                schema_for(wrong)
            self.assertIn(str(hint), str(raised.exception))


class AgreementTest(unittest.TestCase):
    def agreed(self, **properties: Any) -> dict[str, Any]:
        return agreed({"properties": properties}, SCHEMA)

    def test_words_and_what_narrows_are_added(self) -> None:
        self.assertEqual(agreed(True, SCHEMA), SCHEMA)
        whole = self.agreed(
            url={"description": "Mine.", "pattern": "^https:"},
            names={"examples": [["a"]]},
            login={"properties": {"user": {"minLength": 1}}},
            logins={"additionalProperties": {"title": "A login"}},
            tag={"type": ["null", "integer", "string"]},
        )
        properties = whole["properties"]
        self.assertEqual(list(properties), list(SCHEMA["properties"]))
        url = {"type": "string", "description": "Mine.", "pattern": "^https:"}
        self.assertEqual(properties["url"], url)
        user = {"type": "string", "minLength": 1}
        self.assertEqual(properties["login"]["properties"]["user"], user)
        self.assertEqual(properties["logins"]["additionalProperties"]["required"], ["user"])
        self.assertEqual(properties["tag"], SCHEMA["properties"]["tag"])
        self.assertEqual(whole["required"], ["url"])

    def test_a_contradiction_is_named(self) -> None:
        for said, problem in [
            ({"required": []}, '`/required` [], and the dataclass ["url"]'),
            ({"additionalProperties": True}, "`/additionalProperties` true"),
            ({"properties": {"urk": {}}}, "`/properties/urk` a setting that the dataclass does"),
            ({"properties": {"size": {"type": "number"}}}, '`/properties/size/type` "number"'),
            ({"properties": {"size": {"default": 6}}}, "`/properties/size/default` 6"),
            ({"properties": {"size": False}}, "`/properties/size` false, which is no schema"),
            ({"properties": []}, "`/properties` [], which is no object"),
            (
                {"properties": {"rules": {"items": {"type": "object", "$ref": "#"}}}},
                "`/properties/rules/items/$ref`",
            ),
        ]:
            with self.assertRaises(Disagreement) as raised:
                agreed(said, SCHEMA)
            self.assertIn(problem, str(raised.exception))


def takes(read: Callable[[], Any]) -> bool:
    try:
        read()
    except ConfigError:
        return False
    return True


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits, by the keywords that are derived."""
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "anyOf" in schema and not any(fits(value, part) for part in schema["anyOf"]):
        return False
    if "enum" in schema and not any(same(value, part) for part in schema["enum"]):
        return False
    types = schema.get("type", [])
    types = types if isinstance(types, list) else [types]
    if types and not any(is_of(value, name) for name in types):
        return False
    if isinstance(value, list):
        return all(fits(item, schema.get("items", {})) for item in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties", {})
        return set(schema.get("required", [])) <= value.keys() and all(
            fits(item, properties[key])
            if key in properties
            else more is not False and fits(item, more)
            for key, item in value.items()
        )
    return True


def same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def is_of(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return {
        "string": isinstance(value, str),
        "number": isinstance(value, int | float),
        "integer": isinstance(value, int) or (isinstance(value, float) and value.is_integer()),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        "null": value is None,
        "boolean": False,
    }[name]
