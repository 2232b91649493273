"""Golden cases of the policy language: a host's state, a policy, and the state that it makes of it, or its problems.

A case is a folder in `captures/`: `policy.yaml`, optionally `current.yaml` (a network state) and `node.yaml`; what
comes out is `desired.yaml` or `problems.txt`. `NNCP_UPDATE_CASES=1` writes them anew: read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import read
from netkernel.documents.yaml_writer import write
from nncp_agent.policy.node import of_document
from nncp_agent.policy.resolver import resolve

CASES = Path(__file__).parent / "captures"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_resolves_as_written(name: str) -> None:
    folder = CASES / name
    documents = read((folder / "policy.yaml").read_text(), "policy.yaml")
    node, wrong = of_document(_read(folder / "node.yaml") or {}, "worker-1", "node.yaml")
    found = resolve(documents, lambda: _read(folder / "current.yaml") or {}, lambda: node)
    problems = "".join(f"{problem}\n" for problem in (*wrong, *found.problems))
    desired = "".join(write(each.value) for each in found.documents)
    _expect(folder / "problems.txt", problems)
    _expect(folder / "desired.yaml", "" if problems else desired)


def test_there_are_enough_captures() -> None:
    assert len(NAMES) >= 12


def _read(path: Path) -> Any:
    return read(path.read_text(), path.name)[0].value if path.exists() else None


def _expect(path: Path, found: str) -> None:
    if os.environ.get("NNCP_UPDATE_CASES"):
        path.unlink(missing_ok=True)
        if found:
            path.write_text(found)
    assert found == (path.read_text() if path.exists() else ""), path.name
