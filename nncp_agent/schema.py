"""The published JSON schema of network states and policies, made from the models: `python -m nncp_agent.schema`.

Editors complete and check with it, so it takes every spelling that `wire` takes and is as strict about keys and ranges.
What only a host or the whole state can tell (a bond option its mode does not take, an unknown port) is left to `plan`.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from nncp_agent.kinds import KINDS
from nncp_agent.model import DnsResolver, Hostname, Interface, Model, RouteEntry, RuleEntry
from nncp_agent.spelling import Numbered, Words
from nncp_agent.wire.policy import KIND, LISTS, VERSIONS
from nncp_agent.wire.refused import SECTIONS, TOP, TYPES_ELSEWHERE, TYPES_LATER, TYPES_SHOWN
from nncp_agent.wire.spec import FIELDS

Schema = dict[str, Any]

FILE: Final = Path(__file__).parents[1] / "schemas" / "network-state.schema.json"


def _any_case(*words: str) -> str:
    """A pattern for the words in any case; JSON schema's patterns know no flags."""
    return "^(" + "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in words) + ")$"


ANYTHING: Final[Schema] = {}
TEXT: Final[Schema] = {"type": "string"}
TRUE_OR_FALSE: Final[Schema] = {
    "anyOf": [
        {"type": "boolean"},
        {"enum": [0, 1]},
        {"type": "string", "pattern": _any_case("true", "false", "yes", "no", "on", "off", "y", "n", "0", "1")},
    ]
}
NUMBER_IN_TEXT: Final[Schema] = {"type": "string", "pattern": "^(-?[0-9]{1,20}|0[xX][0-9A-Fa-f]{1,16})$"}
IGNORED: Final = ("absent", "ignore", "unknown")
"""States of an interface in which its other keys may say anything."""


