"""Golden cases: a host, a policy, and the plan, the problems and the warnings they must give.

A case is a folder in `cases/`: `before.yaml` (see `host_text`), `desired.yaml`, optionally `committed.yaml` and
`refusals.yaml` (link kind -> attribute -> the kernel's words), and what comes out: `plan.txt`, `problems.txt`,
`warnings.txt`. A file that is not there means nothing comes out. `NNCP_UPDATE_CASES=1` writes them anew: read the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import read
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import NetworkState
from nncp_agent.observe import notes
from nncp_agent.plan import Decision, decide
from nncp_agent.shown import state
from nncp_agent.verify import differences
from nncp_agent.wire import decode
from tests.fake_kernel import FakeKernel
from tests.host_text import host

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_of_a_case_is_as_written(name: str) -> None:
    folder = CASES / name
    _expect(folder, _outcome(folder))


@pytest.mark.parametrize("name", [name for name in NAMES if (CASES / name / "plan.txt").exists()])
def test_a_case_settles_and_a_second_plan_is_empty(name: str) -> None:
    decision = _decide(CASES / name)
    kernel = FakeKernel(decision.before)
    kernel.execute(decision.ops)
    assert differences(decision, kernel.snapshot()) == ()
    again = _decide(CASES / name, kernel.snapshot())
    assert [str(op) for op in again.ops] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_host_of_a_case_as_it_is_shown_is_a_policy_that_holds(name: str) -> None:
    before, committed = host(_read(CASES / name / "before.yaml") or {}), _state(CASES / name / "committed.yaml")
    shown = json.dumps(state(before, notes(committed)))
    again = decide(decode(read(shown, "shown")).desired, before, committed)
    assert ([str(op) for op in again.ops], again.warnings) == ([], ())


def test_there_are_enough_cases() -> None:
    assert len(NAMES) >= 35


def _outcome(folder: Path) -> dict[str, str]:
    try:
        decision = _decide(folder)
    except InvalidPolicy as invalid:
        return {"problems.txt": "".join(f"{problem}\n" for problem in invalid.problems)}
    marks = ["! " if position in decision.important else "" for position in range(len(decision.ops))]
    return {
        "plan.txt": "".join(f"{mark}{op}\n" for mark, op in zip(marks, decision.ops, strict=True)),
        "warnings.txt": "".join(f"{warning}\n" for warning in decision.warnings),
        "irreversible.txt": "".join(f"{line}\n" for line in decision.irreversible),
    }


def _decide(folder: Path, before: Any = None) -> Decision:
    refused = _read(folder / "refusals.yaml") or {}
    return decide(
        _state(folder / "desired.yaml"),
        before if before is not None else host(_read(folder / "before.yaml") or {}),
        _state(folder / "committed.yaml"),
        refusals=lambda kind, attrs: {key: why for key, why in refused.get(kind, {}).items() if key in attrs},
    )


def _state(path: Path) -> NetworkState:
    return decode(read(path.read_text(), path.name)).desired if path.exists() else NetworkState()


def _read(path: Path) -> Any:
    return read(path.read_text(), path.name)[0].value if path.exists() else None


def _expect(folder: Path, outcome: dict[str, str]) -> None:
    for file in ("plan.txt", "problems.txt", "warnings.txt", "irreversible.txt"):
        path, found = folder / file, outcome.get(file, "")
        if os.environ.get("NNCP_UPDATE_CASES"):
            path.unlink(missing_ok=True)
            if found or (file == "plan.txt" and "problems.txt" not in outcome):
                path.write_text(found)
        assert found == (path.read_text() if path.exists() else ""), f"{folder.name}/{file}"
