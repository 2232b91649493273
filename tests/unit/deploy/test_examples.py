"""The example policies: named as their files, valid without a host, and one at least for every kind there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from netkernel.documents import read
from nncp_agent.kinds import KINDS
from tests.unit.cli.command import nncp

EXAMPLES: Final = sorted((Path(__file__).parents[3] / "deploy" / "examples").glob("*.yaml"))
MADE_BY_OTHERS: Final = {"unknown", "wireguard"}
"""What is shown and never asked for."""


def policy(file: Path) -> Any:
    (document,) = read(file.read_bytes(), file.name)
    return document.value


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_valid_and_named_as_its_file(file: Path) -> None:
    done = nncp("validate", str(file))
    assert (done.code, done.out[:5]) == (0, "valid"), done.err
    assert policy(file)["metadata"]["name"] == file.stem
    assert file.read_text().startswith("# ")


def test_every_kind_has_an_example() -> None:
    shown = {
        interface.get("type")
        for file in EXAMPLES
        if isinstance(interfaces := policy(file)["spec"]["desiredState"].get("interfaces"), list)
        for interface in interfaces
    }
    assert {*KINDS} - shown - MADE_BY_OTHERS == set()