def schema() -> Schema:
    """The whole schema, as plain JSON."""
    definitions = Definitions()
    state, interface = _state(definitions), _interface(definitions)
    policy = _policy()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Network state, or policies that hold one",
        "if": {"anyOf": [{"required": ["kind"]}, {"required": ["apiVersion"]}]},
        "then": {
            "if": {"properties": {"kind": {"enum": [*LISTS]}}},
            "then": {"properties": {"items": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Policy"}}}},
            "else": {"$ref": "#/$defs/Policy"},
        },
        "else": {"$ref": "#/$defs/NetworkState"},
        "$defs": {
            "NetworkState": state,
            "Policy": policy,
            "Interface": interface,
            **definitions.made,
            "Flag": TRUE_OR_FALSE,
            "NumberInText": NUMBER_IN_TEXT,
        },
    }


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


class Definitions:
    """Schemas of models, each made once."""

    def __init__(self) -> None:
        self.made: dict[str, Schema] = {}

    def of(self, model: type[Model]) -> Schema:
        """A reference to the model's schema."""
        if model.__name__ not in self.made:
            self.made[model.__name__] = {}  # named before it is made: models may hold themselves
            self.made[model.__name__] = self._model(model)
        return {"$ref": f"#/$defs/{model.__name__}"}

    def properties(self, model: type[Model]) -> dict[str, Schema]:
        """The schemas of a model's keys, in all their words."""
        fields = msgspec.structs.fields(model)
        found = {field.encode_name: self.value(field.type, nullable=not field.required) for field in fields}
        found |= {alias: found[key] for alias, key in model.aliases.items()}
        return found | dict.fromkeys(sorted(model.query_only), ANYTHING)

    def value(self, annotation: Any, *, nullable: bool = False) -> Schema:
        """The schema of one annotated type."""
        options = [each for each in _options(annotation) if each is not type(None)]
        schemas = [self._one(each) for each in options]
        if nullable:
            schemas.append({"type": "null"})
        return schemas[0] if len(schemas) == 1 else {"anyOf": [each for one in schemas for each in _flat(one)]}

    def _model(self, model: type[Model]) -> Schema:
        required = [field.encode_name for field in msgspec.structs.fields(model) if field.required]
        made: Schema = {"type": "object", "properties": self.properties(model), "additionalProperties": False}
        if model.__doc__:
            made = {"description": model.__doc__.partition("\n")[0].rstrip("."), **made}
        return made | ({"required": required} if required else {})

    def _one(self, annotation: Any) -> Schema:
        marks: tuple[Any, ...] = ()
        if get_origin(annotation) is Annotated:
            marks, annotation = annotation.__metadata__, get_args(annotation)[0]
        if get_origin(annotation) is tuple:
            return {"type": "array", "items": self.value(get_args(annotation)[0])}
        if get_origin(annotation) is Mapping:
            return {"type": "object", "additionalProperties": self.value(get_args(annotation)[1], nullable=True)}
        if isinstance(annotation, type) and issubclass(annotation, Model):
            return self.of(annotation)
        if isinstance(annotation, type) and issubclass(annotation, StrEnum):
            return {"enum": [each.value for each in annotation]}
        if annotation is bool:
            return {"$ref": "#/$defs/Flag"}
        meta = next((mark for mark in marks if isinstance(mark, msgspec.Meta)), msgspec.Meta())
        if annotation is int:
            return {"anyOf": [{"type": "integer", **_limits(meta)}, {"$ref": "#/$defs/NumberInText"}]}
        return _words(annotation, marks) or TEXT | _limits(meta)


def main(arguments: list[str]) -> int:
    """Write the schema; with --check, only say whether the one on disk is stale (status 1)."""
    if arguments == ["--check"]:
        if FILE.exists() and FILE.read_text() == text():
            return 0
        print(f"{FILE.name} is stale: python -m nncp_agent.schema", file=sys.stderr)
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
    return 0


def _options(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _options(each)
    else:
        yield annotation


def _flat(schema: Schema) -> list[Schema]:
    return schema["anyOf"] if set(schema) == {"anyOf"} else [schema]


def _limits(meta: msgspec.Meta) -> Schema:
    limits = {
        "minimum": meta.ge, "maximum": meta.le,
        "minLength": meta.min_length, "maxLength": meta.max_length, "pattern": meta.pattern,
    }  # fmt: skip
    return {key: value for key, value in limits.items() if value is not None}


def _words(annotation: Any, marks: tuple[Any, ...]) -> Schema | None:
    words = [*get_args(annotation)] if get_origin(annotation) is Literal else None
    words = next(([*mark.words] for mark in marks if isinstance(mark, Words)), words)
    if words is None:
        return None
    numbered = next((mark for mark in marks if isinstance(mark, Numbered)), None)
    if numbered is None:
        return {"enum": words}
    numbers = range(len(words))
    return {
        "anyOf": [
            {"enum": words},
            {"enum": [*numbers, *(str(number) for number in numbers), *([False, True] if numbered.flag else [])]},
        ]
    }


def _state(definitions: Definitions) -> Schema:
    route = definitions.of(RouteEntry)
    routes = {"config": {"type": ["array", "null"], "items": route}, "running": ANYTHING}
    rules = {"config": {"type": ["array", "null"], "items": definitions.of(RuleEntry)}}
    return {
        "type": "object",
        "properties": {
            "description": {"type": ["string", "null"]},
            "interfaces": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Interface"}},
            "dns-resolver": {"anyOf": [definitions.of(DnsResolver), {"type": "null"}]},
            "hostname": {"anyOf": [definitions.of(Hostname), {"type": "null"}]},
            "routes": {"type": ["object", "null"], "properties": routes, "additionalProperties": False},
            "route-rules": {"type": ["object", "null"], "properties": rules, "additionalProperties": False},
            **dict.fromkeys(sorted(TOP), ANYTHING),
            **{key: {"$ref": "#/$defs/NetworkState"} for key in ("desired", "desiredState")},
        },
        "additionalProperties": False,
    }


def _interface(definitions: Definitions) -> Schema:
    properties = definitions.properties(Interface)
    del properties["config"]
    types_known = sorted({*KINDS, *TYPES_SHOWN})
    properties["type"] = {"anyOf": [{"enum": types_known}, {"type": "null"}]}
    properties |= dict.fromkeys(sorted(SECTIONS), ANYTHING)
    conditions = []
    for kind in KINDS.values():
        if kind.subtree is not None and kind.Config is not None:
            properties[kind.subtree] = definitions.value(kind.Config, nullable=True)
            conditions.append(_belongs(kind.name, kind.subtree))
    bare: Mapping[str, Schema] = {key: properties[key] for key in ("name", "state", "identifier")}
    return {
        "description": "One interface; `state: absent` and `state: ignore` may say anything else",
        "type": "object",
        "required": ["name"],
        "if": {"required": ["state"], "properties": {"state": {"enum": [*IGNORED]}}},
        "then": {"properties": {**bare, "type": TEXT | {"examples": sorted({*KINDS, *TYPES_LATER, *TYPES_ELSEWHERE})}}},
        "else": {"properties": properties, "additionalProperties": False, "allOf": conditions},
    }


def _belongs(name: str, subtree: str) -> Schema:
    """A section stands only in interfaces of its type, or of none; an ethernet may turn out to be a veth."""
    allowed: list[str | None] = [name, "unknown", None, *(["ethernet"] if name == "veth" else [])]
    return {"if": {"required": [subtree]}, "then": {"properties": {"type": {"enum": allowed}}}}


def _policy() -> Schema:
    spec = {field.key: {"description": field.about, **_published(field.schema)} for field in FIELDS}
    spec["desiredState"] = ANYTHING
    no_capture: Schema = {"properties": {"capture": {"enum": [None, {}]}}}
    plain: Schema = {"properties": {"desiredState": {"$ref": "#/$defs/NetworkState"}}}
    return {
        "description": "A NodeNetworkConfigurationPolicy",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"enum": [*VERSIONS]},
            "kind": {"const": KIND},
            "metadata": {"type": "object", "required": ["name"], "properties": {"name": TEXT | {"minLength": 1}}},
            "spec": {
                "type": "object",
                "required": ["desiredState"],
                "properties": spec,
                "additionalProperties": False,
                "if": no_capture,  # else there are templates, which may stand for anything anywhere
                "then": plain,
            },
            "status": ANYTHING,
        },
        "additionalProperties": False,
    }


def _published(schema: Mapping[str, Any]) -> Schema:
    """The structural schema of a policy's field as editors want it: unknown keys are wrong, null is not stated."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string", "null"]}
    made: Schema = {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        made["enum"] = [*schema["enum"], None]
    if "items" in schema:
        made["items"] = {**schema["items"]} if schema["items"]["type"] == "string" else _published(schema["items"])
    if "properties" in schema:
        made["properties"] = {key: _published(each) for key, each in schema["properties"].items()}
        made["additionalProperties"] = False
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
