"""The JSON schemas of the plugins' configurations, made from the shapes they are read with: `python -m cni.schema`.

Editors complete and check with them, so they are stricter than the plugins: a key that nobody knows is refused, and
keys are spelt as here. What only a node can tell is left to `nncp nad lint`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cni.bridge import config as bridge
from cni.schema.words import ABOUT
from cni.tuning import config as tuning
from cni.types.go_json import Anything, Boolean, Integer, Mapped, Several, Shape, Structure, Text
from cni.types.versions import SUPPORTED
from netkernel.typed import Any, Final

Schema = dict[str, Any]

FOLDER: Final = Path(__file__).parents[2] / "schemas"
SHAPES: Final[Mapping[str, Structure]] = {"cnv-bridge": bridge.SHAPE, "cnv-tuning": tuning.SHAPE}
"""The plugins, by the names they are installed under."""
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "cnv-bridge": ("cnv-bridge", "bridge"),
    "cnv-tuning": ("cnv-tuning", "tuning"),
}
"""What their `type` may be: they take the place of containernetworking's, too."""
COMMON: Final[Mapping[str, Shape]] = {
    "cniVersion": Text(words=SUPPORTED),
    "cniVersions": Several(Text(words=SUPPORTED), "[]string"),
    "name": Text(pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"),
    "type": Text(),
    "ipam": Anything(),
    "dns": bridge.SHAPE.fields["dns"],
    "capabilities": Mapped(Boolean(), "map[string]bool"),
    "args": Anything(),
    "runtimeConfig": Anything(),
    "prevResult": Anything(),
    "cni.dev/valid-attachments": Anything(),
    "deviceID": Text(),
    "pciBusID": Text(),
}
"""Keys of every plugin's configuration: those of the specification, and two that Multus puts there."""
OPEN: Final = ("args", "runtimeConfig", "ipam")
"""Others than the plugin read there, too."""


def known(plugin: str) -> dict[str, Shape]:
    """All keys that may stand in the configuration of a plugin, with their shapes."""
    return {**COMMON, **SHAPES[plugin].fields}


def schema(plugin: str) -> Schema:
    """The schema of one plugin's configuration, as plain JSON."""
    properties = {key: _with_words(key, _shape(shape, is_open=key in OPEN)) for key, shape in known(plugin).items()}
    properties["type"] = _with_words("type", {"enum": [*NAMES[plugin]]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Configuration of the CNI plugin {plugin}",
        "type": "object",
        "properties": properties,
        "required": ["type"],
        "additionalProperties": False,
    }


def text(plugin: str) -> str:
    """The schema as it is published."""
    return json.dumps(schema(plugin), indent=2, ensure_ascii=False) + "\n"


def file(plugin: str) -> Path:
    return FOLDER / f"{plugin}.schema.json"


def _with_words(key: str, made: Schema) -> Schema:
    return {"description": ABOUT[key], **made}


def _shape(shape: Shape, *, is_open: bool = False) -> Schema:
    """`null` is as good as absent, everywhere."""
    match shape:
        case Anything():
            return {}
        case Boolean():
            return {"type": ["boolean", "null"]}
        case Integer():
            limits = {"minimum": shape.least, "maximum": shape.most}
            return {"type": ["integer", "null"], **{key: value for key, value in limits.items() if value is not None}}
        case Text(words=words) if words:
            return {"enum": [*words, None]}
        case Text():
            return {"type": ["string", "null"], **({"pattern": shape.pattern} if shape.pattern else {})}
        case Several():
            return {"type": ["array", "null"], "items": _shape(shape.of)}
        case Mapped():
            return {"type": ["object", "null"], "additionalProperties": _shape(shape.of)}
    properties = {key: _shape(each, is_open=is_open) for key, each in shape.fields.items()}
    made = {"type": ["object", "null"], "properties": properties, "additionalProperties": is_open}
    needed = {key: [other for other in shape.together if other != key] for key in shape.together}
    return {**made, "dependentRequired": needed} if needed else made
