"""The published schemas of the plugins: not stale, as wide as what plugins take, and strict about keys and ranges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cni import schema
from cni.schema.words import ABOUT
from netkernel import documents
from tests.cni.scenarios import SCENARIOS, Scenario

MANIFESTS = Path(__file__).parents[2] / "manifests" / "definitions"
VALIDATORS = {plugin: jsonschema.Draft202012Validator(schema.schema(plugin)) for plugin in schema.SHAPES}
REFUSED = ("that is none", "number as text", "other letters", "as a list", "in two places")
"""Of the scenarios: what a plugin refuses, or takes though it is not spelt as here."""


def problems(config: dict[str, Any]) -> list[str]:
    kind = config["type"]
    plugin = next(plugin for plugin, names in schema.NAMES.items() if kind in names)
    return [error.message for error in VALIDATORS[plugin].iter_errors(config)]


@pytest.mark.parametrize("plugin", schema.SHAPES)
def test_the_published_schemas_are_what_the_shapes_say(plugin: str) -> None:
    assert schema.file(plugin).read_text() == schema.text(plugin), "python -m cni.schema"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text(plugin)))


def test_every_key_is_explained_and_no_other_word_is() -> None:
    assert {key for plugin in schema.SHAPES for key in schema.known(plugin)} == set(ABOUT)


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("nad-*.yaml")), ids=lambda path: path.name)
def test_every_definition_fits(path: Path) -> None:
    for page in documents.read(path.read_bytes(), path.name):
        config = json.loads(page.value["spec"]["config"])
        for each in config.get("plugins", [config]):
            assert problems(each) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_the_plugins_take_fits_and_what_they_refuse_does_not(scenario: Scenario) -> None:
    config = {"cniVersion": "1.0.0", "name": "net", "type": scenario.plugin, **scenario.asked}
    assert bool(problems(config)) == any(word in scenario.name for word in REFUSED)


@pytest.mark.parametrize(
    "asked",
    [
        {"vlann": 93},
        {"vlan": -1},
        {"vlan": 93.5},
        {"vlanTrunk": [{"id": 4095}]},
        {"vlanTrunk": [{"min": 1}]},
        {"ipMasqBackend": "pf"},
        {"bridge": "x" * 16},
        {"bridge": "a b"},
        {"cniVersion": "9.0.0"},
        {"name": "a/b"},
        {"isGateway": "yes"},
        {"runtimeConfig": {"mac": "02:00:00:00:00"}},
        {"type": "macvlan"},
    ],
    ids=str,
)
def test_a_mistake_does_not_fit(asked: dict[str, Any]) -> None:
    assert list(VALIDATORS["cnv-bridge"].iter_errors({"type": "cnv-bridge", **asked}))
