"""The published schema: not stale, as lenient as the reader of documents, and as strict about keys and ranges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from netkernel import documents
from nncp_agent import schema
from nncp_agent.errors import InvalidPolicy
from nncp_agent.wire import decode, encode

MANIFESTS = Path(__file__).parents[2] / "manifests"
VALIDATOR = jsonschema.Draft202012Validator(schema.schema())


def pages(path: Path) -> tuple[documents.Document, ...]:
    return documents.read(path.read_bytes(), path.name)


def test_the_published_schema_is_what_the_models_say() -> None:
    assert schema.FILE.read_text() == schema.text(), "python -m nncp_agent.schema"
    assert schema.main(["--check"]) == 0


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text()))


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("[!r]*.yaml")), ids=lambda path: path.name)
def test_every_example_fits(path: Path) -> None:
    for page in pages(path):
        VALIDATOR.validate(page.value)
    VALIDATOR.validate(encode(decode(pages(path)).desired))


@pytest.mark.parametrize("path", sorted(MANIFESTS.glob("refused-*.yaml")), ids=lambda path: path.name)
def test_no_mistake_fits(path: Path) -> None:
    assert not all(VALIDATOR.is_valid(page.value) for page in pages(path))


@pytest.mark.parametrize(
    "keys",
    [
        {"mtuu": 1},
        {"mtu": -1},
        {"mtu": []},
        {"mac-address": "x"},
        {"type": "bonds"},
        {"type": "vlan", "bridge": {}},
        {"name": "x" * 128, "controller": "x" * 128},
        {"link-aggregation": {"mode": "x"}},
        {"link-aggregation": {"options": {"miimonn": 1}}},
        {"link-aggregation": {"options": {"arp_missed_max": 0}}},
        {"bridge": {"options": {"stp": {"hello-time": 11}}}},
        {"bridge": {"port": ["eth1"]}},
        {"ipv4": {"address": "10.0.0.1/24"}},
        {"ipv4": {"address": [{"ip": "10.0.0.1"}]}},
        {"vlan": {"id": 4095}},
    ],
)
def test_schema_and_reader_refuse_the_same(keys: dict[str, Any]) -> None:
    value = {"interfaces": [{"name": "eth1"} | keys]}
    assert not VALIDATOR.is_valid(value)
    with pytest.raises(InvalidPolicy):
        decode([documents.Document(value)])


@pytest.mark.parametrize(
    "keys",
    [
        {"mtu": "1450"},
        {"accept-all-mac-addresses": "YES"},
        {"accept-all-mac-addresses": 1},
        {"description": None, "ipv4": None},
        {"type": "bond", "link-aggregation": {"mode": "4", "slaves": ["eth1"], "options": {"all_slaves_active": True}}},
        {"type": "ethernet", "veth": {"peer": "v1"}},
        {"state": "absent", "ipv4": 7},
        {"state": "ignore", "type": "geneve", "geneve": {}},
        {"lldp": {"enabled": False}},
    ],
)
def test_schema_and_reader_forgive_the_same(keys: dict[str, Any]) -> None:
    value = {"interfaces": [{"name": "eth1"} | keys]}
    VALIDATOR.validate(value)
    assert decode([documents.Document(value)]).desired.interfaces
